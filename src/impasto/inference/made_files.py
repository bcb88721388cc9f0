"""The files of what is painted from noise: pictures, clips, and sprite sheets of either."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np
from torch import Tensor

from impasto.base.checks import check_between, check_number
from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.inference.saving import save
from impasto.inference.sprites import SHEET, Finish, layers, write_sheet
from impasto.video.endings import check_installed

ClipFormat = Literal["gif", "png", "webp", "mp4"]
TOLD: Final = ("labels.csv", "captions.csv", SHEET, str(Path(SHEET).with_suffix(".json")))
"""Files beside the pictures of a call."""
ENDINGS: Final = ("png", "gif", "webp", "mp4")
"""Of pictures and clips."""


@dataclass
class MadeFiles:
    """How pictures and clips are written, and what was.

    Args:
        finish: what is done to pictures before, such as clean edges of sprites.
        clip: format of clips: ``gif``, ``png`` and ``webp`` are animations that keep opacity; ``mp4`` is on white.
        fps: frames per second of clips.
        sprite_sheet: write also ``sprites.png`` and ``sprites.json``, with this many pictures or frames in a row.

    Raises:
        UserError: a setting is out of range, or clips of that format cannot be written here.
    """

    finish: Finish = field(default_factory=Finish)
    clip: ClipFormat | None = None
    fps: float = 10.0
    sprite_sheet: int | None = None

    def __post_init__(self) -> None:
        if self.sprite_sheet is not None:
            check_number("sprite_sheet", self.sprite_sheet, 1)
        if self.clip is not None and self.clip not in get_args(ClipFormat):
            raise UserError(f"clip={self.clip} is not known: choose one of {', '.join(get_args(ClipFormat))}.")
        check_between("fps", self.fps, 0.1, 240)
        if self.clip == "mp4":
            check_installed()
        self._frames: dict[str, Tensor] = {}
        self._animations: dict[str, list[str]] = {}

    def check(self, spec: ImageSpec) -> None:
        """Make sure that a format of clips is asked for where there are clips.

        Raises:
            UserError: it is not.
        """
        if self.clip is not None and spec.frames == 1:
            raise UserError(f"clip={self.clip} is for models of clips, and this one paints pictures: leave it out.")

    def named(self, spec: ImageSpec, number: int) -> str:
        """The file of picture or clip ``number``."""
        return f"{number:06d}.{'png' if spec.frames == 1 else self.clip or 'gif'}"

    def finished(self, images: Tensor, spec: ImageSpec) -> Iterator[Tensor]:
        """Painted pictures uint8 (N, C, H, W), each as the frames that files hold: (T, C, H, W)."""
        frames = images.unflatten(1, (spec.frames, -1)).flatten(0, 1)
        yield from self.finish(frames).unflatten(0, (-1, spec.frames))

    def write(self, frames: Tensor, path: Path, made: str) -> None:
        """Write one picture, or the frames of one clip: uint8 (T, C, H, W).

        Args:
            frames: as :meth:`finished` gives them.
            path: of the file.
            made: with what, see :func:`~impasto.inference.provenance.made_with`.
        """
        pixels = [frame.permute(1, 2, 0).contiguous().numpy() for frame in frames]
        parted = [layers(each) if self.finish.opacity else (each, None) for each in pixels]
        if path.suffix == ".mp4":
            write_mp4(parted, path, self.fps)
        else:
            durations = [1000 / self.fps] * len(frames) if len(frames) > 1 else []
            save(parted, path, durations, {"loop": 0} if durations else {}, made=made)
        if self.sprite_sheet is not None:
            names = [path.name] if len(frames) == 1 else [f"{path.stem}/{i:02d}.png" for i in range(len(frames))]
            self._frames |= dict(zip(names, frames, strict=True))
            if len(frames) > 1:
                self._animations[path.stem] = names

    def write_sheet(self, folder: Path, made: str) -> None:
        """Write the sprite sheet of all that was written, if one is wanted."""
        if self.sprite_sheet is not None and self._frames:
            milliseconds = round(1000 / self.fps)
            write_sheet(self._frames, self.sprite_sheet, folder / SHEET, self._animations or None, milliseconds, made)


def write_mp4(frames: Sequence[tuple[np.ndarray, np.ndarray | None]], path: Path, fps: float) -> None:
    """Write frames as a clip, on white where they are clear.

    Args:
        frames: uint8 (H, W, 1 or 3), and opacity (H, W, 1) or None.
        path: of the .mp4.
        fps: frames per second.
    """
    from impasto.data.sources.decode import on_white
    from impasto.video.frame import ClipInfo, Frame
    from impasto.video.writing import ClipWriter

    rate = Fraction(fps).limit_denominator(1000)
    height, width = frames[0][0].shape[:2]
    info: Any = ClipInfo(width, height, len(frames), 0.0, rate, 1 / rate)
    with ClipWriter(path, info) as writer:
        for number, (pixels, opacity) in enumerate(frames):
            picture = pixels if opacity is None else on_white(pixels, opacity)
            writer.write(picture, Frame(picture, number, 1 / rate, 1))
