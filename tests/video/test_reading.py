from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from impasto.video.describing import BadClip
from impasto.video.reading import Clip
from tests.clips import damaged, panning, write_clip


def far(clip: list[np.ndarray], frames: list[np.ndarray]) -> float:
    return max(float(np.abs(a.astype(float) - b.astype(float)).mean()) for a, b in zip(clip, frames, strict=True))


def test_frames_come_in_order_with_their_times(tmp_path: Path) -> None:
    frames = panning(20)
    clip = Clip(write_clip(tmp_path / "a.mp4", frames))
    assert (clip.info.height, clip.info.width, clip.info.frames, clip.info.rate) == (48, 64, 20, 25)
    assert clip.info.duration == pytest.approx(0.8)
    for _ in range(2):  # as often as wanted
        read = list(clip)
        assert [frame.time for frame in read] == pytest.approx([i / 25 for i in range(20)])
        assert far([frame.pixels for frame in read], frames) < 4


def test_times_of_a_variable_rate(tmp_path: Path) -> None:
    times = [0, 1, 2, 10, 11, 30]
    clip = Clip(write_clip(tmp_path / "a.mp4", panning(6), times=times))
    assert [frame.time for frame in clip] == pytest.approx([t / 25 for t in times])


def test_a_stream_that_begins_late_begins_at_zero(tmp_path: Path) -> None:
    clip = Clip(write_clip(tmp_path / "a.ts", panning(6), times=range(90, 96)))
    assert [frame.time for frame in clip] == pytest.approx([i / 25 for i in range(6)])


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_rotated_clips_are_upright(tmp_path: Path, rotation: int, mirrored: bool) -> None:
    frames = panning(3)
    path = write_clip(tmp_path / "a.mp4", frames, rotation=rotation, mirrored=mirrored, aspect=Fraction(4, 3))
    clip = Clip(path)
    shown = [np.rot90(frame, rotation // 90) for frame in frames]
    shown = [frame[:, ::-1] for frame in shown] if mirrored else shown
    assert far([frame.pixels for frame in clip], shown) < 4
    assert (clip.info.height, clip.info.width) == shown[0].shape[:2]
    assert clip.info.pixel_aspect == (Fraction(3, 4) if rotation % 180 else Fraction(4, 3))


def test_ten_bits_come_as_sixteen(tmp_path: Path) -> None:
    ramp = np.linspace(6000, 60000, 256).astype(np.uint16)[None, :, None].repeat(16, 0).repeat(3, 2)
    clip = Clip(write_clip(tmp_path / "a.mp4", [ramp] * 3, codec="libx265", form="yuv420p10le", options={"crf": "0"}))
    assert clip.info.depth == 10
    pixels = next(iter(clip)).pixels
    assert pixels.dtype == np.uint16
    assert np.abs(pixels.astype(float) - ramp).max() < 200  # a level of 8 bits is 257
    assert len(np.unique(pixels[8, :, 1])) > 200


def test_colour_range(tmp_path: Path) -> None:
    grey = [np.full((16, 16, 3), value, np.uint8) for value in (0, 64, 255)]
    for full in (False, True):
        clip = Clip(write_clip(tmp_path / f"{full}.mp4", grey, full=full, options={"crf": "1"}))
        assert clip.info.color.full is full
        assert [round(float(frame.pixels.mean())) for frame in clip] == pytest.approx([0, 64, 255], abs=1)


def test_one_frame(tmp_path: Path) -> None:
    clip = Clip(write_clip(tmp_path / "a.mp4", panning(1)))
    assert [(frame.time, frame.repeated) for frame in clip] == [(0.0, False)]


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.webm", "libvpx"), ("a.avi", "mpeg4")])
def test_whole_clips_have_no_repeated_frames(tmp_path: Path, name: str, codec: str) -> None:
    # libvpx codes hidden frames, which are no lost ones.
    options = {"crf": "10", "b": "1M", "auto-alt-ref": "1", "lag-in-frames": "16"} if codec == "libvpx" else {"b": "2M"}
    clip = Clip(write_clip(tmp_path / name, panning(40), codec=codec, options=options))
    assert [frame.repeated for frame in clip] == [False] * 40


def test_damaged_frames_are_the_ones_before_at_their_own_times(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", panning(40))
    clip = Clip(damaged(path, tmp_path / "b.mp4"))
    read = list(clip)
    assert [frame.time for frame in read] == pytest.approx([i / 25 for i in range(40)])
    repeated = [i for i, frame in enumerate(read) if frame.repeated]
    assert 0 < len(repeated) < 20
    assert all((read[i].pixels == read[i - 1].pixels).all() for i in repeated)


def test_a_clip_that_is_cut_off_gives_what_there_is(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", panning(40))
    (tmp_path / "b.mkv").write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 10 <= len(list(Clip(tmp_path / "b.mkv"))) < 40


def test_what_is_no_clip_is_said_in_a_clause(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("no clip")
    import av

    from tests.clips import tone

    with av.open(str(tmp_path / "sound.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        container.mux(tone(stream, 0.3))
    said = {"empty": "the file is empty", "text": "it cannot be opened as a clip", "sound": "it has no video stream"}
    for name, reason in said.items():
        with pytest.raises(BadClip, match=reason):
            Clip(tmp_path / f"{name}.mp4")


def test_no_frame_at_all(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", panning(4), options={"bf": "0"})
    data = bytearray(path.read_bytes())
    begin, end = data.index(b"mdat") + 4, data.index(b"moov") - 4
    data[begin:end] = b"\xff" * (end - begin)
    (tmp_path / "b.mp4").write_bytes(data)
    with pytest.raises(BadClip, match="no frame that can be read"):
        Clip(tmp_path / "b.mp4")
