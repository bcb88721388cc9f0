"""A texture to learn from one picture: a file of one's own, one of scikit-image's, or stones drawn by code."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.data.sources.decode import read_file
from impasto.data.sources.folder import FolderSource
from impasto.data.sources.opening import Pictures
from impasto.data.sources.source import Item, Origin
from impasto.procedural.stones import draw_stones

Example = Literal["stones", "brick", "grass", "gravel"]
STONES: Final = 192
"""Pixels of the sides of the drawn picture."""


@dataclass(frozen=True)
class OnePicture:
    """A single picture.

    Attributes:
        path: of the file; None draws stones.
        ours: it comes with a package, and is not the user's own.
    """

    path: Path | None
    ours: bool = False
    origin: Origin = field(default="sample", init=False)
    class_names: tuple[str, ...] = field(default=(), init=False)
    length: int = field(default=1, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "origin", "sample" if self.path is None or self.ours else "local")

    def fingerprint(self) -> str:
        """A hash of the picture."""
        content = draw_stones(STONES).tobytes() if self.path is None else read_file(self.path)
        return hashlib.sha256(content).hexdigest()

    def items(self, start: int = 0) -> Iterator[Item]:
        """The picture."""
        if start == 0:
            yield Item("stones", draw_stones(STONES)) if self.path is None else Item(self.path.name, self.path)


def open_texture(root: str | None = None, example: Example = "stones") -> Pictures:
    """Open a picture to learn a texture from.

    Args:
        root: a file, or a folder of several pictures of one texture; None takes the example.
        example: ``stones`` are drawn; ``brick``, ``grass`` and ``gravel`` are grey photographs of scikit-image's (CC0).

    Raises:
        UserError: it does not exist.
    """
    if root is None:
        notice("data.source", f"No picture is given, so {example} stand in: set data.root to a file.")
        if example == "stones":
            return Pictures("drawn stones", OnePicture(None))
        import skimage.data  # here, since it takes a while

        path = Path(skimage.data.__file__).parent / f"{example}.png"
        return Pictures(f"{example} of scikit-image", OnePicture(path, ours=True))
    path = Path(root).expanduser()
    if path.is_file():
        return Pictures(f"picture {path.name}", OnePicture(path))
    if not path.is_dir():
        raise UserError(f"data.root={root} does not exist: give a picture of a texture, or a folder of some.")
    return Pictures(f"folder {path.resolve().name}", FolderSource(path, "none"))
