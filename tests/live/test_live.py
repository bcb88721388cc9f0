"""The command as a whole: from a file without a display, the page, and sentences where something is missing."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from impasto.base.errors import UserError
from impasto.inference.style_choice import choose_styles
from impasto.live import command, shows
from impasto.live.page import Page
from impasto.live.pipeline import Shown
from impasto.live.sources import CameraSource, check_source, opened
from impasto.run.command_line.composing import composed
from impasto.video.describing import BadClip
from impasto.video.frame import Frame
from impasto.video.reading import Clip
from tests.clips import panning, write_clip
from tests.live.test_pipeline import Moved


def settings(source: object, **others: Any) -> Any:
    return composed("live", (), {"source": str(source), "port": None, "size": 48, "threads": 1, **others})


def test_a_clip_is_painted_into_a_clip_without_a_display(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "in.mp4", panning(8))
    cfg = settings(clip, output=str(tmp_path / "out.mp4"))
    last = command.live(cfg, choose_styles("van_gogh"), Moved())  # whose painting takes no time
    assert last is not None
    assert (last.painted, last.dropped) == (8, 0)
    written = Clip(tmp_path / "out.mp4")
    frames = list(written)
    # The show beside may leave paintings out, never the last, and each has the time of its picture.
    times = [round(frame.time * 25) for frame in frames]
    assert times == sorted(set(times))
    assert times[-1] - times[0] <= 7
    assert frames[0].pixels.shape == (48, 64, 3)
    assert np.abs(frames[-1].pixels.astype(int) - panning(8)[-1]).mean() > 5


def test_the_page_shows_the_rate_and_the_paintings(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(0)
    try:
        assert b"/stream" in urllib.request.urlopen(page.address).read()
        assert json.load(urllib.request.urlopen(f"{page.address}rate"))["text"] == "no painting yet"
        with urllib.request.urlopen(f"{page.address}stream") as stream:
            with page.changed:
                assert page.changed.wait_for(lambda: page.viewers == 1, 10) or page.viewers == 1
            page.show(Shown(np.full((16, 24, 3), 200, np.uint8), 1.0, 24.7, 0.034, 3, 7))
            assert stream.readline() == b"--painting\r\n"
            assert stream.readline() == b"Content-Type: image/jpeg\r\n"
        told = json.load(urllib.request.urlopen(f"{page.address}rate"))
        assert told["text"] == "24.7 a second · 24 x 16 · 34 ms · 3 dropped"
        strange = urllib.request.Request(page.address, headers={"Host": "example.org:80"})
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(strange)
        with pytest.raises(UserError, match=r"port=\d+ cannot be used"):
            Page(page.port)
    finally:
        page.close()


class Camera:
    """OpenCV's, of three pictures that differ in blue."""

    def __init__(self) -> None:
        self.count, self.released = 0, False

    def read(self) -> tuple[bool, Any]:
        self.count += 1
        pixels = np.zeros((4, 4, 3), np.uint8)
        pixels[..., 0] = self.count
        return self.count <= 3, pixels

    def release(self) -> None:
        self.released = True


def test_a_camera_gives_the_newest_and_ends() -> None:
    camera = Camera()
    source = CameraSource(camera, Moved())
    source._thread.join(10)
    newest = source.newest()
    assert newest is not None
    assert newest.pixels[0, 0].tolist() == [0, 0, 3], "red comes first"
    assert newest.dropped == 2
    assert source.newest() is None
    source.close()
    assert camera.released


def test_what_is_missing_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with (
        pytest.raises(UserError, match=r"source=97: there is no such camera, or another program is using it"),
        opened("97", 25, Moved()),
    ):
        pass
    assert capfd.readouterr().err == ""
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setattr("PIL.ImageGrab.grab", no_screen)
    with (
        pytest.raises(UserError, match=r"there is no screen to be grabbed \(X connection failed: error 1\); give"),
        opened("screen", 25, Moved()),
    ):
        pass
    with pytest.raises(UserError, match="does not exist: give a clip, the number of a camera such as 0, or screen"):
        check_source(str(tmp_path / "none.mp4"))
    (tmp_path / "photo.jpg").write_bytes(b"")
    with pytest.raises(UserError, match=r"is no clip: stylize\.py paints pictures"):
        check_source(str(tmp_path / "photo.jpg"))
    (tmp_path / "broken.mp4").write_bytes(b"no clip")
    with pytest.raises(UserError, match="cannot be played"), opened(str(tmp_path / "broken.mp4"), 25, Moved()):
        pass


