"""Clips as sources of frames, in the order in which they are shown: folders of numbered pictures, and clip files."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.data.sources.folder import FolderSource
from impasto.data.sources.opening import Pictures
from impasto.data.sources.source import Item, Load, Missing, Origin, shown
from impasto.procedural.moving_shapes import MovingShapes
from impasto.video.describing import BadClip
from impasto.video.endings import is_clip
from impasto.video.reading import Clip

SHAPES_VERSION: Final = 1
"""Raised when a seed makes other moving shapes."""


@dataclass(frozen=True)
class ClipFrames:
    """One clip: numbered pictures, or a file.

    Attributes:
        name: path below the root; the folder's own name for a clip that is the root.
        path: the folder, or the file.
        numbered: number and path of each picture, in order; empty for a file, whose frames are numbered from 1.
    """

    name: str
    path: Path
    numbered: tuple[tuple[int, Path], ...] = ()

    def frames(self, start: int = 0) -> Iterator[tuple[str, Load]]:
        """Name and load of each frame from position ``start`` on."""
        if self.numbered:
            for _, path in self.numbered[start:]:
                yield f"{self.name}/{path.name}", path
            return
        try:
            for position, frame in enumerate(Clip(self.path)):
                if position >= start:
                    yield f"{self.name}/{position + 1:06d}", frame.pixels
        except BadClip as problem:
            yield f"{self.name}/000001", Missing(str(problem))

    @property
    def length(self) -> int | None:
        """Number of pictures; None for a file, which is not read for it."""
        return len(self.numbered) or None


class ClipsSource:
    """The frames of clips, clip by clip; each clip is a class.

    Args:
        clips: at least one.
        digest: changes when a file does.
    """

    origin: Origin = "local"

    def __init__(self, clips: Sequence[ClipFrames], digest: str) -> None:
        self.clips, self.digest = tuple(clips), digest
        self.class_names = tuple(shown(clip.name) for clip in clips)

    @property
    def length(self) -> int | None:
        """Frames of all clips; None if a clip is a file."""
        lengths = [clip.length for clip in self.clips]
        return None if None in lengths else sum(length or 0 for length in lengths)

    def fingerprint(self) -> str:
        """The digest."""
        return self.digest

    def items(self, start: int = 0) -> Iterator[Item]:
        """The frames from position ``start`` on."""
        for label, clip in enumerate(self.clips):
            length = clip.length
            if length is not None and start >= length:
                start -= length
                continue
            for name, load in clip.frames(0 if length is None else start):
                if length is None and start:
                    start -= 1
                    continue
                yield Item(name, load, label)
            start = start if length is None else 0


class ShapesSource:
    """Clips of moving shapes, made by code; each clip is a class.

    Args:
        clips: how many.
        length: frames of each.
        size: (h, w) of the frames.
        seed: of all of them; more clips leave the earlier ones as they are.
    """

    origin: Origin = "sample"

    def __init__(self, clips: int, length: int, size: tuple[int, int], seed: int = 0) -> None:
        self.clips, self.frames, self.size, self.seed = clips, length, size, seed
        self.class_names = tuple(f"clip-{clip:04d}" for clip in range(clips))

    @property
    def length(self) -> int:
        """Frames of all clips."""
        return self.clips * self.frames

    def fingerprint(self) -> str:
        """A hash of all settings."""
        what = f"shapes {SHAPES_VERSION} {self.clips} {self.frames} {self.size} {self.seed}"
        return hashlib.sha256(what.encode()).hexdigest()

    def items(self, start: int = 0) -> Iterator[Item]:
        """The frames from position ``start`` on."""
        for clip in range(start // self.frames, self.clips):
            shapes = MovingShapes((self.seed, clip), self.size)
            for number in range(max(start - clip * self.frames, 0), self.frames):
                yield Item(f"{self.class_names[clip]}/{number + 1:04d}", shapes.frame(number), clip)


def open_clips(root: str | None = None, clips: int = 200, length: int = 24, size: int = 64) -> Pictures:
    """Open the frames of clips.

    Args:
        root: a folder of clips: of clip files, or of folders with the numbered pictures of a clip each; or one such
            folder or file. None makes clips of moving shapes.
        clips: of moving shapes.
        length: frames of each of those.
        size: pixels of their sides.

    Raises:
        UserError: there are no clips, or the order of their frames is not known.
    """
    if root is None:
        if min(clips, length) < 1 or size < 16:
            raise UserError(
                f"data.clips={clips}, data.length={length}, data.size={size}: give 1 clip, 1 frame, 16 pixels or more."
            )
        notice(
            "data.source",
            f"No clips are given, so {clips} clips of moving shapes are made: set data.root to a folder of clips, or "
            "of folders of numbered pictures.",
        )
        return Pictures(f"{clips} made clips of moving shapes", ShapesSource(clips, length, (size, size)), label="clip")
    source = find_clips(root)
    return Pictures(f"clips in {Path(root).expanduser().resolve().name}", source, label="clip")


def find_clips(root: str, option: str = "data.root") -> ClipsSource:
    """The clips at a path: see :func:`open_clips`.

    Raises:
        UserError: there are none, or a picture among frames has no number or that of another.
    """
    path = Path(root).expanduser()
    if path.is_file():
        if not is_clip(path):
            raise UserError(f"{option}={root} is no clip: give a clip such as .mp4, or a folder of numbered pictures.")
        return ClipsSource([ClipFrames(path.name, path)], digest_of([path]))
    if not path.is_dir():
        raise UserError(f"{option}={root} does not exist: give a clip, or a folder of clips or of numbered pictures.")
    files = sorted(p for p in path.rglob("*") if is_clip(p) and p.is_file() and not p.name.startswith("."))
    found = [ClipFrames(str(file.relative_to(path)), file) for file in files]
    pictures = FolderSource(path, "none", option=option)
    try:
        names = [item.name for item in pictures.items()]
    except UserError:
        if not files:
            raise
        names = []
    by_folder: dict[str, list[str]] = defaultdict(list)
    for name in names:
        by_folder[str(PurePosixPath(name).parent)].append(name)
    for folder, members in by_folder.items():
        title = path.resolve().name if folder == "." else folder
        found.append(ClipFrames(title, path / folder, in_order(path, members, option)))
    found.sort(key=lambda clip: clip.name)
    return ClipsSource(found, digest_of(files) + (pictures.fingerprint() if names else ""))


def in_order(root: Path, names: Sequence[str], option: str) -> tuple[tuple[int, Path], ...]:
    """Number and path of the frames of one folder, by the last number in each name.

    Raises:
        UserError: a name has no number, or two have the same.
    """
    by_number: dict[int, str] = {}
    for name in names:
        number = number_of(name)
        if number is None:
            raise UserError(
                f"{root / name} has no number in its name, so its place in the clip is not known: name frames such as "
                f"0001.png, and let {option} hold nothing but frames."
            )
        if (other := by_number.setdefault(number, name)) != name:
            raise UserError(f"{root / other} and {root / name} are both frame {number}: rename one of them.")
    first, last = min(by_number), max(by_number)
    if gaps := last - first + 1 - len(by_number):
        missing = next(n for n in range(first, last) if n not in by_number)
        notice(
            f"data.gaps.{root / names[0]}",
            f"{gaps} numbers are missing between frames {first} and {last} of {(root / names[0]).parent}, the first of "
            f"them {missing}: the frames before and after are taken as neighbours.",
        )
    return tuple((number, root / by_number[number]) for number in sorted(by_number))


def number_of(name: str) -> int | None:
    """The last number in a file's name, its ending left out; None if there is none."""
    found = re.findall(r"\d+", PurePosixPath(name).stem)
    return int(found[-1]) if found else None


def digest_of(files: Sequence[Path]) -> str:
    """A hash of names, sizes and times of change."""
    what = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr(what).encode()).hexdigest()
