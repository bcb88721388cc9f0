"""The painter that restores: what it takes, and colours within the range of values."""

from pathlib import Path

import pytest
import torch

from impasto.base.pixels import luma
from impasto.base.spec import ImageSpec
from impasto.networks.nafnet import NAFNet
from impasto.painters.loading import load_painter
from impasto.painters.restoration import RestorationPainter, paler
from tests.restoring import run_of


def test_paler_colors_by_hand() -> None:
    # Red by 1.5 above a lightness of 0.25 has room for 0.75: half of the colour is left.
    colors = torch.tensor([1.75, -0.25, 0.25]).view(1, 3, 1, 1)
    found = paler(torch.full((1, 1, 1, 1), 0.25), colors)
    assert found.flatten().tolist() == pytest.approx([1.0, 0.0, 0.25])


def test_paler_colors_keep_luma_and_range() -> None:
    g = torch.Generator().manual_seed(0)
    lightness, noise = torch.rand(1, 1, 32, 32, generator=g) * 2 - 1, torch.randn(1, 3, 32, 32, generator=g)
    found = paler(lightness, lightness + noise - luma(noise))
    assert found.abs().max() < 1 + 1e-6
    assert (luma(found) - lightness).abs().max() < 1e-5


@pytest.mark.parametrize(
    ("task", "channels"), [("denoise", 3), ("inpaint", 4), ("super_resolution", 3), ("colorize", 1)]
)
def test_it_is_loaded_as_it_was_saved(task: str, channels: int, tmp_path: Path) -> None:
    run = run_of(task, tmp_path)
    painter = load_painter(run, device="cpu")
    assert isinstance(painter, RestorationPainter)
    assert isinstance(painter.network, NAFNet)
    scale = 2 if task == "super_resolution" else 1
    assert (painter.task, painter.scale, painter.mask_channels) == (task, scale, int(task == "inpaint"))
    assert painter.content == ImageSpec(channels, 16 // scale, 16 // scale, task=task)
    painted = painter(content=torch.rand(1, channels, 12, 20))
    assert painted.shape == (1, 3, 12 * scale, 20 * scale)
    assert painted.abs().max() <= 1
