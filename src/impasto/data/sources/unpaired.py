"""Content pictures and style pictures without pairs: photographs and paintings."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from impasto.base.errors import UserError
from impasto.data.sources.folder import FolderSource
from impasto.data.sources.opening import SAMPLES, JoinedSource, ManifestSource, Pictures
from impasto.data.sources.source import Source

EMBEDDED: Final = "sample:"
PAINTINGS: Final = f"{EMBEDDED}paintings"
"""The embedded paintings by Van Gogh."""
Folders = str | Sequence[str] | None


def open_unpaired(content: Folders = None, style: Folders = None) -> dict[str, Pictures]:
    """Open the parts ``content`` and ``style``.

    Args:
        content: folder or folders of pictures to repaint; ``sample:KIND`` is one kind of the embedded photographs
            (animals, fishes, monuments, others, renewable, tools), None is all of them.
        style: folder or folders of pictures in the style; None takes the embedded paintings by Van Gogh.

    Raises:
        UserError: a folder is not there.
    """
    return {part: open_part(part, folders) for part, folders in (("content", content), ("style", style))}


def open_part(part: str, folders: Folders) -> Pictures:
    """The pictures of ``content`` or ``style``; their kinds are used for an even split, not as labels.

    Raises:
        UserError: a folder is not there.
    """
    if folders is None:
        if part == "content":
            return Pictures("embedded photographs", embedded_photos())
        return Pictures(title_of(PAINTINGS), open_one(PAINTINGS, part))
    names = [folders] if isinstance(folders, str) else list(folders)
    if not names:
        raise UserError(f"data.{part} names no folder: give one, or null for the embedded pictures.")
    found = [open_one(name, part) for name in names]
    return Pictures(", ".join(map(title_of, names)), found[0] if len(found) == 1 else JoinedSource(found))


def embedded(name: str) -> bool:
    """Whether a name is that of embedded pictures, and not of a folder."""
    return name.startswith(EMBEDDED)


def open_one(name: str, part: str) -> Source:
    """A folder of the user's, ``sample:KIND`` or :data:`PAINTINGS`."""
    if name == PAINTINGS:
        return ManifestSource(SAMPLES / "paintings")
    if embedded(name):
        return embedded_photos(name.removeprefix(EMBEDDED))
    return FolderSource(name, option=f"data.{part}")


def title_of(name: str) -> str:
    """Title of a folder, of ``sample:KIND`` or of :data:`PAINTINGS`."""
    if name == PAINTINGS:
        return "embedded paintings by Van Gogh"
    if embedded(name):
        return f"embedded photographs of {name.removeprefix(EMBEDDED)}"
    return f"folder {Path(name).expanduser().resolve().name}"


def embedded_photos(kind: str | None = None) -> ManifestSource:
    """The embedded photographs, all or of one kind.

    Raises:
        UserError: there is no such kind.
    """
    photos = ManifestSource(SAMPLES / "photos", "folder")
    if kind is None:
        return photos
    if kind not in photos.class_names:
        kinds = ", ".join([*(EMBEDDED + name for name in photos.class_names), PAINTINGS])
        raise UserError(f"{EMBEDDED}{kind} is not embedded: choose from {kinds}.")
    return ManifestSource(SAMPLES / "photos", "folder", prefix=f"{kind}/")
