"""Frames are predicted after the last ones of a clip, and numbered on."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.inference.events import Done, Painted, Skipped
from impasto.inference.predict import predict
from impasto.inference.repaint import Look
from impasto.inference.restyle import restyle
from impasto.painters.painter import Origin, Painter
from tests.clips import write_clip
from tests.numbered_frames import numbered


class Even(nn.Module):
    """What comes next if every pixel changes evenly."""

    def forward(self, content: Tensor) -> Tensor:
        return 2 * content[:, 3:] - content[:, :3]


def painter(step: int = 1) -> Painter:
    made = Painter(Even(), ImageSpec(3, 16, 16), ("content",), ImageSpec(6, 16, 16, frames=2))
    made.origin = Origin(config={"data": {"step": step}})
    return made


def greys(folder: Path) -> dict[str, int]:
    return {path.name: int(np.asarray(Image.open(path)).mean()) for path in sorted(folder.glob("*.png"))}


@pytest.mark.parametrize(("step", "names"), [(1, ("0010", "0011")), (3, ("0012", "0015"))])
def test_frames_go_on_as_they_did(step: int, names: tuple[str, str], tmp_path: Path) -> None:
    numbered(tmp_path / "clip", range(3, 10), size=(19, 17))
    events = list(predict(painter(step), tmp_path / "clip", tmp_path / "next", 2))
    assert [event.target.stem for event in events if isinstance(event, Painted)] == list(names)
    assert list(greys(tmp_path / "next").values()) == [90 + 10 * step, 90 + 20 * step]
    assert Image.open(tmp_path / "next" / f"{names[0]}.png").size == (19, 17)


def test_a_clip_file_goes_on_too_and_one_that_is_too_short_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    frames = [np.full((16, 16, 3), grey, np.uint8) for grey in (20, 40, 60)]
    write_clip(tmp_path / "clips" / "long.mkv", frames, codec="ffv1", form="bgr0", options={})
    write_clip(tmp_path / "clips" / "short.mkv", frames[:1], codec="ffv1", form="bgr0", options={})
    events = list(predict(painter(), tmp_path / "clips", tmp_path / "next", 2))
    assert greys(tmp_path / "next" / "long.mkv") == {"0004.png": 80, "0005.png": 100}
    (skipped,) = (event for event in events if isinstance(event, Skipped))
    assert skipped.reason == "it has 1 frames, and 2 are needed"
    assert events[-1] == Done(2, 1, tmp_path / "next")


def test_what_cannot_be_predicted_is_refused(tmp_path: Path) -> None:
    numbered(tmp_path / "clip", range(3))
    plain = Painter(nn.Identity(), ImageSpec(3, 16, 16), ("content",), ImageSpec(3, 16, 16))
    with pytest.raises(UserError, match="model=next_frame"):
        list(predict(plain, tmp_path / "clip", tmp_path / "next", 2))
    with pytest.raises(UserError, match="ahead=0"):
        list(predict(painter(), tmp_path / "clip", tmp_path / "next", 0))
    with pytest.raises(UserError, match="give another folder"):
        list(predict(painter(), tmp_path / "clip", tmp_path / "clip", 1))


def test_frames_that_are_there_are_kept(tmp_path: Path) -> None:
    numbered(tmp_path / "clip", range(3, 6))
    numbered(tmp_path / "next", [6])
    (kept,) = (
        event for event in predict(painter(), tmp_path / "clip", tmp_path / "next", 2) if isinstance(event, Skipped)
    )
    assert kept.source == tmp_path / "next" / "0006.png"
    events = list(predict(painter(), tmp_path / "clip", tmp_path / "next", 2, overwrite=True))
    assert not any(isinstance(event, Skipped) for event in events)


def test_the_command_predicts_or_repaints_as_the_model_can(tmp_path: Path) -> None:
    numbered(tmp_path / "clip", range(3, 6))
    events = list(restyle(painter(), [], tmp_path / "clip", tmp_path / "next", ahead=1))
    assert greys(tmp_path / "next") == {"0006.png": 60}
    assert isinstance(events[-1], Done)
    with pytest.raises(UserError, match="ahead=8"):
        list(restyle(painter(), [], tmp_path / "clip", tmp_path / "other"))
    with pytest.raises(UserError, match="sheet= does not go with ahead="):
        list(restyle(painter(), [], tmp_path / "clip", tmp_path / "other", ahead=1, sheet=3))
    with pytest.raises(UserError, match="leave strength="):
        list(restyle(painter(), [], tmp_path / "clip", tmp_path / "other", ahead=1, look=Look(0.5)))
