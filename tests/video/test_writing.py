import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from impasto.base.errors import UserError
from impasto.video.codecs import CODECS, DEFAULT, Encoding
from impasto.video.frame import Frame
from impasto.video.reading import Clip
from impasto.video.writing import ClipWriter
from tests.clips import panning, sound_begins, sound_packets, write_clip


def copied(source: Path, target: Path, encoding: Encoding = DEFAULT) -> tuple[list[Frame], list[Frame], ClipWriter]:
    clip = Clip(source)
    with ClipWriter(target, clip.info, encoding, clip.sounds) as writer:
        for item in clip.stream():
            if isinstance(item, Frame):
                writer.write(item.pixels, item)
            else:
                writer.copy(item)
    return list(clip), list(Clip(target)), writer


def far(a: list[Frame], b: list[Frame]) -> float:
    return max(float(np.abs(x.pixels.astype(float) - y.pixels).mean()) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("times", [range(9), [0, 1, 2, 10, 11, 30, 31, 32, 40]], ids=["constant", "variable"])
@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".webm"])
def test_frames_keep_their_times(tmp_path: Path, ending: str, times: list[int]) -> None:
    source = write_clip(tmp_path / "a.mp4", panning(9), times=times)
    before, after, _ = copied(source, tmp_path / f"b{ending}")
    assert [frame.time for frame in after] == pytest.approx([t / 25 for t in times], abs=0.0006)
    assert far(before, after) < 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", f"b{ending}"]


def test_the_last_frame_is_shown_as_long(tmp_path: Path) -> None:
    _, after, _ = copied(write_clip(tmp_path / "a.mp4", panning(1), base=Fraction(1, 2)), tmp_path / "b.mp4")
    assert Clip(tmp_path / "b.mp4").info.duration == pytest.approx(0.5)
    assert len(after) == 1


@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
def test_sound_is_kept_to_the_bit(tmp_path: Path, ending: str) -> None:
    source = write_clip(tmp_path / "a.mp4", panning(30), sound=True)
    before, after, writer = copied(source, tmp_path / f"b{ending}")
    late = after[0].time - before[0].time  # Matroska has no times before 0, at which the sound's first packet lies
    assert [frame.time - late for frame in after] == pytest.approx([frame.time for frame in before], abs=0.0006)
    assert sound_begins(tmp_path / f"b{ending}") == pytest.approx(sound_begins(source), abs=0.0006)
    assert sound_packets(tmp_path / f"b{ending}") == sound_packets(source)
    assert not writer.notes


