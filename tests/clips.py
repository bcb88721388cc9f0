"""Small clips for tests, written with PyAV alone."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def panning(count: int, height: int = 48, width: int = 64, step: int = 2, seed: int = 0) -> list[np.ndarray]:
    """Frames uint8 (H, W, 3) of a camera that goes to the right over smooth colours, ``step`` pixels a frame."""
    rng = np.random.default_rng(seed)
    small = rng.uniform(50, 205, (height // 12 + 2, (width + step * count) // 12 + 2, 3))
    import cv2

    wide = cv2.resize(small, (width + step * count, height), interpolation=cv2.INTER_CUBIC)
    wide = wide.clip(0, 255).round().astype(np.uint8)
    return [np.ascontiguousarray(wide[:, step * i : step * i + width]) for i in range(count)]


def write_clip(
    path: Path,
    frames: Sequence[np.ndarray],
    *,
    codec: str = "libx264",
    form: str = "yuv420p",
    times: Sequence[int] | None = None,
    base: Fraction = Fraction(1, 25),
    sound: bool = False,
    rotation: int = 0,
    mirrored: bool = False,
    aspect: Fraction | None = None,
    full: bool = False,
    options: dict[str, str] | None = None,
) -> Path:
    """A clip of frames (H, W, 3), uint8 or uint16.

    Args:
        path: of the file.
        frames: its pictures.
        codec: FFmpeg's encoder.
        form: FFmpeg's pixel format.
        times: of each frame in ticks; one tick apart unless told otherwise.
        base: seconds of a tick.
        sound: with a tone of the same length.
        rotation: degrees counter-clockwise by which players turn it.
        mirrored: whether they mirror it too.
        aspect: width of a pixel by its height.
        full: of full colour range.
        options: for the encoder.
    """
    times = range(len(frames)) if times is None else times
    with av.open(str(path), "w") as container:
        video = container.add_stream(codec, rate=round(1 / base), options=options or {"crf": "10", "g": "12"})
        context = video.codec_context
        context.height, context.width = frames[0].shape[:2]
        context.pix_fmt, context.time_base = form, base
        context.color_range = 2 if full else 1
        context.flags |= 1 << 23  # AV_CODEC_FLAG_FRAME_DURATION: the duration of the last frame counts
        if aspect is not None:
            context.sample_aspect_ratio = aspect
        if rotation or mirrored:
            video.set_display_rotation(rotation, hflip=mirrored)
        audio = container.add_stream("aac", rate=16000) if sound else None
        for pixels, at in zip(frames, times, strict=True):
            kind = "rgb24" if pixels.dtype == np.uint8 else "rgb48le"
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format=kind)
            frame = frame.reformat(format=form, src_color_range=2, dst_color_range=2 if full else 1)
            frame.pts, frame.time_base, frame.duration = at, base, 1
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None:
            for packet in tone(audio, float((times[-1] + 1) * base)):
                container.mux(packet)
    return path


def tone(stream: av.AudioStream, seconds: float) -> list[av.Packet]:
    """Encoded packets of 440 Hz."""
    count = round(seconds * 16000)
    wave = (0.3 * np.sin(np.arange(count) * 2 * np.pi * 440 / 16000)).astype(np.float32)
    packets = []
    for start in range(0, count, 1024):
        part = av.AudioFrame.from_ndarray(wave[None, start : start + 1024], format="fltp", layout="mono")
        part.sample_rate, part.pts, part.time_base = 16000, start, Fraction(1, 16000)
        packets += stream.encode(part)
    return packets + stream.encode(None)


def damaged(path: Path, target: Path, begin: float = 0.4, end: float = 0.5) -> Path:
    """A copy whose bytes between two shares of its length are changed."""
    data = bytearray(path.read_bytes())
    for place in range(int(len(data) * begin), int(len(data) * end)):
        data[place] ^= 0x5A
    target.write_bytes(data)
    return target


def sound_packets(path: Path) -> list[bytes]:
    """The packets of its sound as they are stored."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def sound_begins(path: Path) -> float:
    """Seconds from the first frame to the first packet of sound, which may be one of silence before it."""
    first: dict[str, Fraction] = {}
    with av.open(str(path)) as container:
        for packet in container.demux():
            if packet.pts is not None:
                at = packet.pts * packet.time_base
                first[packet.stream.type] = min(first.get(packet.stream.type, at), at)
    return float(first["audio"] - first["video"])
