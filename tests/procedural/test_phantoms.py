"""Phantoms: projections by hand, reconstruction against the truth, noise as physics has it, patients that differ."""

import numpy as np
import pytest

from impasto.base.errors import UserError
from impasto.procedural.phantoms import CLASSES, LABELS, Phantoms
from impasto.procedural.tomography import WATER, Geometry, counted, projections, reconstruct

SMALL = Geometry(32, rays=48, angles=40)


def test_a_projection_is_the_length_of_the_chord() -> None:
    disc = projections(np.array([[0.0, 0.0, 0.5, 0.5, 0.3, 2.0]]), SMALL)
    lines = SMALL.places[:, None] + np.array([-0.25, 0.25]) * SMALL.pitch
    by_hand = (4 * np.sqrt(np.maximum(0.25 - lines**2, 0))).mean(1)  # twice the half chord, times the value
    assert np.allclose(disc, by_hand, atol=1e-5)
    # From any side, all rays together see the whole of an ellipse: pi a b times its value.
    ellipse = projections(np.array([[0.2, -0.3, 0.5, 0.2, 0.7, 3.0]]), SMALL)
    assert np.allclose(ellipse.sum(1) * SMALL.pitch, np.pi * 0.5 * 0.2 * 3, rtol=0.03)
    # Seen from above (turn 0, rays along y) its centre is where x is.
    assert (ellipse[0] @ SMALL.places) / ellipse[0].sum() == pytest.approx(0.2, abs=0.01)


def test_counted_photons_vary_as_their_number_says() -> None:
    exact = np.full((40, 500), 0.5)
    depth = WATER * SMALL.field / 2
    noisy = counted(exact, 1e4, SMALL, np.random.default_rng(0))
    assert noisy.mean() == pytest.approx(0.5, abs=0.01)
    # A Poisson number n has the deviation sqrt(n), its logarithm 1 / sqrt(n).
    assert noisy.std() == pytest.approx(1 / np.sqrt(1e4 * np.exp(-depth * 0.5)) / depth, rel=0.03)


def test_what_is_reconstructed_is_the_truth_and_noisier_at_low_dose() -> None:
    drawn = Phantoms(patients=2, slices=2).draw(1, 48)
    assert {name: (each.shape[2], each.dtype) for name, each in drawn.items()} == {
        **dict.fromkeys(("truth", "full_dose", "low_dose", "soft"), (1, np.uint16)),
        "colour": (3, np.uint8),
        "labels": (1, np.uint8),
    }
    values = {name: each / 65535 for name, each in drawn.items() if each.dtype == np.uint16}
    errors = {name: np.sqrt(np.square(values[name] - values["truth"]).mean()) for name in values}
    assert 0 < 1.5 * errors["full_dose"] < errors["low_dose"] < 0.1
    # The flat inside of the liver has the value that its ellipsoid adds to the muscle's 55 HU.
    liver = values["truth"][drawn["labels"] == CLASSES.index("liver")]
    assert 95 < np.median(liver) * 400 - 160 < 125
    disc = reconstruct(projections(np.array([[0, 0, 0.6, 0.6, 0, 1.0]]), Geometry(32, rays=48, angles=40))[None], SMALL)
    assert disc[0, 12:20, 12:20].mean() == pytest.approx(1, abs=0.01)


def test_patients_depend_on_seed_and_number_alone() -> None:
    few, many = Phantoms(patients=2, slices=2), Phantoms(patients=9, slices=2)
    assert np.array_equal(few.draw(3, 24)["low_dose"], many.draw(3, 24)["low_dose"])
    assert not np.array_equal(few.draw(3, 24)["truth"], Phantoms(patients=2, slices=2, seed=1).draw(3, 24)["truth"])
    assert [few.group(number) for number in range(4)] == [0, 0, 1, 1]
    assert LABELS.class_names == CLASSES
    with pytest.raises(UserError, match=r"photons are \[full dose, low dose\]"):
        Phantoms(photons=(1e3, 1e5))
