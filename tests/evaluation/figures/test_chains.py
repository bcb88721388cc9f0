"""Chains made by code, and recovered from their contact maps."""

import numpy as np
import pytest

from impasto.data.sources.contact_maps import FARTHEST, ContactMaps
from impasto.evaluation.figures.chains import lddt, recovered
from impasto.evaluation.protocols.contact_maps import as_distances, figures_of, gaussian
from impasto.procedural.chains import chain, distances, helix, strand


def test_pieces_have_the_distances_of_their_kind() -> None:
    for piece, bond, three_on in ((helix(10), 3.83, 5.0), (strand(8), 3.8, 10.08)):
        found = distances(piece)
        assert np.diagonal(found, 1) == pytest.approx(bond, abs=0.02)
        assert np.diagonal(found, 3) == pytest.approx(three_on, abs=0.1)


def test_a_chain_is_recovered_from_its_map_and_noise_is_no_chain() -> None:
    made = np.stack([chain(24, np.random.default_rng(i)) for i in range(20)])
    truth = distances(made)
    assert np.diagonal(truth, 1, 1, 2) == pytest.approx(3.8, abs=0.05)
    assert lddt(distances(recovered(truth)), truth) == pytest.approx(1)
    assert as_distances(as_pixels(truth)) == pytest.approx(np.minimum(truth, FARTHEST), abs=0.08)
    drawn = gaussian(truth, 20, np.random.default_rng(0))
    real, noise = (figures_of(each, truth) for each in (truth, drawn))
    assert real["lddt"].value == pytest.approx(1)
    assert noise["lddt"].value < 0.8
    assert real["bond_error"].value < 0.05 < 0.3 < noise["bond_error"].value


def as_pixels(found: np.ndarray) -> np.ndarray:
    return np.rint(255 * np.minimum(found, FARTHEST) / FARTHEST).astype(np.uint8)[:, None]


def test_lddt_by_hand() -> None:
    truth = np.array([[[0, 4, 8], [4, 0, 20], [8, 20, 0]]], float)
    found = truth + np.array([[[0, 0.7, 3], [0.7, 0, 9], [3, 9, 0]]])
    # 4 is off by 0.7: within 1, 2 and 4 Angstrom; 8 by 3: within 4; 20 is too far to count
    assert lddt(found, truth) == pytest.approx((3 + 1) / 8)


def test_maps_depend_on_the_seed_and_their_number_alone() -> None:
    source = ContactMaps(3, 16, 5)
    items = list(source.items())
    again = next(source.items(2))
    assert np.array_equal(np.asarray(items[2].load), np.asarray(again.load))
    assert np.asarray(again.load).shape == (16, 16, 1)
