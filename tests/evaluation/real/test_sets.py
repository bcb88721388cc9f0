from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from impasto.base.notices import forget_notices, notices
from impasto.data.packing.packed import PackedImages
from impasto.data.packing.sizing import SizePolicy
from impasto.data.sources.folder import FolderSource
from impasto.data.split import crops_of
from impasto.evaluation.figures.distances import frechet, some_positions, statistics
from impasto.evaluation.figures.features import Features, RealFeatures
from impasto.evaluation.figures.metrics import FLOOR, Settings, measure
from impasto.evaluation.protocols.noise import NoiseProtocol, RealPictures
from impasto.evaluation.real.features import uint8_slice
from impasto.evaluation.real.sets import RealSets, floor_between
from tests.evaluation.conftest import TinyExtractor, random_images

FAKE = random_images(90, 3, bright=220)


def generate(start: int, n: int) -> Tensor:
    return FAKE[start : start + n]


def evaluator(tmp_path: Path, **changes: Any) -> NoiseProtocol:
    given = {"features": TinyExtractor(), "num_images": 30, "kid_subset_size": 20, "cache_dir": str(tmp_path / "f")}
    return NoiseProtocol(**{**given, **changes})


def of(values: torch.Tensor) -> RealFeatures:
    return RealFeatures(values, statistics(values))


def seen(sets: RealSets, others: int, searched: int | None) -> RealFeatures:
    found = sets.seen_by(TinyExtractor(), others, searched)
    assert found is not None
    return found


def test_what_is_compared_with_is_the_same_whatever_else_is_looked_at(packed: PackedImages, tmp_path: Path) -> None:
    alone = seen(RealSets(packed, 20, "train", packed, "train", tmp_path / "a"), 0, 0)
    among = seen(RealSets(packed, 20, "train", packed, "train", tmp_path / "b"), 30, None)
    torch.testing.assert_close(alone.values, among.values, rtol=1e-5, atol=1e-6)
    assert among.trained_on is not None
    chosen = some_positions(80, 20)
    torch.testing.assert_close(among.trained_on.values[torch.from_numpy(chosen)], among.values)
    assert alone.floor is None
    assert len(sorted((tmp_path / "b").glob("*.safetensors"))) == 2
    again = seen(RealSets(packed, 20, "train", packed, "train", tmp_path / "b"), 30, None)
    assert again.floor == among.floor


def test_the_floor_is_of_other_real_pictures_at_the_same_counts(packed: PackedImages, tmp_path: Path) -> None:
    sets = RealSets(packed, 20, "train", packed, "train", tmp_path)
    everything = TinyExtractor().requires_grad_(False)(uint8_slice(packed, np.arange(80), 0, 80))
    ours = some_positions(80, 20)
    others = np.setdiff1d(some_positions(80, 50), ours)
    wanted = frechet(statistics(everything[torch.from_numpy(others)]), statistics(everything[torch.from_numpy(ours)]))
    for searched in (0, 60, None):
        floor = seen(sets, 30, searched).floor
        assert floor is not None
        assert (floor.counts, floor.value) == ((30, 20), pytest.approx(wanted, rel=1e-4))
    held_out = RealSets(packed.subset(range(60, 80)), None, "held_out", packed.subset(range(60)), "train", tmp_path)
    floor = seen(held_out, 40, 0).floor
    assert floor is not None
    assert floor.counts == (40, 20)


def test_the_floor_of_few_pictures_is_of_parts_in_the_same_proportion() -> None:
    torch.manual_seed(0)
    real, rest = torch.randn(60, 3), torch.randn(20, 3)
    found = floor_between(of(real), rest, 90)  # 80 in the proportion of 90 to 60
    assert found["counts"].tolist() == [48, 32]
    assert floor_between(of(real[:4]), rest[:0], 4)["counts"].tolist() == [2, 2]
    assert floor_between(of(real[:3]), rest[:0], 4)["counts"].tolist() == [0, 0]


def test_the_floor_stands_beside_the_distance(packed: PackedImages, tmp_path: Path) -> None:
    found = evaluator(tmp_path, num_real=20).measure_pictures(generate, RealPictures(packed))
    figures = found.figures
    record = found.comparability["fd_tiny"]
    assert 0 < record["controls"][FLOOR] < figures["fd_tiny"]
    assert record["counts_of_controls"] == {FLOOR: [30, 20]}
    assert "controls" not in found.comparability["kid_tiny"], "which has no bias"
    assert not any("real" in name for name in figures)


def test_manifolds_are_of_equal_counts() -> None:
    torch.manual_seed(0)
    real = torch.randn(90, 4)
    fake = real[torch.from_numpy(some_positions(90, 30))]
    forget_notices()
    found = measure(["precision_recall", "density_coverage"], Features(fake), of(real), Settings())
    # Each of the 30 real ones is met, and so it is the other way round.
    assert {name: figure.value for name, figure in found.items() if name != "density"} == {
        "precision": 1.0,
        "recall": 1.0,
        "coverage": 1.0,
    }
    assert all((f.protocol["generated"], f.protocol["real"]) == (30, 30) for f in found.values())
    assert "there are 30 generated and 30 real ones" in notices()["evaluation.manifold"]
    forget_notices()
    large = torch.randn(600, 2)
    measure(["density_coverage"], Features(large), of(large), Settings())
    assert "evaluation.manifold" not in notices()
    measure(["density_coverage"], Features(large), replace(of(large), pictures=torch.arange(600) % 8), Settings())
    assert "there are 600 generated and 8 real ones" in notices()["evaluation.manifold"]


def test_crops_know_what_they_are_cut_out_of(packed: PackedImages, tmp_path: Path) -> None:
    source = FolderSource(tmp_path / "real")
    cut = crops_of(packed.subset([3, 5, 9]), SizePolicy(16, 16), (8, 8), source, tmp_path / "cache")
    assert len(cut) == 1026
    assert cut.cut_from is not None
    assert cut.cut_from[:4].tolist() == [0, 1, 2, 0]
    assert cut.subset([4, 0]).cut_from.tolist() == [1, 0]  # type: ignore[union-attr]
    pixels, whole = cut.batch([4])[0], packed.batch([5])[0]
    places = [(top, left) for top in range(9) for left in range(9)]
    assert any((whole[top : top + 8, left : left + 8] == pixels).all() for top, left in places)
    assert packed.cut_from is None


def test_crops_of_few_pictures_have_no_interval(packed: PackedImages, tmp_path: Path) -> None:
    protocol = evaluator(tmp_path, metrics=["frechet", "kid"])
    found = protocol.measure_pictures(generate, RealPictures(packed))
    figures = found.figures
    two = replace(packed, cut_from=np.arange(80) % 2)
    plain = protocol.measure_pictures(generate, RealPictures(two))
    assert plain.figures == figures
    for name in figures:
        low, high = found.comparability[name]["interval"]
        assert low < figures[name] < high
        record = plain.comparability[name]
        assert (record["interval"], record["real_pictures"]) == (None, 2)
        assert record["interval_method"].startswith("none: one side is of 2 pictures")