def no_screen() -> None:
    raise OSError("X connection failed: error 1")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"fps": 0}, "fps=0 is out of range"),
        ({"size": 8}, "size=8 does not fit"),
        ({"output": "painted.gif"}, r"output=painted\.gif: give the name of a clip"),
        ({"port": -1}, "port=-1 does not fit"),
        ({"port": 65536}, "port=65536 does not fit: give a number from 0 to 65535"),
        ({"virtual_camera": "maybe"}, "virtual_camera=maybe is neither"),
    ],
)
def test_settings_that_make_no_sense_are_sentences(changed: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=said):
        command.live(settings(tmp_path / "in.mp4", **changed), choose_styles("van_gogh"), Moved())


def test_a_clip_that_is_there_stays(tmp_path: Path) -> None:
    there, source = tmp_path / "there.mp4", tmp_path / "in.mp4"
    there.write_bytes(b"earlier")
    source.write_bytes(b"filmed")
    with pytest.raises(UserError, match=r"there\.mp4 exists; give overwrite=true"):
        shows.check_output(str(there))
    with pytest.raises(UserError, match="is the source itself"):
        shows.check_output(str(tmp_path / "." / "in.mp4"), str(source), overwrite=True)
    assert shows.check_output(str(there), str(source), overwrite=True) == there
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(UserError, match="is a folder"):
        shows.check_output(str(tmp_path / "folder.mp4"), overwrite=True)
    with pytest.raises(OSError, match=r"out\.mp4"):  # the command makes a sentence of it
        shows.check_output(str(there / "out.mp4"))
    assert (there.read_bytes(), source.read_bytes()) == (b"earlier", b"filmed")
    assert shows.check_output(str(tmp_path / "new" / "out.mp4")) == tmp_path / "new" / "out.mp4"
    assert list((tmp_path / "new").iterdir()) == []


def test_a_clip_that_is_damaged_further_on_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = list(Clip(clip := write_clip(tmp_path / "in.mp4", panning(4))))

    def damaged(_: Clip) -> Iterator[Frame]:
        yield from frames[:2]
        raise BadClip("damaged after 2 frames")

    monkeypatch.setattr(Clip, "__iter__", damaged)
    with pytest.raises(UserError, match=r"cannot be played: damaged after 2 frames\."):
        played(clip)


def played(clip: Path) -> None:
    with opened(str(clip), 25, Moved()) as source:
        while source.newest() is not None:
            pass


def test_no_camera_has_so_large_a_number() -> None:
    with pytest.raises(UserError, match="there is no such camera"):
        check_source("99999999999")


class Sent:
    """pyvirtualcam's camera."""

    device = "/dev/video9"

    def __init__(self, width: int, height: int, fps: int) -> None:
        self.size, self.frames = (width, height, fps), []

    def send(self, frame: np.ndarray) -> None:
        self.frames.append(frame.shape)

    def close(self) -> None: ...


def test_a_virtual_camera_keeps_the_size_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    camera = shows.VirtualCamera(24.6)
    monkeypatch.setattr(camera, "_make", Sent)
    for size in (32, 48):
        camera.show(Shown(np.zeros((size, size + 8, 3), np.uint8), 0.0, 0.0, 0.0, 0, 1))
    assert camera._camera.size == (40, 32, 25)
    assert camera._camera.frames == [(32, 40, 3), (32, 40, 3)]

    def none(*_: int) -> None:
        raise RuntimeError("No camera\nregistered.")

    without = shows.VirtualCamera(25)
    monkeypatch.setattr(without, "_make", none)
    with pytest.raises(UserError, match=r"no virtual camera \(No camera registered\); on Linux load v4l2loopback"):
        without.show(Shown(np.zeros((8, 8, 3), np.uint8), 0.0, 0.0, 0.0, 0, 1))
