"""Sequences of frames: put together within clips, held out by clip, and read in order."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from impasto.base.errors import UserError
from impasto.data.frames import FramesDataModule
from impasto.data.sources.clips import open_clips
from tests.numbered_frames import numbered

PARTS = {"content": "aligned", "target": "aligned"}


def data(tmp_path: Path, **settings: Any) -> FramesDataModule:
    known = {"image_size": 16, "resize": "crop", "duplicates": "keep", "batch_size": 2, "given": 2}
    module = FramesDataModule(
        pictures=open_clips, parts=PARTS, cache_dir=str(tmp_path / "cache"), **{**known, **settings}
    )
    module.prepare_data()
    return module


def greys(values: Any) -> list[int]:
    """The brightness of frames (N, H, W, C), first row by row, then channel by channel, a third of them."""
    return np.asarray(values)[:, 0, 0, ::3].ravel().tolist()


def test_sequences_stay_within_a_clip(tmp_path: Path) -> None:
    numbered(tmp_path / "clips" / "a", [1, 2, 3, 4])
    numbered(tmp_path / "clips" / "b", [11, 12, 13])
    module = data(tmp_path, root=str(tmp_path / "clips"))
    train = module.train
    assert greys(train["content"].batch(range(3))) == [10, 20, 20, 30, 110, 120]
    assert greys(train["target"].batch(range(3))) == [30, 40, 130]
    assert [module.spec[part].frames for part in PARTS] == [2, 1]
    assert module.spec["content"].channels == 6
    assert len(train["content"]) == 3


def test_a_step_leaves_frames_out(tmp_path: Path) -> None:
    numbered(tmp_path / "clips", range(1, 8))
    train = data(tmp_path, root=str(tmp_path / "clips"), step=2).train
    assert greys(train["content"].batch([0, 2])) == [10, 30, 30, 50]
    assert greys(train["target"].batch([0, 2])) == [50, 70]


def test_a_frame_that_cannot_be_read_breaks_the_sequences_with_it(tmp_path: Path) -> None:
    numbered(tmp_path / "clips", range(1, 9))
    (tmp_path / "clips" / "0004.png").write_bytes(b"broken")
    train = data(tmp_path, root=str(tmp_path / "clips"), max_bad_share=0.2).train
    assert greys(train["target"].batch(range(len(train["target"])))) == [30, 70, 80]


def test_whole_clips_are_held_out_and_of_one_clip_its_end(tmp_path: Path) -> None:
    for name in "abcde":
        numbered(tmp_path / "many" / name, [1, 2, 3, 4])
    module = data(tmp_path, root=str(tmp_path / "many"), holdout=0.2)
    held = module.held_out["content"]
    assert held is not None
    assert len(held) == 2
    assert len(module.train["content"]) == 8
    assert len({held.names(i).split("/")[0] for i in range(2)}) == 1
    numbered(tmp_path / "one", range(1, 11))
    module = data(tmp_path, root=str(tmp_path / "one"), holdout=0.4)
    held = module.held_out["target"]
    assert held is not None
    assert greys(held.batch(range(2))) == [90, 100]
    assert greys(module.train["target"].batch(range(4))) == [30, 40, 50, 60]
    assert len(module.sequences("held_out", 4)) == 1


def test_batches_are_aligned_and_cut_alike(tmp_path: Path) -> None:
    module = data(tmp_path, clips=2, length=6, size=32, image_size=16, pack_size=32, flip=True, batch_size=8)
    batch = module.on_after_batch_transfer(next(iter(module.train_dataloader())), 0)
    assert batch["content"].shape == (8, 6, 16, 16)
    assert batch["target"].shape == (8, 3, 16, 16)
    # Frames one after another are nearly the same where nothing moves: crops at other places would not be.
    near = (batch["content"][:, 3:] - batch["target"]).abs()
    assert torch.quantile(near, 0.5) < 0.05


def test_what_cannot_work_is_refused(tmp_path: Path) -> None:
    numbered(tmp_path / "short", [1, 2])
    with pytest.raises(UserError, match=r"No clip has the 3 frames"):
        data(tmp_path, root=str(tmp_path / "short"))
    numbered(tmp_path / "one", [1])
    with pytest.raises(UserError, match=r"No clip has the 3 frames"):
        data(tmp_path, root=str(tmp_path / "one"))
    numbered(tmp_path / "ten", range(10))
    with pytest.raises(UserError, match=r"holds out is shorter than 3 frames"):
        data(tmp_path, root=str(tmp_path / "ten"), holdout=0.1)
    with pytest.raises(UserError, match=r"data\.limit"):
        data(tmp_path, limit=3)
    with pytest.raises(UserError, match="ask for fewer ahead"):
        data(tmp_path, root=str(tmp_path / "ten")).sequences("train", 11)