def test_sound_that_does_not_go_into_the_file_is_named(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", panning(5), sound=True)
    _, after, writer = copied(source, tmp_path / "b.webm")
    assert len(after) == 5
    assert writer.notes == ("its sound (aac) does not go into a .webm and is left out",)


def test_pixel_aspect_colour_range_and_turns(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", panning(4), aspect=Fraction(4, 3), full=True, rotation=90)
    before, after, _ = copied(source, tmp_path / "b.mp4")
    info = Clip(tmp_path / "b.mp4").info
    assert (info.height, info.width, info.pixel_aspect, info.color.full) == (64, 48, Fraction(3, 4), True)
    assert far(before, after) < 4


def test_ten_bits_stay(tmp_path: Path) -> None:
    deep = [frame.astype(np.uint16) * 257 for frame in panning(4)]
    source = write_clip(tmp_path / "a.mp4", deep, codec="libx265", form="yuv420p10le", options={"crf": "4"})
    before, after, _ = copied(source, tmp_path / "b.mp4")
    assert Clip(tmp_path / "b.mp4").info.depth == 10
    assert far(before, after) < 4 * 257


@pytest.mark.parametrize(("codec", "said"), [("h264", 1), ("vp9", 0)])
def test_odd_sizes(tmp_path: Path, codec: str, said: int) -> None:
    source = write_clip(tmp_path / "a.mkv", panning(4, 47, 63), codec="ffv1", form="bgr0", options={"level": "3"})
    before, after, writer = copied(source, tmp_path / "b.mp4", Encoding(codec))
    assert after[0].pixels.shape == (47, 63, 3)
    assert far(before, after) < 6
    assert len(writer.notes) == said


@pytest.mark.parametrize("name", CODECS)
def test_every_codec(tmp_path: Path, name: str) -> None:
    codec = CODECS[name]
    source = write_clip(tmp_path / "a.mp4", panning(4, 64, 96))
    before, after, _ = copied(source, tmp_path / f"b{codec.endings[0]}", Encoding(name))
    scale = 257 if after[0].pixels.dtype == np.uint16 else 1
    assert far(before, [replace(frame, pixels=frame.pixels / scale) for frame in after]) < (
        0.5 if name == "ffv1" else 4
    )


def test_less_quality_is_a_smaller_file(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", panning(10, 144, 192))
    for crf in (10, 40):
        copied(source, tmp_path / f"{crf}.mp4", Encoding("h264", crf))
    assert (tmp_path / "40.mp4").stat().st_size < (tmp_path / "10.mp4").stat().st_size / 2


def test_settings_that_make_no_sense() -> None:
    for encoding, said in (
        (Encoding("divx"), "codec=divx is not known"),
        (Encoding("h264", 52), "from 0, the best, to 51"),
        (Encoding("ffv1", 3), "has no rate factor"),
    ):
        with pytest.raises(UserError, match=said):
            encoding.check()
    with pytest.raises(UserError, match=r"a \.webm does not hold codec=h264"):
        Encoding("h264").chosen(Path("a.webm"), 8)


def test_an_error_leaves_a_clip_that_plays_up_to_there(tmp_path: Path) -> None:
    clip = Clip(write_clip(tmp_path / "a.mp4", panning(9), sound=True))

    def interrupted() -> None:
        with ClipWriter(tmp_path / "b.mp4", clip.info, sounds=clip.sounds) as writer:
            for number, frame in enumerate(clip):
                if number == 5:
                    raise KeyboardInterrupt
                writer.write(frame.pixels, frame)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not (tmp_path / "b.mp4").exists()
    assert len(list(Clip(tmp_path / "b.partial.mp4"))) == 5


def test_a_second_interruption_waits_until_the_clip_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip, close = Clip(write_clip(tmp_path / "a.mp4", panning(9))), ClipWriter._close
    (tmp_path / "b.partial.mp4").write_bytes(b"of an earlier call")

    def disturbed(writer: ClipWriter) -> None:
        signal.raise_signal(signal.SIGINT)
        close(writer)

    monkeypatch.setattr(ClipWriter, "_close", disturbed)

    def failing() -> None:
        with ClipWriter(tmp_path / "b.mp4", clip.info) as writer:
            assert not (tmp_path / "b.partial.mp4").exists()
            for frame in clip:
                writer.write(frame.pixels, frame)
            raise ValueError

    with pytest.raises(KeyboardInterrupt):
        failing()
    assert len(list(Clip(tmp_path / "b.partial.mp4"))) == 9
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_killed_process_leaves_a_clip_that_plays(tmp_path: Path) -> None:
    program = f"""
        import os, signal
        from pathlib import Path
        from impasto.video.codecs import Encoding
        from impasto.video.reading import Clip
        from impasto.video.writing import ClipWriter
        clip = Clip({str(write_clip(tmp_path / "a.mp4", panning(120, 96, 128)))!r})
        with ClipWriter(Path({str(tmp_path / "b.mp4")!r}), clip.info, Encoding("h264", 1)) as writer:
            for number in range(20):
                for frame in clip:
                    at = type(frame)(frame.pixels, frame.ticks + number * 61440, frame.time_base, frame.duration)
                    writer.write(frame.pixels, at)
            os.kill(os.getpid(), signal.SIGKILL)
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert len(list(Clip(tmp_path / "b.partial.mp4"))) > 500
