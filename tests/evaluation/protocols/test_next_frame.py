"""Predicted frames are scored by horizon, beside a frame that stands still and one that is moved on."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.parts import Parts
from impasto.base.spec import ImageSpec
from impasto.data.frames import FramesDataModule
from impasto.data.sources.clips import open_clips
from impasto.evaluation.protocols.next_frame import PREDICTED, REPEATED, NextFrameProtocol, moved_on
from impasto.painters.painter import Painter
from tests.numbered_frames import numbered


class Brighter(nn.Module):
    """The last frame, ten levels brighter: what really comes next in these clips."""

    def forward(self, content: Tensor) -> Tensor:
        return content[:, -3:] + 10 / 127.5


class Darker(nn.Module):
    """The last frame, ten levels darker."""

    def forward(self, content: Tensor) -> Tensor:
        return content[:, -3:] - 10 / 127.5


def painter(network: nn.Module) -> Painter:
    return Painter(network, ImageSpec(3, 16, 16), ("content",), ImageSpec(6, 16, 16, frames=2))


def data(tmp_path: Path, **settings: Any) -> FramesDataModule:
    """Clips of eight frames, of the greys 80 to 150."""
    for clip in "ab":
        numbered(tmp_path / "clips" / clip, range(8, 16))
    known = {"image_size": 16, "resize": "crop", "duplicates": "keep", "batch_size": 2, "given": 2, "holdout": 0.5}
    parts = {"content": "aligned", "target": "aligned"}
    where = {"root": str(tmp_path / "clips"), "cache_dir": str(tmp_path / "cache")}
    module = FramesDataModule(pictures=open_clips, parts=parts, **{**known, **where, **settings})
    module.prepare_data()
    return module


def db(levels: float) -> float:
    """PSNR of pictures that differ by so many levels of 255 everywhere."""
    return 20 * math.log10(255 / levels)


def test_scores_by_horizon_are_those_worked_out_by_hand(tmp_path: Path) -> None:
    protocol = NextFrameProtocol(ahead=3, num_sequences=9, metrics=["psnr"])
    found = protocol.measure(painter(Darker()), data(tmp_path))
    # What comes is 10, 20 and 30 levels brighter than the last frame, what is predicted as much darker.
    for step in (1, 2, 3):
        assert found.rows[PREDICTED][f"ahead_{step}_psnr"] == pytest.approx(db(20 * step), abs=1e-3)
        assert found.rows[REPEATED][f"ahead_{step}_psnr"] == pytest.approx(db(10 * step), abs=1e-3)
    assert found.figures["psnr"] == pytest.approx((db(20) + db(40) + db(60)) / 3, abs=1e-3)
    assert found.main == "psnr"
    record = found.comparability["ahead_2_psnr"]
    assert record["controls"][REPEATED] == pytest.approx(db(20), abs=1e-3)
    assert record["split"] == "held_out"
    assert record["generated"] == 4  # 8 frames, 5 in a sequence
    images, columns = found.sheets["ahead"]()
    assert (tuple(images.shape), columns) == ((32, 3, 16, 16), 4)


def test_a_perfect_prediction_has_the_highest_score(tmp_path: Path) -> None:
    found = NextFrameProtocol(ahead=2, metrics=["psnr", "ssim"]).measure(painter(Brighter()), data(tmp_path))
    assert found.figures["ahead_2_psnr"] == 100
    assert found.figures["ssim"] == pytest.approx(1, abs=1e-3)


def test_even_motion_is_followed_in_a_straight_line() -> None:
    random = np.random.default_rng(0)
    small = Image.fromarray(random.integers(0, 256, (16, 24, 3), np.uint8))
    wide = np.asarray(small.resize((192, 128), Image.Resampling.BICUBIC))
    frames = [wide[:, 2 * i : 2 * i + 96] for i in range(5)]  # a camera that goes two pixels to the right
    tensors = [torch.from_numpy(f.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1 for f in frames]
    for step, moved in enumerate(moved_on(tensors[:2], 3), 2):
        inside = (moved - tensors[step])[..., 16:-16, 16:-24].abs().mean()
        assert inside < 0.25 * (tensors[1] - tensors[step])[..., 16:-16, 16:-24].abs().mean()
    assert all(torch.equal(frame, tensors[0]) for frame in moved_on(tensors[:1], 2))


def test_what_cannot_be_measured_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="sharp is none of"):
        NextFrameProtocol(metrics=["sharp"])
    with pytest.raises(UserError, match=r"evaluation\.ahead"):
        NextFrameProtocol(ahead=0)
    with pytest.raises(UserError, match="ask for fewer ahead"):
        NextFrameProtocol(ahead=20).measure(painter(Brighter()), data(tmp_path))
    parts = Parts(data=data(tmp_path))
    (refusal,) = NextFrameProtocol(ahead=7).check_with(parts)  # said before training
    assert "evaluation.ahead=6" in refusal.sentence  # type: ignore[union-attr]
    assert not list(NextFrameProtocol(ahead=6).check_with(parts))


def test_ahead_is_at_most_what_clips_hold(tmp_path: Path) -> None:
    found = NextFrameProtocol(ahead=6, metrics=["psnr"]).measure(painter(Brighter()), data(tmp_path))
    assert found.figures["ahead_6_psnr"] == 100
