"""Companions: another picture of the same class for each that is drawn, from the same pack."""

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.base import distributed
from impasto.base.errors import UserError
from impasto.data.companions import Classes, CompanionSampler
from impasto.data.drawing import check_parts, leaders_of
from impasto.data.module import ImageDataModule
from impasto.data.sampler import COMPANION, DRAWS, BatchSampler, Draw
from impasto.data.sources.folder import FolderSource
from impasto.data.sources.opening import Pictures

LABELS = np.array([1, 0, 1, 1, 0, 2])
PARTS = {"painting": "independently", "other": "companions"}


def sampler(start: int = 0, rank: int = 0, world_size: int = 1) -> CompanionSampler:
    leading = BatchSampler(len(LABELS), 4, seed=5, start=start, rank=rank, world_size=world_size)
    return CompanionSampler(leading, Classes.of(len(LABELS), LABELS), stream=1)


def assert_same(draws: list[Draw], expected: list[Draw]) -> None:
    for draw, other in zip(draws, expected, strict=True):
        assert draw.position == other.position
        np.testing.assert_array_equal(draw.pictures, other.pictures)
        np.testing.assert_array_equal(draw.chances, other.chances)


def test_others_by_hand() -> None:
    classes = Classes.of(len(LABELS), LABELS)  # pictures 0, 2, 3; 1, 4; and 5 alone
    pictures, low, high = np.arange(6), np.zeros(6), np.full(6, 0.999)
    assert classes.others(pictures, low).tolist() == [2, 4, 3, 0, 1, 5]
    assert classes.others(pictures, high).tolist() == [3, 4, 0, 2, 1, 5]
    assert classes.next(np.array([3, 3, 5])).tolist() == [0, 0, 5]
    assert Classes.of(3, None).others(np.array([2, 0]), np.array([0.5, 0.9])).tolist() == [2, 0]


def test_each_of_the_others_is_equally_likely() -> None:
    classes = Classes.of(5, np.zeros(5, int))
    drawn = classes.others(np.full(4000, 2), np.random.default_rng(0).random(4000))
    counts = np.bincount(drawn, minlength=5)
    assert counts[2] == 0
    assert np.abs(counts[[0, 1, 3, 4]] - 1000).max() < 110  # four standard errors


def test_draws_by_hand() -> None:
    leading = BatchSampler(len(LABELS), 4, seed=5)
    for position, draw in enumerate(islice(sampler(), 6)):
        random = np.random.default_rng([5, 1, COMPANION, position])
        expected = []
        for picture, chance in zip(leading.draw(position).pictures, random.random(4), strict=True):
            members = np.flatnonzero(LABELS[picture] == LABELS).tolist()
            place = members.index(picture)
            others = members[place + 1 :] + members[:place] or [picture]
            expected.append(others[int(chance * len(others))])
        assert draw.pictures.tolist() == expected
        own = random.random((4, DRAWS), np.float32)
        np.testing.assert_array_equal(draw.chances[:, :3], own[:, :3])  # crop and flip of its own
        np.testing.assert_array_equal(draw.chances[:, 3:], leading.draw(position).chances[:, 3:])  # the same colours


def test_starting_later_gives_what_would_have_come() -> None:
    assert_same(list(islice(sampler(start=5), 4)), list(islice(sampler(), 9))[5:])


