"""Keyframes: frames of a clip beside what an artist made of them, and where."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np
from PIL import Image

from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.data.sources.aligned import ListedSource
from impasto.data.sources.clips import ClipFrames, find_clips, number_of
from impasto.data.sources.decode import BadImage, decode
from impasto.data.sources.folder import FolderSource
from impasto.data.sources.opening import Pictures
from impasto.video.describing import BadClip
from impasto.video.reading import Clip

SHOWN: Final = 6
"""Frames of the clip that are painted to look at while training."""
ASPECT: Final = 0.02
"""By how much the shape of a keyframe may differ from that of its frame before it counts as stretched."""


@dataclass(frozen=True)
class Painted:
    """A frame, and what was made of it.

    Attributes:
        name: of the keyframe's file.
        frame: uint8 (H, W, 3).
        target: uint8 (H, W, 3), the keyframe where it was painted, and the frame elsewhere.
        mask: uint8 (H, W, 1), 255 where it was painted.
    """

    name: str
    frame: np.ndarray
    target: np.ndarray
    mask: np.ndarray


def open_keyframes(
    clip: str | None = None, keyframes: str | None = None, masks: str | None = None
) -> dict[str, Pictures]:
    """Open the aligned parts ``content``, ``target`` and ``mask`` of painted frames, and ``shown``, frames to look at.

    Args:
        clip: a clip, or a folder with its numbered frames.
        keyframes: a folder of painted frames, or one; each has the name of its frame or its number, which is counted
            from 1 in a clip file. Where it is transparent, it is not painted. One of another size is resized.
        masks: a folder of pictures that are white where frames are painted, under the same names, one for each keyframe
            at least; or a single one.

    Raises:
        UserError: something is missing or cannot be read, or a keyframe belongs to no frame.
    """
    if clip is None or keyframes is None:
        raise UserError(
            "Keyframes need a clip and painted frames of it: set data.clip=CLIP|FOLDER and data.keyframes=FOLDER."
        )
    source = find_clips(clip, "data.clip")
    if len(source.clips) > 1:
        raise UserError(
            f"data.clip={clip} holds {len(source.clips)} clips ({', '.join(source.class_names[:3])}, ...): give one."
        )
    one = source.clips[0]
    names, last = frame_names(one)
    painted = matched(pictures_at(keyframes, "data.keyframes"), names, last, "data.keyframes")
    masked = {} if masks is None else mask_paths(masks, names, last, painted)
    shown = sorted({round(i * (last - 1) / (SHOWN - 1)) for i in range(SHOWN)})
    frames = read_frames(one, {*painted, *shown})
    check_sizes(one, frames)
    pairs = [pair_of(path, frames[at], masked.get(at)) for at, path in sorted(painted.items()) if at in frames]
    for at, path in painted.items():
        if at not in frames:
            raise UserError(
                f"{path} is keyframe {at + 1} of {one.path}, which has {max(frames, default=-1) + 1} frames."
            )
    looked_at = [frames[at] for at in shown if at in frames]
    return parts_of(one, pairs, looked_at)


def frame_names(clip: ClipFrames) -> tuple[dict[str, int], int]:
    """Positions of frames by name and by number (as ``#12``), and how many there are, or seem to be in a file.

    Raises:
        UserError: the clip cannot be read.
    """
    if clip.numbered:
        found = {path.stem: at for at, (_, path) in enumerate(clip.numbered)}
        return found | {f"#{number}": at for at, (number, _) in enumerate(clip.numbered)}, len(clip.numbered)
    try:
        return {}, max(Clip(clip.path).info.frames, 1)
    except BadClip as problem:
        raise UserError(f"data.clip={clip.path} cannot be read: {problem}.") from None


def pictures_at(value: str, option: str) -> list[Path]:
    """A picture, or all below a folder."""
    path = Path(value).expanduser()
    if path.is_file():
        return [path]
    return [path / item.name for item in FolderSource(path, "none", option=option).items()]


def matched(paths: Iterable[Path], names: Mapping[str, int], last: int, option: str) -> dict[int, Path]:
    """Pictures by the position of the frame that they belong to: that of the same name, else of the same number.

    Args:
        paths: of the pictures.
        names: of :func:`frame_names`; empty for a clip file, whose frames are numbered from 1.
        last: how many frames there are.
        option: the setting, for messages.

    Raises:
        UserError: a picture belongs to none, or two to one.
    """
    found: dict[int, Path] = {}
    for path in paths:
        number = number_of(path.name)
        at = names.get(path.stem, names.get(f"#{number}")) if names else None if number is None else number - 1
        if at is None or at < 0:
            numbers = sorted(int(name[1:]) for name in names if name.startswith("#"))
            span = f"{numbers[0]} to {numbers[-1]}" if numbers else f"1 to {last}"
            raise UserError(
                f"{option}: {path} belongs to no frame of the clip: give it the name of its frame, or its number "
                f"({span}), such as {PurePosixPath('0001').with_suffix(path.suffix)}."
            )
        if (other := found.setdefault(at, path)) != path:
            raise UserError(f"{option}: {other} and {path} belong to the same frame: remove one of them.")
    return found


def mask_paths(masks: str, names: Mapping[str, int], last: int, painted: Mapping[int, Path]) -> dict[int, Path]:
    """The mask of each keyframe.

    Raises:
        UserError: one has none.
    """
    if Path(masks).expanduser().is_file():
        return dict.fromkeys(painted, Path(masks).expanduser())
    found = matched(pictures_at(masks, "data.masks"), names, last, "data.masks")
    for at, path in painted.items():
        if at not in found:
            raise UserError(f"data.masks={masks} has no mask for {path}: add one of the same name.")
    return found


def read_frames(clip: ClipFrames, wanted: set[int]) -> dict[int, np.ndarray]:
    """Frames by position, uint8 (H, W, 3); of a file, those behind its end are left out.

    Raises:
        UserError: one cannot be read.
    """
    try:
        if clip.numbered:
            return {at: decode(clip.numbered[at][1]) for at in sorted(wanted)}
        found: dict[int, np.ndarray] = {}
        for at, frame in enumerate(Clip(clip.path)):
            if at in wanted:
                pixels = frame.pixels
                found[at] = pixels if pixels.dtype == np.uint8 else (pixels // 257).astype(np.uint8)
            if at >= max(wanted):
                break
        return found
    except (BadImage, BadClip) as problem:
        raise UserError(f"A frame of {clip.path} cannot be read: {problem}.") from None


def check_sizes(clip: ClipFrames, frames: Mapping[int, np.ndarray]) -> None:
    """Make sure that frames have one size, as those of a folder may not.

    Raises:
        UserError: two differ.
    """
    (first, size), *others = [(at, frame.shape[:2]) for at, frame in sorted(frames.items())] or [(0, (0, 0))]
    for at, other in others:
        if other != size:
            names = [clip.numbered[i][1].name if clip.numbered else f"frame {i + 1}" for i in (first, at)]
            raise UserError(
                f"{clip.path}: {names[0]} has {size[1]} x {size[0]} pixels, and {names[1]} {other[1]} x {other[0]}: "
                "bring all frames to one size."
            )


def pair_of(path: Path, frame: np.ndarray, mask: Path | None) -> Painted:
    """A frame beside its keyframe, brought to its size.

    Raises:
        UserError: the keyframe or the mask cannot be read, or nothing of it is painted.
    """
    height, width = frame.shape[:2]
    layers = fitted(readable(path), (height, width), path)
    where = layers[..., 3:].astype(np.float32) / 255
    if mask is not None:
        seen = fitted(readable(mask), (height, width), mask).astype(np.float32) / 255
        where = where * seen[..., :3].mean(2, keepdims=True) * seen[..., 3:]
    if where.max() < 0.5:
        raise UserError(f"Nothing of {path} is painted: it is transparent, or its mask black.")
    target = np.rint(frame + (layers[..., :3].astype(np.float32) - frame) * where).astype(np.uint8)
    return Painted(path.name, frame, target, np.rint(255 * where).astype(np.uint8))


def readable(path: Path) -> np.ndarray:
    """uint8 (H, W, 4) of a picture.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return decode(path, 4)
    except BadImage as problem:
        raise UserError(f"{path} cannot be read: {problem}.") from None


def fitted(layers: np.ndarray, size: tuple[int, int], path: Path) -> np.ndarray:
    """uint8 (h, w, 4) at ``size`` (H, W), with a notice if that is another one."""
    if layers.shape[:2] == size:
        return layers
    (high, wide), (height, width) = layers.shape[:2], size
    stretched = abs(wide * height / (high * width) - 1) > ASPECT
    notice(
        f"data.size.{path}",
        f"{path} has {wide} x {high} pixels and is resized to the {width} x {height} of its frame"
        f"{', which has another shape: it is stretched' if stretched else ''}.",
    )
    return np.asarray(Image.fromarray(layers).resize((width, height), Image.Resampling.LANCZOS))


def parts_of(clip: ClipFrames, pairs: Sequence[Painted], shown: Sequence[np.ndarray]) -> dict[str, Pictures]:
    """The parts, each with a name for the run's summary."""
    sides = {"content": "frame", "target": "target", "mask": "mask"}
    digest = hashlib.sha256()
    for pair in pairs:
        digest.update(pair.name.encode() + pair.frame.tobytes() + pair.target.tobytes() + pair.mask.tobytes())

    def source(side: str) -> ListedSource:
        listed = [(pair.name, getattr(pair, side)) for pair in pairs]
        return ListedSource("local", listed, f"{side} {digest.hexdigest()}")

    title = f"{len(pairs)} painted frames of {clip.path.resolve().name}"
    opened = {part: Pictures(f"{title}: {side}", source(side)) for part, side in sides.items()}
    frames = ListedSource("local", [(f"{i}", frame) for i, frame in enumerate(shown)], f"shown {digest.hexdigest()}")
    return opened | {"shown": Pictures(f"frames of {clip.path.resolve().name}", frames)}
