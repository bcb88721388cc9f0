"""MNIST's file format IDX, and the two data sets in it."""

import gzip
import hashlib
import math
import os
import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from impasto.base.cache import cache_dir
from impasto.base.errors import UserError
from impasto.base.files import locked
from impasto.base.reachability import reachable
from impasto.data.sources.opening import SAMPLES, Pictures, SourceName, check_label, choose_origin
from impasto.data.sources.source import UNLABELLED, Item, Origin

FILES: Final = {"images": "{part}-images-idx3-ubyte", "labels": "{part}-labels-idx1-ubyte"}

CLASSES: Final = {
    "mnist": tuple("0123456789"),
    "fashion_mnist": (
        *("t_shirt", "trouser", "pullover", "dress", "coat"),
        *("sandal", "shirt", "sneaker", "bag", "ankle_boot"),
    ),
}


def open_idx(
    source: SourceName = "auto",
    root: str | None = None,
    label: str | None = "class",
    *,
    name: str,
    places: Sequence[str] = (),
) -> Pictures:
    """Open MNIST or Fashion-MNIST; its test part is held out.

    Args:
        source: auto, hub (torchvision's download), local or sample.
        root: a folder of IDX files, compressed or not, under their usual names.
        label: class or none.
        name: mnist or fashion_mnist.
        places: folders that may hold the files already.

    Raises:
        UserError: it cannot be opened with these settings.
    """
    label = check_label(label, ("class",))
    downloaded = cache_dir() / "downloads"
    found = root
    if root is None and source in ("auto", "local"):
        found = next((place for place in places if idx_file(Path(place), "train", "images")), None)
    fetched = root is None and idx_file(raw_folder(downloaded, name), "train", "images") is not None
    origin = choose_origin(name, source, found, online=lambda: fetched or reachable(mirror(name)))
    if origin == "local":
        assert found is not None
        folder, title = Path(found).expanduser(), name
    elif origin == "hub":
        folder, title = download(downloaded, name), name
    else:
        folder, title = SAMPLES / name, f"{name} (embedded sample)"
    classes = CLASSES[name] if label else ()
    train = IdxSource(folder, "train", classes, origin)
    if origin == "sample":
        title = f"{name} (embedded sample of {train.length} pictures)"
    test = IdxSource(folder, "t10k", classes, origin) if idx_file(folder, "t10k", "images") else None
    return Pictures(title, train, test, label)


def raw_folder(downloads: Path, name: str) -> Path:
    """Where torchvision puts the files of a data set that it downloads to ``downloads``."""
    return downloads / {"mnist": "MNIST", "fashion_mnist": "FashionMNIST"}[name] / "raw"


def mirror(name: str) -> str:
    """Where torchvision downloads a data set from."""
    return str(_torchvision(name).mirrors[0])


def download(downloads: Path, name: str) -> Path:
    """Have torchvision download a data set unless it has; returns the folder of its files.

    Runs and processes that need it at the same time wait for the first: torchvision writes the files in place.

    Raises:
        UserError: it cannot be downloaded.
    """
    try:
        with locked(downloads / f"{name}.lock", f"Another run is downloading {name}: this one waits for it."):
            _torchvision(name)(str(downloads), download=True)
    except (OSError, RuntimeError) as problem:
        reason = " ".join(str(problem).split())[:200]
        raise UserError(
            f"{name} cannot be downloaded ({reason}): check the network, set data.root to a folder of its files, "
            "or data.source=sample."
        ) from problem
    return raw_folder(downloads, name)


def _torchvision(name: str) -> Any:
    from torchvision import datasets

    return {"mnist": datasets.MNIST, "fashion_mnist": datasets.FashionMNIST}[name]


def idx_file(folder: Path, part: str, what: str) -> Path | None:
    """A file of a data set, compressed or not, under one of its usual names; None if there is none."""
    name = FILES[what].format(part=part)
    # Some archives carry "train-images.idx3-ubyte".
    names = (name, f"{name}.gz", dotted := name.replace("-idx", ".idx"), f"{dotted}.gz")
    return next((folder / n for n in names if (folder / n).is_file()), None)


