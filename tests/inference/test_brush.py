"""Strokes of another size: painting at other scales than that of the picture."""

import math
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.inference.brush import Brush, Over, check_brush, factor_of, paint_at_sizes, reader, resized, sizes
from tests.style_painter import picture, style_of, style_painter


@pytest.mark.parametrize(
    ("brush", "size", "expected"),
    [
        (None, (3000, 4000), [(3000, 4000)]),
        ("auto", (300, 600), [(300, 600)]),
        ("auto", (320, 900), [(320, 900)]),
        ("auto", (512, 1024), [(256, 512), (512, 1024)]),
        ("auto", (1024, 1024), [(256, 256), (512, 512), (1024, 1024)]),
        (1.0, (256, 900), [(256, 900)]),
        (2.0, (256, 450), [(128, 225), (256, 450)]),
        (0.5, (256, 300), [(512, 600)]),
        (0.1, (256, 300), [(512, 600)]),  # no larger than twice
        (1.0, (128, 128), [(256, 256)]),
        (10, (60, 90), [(60, 90)]),  # too small to be reduced
        (10, (128, 256), [(64, 128), (128, 256)]),
    ],
)
def test_sizes_by_hand(brush: Brush, size: tuple[int, int], expected: list[tuple[int, int]]) -> None:
    assert sizes(factor_of(brush, *size), *size) == expected


def test_no_size_is_more_than_twice_the_one_before() -> None:
    for side in (321, 1500, 4000, 9000):
        found = sizes(factor_of("auto", side, side + 100), side, side + 100)
        assert found[0][0] == 256
        assert found[-1] == (side, side + 100)
        assert all(after[0] <= 2 * before[0] + 2 for before, after in pairwise(found))


@pytest.mark.parametrize("brush", [0, -1, 11, float("nan"), True, "large"])
def test_brushes_that_make_no_sense(brush: object) -> None:
    with pytest.raises(UserError, match=r"give auto, or a number from 0\.1 to 10"):
        check_brush(brush)


@pytest.mark.parametrize("size", [(40, 60), (47, 71), (60, 83)])
def test_parts_of_an_enlarged_picture_are_those_of_the_whole(size: tuple[int, int]) -> None:
    image = picture(30, 41)
    whole = F.interpolate(image, size, mode="bicubic").clamp(-1, 1)
    read = resized(reader(image), (30, 41), size)
    assert torch.allclose(read(0, 0, *size), whole, atol=1e-4)
    assert torch.allclose(read(7, 11, 33, 50), whole[..., 7:33, 11:50], atol=1e-4)
    assert torch.allclose(read(size[0] - 3, 0, size[0], 5), whole[..., -3:, :5], atol=1e-4)


class Stripes(nn.Module):
    """Paints stripes of 8 pixels over everything, whatever the picture's size."""

    def forward(self, images: Tensor) -> Tensor:
        return (images * 0 + torch.sin(torch.arange(images.shape[-1]) * math.pi / 4)) * 0.5


def at_sizes(network: nn.Module, image: Tensor, brush: Brush, tile: int | None = None) -> Tensor:
    height, width = image.shape[-2:]
    levels = sizes(factor_of(brush, height, width), height, width)
    tiles = paint_at_sizes(network, network, reader(image), height, width, tile, levels)
    found = list(tiles)
    assert [t.done for t in found] == sorted(t.done for t in found)
    assert found[-1].done == found[-1].total
    return torch.cat([t.strip for t in found if t.strip is not None], 2)


@pytest.mark.parametrize(("brush", "period"), [(2.0, 16), (0.5, 4)])
@torch.no_grad()
def test_strokes_have_the_size_that_is_asked_for(brush: float, period: int) -> None:
    painted = at_sizes(Stripes(), torch.zeros(1, 3, 256, 320), brush)
    assert painted.shape == (1, 3, 256, 320)
    spectrum = torch.fft.rfft(painted[0, 0, 100]).abs()
    spectrum[320 // 8] = 0  # what was painted over
    assert int(spectrum.argmax()) == 320 // period


@torch.no_grad()
def test_what_is_painted_over_keeps_its_colours() -> None:
    class Red(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return images * 0 + torch.tensor([1.0, -1.0, -1.0])[:, None, None]

    image = picture(64, 64)
    assert (Over(Red(), Red())(image).mean((2, 3)) - image.mean((2, 3))).abs().max() < 0.05


@torch.no_grad()
def test_tiles_agree_with_the_whole_at_every_size() -> None:
    painter = style_painter()
    network = painter.in_style(style_of(painter)).network
    image = picture(610, 740)
    whole, tiled = (at_sizes(network, image, 4.0, tile) for tile in (0, 200))
    assert whole.shape == (1, 3, 610, 740)
    # Rounding turns single lines of noise where the direction is undecided; no seam does.
    change = (whole - tiled).abs().amax((0, 1))
    assert change.mean() < 1e-3
    assert (change > 2 / 255).float().mean() < 0.01
