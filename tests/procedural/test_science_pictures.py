"""Micrographs, star fields and land: the truth is known, noise goes both ways, and one seed gives one picture."""

from typing import Any

import numpy as np
import pytest
from scipy.ndimage import binary_erosion

from impasto.base.errors import UserError
from impasto.procedural.cells import WINDOW as BRIGHTNESS
from impasto.procedural.cells import Micrographs
from impasto.procedural.land import BANDS, SPECTRA, Land
from impasto.procedural.star_fields import WINDOW as ELECTRONS
from impasto.procedural.star_fields import StarFields, moffat


def shown(pictures: np.ndarray, window: tuple[float, float]) -> np.ndarray:
    return window[0] + pictures / 65535 * (window[1] - window[0])


@pytest.mark.parametrize("kind", [Micrographs, StarFields, Land])
def test_every_side_is_aligned_and_depends_on_seed_and_number(kind: Any) -> None:
    made = kind()
    drawn = made.draw(3, 32)
    assert {name: picture.shape for name, picture in drawn.items()} == {
        name: (32, 32, channels) for name, channels in made.sides.items()
    }
    again, other = kind().draw(3, 32), kind(seed=1).draw(3, 32)
    assert all(np.array_equal(drawn[name], again[name]) for name in drawn)
    assert not any(np.array_equal(drawn[name], other[name]) for name in drawn)
    if made.labels is not None:
        assert drawn["labels"].max() < len(made.labels.class_names)
    with pytest.raises(UserError, match=r"data\.example"):
        kind(**{"scenes" if kind is Land else "fields": 1})


def test_two_exposures_of_cells_have_noise_of_their_own_around_the_same_mean() -> None:
    drawn = Micrographs(photons=(20, 20), read_noise=0).draw(0, 96)
    clean, first, second = (shown(drawn[name], BRIGHTNESS) for name in ("clean", "noisy", "noisy_again"))
    dark = clean < 1  # nothing is clipped
    assert (first - clean)[dark].mean() == pytest.approx(0, abs=0.005)
    # A Poisson number of mean 20 c has the deviation sqrt(20 c), over 20.
    assert (first - clean)[dark].std() == pytest.approx(np.sqrt(clean[dark].mean() / 20), rel=0.05)
    assert abs(np.corrcoef((first - clean)[dark], (second - clean)[dark])[0, 1]) < 0.05


def test_a_nucleus_lies_in_its_cell_and_takes_haematoxylin() -> None:
    drawn = Micrographs().draw(1, 96)
    labels, stained = drawn["labels"][..., 0], drawn["stained"].astype(float)
    assert set(np.unique(labels)) == {0, 1, 2}
    means = [stained[labels == number].mean(0) for number in range(3)]
    assert means[0].min() > 230  # paper
    assert means[1][0] > means[1][1] + 30  # eosin lets red pass, and green least
    assert means[2][2] > means[2][0]  # haematoxylin is blue


def test_a_star_has_the_flux_that_it_was_given() -> None:
    rows, columns = np.mgrid[:201, :201] - 100.0
    assert moffat(np.hypot(rows, columns), 1.5).sum() == pytest.approx(1, abs=0.01)
    drawn = StarFields(sky=100, read_noise=0).draw(0, 64)
    truth, short, whole = (shown(drawn[name], ELECTRONS) for name in ("truth", "short", "long"))
    faint = (truth < 50) & (drawn["short"] > 0) & (drawn["short"] < 65535)
    spread = {name: (values - truth)[faint].std() for name, values in (("short", short), ("long", whole))}
    # A quarter of the time has twice the noise; the sky sends 100 electrons in the whole of it.
    assert spread["short"] == pytest.approx(2 * spread["long"], rel=0.08)
    assert spread["long"] == pytest.approx(np.sqrt(100 + truth[faint].mean()), rel=0.08)


def test_land_has_the_spectra_of_its_classes() -> None:
    drawn = Land(haze=0, noise=0).draw(2, 96)
    clear, labels = drawn["clear"] / 65535 * 0.5, drawn["labels"][..., 0]
    assert clear.shape[2] == len(BANDS)
    for number in np.unique(labels):
        inside = binary_erosion(labels == number, iterations=2)  # at its border a pixel sees others, too
        if inside.sum() > 50:
            ratio = clear[inside].mean(0) / SPECTRA[number]
            assert np.abs(ratio / ratio.mean() - 1).max() < 0.25, number  # lighter or darker, of the same colour
    index = (clear[..., 3] - clear[..., 2]) / (clear[..., 3] + clear[..., 2])  # of vegetation
    assert index[np.isin(labels, (1, 2))].mean() > 0.6 > index[labels == 3].mean()