def read_idx(path: Path) -> np.ndarray:
    """Read a file of unsigned bytes in the IDX format: two zero bytes, 8 for the type, the number of axes, the length
    of each as a big-endian 32-bit number, the values (http://yann.lecun.com/exdb/mnist/).

    Returns:
        uint8 array of the file's shape.

    Raises:
        UserError: it is damaged, or something else.
    """
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as problem:
        raise UserError(f"{path} cannot be read ({problem}): fetch it again.") from None
    if len(data) < 4 or data[:2] != b"\0\0":
        raise UserError(f"{path} is not an IDX file: it does not begin with two zero bytes; fetch it again.")
    if data[2] != 8:
        raise UserError(f"{path} holds values of type 0x{data[2]:02x}; only unsigned bytes (0x08) are read.")
    header = 4 + 4 * data[3]
    if len(data) < header:
        raise UserError(f"{path} is damaged: it ends within its header; fetch it again.")
    shape = tuple(int(n) for n in np.frombuffer(data[4:header], ">u4"))
    expected = header + math.prod(shape)
    if len(data) != expected:
        raise UserError(f"{path} is damaged: its header promises {expected} bytes, it has {len(data)}; fetch it again.")
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape)


class IdxSource:
    """The pictures of a pair of IDX files.

    Args:
        folder: holds them.
        part: ``train`` or ``t10k``.
        class_names: one per label; empty to leave the labels out.
        origin: for the run's summary.

    Raises:
        UserError: a file is not there.
    """

    def __init__(
        self, folder: str | os.PathLike[str], part: str, class_names: Sequence[str] = (), origin: Origin = "local"
    ) -> None:
        self.part, self.class_names, self.origin = part, tuple(class_names), origin
        wanted = ("images", "labels") if class_names else ("images",)
        paths = {what: idx_file(Path(folder), part, what) for what in wanted}
        missing = [FILES[what].format(part=part) for what, path in paths.items() if path is None]
        if missing:
            raise UserError(
                f"{folder} holds no {' and no '.join(missing)} (with or without .gz): "
                "set data.root to the folder of the IDX files."
            )
        self._paths = {what: path for what, path in paths.items() if path is not None}

    @cached_property
    def images(self) -> np.ndarray:
        """uint8 (N, H, W)."""
        images = read_idx(self._paths["images"])
        if images.ndim != 3:
            raise UserError(f"{self._paths['images']} has {images.ndim} axes where pictures have 3; fetch it again.")
        return images

    @cached_property
    def labels(self) -> np.ndarray | None:
        """uint8 (N,), or None for unlabelled pictures."""
        if not self.class_names:
            return None
        labels = read_idx(self._paths["labels"])
        if labels.shape != self.images.shape[:1]:
            raise UserError(
                f"{self._paths['labels']} holds {len(labels)} labels for {len(self.images)} pictures; fetch both again."
            )
        if labels.size and labels.max() >= len(self.class_names):
            raise UserError(
                f"{self._paths['labels']} has label {labels.max()}, but there are {len(self.class_names)} classes."
            )
        return labels

    @property
    def length(self) -> int:
        """Number of pictures."""
        return len(self.images)

    def fingerprint(self) -> str:
        """A hash of pixels and labels: the same for compressed files and others."""
        digest = hashlib.sha256(repr(self.images.shape).encode())
        digest.update(self.images.data)
        if self.labels is not None:
            digest.update(self.labels.data)
        return digest.hexdigest()

    def items(self, start: int = 0) -> Iterator[Item]:
        """The pictures in the files' order."""
        for i in range(start, self.length):
            label = UNLABELLED if self.labels is None else int(self.labels[i])
            yield Item(f"{self.part}/{i:05d}", self.images[i], label)
