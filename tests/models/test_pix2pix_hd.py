"""pix2pixHD: its generator and its stages, its losses by hand, and exact resuming across stages."""

from functools import partial
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.parts import Doubt, Parts, Refusal
from impasto.base.spec import ImageSpec, LabelMap
from impasto.losses.adversarial import LSGAN
from impasto.losses.terms.feature_matching import FeatureMatching
from impasto.losses.terms.pixels import L1
from impasto.models.optimisation import BatchPart
from impasto.models.pix2pix_hd import Pix2PixHD
from impasto.networks.coarse_to_fine import CoarseToFineGenerator
from impasto.networks.patchgan import MultiScalePatchGAN, halved

LABELS = LabelMap(("a", "b"), ((0, 0, 0), (255, 0, 0)), (0, 1), boundaries=True)
SIZE = 32, 48


def make_model(**parts: Any) -> Pix2PixHD:
    torch.manual_seed(0)
    defaults: dict[str, Any] = {
        "spec": {"content": ImageSpec(3, *SIZE, label_map=LABELS), "target": ImageSpec(3, *SIZE)},
        "networks": {
            "generator": CoarseToFineGenerator(3, 3, features=4, halvings=2, blocks=1, enhancer_blocks=1),
            "discriminator": MultiScalePatchGAN(3, 3, 2, {"features": 4, "layers": 1}),
        },
        "loss": LSGAN(generator_half=False),
        "terms": {"feature_matching": FeatureMatching(40.0)},
        "optimizer_g": partial(torch.optim.Adam, lr=1e-3),
        "optimizer_d": partial(torch.optim.Adam, lr=1e-3),
        "adversarial": 3.0,
        "kimg": 0.012,
        "global_share": 0.5,
        "fixed_share": 0.25,
    }
    model = Pix2PixHD(**{**defaults, **parts})
    optimizers = model.configure_optimizers()
    model.optimizers = lambda: optimizers  # type: ignore[method-assign,assignment]
    model.manual_backward = lambda loss: loss.backward()  # type: ignore[method-assign,assignment]
    return model


def batch() -> dict[str, Tensor]:
    g = torch.Generator().manual_seed(1)
    return {
        "content": (torch.rand(1, 3, *SIZE, generator=g) < 0.5).float(),
        "target": torch.rand(1, 3, *SIZE, generator=g) * 2 - 1,
    }


def moved(model: Pix2PixHD) -> set[str]:
    """Which parts of the generator a step moves."""
    before = {name: p.detach().clone() for name, p in model.generator.named_parameters()}
    model.training_step(batch(), 0)
    return {n.split(".")[0] for n, p in model.generator.named_parameters() if not torch.equal(p, before[n])}


def test_the_published_generator_has_its_published_size() -> None:
    with torch.device("meta"):
        network = CoarseToFineGenerator(3, 36)
        alone = CoarseToFineGenerator(3, 36, enhancer_blocks=0)
    # Global generator of published code for 36 channels, ngf 64: convolutions with biases, norms without weights.
    widths = [64, 128, 256, 512, 1024]
    steps = sum(2 * 9 * a * b + a + b for a, b in pairwise(widths))
    expected = 36 * 49 * 64 + 64 + steps + 9 * 2 * (1024 * 1024 * 9 + 1024) + 64 * 49 * 3 + 3
    assert sum(p.numel() for p in alone.parameters()) == expected
    enhancer = 36 * 49 * 32 + 32 + 2 * 9 * 32 * 64 + 96 + 3 * 2 * (64 * 64 * 9 + 64) + 32 * 49 * 3 + 3
    assert sum(p.numel() for p in network.parameters()) == expected + enhancer
    assert network.stride == 32
    assert alone.stride == 16


@pytest.mark.parametrize("upsampling", ["transposed", "bilinear"])
def test_sizes(upsampling: Any) -> None:
    network = CoarseToFineGenerator(1, 5, features=4, halvings=2, blocks=1, upsampling=upsampling)
    assert network(torch.rand(2, 5, 24, 40)).shape == (2, 1, 24, 40)
    network.alone = True
    assert network(torch.rand(2, 5, 24, 40)).shape == (2, 1, 24, 40)
    for size in ((20, 24), (8, 24)):
        with pytest.raises(UserError, match=r"multiples of 8 and at least 16 pixels, not"):
            network(torch.rand(1, 5, *size))
    with pytest.raises(UserError, match="halvings=0"):
        CoarseToFineGenerator(halvings=0)


def test_the_enhancer_adds_to_the_global_generators_features() -> None:
    network = CoarseToFineGenerator(3, 3, features=4, halvings=1, blocks=1).eval()
    x = torch.rand(1, 3, 16, 16)
    features = network.enhancer_down(x) + network.coarse(halved(x))
    torch.testing.assert_close(network(x), torch.tanh(network.enhancer_up(features)))
    network.alone = True
    enlarged = nn.functional.interpolate(network.paint_coarse(halved(x)), scale_factor=2, mode="bilinear")
    torch.testing.assert_close(network(x), enlarged)
    other = CoarseToFineGenerator(3, 3, features=4, halvings=1, blocks=1)
    other.load_state_dict(network.state_dict())
    assert other.alone


