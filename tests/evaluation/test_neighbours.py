from pathlib import Path

import pytest
import torch

from impasto.data.packed import PackedImages
from impasto.evaluation.evaluator import Evaluator
from impasto.evaluation.neighbours import memorisation, nearest
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
    measure = Evaluator(features=TinyExtractor(), cache_dir=str(tmp_path), metrics=["memorisation"])
    found = measure.evaluate(lambda start, n: images[start : start + n], packed, num_images=80)
    assert found == {"copied_tiny": 1.0, "novelty_tiny": pytest.approx(0.0, abs=1e-4)}
    sheet, columns = measure.neighbour_sheet(lambda start, n: images[start : start + n], packed, rows=4, k=2)
    assert (tuple(sheet.shape), columns) == ((12, 3, 16, 16), 3)
    rows = ((sheet + 1) * 127.5).round().to(torch.uint8).unflatten(0, (4, 3))
    assert torch.equal(rows[:, 0], images[:4])
    assert torch.equal(rows[:, 1], images[:4]), "the nearest picture is the picture itself"
