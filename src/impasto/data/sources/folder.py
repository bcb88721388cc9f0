"""A folder of pictures as a source: nested, a folder per class or flat, of any size."""

import hashlib
import heapq
import json
import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import IO, Final, Literal

from impasto.base.cache import scratch_errors
from impasto.base.errors import UserError
from impasto.base.notices import log, notice
from impasto.data.sources.leftovers import is_leftover
from impasto.data.sources.measured_names import HEAD, looks_like_dicom, named_measured
from impasto.data.sources.source import UNLABELLED, Item, Origin, shown
from impasto.video.endings import is_clip

_PICTURE: Final = re.compile(
    r"\.(jpe?g|jpe|jfif|a?png|webp|avif|gif|tiff?|bmp|dib|p[pgbnf]m|tga|ico|pcx|sgi|rgb|dds|psd|qoi|jp2|j2k|jpx|mpo"
    r"|hei[cf]|hif|jxl)"
)
"""Endings of picture files; also those that need an optional package, so that a message names it."""

_MAGIC: Final = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"II*\x00", b"MM\x00*", b"BM", b"8BPS")
_RUN: Final = 100_000
"""Names sorted in memory at a time, about 30 MB."""

Labels = Literal["auto", "folders", "none"]


class FolderSource:
    """The pictures below a folder, in the order of their names.

    Hidden files are left out, and so is what :data:`~impasto.data.sources.leftovers.LEFTOVERS` names, which a notice
    counts. Links are followed, but never to a folder that is read anyway or that holds the root. The names are kept in
    a temporary file, so that memory does not grow with their number.

    Args:
        root: the folder.
        labels: ``folders``: the folder right below the root is the class; ``none``; ``auto``: ``folders`` if there are
            at least two and no picture lies outside.
        class_of: instead of ``labels``, gives the class of a picture by its path below the root.
        origin: for the run's summary.
        option: the setting that names the folder, for messages.
        clips: take clips too; see :mod:`impasto.video.endings`.
        scans: take files of measured values too; see :mod:`impasto.data.sources.measured`.

    Raises:
        UserError: there is no such folder, no picture in it, or under ``folders`` a picture outside of all folders.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        labels: Labels = "auto",
        class_of: Callable[[str], str] | None = None,
        origin: Origin = "local",
        option: str = "data.root",
        clips: bool = False,
        scans: bool = False,
    ) -> None:
        self.root = Path(root).expanduser()
        self.origin: Origin = origin
        self._labels, self._option, self._clips, self._scans = labels, option, clips, scans
        by_name = class_of or _top_folder
        self._class_of = lambda name: shown(by_name(name))
        self._labelled_by_caller = class_of is not None
        if not self.root.is_dir():
            found = "is not a folder" if self.root.exists() else "does not exist"
            raise UserError(f"The folder of pictures {self.root} {found}: set {option} to a folder of pictures.")

    @cached_property
    def _listing(self) -> "_Listing":
        with scratch_errors():
            listing = _Listing(self.root, self._class_of, self._clips, self._scans)
        if not listing.count:
            others = ", ".join(f"{n} x {suffix or 'no ending'}" for suffix, n in listing.passed_over.most_common(3))
            raise UserError(
                f"There are no pictures in {self.root}{f' (only {others})' if others else ''}: "
                f"set {self._option} to a folder that holds some, such as .jpg or .png files."
            )
        return listing

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """The classes by name; empty for unlabelled pictures."""
        classes = self._listing.classes
        loose, names = classes.get("", 0), tuple(sorted(name for name in classes if name))
        if self._labels == "none":
            return ()
        if self._labelled_by_caller:
            return tuple(sorted(classes))
        if self._labels == "auto":
            if loose and len(names) > 1:
                notice(
                    "data.labels",
                    f"{self.root} holds pictures ({loose}) beside its {len(names)} folders, so the folders are not "
                    "taken as classes: move those pictures into folders to train with classes.",
                )
            return names if len(names) > 1 and not loose else ()
        if loose:
            raise UserError(
                f"There are pictures ({loose}) directly in {self.root}, outside of its class folders: "
                "move them into one, or train without labels."
            )
        return names

    @property
    def length(self) -> int:
        """Number of picture files, good or bad."""
        return self._listing.count

    def fingerprint(self) -> str:
        """A hash of all names, sizes and times of change."""
        return self._listing.fingerprint

    def items(self, start: int = 0) -> Iterator[Item]:
        """The pictures from position ``start`` on."""
        label_of = {name: label for label, name in enumerate(self.class_names)}
        for name in self._listing.names(start):
            label = label_of[self._class_of(name)] if label_of else UNLABELLED
            yield Item(name, self.root / name, label)


class _Listing:
    """All picture files below a folder, sorted, in a temporary file."""

    def __init__(self, root: Path, class_of: Callable[[str], str], clips: bool, scans: bool) -> None:
        self.count = 0
        self.classes: Counter[str] = Counter()
        self.passed_over: Counter[str] = Counter()
        self.leftovers: Counter[str] = Counter()
        self._file = _temporary()
        digest = hashlib.sha256()
        for line in _sorted(_walk(root, self.passed_over, self.leftovers, clips, scans)):
            digest.update(line.encode())
            self._file.write(line)
            self.count += 1
            if self.count % _RUN == 0:
                log.info("%s: %d names read so far.", root, self.count)
            self.classes[class_of(json.loads(line)[0])] += 1
        self._file.flush()
        self.fingerprint = digest.hexdigest()
        if self.count and self.passed_over:
            kinds = ", ".join(suffix or "no ending" for suffix, _ in self.passed_over.most_common(5))
            log.info("Not every file in %s is a picture: %d left out (%s).", root, self.passed_over.total(), kinds)
        if self.leftovers:
            found = ", ".join(f"{count} x {name}" for name, count in self.leftovers.most_common(5))
            notice(
                f"data.leftovers.{root}",
                f"{self.leftovers.total()} files and folders in {root} that programs leave behind are left out "
                f"({found}): rename them if they hold pictures to train on.",
            )

    def names(self, start: int) -> Iterator[str]:
        for line in islice(_lines(self._file.fileno()), start, None):
            yield json.loads(line)[0]


def _top_folder(name: str) -> str:
    return name.split("/", 1)[0] if "/" in name else ""


def _walk(
    root: Path, passed_over: "Counter[str]", leftovers: "Counter[str]", clips: bool, scans: bool
) -> Iterator[str]:
    """One JSON line per picture file: path, size, time of change, whether it can be read; counts what is left out."""
    here = root.resolve()
    seen = {_identity(folder) for folder in (here, *here.parents)}
    folders: list[str] = [""]
    links: list[str] = []
    while folders or links:
        # Links wait until all real folders are read: a picture goes by its real name, in any order of the disk.
        links.sort(reverse=True)
        folder = folders.pop() if folders else links.pop()
        try:
            identity = _identity(root / folder)
            if folder and identity in seen:
                continue
            seen.add(identity)
            entries = os.scandir(root / folder)
        except OSError:
            yield json.dumps([f"{folder}/", -1, 0, False]) + "\n"  # decoding it will say why
            continue
        with entries:
            for entry in entries:
                if is_leftover(entry.name):
                    leftovers["._*" if entry.name.startswith("._") else entry.name] += 1
                    continue
                if entry.name.startswith("."):
                    continue
                path = f"{folder}/{entry.name}" if folder else entry.name
                if _is_folder(entry):
                    (links if entry.is_symlink() else folders).append(path)
                elif (
                    _looks_like_picture(entry) or (clips and is_clip(entry.name)) or (scans and _looks_like_scan(entry))
                ):
                    yield _record(path, entry)
                else:
                    passed_over[_suffix(entry.name)] += 1


def _identity(folder: Path) -> tuple[int, int]:
    found = folder.stat()
    return found.st_dev, found.st_ino


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _suffix(name: str) -> str:
    head, dot, ending = name.rpartition(".")
    return f".{ending.lower()}" if head and dot else ""


def _looks_like_picture(entry: os.DirEntry[str]) -> bool:
    suffix = _suffix(entry.name)
    if re.fullmatch(r"\.[a-z0-9]{1,5}", suffix):
        return _PICTURE.fullmatch(suffix) is not None
    try:  # no ending, or a dot inside a name: the first bytes tell
        if not entry.is_file():
            return False
        with Path(entry.path).open("rb") as file:
            return file.read(8).startswith(_MAGIC)
    except OSError:
        return False


def _looks_like_scan(entry: os.DirEntry[str]) -> bool:
    if named_measured(entry.name):
        return True
    if re.fullmatch(r"\.[a-z][a-z0-9]*", _suffix(entry.name)):
        return False
    try:  # DICOM files are often named by numbers
        with Path(entry.path).open("rb") as file:
            return entry.is_file() and looks_like_dicom(file.read(HEAD))
    except OSError:
        return False


def _record(path: str, entry: os.DirEntry[str]) -> str:
    try:
        found = entry.stat()
        # A file made readable since then must have another fingerprint.
        return json.dumps([path, found.st_size, found.st_mtime_ns, os.access(entry.path, os.R_OK)]) + "\n"
    except OSError:
        return json.dumps([path, -1, 0, False]) + "\n"


def _sorted(lines: Iterable[str]) -> Iterator[str]:
    """Sort any number of lines in bounded memory."""
    runs: list[IO[str]] = []
    rest = iter(lines)
    while len(run := sorted(islice(rest, _RUN))) == _RUN:
        runs.append(_temporary())
        runs[-1].writelines(run)
        runs[-1].seek(0)
    yield from heapq.merge(*runs, run)
    for file in runs:
        file.close()


def _temporary() -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="ascii")  # JSON escapes all other characters


def _lines(descriptor: int) -> Iterator[bytes]:
    """The lines of a file, read beside any other reader's position."""
    offset, rest = 0, b""
    while block := os.pread(descriptor, 1 << 16, offset):
        offset += len(block)
        *lines, rest = (rest + block).split(b"\n")
        yield from lines
