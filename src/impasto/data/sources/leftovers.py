"""What file managers, network storage, archives and notebooks leave in folders of pictures."""

from fnmatch import fnmatchcase
from typing import Final

LEFTOVERS: Final = (
    *("@eaDir", "#recycle", "#snapshot"),  # Synology: thumbnails, deleted files, snapshots
    *("@Recycle", "@Recently-Snapshot", "@__thumb", ".@__thumb"),  # QNAP
    *("$RECYCLE.BIN", "RECYCLER", "System Volume Information", "Thumbs.db"),  # Windows
    *("__MACOSX", "._*", ".AppleDouble", ".Trashes"),  # macOS, and archives that it writes
    *("lost+found", ".Trash", ".Trash-*", ".thumbnails"),  # Linux and its desktops
    *(".picasaoriginals", ".ipynb_checkpoints", ".stversions"),  # Picasa, Jupyter, Syncthing: earlier versions
)
"""Names of files and folders, in any case; ``*`` stands for any letters. Other hidden files are left out silently."""

_PATTERNS: Final = tuple(name.lower() for name in LEFTOVERS)


def is_leftover(name: str) -> bool:
    """Whether a file or folder of this name, without its path, was left behind by a program."""
    name = name.lower()
    return any(fnmatchcase(name, pattern) for pattern in _PATTERNS)
