"""Files that the page may read: those within a folder, by a name that a visitor gives."""

import os
import re
import secrets
import time
from collections.abc import Iterable
from pathlib import Path
from shutil import rmtree
from typing import Final

from impasto.base.errors import UserError

TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
"""Names of folders of one visitor's files, which nobody else can guess."""
KEPT_SECONDS: Final = 6 * 3600
"""For which a visitor's files are kept after they were last used."""


class NotHere(UserError):  # noqa: N818 - as BadImage: what is said, not a fault
    """There is no such file, or it is none of the visitor's business: which of the two is not told."""

    def __init__(self) -> None:
        super().__init__("That file is not here any more; load the page again.")


def inside(folder: Path, name: object, endings: Iterable[str] = ()) -> Path:
    """The file of a name within a folder, links followed.

    Args:
        folder: that nothing outside of is read.
        name: as a visitor gave it.
        endings: of the file, in small letters; none allows all.

    Raises:
        NotHere: it lies outside, is not there, is no regular file, or has another ending.
    """
    if not isinstance(name, str) or "\0" in name or not name:
        raise NotHere
    try:
        root = folder.resolve(strict=True)
        path = (root / name).resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        raise NotHere from None
    allowed = tuple(endings)
    if not path.is_relative_to(root) or not path.is_file() or (allowed and path.suffix.lower() not in allowed):
        raise NotHere
    return path


class Shelf:
    """A folder with a folder of its own for each thing that a visitor brought, under a name that cannot be guessed.

    Args:
        root: of the folders; made if it is missing.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def new(self) -> Path:
        """A new folder. Those that nobody has used for long are removed."""
        for old in self.root.iterdir():
            if old.stat().st_mtime < time.time() - KEPT_SECONDS:
                rmtree(old, ignore_errors=True)
        folder = self.root / secrets.token_urlsafe(16)
        folder.mkdir(mode=0o700)
        return folder

    def without(self, sentence: str) -> str:
        """A sentence in which files of this shelf have their names alone."""
        return re.sub(re.escape(f"{self.root}{os.sep}") + r"[\w-]+" + re.escape(os.sep) + r"(\d\d )?", "", sentence)

    def of(self, token: object) -> Path:
        """A folder by its name, which counts as used.

        Raises:
            NotHere: there is none.
        """
        if not isinstance(token, str) or not TOKEN.fullmatch(token) or not (folder := self.root / token).is_dir():
            raise NotHere
        folder.touch()
        return folder
