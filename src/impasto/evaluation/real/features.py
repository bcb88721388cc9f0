"""Features of the real pictures, computed once and kept on disk for every run that needs them."""

import hashlib
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from impasto.base import distributed
from impasto.base.cache import cache_dir
from impasto.base.files import locked, whole_or_not
from impasto.base.notices import notice
from impasto.data.packing.packed import PackedImages
from impasto.evaluation.figures.distances import some_positions, statistics
from impasto.evaluation.figures.features import RealFeatures, collect, outputs_sha256
from impasto.networks.pretrained.extractor import Extractor, best_device

FORMAT = 1
"""Raised when the content of the files changes its meaning."""


def real_features(
    extractor: Extractor,
    real: PackedImages,
    count: int | None = None,
    split: str = "",
    folder: Path | None = None,
    tick: Callable[[int], None] | None = None,
) -> RealFeatures | None:
    """Features of ``count`` real pictures, drawn at random but always the same; read from disk if they are known.

    Runs that want the same features at the same time wait for the first. Every process must call it.

    Args:
        extractor: the network.
        real: the pictures.
        count: how many at most; None takes all.
        split: name of the part of the data they are.
        folder: where to keep them; None is ``features`` in the cache.
        tick: called with the number of pictures done.

    Returns:
        The features; None in processes other than the first.
    """
    positions = some_positions(len(real), count)

    def compute() -> dict[str, Tensor]:
        pictures = partial(uint8_slice, real, positions)
        return with_statistics(collect([extractor], pictures, len(positions), tick)[0].values)

    if distributed.rank() > 0:  # the first process reads and writes for all; the others help it to compute
        if distributed.any_process(False, best_device()):
            compute()
        return None
    path = kept_at(cache_key(extractor, real, len(positions), split), folder)
    kept = keep(path, compute, lambda missing: distributed.any_process(missing, best_device()))
    return from_kept(kept, real, positions)


def from_kept(kept: dict[str, Tensor], real: PackedImages, positions: np.ndarray) -> RealFeatures:
    """Features of the pictures at ``positions`` from what :func:`with_statistics` gave."""
    pictures = None if real.cut_from is None else torch.from_numpy(real.cut_from[positions])
    return RealFeatures(kept["values"], {name: kept[name].numpy() for name in ("mu", "sigma")}, pictures)


def with_statistics(values: Tensor) -> dict[str, Tensor]:
    """Features (n, d) with their mean and covariance, as they are kept."""
    return {"values": values, **{k: torch.from_numpy(v) for k, v in statistics(values).items()}}


def uint8_slice(packed: PackedImages, positions: np.ndarray, start: int, n: int) -> Tensor:
    """The packed pictures at ``positions[start : start + n]`` as uint8 (n, C, H, W)."""
    return torch.from_numpy(packed.as_bytes(positions[start : start + n])).permute(0, 3, 1, 2)


def kept_at(key: str, folder: Path | None) -> Path:
    """The file of a key; in the cache if no folder is given."""
    return (folder or cache_dir() / "features") / f"{key}.safetensors"


def cache_key(extractor: Extractor, real: PackedImages, count: int, split: str) -> str:
    """Digest of all that the features depend on."""
    network = [extractor.name, extractor.weights_sha256, extractor.resizer, outputs_sha256(extractor, real.shape)]
    what = [FORMAT, real.fingerprint, split, count, *network]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:32]


def keep(
    path: Path, compute: Callable[[], dict[str, Tensor]], announce: Callable[[bool], object] | None = None
) -> dict[str, Tensor]:
    """What ``compute`` gives, read from ``path`` if it is there.

    A damaged file is computed anew, with a notice; on a disk that cannot be written the next run computes again.

    Args:
        path: a safetensors file.
        compute: the tensors that belong there.
        announce: called with whether they have to be computed.
    """
    waiting = "Another run is measuring the same real pictures: this one waits for it."
    with locked(path.with_suffix(".lock"), waiting):
        known = read(path)
        if announce is not None:
            announce(known is None)
        if known is None:
            known = compute()
            write(path, known)
        return known


def read(path: Path) -> dict[str, Tensor] | None:
    """Tensors of a file whose digest is right; None if there is none, or it is damaged."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            values = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
            if (file.metadata() or {}).get("sha256") == digest(values):
                return values
    except (SafetensorError, OSError):
        pass
    notice("evaluation.cache", f"{path} is damaged: the real pictures are measured again.")
    return None


def write(path: Path, values: dict[str, Tensor]) -> None:
    """Write whole or not at all."""
    tensors = {name: value.contiguous() for name, value in values.items()}
    try:
        with whole_or_not(path) as temporary:
            save_file(tensors, temporary, {"sha256": digest(values)})
    except (OSError, SafetensorError) as problem:
        notice("evaluation.cache", f"{path.parent} cannot be written ({problem}): the next run measures again.")


def digest(values: dict[str, Tensor]) -> str:
    """SHA-256 of names and contents."""
    result = hashlib.sha256()
    for name in sorted(values):
        result.update(name.encode())
        result.update(values[name].contiguous().numpy().data)
    return result.hexdigest()