def test_noise_is_drawn_in_training_and_belongs_to_places_in_painting() -> None:
    network = CoarseToFineGenerator(1, 2, features=4, halvings=1, blocks=1, noise=True)
    flat = torch.zeros(2, 2, 24, 32)
    first, second = network(flat), network(flat)
    assert not torch.equal(first, second)
    assert not torch.equal(first[0], first[1])
    network.eval()
    assert torch.equal(network(flat), network(flat))
    assert not torch.equal(*network(flat))  # pictures of a batch have noise of their own
    torch.testing.assert_close(network(flat)[:1], network(flat[:1]), rtol=1e-4, atol=1e-5)
    assert network(flat)[..., 8:16].std() > 1e-3  # not as flat as the map
    whole = network.with_noise(flat, 2)
    assert torch.equal(whole[:, :2], flat)
    network.place = 8, 12  # of the picture, of which this is half the size
    assert torch.equal(network.with_noise(flat[..., :4, :6], 2)[:, 2], whole[:, 2, 4:8, 6:12])
    plain = CoarseToFineGenerator(1, 2, features=4, halvings=1, blocks=1)
    assert torch.equal(plain.with_noise(flat), flat)


def test_grain_is_learnt_for_each_channel_and_independent_between_them() -> None:
    network = CoarseToFineGenerator(3, 2, features=4, halvings=1, blocks=1, noise=True).eval()
    painted = torch.zeros(1, 3, 64, 64)
    assert torch.equal(network.with_grain(painted, "enhancer"), painted)  # none at the start
    network.grain["enhancer"].data = torch.tensor([0.1, 0.2, 0.0])
    grain = network.with_grain(painted, "enhancer")[0].detach()
    assert grain.std((1, 2)).tolist() == pytest.approx([0.1, 0.2, 0.0], rel=0.05)
    assert abs(torch.corrcoef(grain[:2].flatten(1))[0, 1].item()) < 0.05
    network.train()
    network(torch.zeros(1, 2, 16, 16)).square().sum().backward()
    assert network.grain["enhancer"].grad is not None
    assert {id(network.grain["coarse"])} < {id(p) for p in network.coarse_parameters()}
    assert not CoarseToFineGenerator(3, 2, features=4, halvings=1, blocks=1).grain


def test_losses_by_hand_at_full_and_at_half_size() -> None:
    for shares in ({"global_share": 0.0, "fixed_share": 0.0}, {}):
        model, part = make_model(**shares), BatchPart(batch())
        model.take_up_stage()
        painted = model.paint(part)
        small = bool(not shares)
        assert painted["target"].shape == ((1, 3, 16, 24) if small else (1, 3, 32, 48))
        content, target = (halved(part[n]) if small else part[n] for n in ("content", "target"))
        fake, real = (model.discriminator(x, None, content) for x in (painted["target"], target))
        maps = zip(real.maps, fake.maps, strict=True)
        judged = torch.stack([((r - 1).square().mean() + f.square().mean()) / 2 for r, f in maps])
        assert model.discriminator_loss(part, painted).item() == pytest.approx(judged.mean().item(), rel=1e-5)
        matched = [
            (r - f).abs().mean()
            for a, b in zip(real.features, fake.features, strict=True)
            for r, f in zip(a, b, strict=True)
        ]
        fooled = torch.stack([(f - 1).square().mean() for f in fake.maps]).mean()
        expected = 3 * fooled + 40 * torch.stack(matched).mean()
        assert model.generator_loss(part, painted).item() == pytest.approx(expected.item(), rel=1e-5)


def test_stages_follow_the_clock() -> None:
    model, found = make_model(), []
    for _ in range(12):
        parts = moved(model)
        found.append((model.stage, parts, model.generator.alone, model.painter.network.alone))
    coarse, around = {"coarse", "coarse_end"}, {"enhancer_down", "enhancer_up"}
    assert found[:6] == [("global", coarse, True, True)] * 6
    assert found[6:9] == [("enhancer", around, False, False)] * 3
    assert found[9:] == [("all", {"coarse"} | around, False, False)] * 3  # the end of the global generator has no use


def test_a_generator_without_enhancer_has_no_stages() -> None:
    network = CoarseToFineGenerator(3, 3, features=4, halvings=2, blocks=1, enhancer_blocks=0)
    model = make_model(networks={"generator": network, "discriminator": MultiScalePatchGAN(3, 3, 1, {"features": 4})})
    assert moved(model) == {"coarse", "coarse_end"}
    assert model.stage == "all"


def test_small_pictures_are_judged_at_fewer_scales_or_refused() -> None:
    class Data:
        image_size = 32, 48

    def found(layers: int) -> list[Refusal | Doubt]:
        judge = MultiScalePatchGAN(3, 3, 3, {"features": 4, "layers": layers}, *SIZE)
        return list(
            make_model(networks={**make_model().networks, "discriminator": judge}).check_with(Parts(data=Data()))
        )

    (refusal,) = found(3)  # the first scale alone wants 32 pixels, and half size has 16
    assert isinstance(refusal, Refusal)
    assert "The first stage trains at half size, 16x24, which is too small for the discriminator" in refusal.sentence
    assert (
        "set model.global_share=0, a larger data.image_size or fewer model.discriminator.settings" in refusal.sentence
    )
    (doubt,) = found(2)  # 2 scales at full size, 1 at half
    assert isinstance(doubt, Doubt)
    assert "half size, 16x24, where 1 of 2 scales of the discriminator judge" in doubt.sentence
    assert not list(make_model().check_with(Parts(data=Data())))


def test_previews_show_label_maps_in_colours() -> None:
    model = make_model()
    images, columns = model.preview(batch(), None, None)
    assert (images.shape, columns) == ((3, 3, *SIZE), 1)


def test_without_adversary_it_goes_through_its_stages_too() -> None:
    model = make_model(adversarial=0, terms={"l1": L1(1.0)}, networks={"generator": make_model().networks["generator"]})
    assert [moved(model) for _ in range(12)][6] == {"enhancer_down", "enhancer_up"}

    class Data:
        image_size = 32, 48

    assert not list(model.check_with(Parts(data=Data())))