def test_the_parts_of_two_processes_make_up_the_batch_of_one() -> None:
    for position in (0, 1, 17):
        one, parts = sampler().draw(position), [sampler(rank=rank, world_size=2).draw(position) for rank in range(2)]
        np.testing.assert_array_equal(one.pictures, np.concatenate([part.pictures for part in parts]))
        np.testing.assert_array_equal(one.chances, np.concatenate([part.chances for part in parts]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten classes of three pictures; picture i of class c is flat, of level 20 c + i."""
    for c in range(10):
        (tmp_path / f"pictures/{c}").mkdir(parents=True)
        for i in range(3):
            Image.fromarray(np.full((6, 6, 3), 20 * c + i, np.uint8)).save(tmp_path / f"pictures/{c}/{i}.png")
    return tmp_path / "pictures"


def module(tmp_path: Path, folder: Path, labels: Any = "folders", **settings: Any) -> ImageDataModule:
    fixed: dict[str, Any] = {"image_size": 4, "pack_size": 6, "resize": "crop", "batch_size": 4, "holdout": 0.2}
    fixed |= {"parts": PARTS, "cache_dir": str(tmp_path / "cache")}
    opened = {name: Pictures("flat", FolderSource(folder, labels)) for name in ("painting", "before")}
    made = ImageDataModule(pictures=lambda: opened, **{**fixed, **settings})
    made.prepare_data()
    made.setup("fit")
    return made


def levels(images: torch.Tensor) -> np.ndarray:
    return ((images[:, 0, 0, 0] + 1) * 127.5).round().int().numpy()


def batches(data: ImageDataModule, count: int) -> list[dict[str, torch.Tensor]]:
    return [data.on_after_batch_transfer(batch, 0) for batch in islice(data.train_dataloader(), count)]


def test_a_batch_holds_others_of_the_same_class(tmp_path: Path, folder: Path) -> None:
    data = module(tmp_path, folder)
    for batch in batches(data, 10):
        assert batch["other"].shape == (4, 3, 4, 4)
        painting, other = levels(batch["painting"]), levels(batch["other"])
        assert (painting // 20 == other // 20).all()
        assert (painting != other).all()
    assert data.train["other"].folder == data.train["painting"].folder
    assert len(data.packs) == 1
    assert data.spec["other"] == data.spec["painting"]


def test_whole_classes_are_held_out(tmp_path: Path, folder: Path) -> None:
    data = module(tmp_path, folder)
    train, held_out = (data._packed["other"].train.labels, data._packed["other"].held_out.labels)
    assert train is not None
    assert np.bincount(held_out, minlength=10).tolist() == [3 * (c not in set(train.tolist())) for c in range(10)]
    assert len(held_out) == 6
    assert data.provenance()["split"] == "0.2 of each class by name; whole classes of painting, other"
    assert (data.provenance()["other"]["train"], data.provenance()["other"]["held_out"]) == (24, 6)


def test_without_classes_the_companion_is_another_crop(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    for i in range(5):
        pixels = np.full((6, 6, 3), 50 * i, np.uint8)
        pixels += np.arange(36, dtype=np.uint8).reshape(6, 6, 1)
        Image.fromarray(pixels).save(tmp_path / f"pictures/{i}.png")
    data = module(tmp_path, tmp_path / "pictures", "none")
    found = batches(data, 10)
    pairs = [pair for batch in found for pair in zip(*(levels(batch[name]) for name in PARTS), strict=True)]
    assert all(a // 50 == b // 50 for a, b in pairs)
    assert any(a != b for a, b in pairs)
    assert len(data.held_out["other"]) == 1
    assert "whole classes" not in data.provenance()["split"]


def test_measured_pictures_lie_in_step_with_their_companions(tmp_path: Path, folder: Path) -> None:
    data = module(tmp_path, folder)
    for split in ("train", "held_out"):
        first, second = (data.evaluation_images(part, split) for part in PARTS)  # type: ignore[arg-type]
        assert len(first) == len(second) >= 1024
        a, b = (np.array([packed.batch([i])[0, 0, 0, 0] for i in range(100)]) for packed in (first, second))
        assert (a // 20 == b // 20).all()
        assert (a != b).all()
        assert first.fingerprint != second.fingerprint
    whole = module(tmp_path, folder, image_size=6)
    first, second = (whole.evaluation_images(part, "train").batch(range(24))[:, 0, 0, 0] for part in PARTS)
    assert (second == first // 20 * 20 + (first % 20 + 1) % 3).all()  # the next of three


def test_a_resumed_loader_and_two_processes_agree(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, resumed = batches(module(tmp_path, folder), 4), module(tmp_path, folder)
    resumed.start_batch = 2
    for expected, batch in zip(whole[2:], batches(resumed, 2), strict=True):
        assert all(torch.equal(expected[part], batch[part]) for part in PARTS)
    monkeypatch.setattr(distributed, "world_size", lambda: 2)
    halves = []
    for rank in range(2):
        monkeypatch.setattr(distributed, "rank", lambda rank=rank: rank)
        halves += batches(module(tmp_path, folder), 1)
    for part in PARTS:
        assert torch.equal(whole[0][part], torch.cat([half[part] for half in halves]))


def test_companions_follow_the_part_before_them(tmp_path: Path, folder: Path) -> None:
    parts = {"before": "independently", "painting": "grouped", "other": "companions", "third": "companions"}
    assert leaders_of(check_parts(parts)) == {"other": "painting", "third": "painting"}
    (batch,) = batches(module(tmp_path, folder, parts=parts, batch_size=16), 1)
    assert list(batch) == list(parts)
    assert (levels(batch["other"]) // 20 == levels(batch["painting"]) // 20).all()
    assert (levels(batch["third"]) // 20 == levels(batch["painting"]) // 20).all()
    assert (levels(batch["third"]) != levels(batch["other"])).any()
    with pytest.raises(UserError, match=r"data\.parts\.other=companions has no part before it"):
        check_parts({"other": "companions", "painting": "independently"})
