"""The figures are torch-fidelity's: measured with it, on the same pictures, through the same extractor."""

from typing import Any

import pytest
import torch
import torch_fidelity
from torch import Tensor
from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY

from impasto.evaluation.figures.distances import frechet, inception_score, kid_estimate, statistics
from impasto.evaluation.figures.features import collect
from impasto.evaluation.figures.manifold import precision_recall
from impasto.networks.pretrained.efficientnet import EfficientNetLite0
from impasto.networks.pretrained.inception import Inception
from tests.evaluation.conftest import TinyExtractor, random_images

SIZE = 24


class Pictures(torch.utils.data.Dataset[Tensor]):
    def __init__(self, images: Tensor) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int) -> Tensor:
        return self.images[i]


def register(name: str, network: Any) -> None:
    class Registered(torch_fidelity.FeatureExtractorBase):
        def __init__(self, name: str, features_list: list[str], **_: Any) -> None:
            super().__init__(name, features_list)
            self.network = network

        @staticmethod
        def get_provided_features_list() -> tuple[str, ...]:
            return "features", "logits"

        @staticmethod
        def get_default_feature_layer_for_metric(metric: str) -> str:
            return "logits" if metric == "isc" else "features"

        def forward(self, images: Tensor) -> tuple[Tensor, ...]:
            found = dict(zip(("features", "logits"), self.network.with_logits(images), strict=True))
            return tuple(found[wanted] for wanted in self.features_list)

    FEATURE_EXTRACTORS_REGISTRY.pop(name, None)
    torch_fidelity.register_feature_extractor(name, Registered)


def reference(generated: Tensor, real: Tensor, extractor: str, **more: Any) -> dict[str, float]:
    return torch_fidelity.calculate_metrics(
        input1=Pictures(generated),
        input2=Pictures(real),
        feature_extractor=extractor,
        isc=True,
        fid=True,
        kid=True,
        prc=True,
        kid_subset_size=SIZE,
        cuda=False,
        cache=False,
        save_cpu_ram=True,
        verbose=False,
        batch_size=16,
        **more,
    )


def ours(generated: Tensor, real: Tensor, network: Any) -> dict[str, float]:
    fake, true = (collect([network], lambda s, n, x=x: x[s : s + n], len(x))[0] for x in (generated, real))
    assert fake.logits is not None
    precision, recall = precision_recall(fake.values, true.values, k=3)
    return {
        "frechet_inception_distance": frechet(statistics(fake.values), statistics(true.values)),
        "kernel_inception_distance_mean": kid_estimate(fake.values, true.values, subset_size=SIZE).value,
        "inception_score_mean": inception_score(fake.logits).value,
        "precision": precision,
        "recall": recall,
    }


@pytest.mark.parametrize(("network", "n", "side"), [(TinyExtractor, 300, 16), (EfficientNetLite0, 40, 32)])
def test_agrees_with_torch_fidelity(network: Any, n: int, side: int) -> None:
    generated, real = random_images(n, 1, side, bright=200), random_images(n + 7, 2, side)
    register("registered", network().eval())
    wanted = reference(generated, real, "registered")
    found = ours(generated, real, network().eval())
    assert found == pytest.approx({name: wanted[name] for name in found}, rel=1e-6)


def test_inception_is_torch_fidelitys(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from torch_fidelity import feature_extractor_inceptionv3 as module

    with monkeypatch.context() as patch:  # the architecture, without the weights that cannot be had offline
        patch.setattr(module, "load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(module.FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None)
        torch.manual_seed(0)
        weights = module.FeatureExtractorInceptionV3("inception-v3-compat", ["2048"]).state_dict()
    path = tmp_path / "weights.pth"
    torch.save(weights, path)
    images = random_images(1, 1, 16)
    network = Inception(path)
    wanted = module.FeatureExtractorInceptionV3("inception-v3-compat", ["2048", "logits_unbiased"], str(path))(images)
    for mine, theirs in zip(network.with_logits(images), wanted, strict=True):
        assert torch.equal(mine, theirs)
    assert network.name.startswith("inception_"), "only the published weights give FID"
