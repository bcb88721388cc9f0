from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from impasto.data.packing.packed import PackedImages
from impasto.evaluation.figures import neighbours
from impasto.evaluation.figures.neighbours import memorisation, nearest
from impasto.evaluation.protocols.noise import NoiseProtocol, RealPictures
from impasto.evaluation.real.features import uint8_slice
from tests.evaluation.conftest import TinyExtractor

REAL = torch.tensor([[0.0], [1.0], [3.0], [7.0]])


def test_nearest_by_hand() -> None:
    found = nearest(torch.tensor([[2.5], [6.0]]), REAL, 2)
    assert found.index.tolist() == [[2, 1], [3, 2]]
    assert found.distance.flatten().tolist() == pytest.approx([0.5, 1.5, 1.0, 3.0])


def test_memorisation_by_hand() -> None:
    # Distances to the nearest and second nearest: (0.1, 0.9), (1.9, 2.1), (0.5, 3.5); real ones among themselves:
    # 1, 1, 2, 4, of which torch takes the lower of the middle two.
    found = memorisation(torch.tensor([[0.1], [5.1], [6.5]]), REAL)
    assert found["copied"] == pytest.approx(2 / 3)
    assert found["novelty"] == pytest.approx(0.5)


def test_copies_are_found_and_shown(packed: PackedImages, tmp_path: Path) -> None:
    images = torch.from_numpy(packed.batch(range(80))).permute(0, 3, 1, 2)
    measure = NoiseProtocol(features=TinyExtractor(), cache_dir=str(tmp_path), metrics=["memorisation"])
    generate = lambda start, n: images[start : start + n]  # noqa: E731
    found = measure.measure_pictures(generate, RealPictures(packed), num_images=80)
    assert found.figures == {"copied_tiny": 1.0, "novelty_tiny": pytest.approx(0.0, abs=1e-4)}
    sheet, columns = found.sheets["neighbours"]()
    assert (tuple(sheet.shape), columns) == ((16 * 6, 3, 16, 16), 6)
    rows = ((sheet + 1) * 127.5).round().to(torch.uint8).unflatten(0, (16, 6))
    assert torch.equal(rows[:, 0], images[:16])
    assert torch.equal(rows[:, 1], images[:16]), "the nearest picture is the picture itself"


def test_neighbours_do_not_depend_on_the_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    fake, real = torch.randn(30, 3), torch.randn(50, 3)
    whole, signs = nearest(fake, real, 4), memorisation(fake, real)
    monkeypatch.setattr(neighbours, "PART", 3)
    found = nearest(fake, real, 4)
    assert torch.equal(found.index, whole.index)
    torch.testing.assert_close(found.distance, whole.distance)
    assert memorisation(fake, real) == pytest.approx(signs)
    torch.testing.assert_close(whole.distance, torch.cdist(fake.double(), real.double()).sort(1).values[:, :4])


def copies(packed: PackedImages) -> Any:
    return lambda start, n: uint8_slice(packed, np.arange(len(packed)), start, n)


def test_copies_are_found_among_all_pictures_trained_on(packed: PackedImages, tmp_path: Path) -> None:
    def measure(tmp: str, **changes: Any) -> NoiseProtocol:
        given = {"features": TinyExtractor(), "cache_dir": str(tmp_path / tmp), "metrics": ["memorisation"]}
        return NoiseProtocol(**{**given, **changes})

    few = measure("a", num_real=20).measure_pictures(copies(packed), RealPictures(packed, "train"), num_images=80)
    assert few.figures["copied_tiny"] == 1.0
    record = few.comparability["copied_tiny"]
    assert (record["real"], record["real_available"], record["split"]) == (80, 80, "train")
    train, held_out = packed.subset(range(60)), packed.subset(range(60, 80))
    real = RealPictures(held_out, "held_out", trained_on=train)
    other = measure("b").measure_pictures(copies(train), real, num_images=60)
    assert other.figures == {"copied_tiny": 1.0, "novelty_tiny": pytest.approx(0.0, abs=1e-4)}
    record = other.comparability["novelty_tiny"]
    assert (record["real"], record["split"], record["fingerprint"]) == (60, "train", train.fingerprint)
    sheet, columns = other.sheets["neighbours"]()
    rows = ((sheet + 1) * 127.5).round().to(torch.uint8).unflatten(0, (16, columns))
    assert torch.equal(rows[:, 0], rows[:, 1])
    real = RealPictures(packed.subset(range(5)), trained_on=packed)
    some = measure("c", num_searched=30).measure_pictures(copies(packed), real, num_images=80)
    assert some.figures["copied_tiny"] < 0.6
    assert some.comparability["copied_tiny"]["real"] == 30
