"""Patches of keyframes: aligned, and where the artist painted."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.base.errors import UserError
from impasto.data.keyframes import KeyframesDataModule
from impasto.data.sources.keyframes import open_keyframes
from tests.numbered_frames import numbered

PARTS = {"content": "aligned", "target": "aligned", "mask": "aligned"}


def data(tmp_path: Path, layers: np.ndarray, **settings: Any) -> KeyframesDataModule:
    """A clip of random frames of 40 x 60, with frame 2 painted as ``layers``."""
    numbered(tmp_path / "clip", range(1, 8), size=(60, 40))
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "clip" / "0002.png")
    (tmp_path / "keys").mkdir(exist_ok=True)
    Image.fromarray(layers).save(tmp_path / "keys" / "0002.png")
    where = {"clip": str(tmp_path / "clip"), "keyframes": str(tmp_path / "keys")}
    known = {"image_size": 8, "batch_size": 64, "duplicates": "keep", "cache_dir": str(tmp_path / "cache")}
    module = KeyframesDataModule(pictures=open_keyframes, parts=PARTS, **{**known, **where, **settings})
    module.prepare_data()
    return module


def batch(module: KeyframesDataModule) -> dict[str, torch.Tensor]:
    found = module.on_after_batch_transfer(next(iter(module.train_dataloader())), 0)
    return {name: found[name] for name in PARTS}


def test_patches_of_a_frame_and_of_its_keyframe_lie_in_the_same_places(tmp_path: Path) -> None:
    layers = np.dstack([np.asarray(Image.fromarray(np.zeros((40, 60, 3), np.uint8)))])
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    layers[:] = 255 - noise  # the negative
    found = batch(data(tmp_path, layers, flip=True))
    assert found["content"].shape == found["target"].shape == (64, 3, 8, 8)
    assert torch.allclose(found["target"], -found["content"], atol=1e-6)
    assert len({tuple(patch.ravel()[:9].tolist()) for patch in found["content"]}) > 50
    assert (found["mask"] == 1).all()


def test_patches_have_their_middle_where_masks_say_and_half_of_them_where_keyframes_are_clear(tmp_path: Path) -> None:
    layers = np.zeros((40, 60, 4), np.uint8)
    layers[10:20, 30:40] = 255
    clear = batch(data(tmp_path, layers, batch_size=400))["mask"][:, 0, 4, 4]
    # Those drawn from everywhere have it there too with a chance of 100 / 2400.
    assert (clear > 0).float().mean().item() == pytest.approx(0.5 + 0.5 / 24, abs=0.06)
    (tmp_path / "masks").mkdir()
    Image.fromarray(layers[..., 3]).save(tmp_path / "masks" / "0002.png")
    inside = batch(data(tmp_path, layers[..., :3], masks=str(tmp_path / "masks")))["mask"][:, 0, 4, 4]
    assert (inside == 1).all()


def test_patches_stay_inside_the_frame(tmp_path: Path) -> None:
    layers = np.zeros((40, 60, 4), np.uint8)
    layers[:2, :2] = layers[-2:, -2:] = 255
    patches = data(tmp_path, layers).training_set()
    assert patches.corner(0, 0.0, 0.0) == (0, 0)
    assert patches.corner(0, 0.0, 0.999) == (32, 52)
    assert patches.corner(0, 0.6, 0.5) == (16, 0)  # the middle of row 20 begins it


def test_previews_are_frames_of_the_whole_clip(tmp_path: Path) -> None:
    module = data(tmp_path, np.zeros((40, 60, 3), np.uint8))
    shown = module.preview_batch(3)
    assert shown is not None
    assert shown["content"].shape == (3, 3, 40, 60)
    assert len(module.shown) == 6
    assert [module.spec[part].channels for part in PARTS] == [3, 3, 1]
    first = list(module.first_batches("content", 4, 2))
    again = list(module.first_batches("content", 4, 2))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert first[0].shape == (4, 3, 8, 8)


def test_settings_that_cannot_work_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="less than the patches of 64 x 64"):
        data(tmp_path, np.zeros((40, 60, 3), np.uint8), image_size=64)
    with pytest.raises(UserError, match=r"data\.pack_size"):
        data(tmp_path, np.zeros((40, 60, 3), np.uint8), pack_size=64)
