import pytest
import torch
from torch import Tensor

from impasto.evaluation.figures.artefacts import border_levels, grid_energy
from impasto.evaluation.figures.sliced_wasserstein import natural_noise


def natural() -> Tensor:
    """Four pictures with the spectrum of photographs: (4, 3, 256, 256)."""
    return natural_noise()


def test_pictures_without_a_grid_have_an_energy_of_about_one() -> None:
    assert grid_energy(natural()).mean() == pytest.approx(1.4, abs=0.3)
    edges = natural()
    edges[..., 100:] = 0.5  # an upright edge is a ridge in the spectrum, and no pattern
    edges[..., 60:, :] *= 0.5
    assert grid_energy(edges).mean() < 1.8
    assert grid_energy(torch.zeros(1, 3, 64, 64)).isfinite().all()


@pytest.mark.parametrize("period", [2, 4, 8])
def test_seams_at_strides_are_found(period: int) -> None:
    across, along = natural(), natural()
    across[..., ::period] += 0.05  # a tenth of the pictures' deviation
    along[..., ::period, :] += 0.05
    for marked in (across, along):
        assert (grid_energy(marked) > 3 * grid_energy(natural())).all()


@pytest.mark.parametrize("period", [2, 4])
def test_checkerboards_are_found(period: int) -> None:
    marked = natural()
    marked[..., ::period, ::period] += 0.1
    assert (grid_energy(marked) > 3 * grid_energy(natural())).all()


def test_other_periods_are_no_strides() -> None:
    marked = natural()
    marked[..., ::5, ::5] += 0.1
    assert grid_energy(marked).mean() == pytest.approx(float(grid_energy(natural()).mean()), rel=0.2)


def test_borders_by_hand() -> None:
    flat = torch.zeros(1, 1, 100, 100)
    assert border_levels(flat).abs().max() == 0
    dark = flat.clone()
    dark[..., 6:-6, 6:-6] = 1.0  # the strip is 6 pixels wide: a vignette of one whole step
    deviation = float(dark.std())
    assert border_levels(dark)[0, 0].item() == pytest.approx(-1 / deviation, rel=1e-4)
    noisy = 0.01 * torch.randn(1, 1, 100, 100, generator=torch.Generator().manual_seed(0))
    quiet = noisy.clone()
    quiet[..., 6:-6, 6:-6] *= 0.5
    assert border_levels(quiet)[0, 1] - border_levels(noisy)[0, 1] == pytest.approx(0.6, abs=0.15)  # log 2, with floors
