"""Between two pictures: the ends are those pictures, and mixed features are of both."""

import pytest
import torch

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.inference.blending import Blend, blended, resolve_blend
from impasto.networks.dcgan import DCGANGenerator
from impasto.painters.painter import Painter


def painter(**given: int) -> Painter:
    torch.manual_seed(0)
    spec = ImageSpec(3, 16, 16, ("a", "b") if "num_classes" in given else (), given.get("condition_dim", 0))
    network = DCGANGenerator(3, 16, 16, **given, latent_dim=4, features=4, max_features=4, norm="pixel")
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    takes = ("latent", *(["vector"] if spec.condition_dim else ["label"] if spec.class_names else []))
    return Painter(network, spec, takes).eval()


@pytest.mark.parametrize("given", [{}, {"num_classes": 2}, {"condition_dim": 3}])
def test_the_ends_are_the_pictures(given: dict[str, int]) -> None:
    painting, vectors = painter(**given), torch.randn(5, 3) if "condition_dim" in given else None
    found = blended(painting, Blend(1, 4), torch.linspace(0, 1, 5), 7, vectors)
    for place, number in ((0, 1), (4, 4)):
        told = None if vectors is None else vectors[number : number + 1]
        alone = painting.sample(1, seed=7, start=number, condition=told)
        assert torch.allclose(found[place], alone[0], atol=1e-5)
    assert (found[1:] - found[:-1]).abs().amax((1, 2, 3)).min() > 0


def test_fine_features_are_of_the_second_picture() -> None:
    painting, vectors = painter(condition_dim=3), torch.randn(2, 3)
    mixed = {rows: blended(painting, Blend(0, 1, rows), torch.zeros(1), 0, vectors) for rows in (1, 8, 100)}
    first = painting.sample(1, condition=vectors[:1])
    second = painting.sample(1, condition=vectors[1:])  # of the same noise
    assert torch.allclose(mixed[100], first)
    assert torch.allclose(mixed[1], second)
    assert not torch.allclose(mixed[8], first)
    assert not torch.allclose(mixed[8], second)
    assert torch.allclose(painting.sample(1, condition=vectors[:1]), first)  # nothing stays behind


def test_what_cannot_be_blended_is_said() -> None:
    with pytest.raises(UserError, match=r"blend=\[0,5\]"):
        resolve_blend([1], None, painter())
    with pytest.raises(UserError, match="told classes or vectors"):
        resolve_blend([1, 2], 8, painter())
    with pytest.raises(UserError, match="for two pictures"):
        resolve_blend(None, 8, painter(num_classes=2))
    assert resolve_blend([1, 2], 8, painter(num_classes=2)) == Blend(1, 2, 8)
