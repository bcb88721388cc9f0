"""Terms of the style model against numbers worked out by hand."""

import math

import pytest
import torch
from torch import Tensor, nn

from impasto.losses.terms.style_code import ModeSeeking, StyleCode
from impasto.losses.terms.teacher import Teacher, similarities, statistics_distance
from impasto.losses.terms.term import GeneratorPass


def test_statistics_distance_by_hand() -> None:
    painted, target = torch.tensor([0.0, 2.0]).view(1, 1, 1, 2), torch.tensor([2.0, 6.0]).view(1, 1, 1, 2)
    # means 1 and 4: 9 / 16; covariances 1 and 4: 9 / 16
    assert statistics_distance(painted, target).item() == pytest.approx(9 / 16 + 9 / 16, rel=1e-3)


def test_similarities_are_cosines() -> None:
    features = torch.tensor([[[[1.0, 0.0]], [[0.0, 2.0]]]])
    assert similarities(features).tolist() == [[[1.0, 0.0], [0.0, 1.0]]]


def test_the_target_itself_costs_nothing() -> None:
    target = torch.rand(2, 3, 64, 64) * 2 - 1
    found = Teacher(features="efficientnet_lite0")(GeneratorPass(target, nn.Identity(), target=target))
    assert set(found) == {"tones", "maps", "statistics", "structure"}
    assert all(abs(value.item()) < 1e-5 for value in found.values())


def test_targets_of_other_content_count_by_statistics_alone() -> None:
    torch.manual_seed(0)
    target, content = (torch.rand(2, 3, 64, 64) * 2 - 1 for _ in range(2))
    painted = torch.cat([target[:1], content[1:]])
    teacher = Teacher(features="efficientnet_lite0")
    found = teacher(GeneratorPass(painted, nn.Identity(), target=target, content=content, paired=1))
    assert all(abs(found[name].item()) < 1e-5 for name in ("tones", "maps", "structure"))
    assert found["statistics"].item() > 1e-3
    assert "tones" not in teacher(GeneratorPass(painted, nn.Identity(), target=target, content=content, paired=0))


def test_pooled_statistics_are_of_all_pictures_together() -> None:
    torch.manual_seed(0)
    target = torch.rand(2, 3, 64, 64) * 2 - 1
    p = GeneratorPass(target.flip(0), nn.Identity(), target=target, content=target, paired=0)
    parts = {"features": "efficientnet_lite0", "tones": 0, "maps": 0, "structure": 0}
    assert Teacher(pooled=True, **parts)(p)["statistics"].item() < 1e-5  # type: ignore[arg-type]
    assert Teacher(pooled=False, **parts)(p)["statistics"].item() > 1e-4  # type: ignore[arg-type]
    assert Teacher(sliced=1.0, **parts)(p)["sliced"].item() < 1e-4  # type: ignore[arg-type]


def test_neither_colour_nor_contrast_passes_for_strokes() -> None:
    torch.manual_seed(0)
    target = (torch.rand(2, 1, 64, 64) * 1.6 - 0.8).expand(-1, 3, -1, -1)
    tinted = target * 0.5 + torch.tensor([0.3, 0.1, -0.2]).view(1, 3, 1, 1)
    other = torch.nn.functional.avg_pool2d(target, 5, 1, 2)
    teacher = Teacher(features="efficientnet_lite0", strokes=1.0)
    of_tint, of_blur = (teacher(GeneratorPass(x, nn.Identity(), target=target)) for x in (tinted, other))
    assert of_tint["strokes"].item() < 0.1 * of_tint["statistics"].item()
    assert of_blur["strokes"].item() > 5 * of_tint["strokes"].item()


class Mirror(nn.Module):
    """An adapter whose base paints the mirror image."""

    def unmoved(self, content: Tensor) -> Tensor:
        return content.flip(3)


@pytest.mark.parametrize("base", [0.0, 1.0])
def test_structure_is_the_contents_or_the_bases(base: float) -> None:
    torch.manual_seed(0)
    content = torch.rand(1, 3, 64, 64) * 2 - 1
    teacher = Teacher(features="efficientnet_lite0", statistics=0, base=base)
    assert ("unmoved" in teacher.needs) == bool(base)
    for painted, near in ((content, base == 0), (content.flip(3), base == 1)):
        found = teacher(GeneratorPass(painted, Mirror(), target=content, content=content, paired=0))
        assert (found["structure"].item() < 1e-4) == near


class TwoCodes(nn.Module):
    """Paints the code's first number everywhere, and reads it back."""

    def forward(self, content: Tensor, code: Tensor) -> Tensor:
        return code[:, :1, None, None].expand_as(content)

    def encoder(self, images: Tensor) -> Tensor:
        return images.mean((2, 3))[:, :2]


def test_style_code_is_the_cross_entropy_of_cosines() -> None:
    painted = torch.tensor([[1.0, 0.0], [0.0, 1.0]])[:, :, None, None].expand(-1, -1, 4, 4)
    p = GeneratorPass(painted, TwoCodes(), code=torch.tensor([[2.0, 0.0], [0.0, 3.0]]))
    # cosines 1 and 0 over a temperature of 0.5: -log(e^2 / (e^2 + 1))
    wanted = -math.log(math.exp(2) / (math.exp(2) + 1))
    assert StyleCode(temperature=0.5)(p).item() == pytest.approx(wanted, rel=1e-5)


def test_mode_seeking_by_hand() -> None:
    generator, code = TwoCodes(), torch.tensor([[0.0], [0.25], [1.0]])
    content = torch.zeros(3, 1, 4, 4)
    p = GeneratorPass(generator(content, code), generator, content=content, code=code)
    # the first two under the codes before them: |1 - 0|, of which 0.5 count, and |0 - 0.25|
    assert ModeSeeking(count=2, most=0.5)(p).item() == pytest.approx(-(0.5 + 0.25) / 2)
