"""Frames of animations and pages; that they are painted is tested with the formats of inference."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.data.sources.decode import BadImage
from impasto.data.sources.frames import Frames


@pytest.fixture
def animation(tmp_path: Path) -> Path:
    """Three frames of 16 x 8 pixels, in grey 0, 100 and 200."""
    first, *others = [Image.new("L", (16, 8), 100 * i) for i in range(3)]
    first.save(tmp_path / "a.gif", save_all=True, append_images=others, duration=[100, 250, 40], loop=0)
    return tmp_path / "a.gif"


def test_frames_come_in_order_with_durations(animation: Path) -> None:
    frames = Frames(animation)
    assert frames.count == 3
    assert [(pixels.shape[:2], int(pixels.mean())) for pixels, _ in frames] == [
        ((8, 16), 0),
        ((8, 16), 100),
        ((8, 16), 200),
    ]
    assert frames.durations == [100, 250, 40]
    assert frames.animation == {"loop": 0}


def test_other_pictures_are_one_frame(tmp_path: Path) -> None:
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    frames = Frames(tmp_path / "a.png")
    ((found, opacity),) = frames
    assert frames.count == 1
    assert np.array_equal(found, pixels)
    assert opacity is None
    assert frames.durations == []


def test_more_pixels_than_are_decoded_are_refused(animation: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impasto.data.sources.frames.MAX_PIXELS", 3 * 16 * 8 - 1)
    with pytest.raises(BadImage, match="its 3 frames of 16 x 8 pixels are more than the 383 decoded"):
        Frames(animation)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.gif").write_bytes(b"GIF89a")
    with pytest.raises(BadImage, match="the file is"):
        Frames(tmp_path / "a.gif")
