"""Packs any source of pictures into a memory-mapped array, once, in parallel; a killed run is continued."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from impasto.base.cache import remedy_for
from impasto.base.errors import UserError
from impasto.base.files import disk_errors, locked, to_disk
from impasto.base.notices import log, notice
from impasto.data.packing.build import build, check_bad_share
from impasto.data.packing.packed import FORMAT, Duplicates, PackedImages, first_few, open_packed
from impasto.data.packing.sizing import SizePolicy
from impasto.data.sources.source import Source


def pack(
    source: Source,
    policy: SizePolicy,
    cache_dir: str | os.PathLike[str],
    *,
    workers: int | None = None,
    limit: int | None = None,
    max_bad_share: float = 0.1,
    duplicates: Duplicates = "skip",
    progress: bool = True,
) -> PackedImages:
    """Pack a source's pictures at one size, or use what was packed before.

    Runs that pack the same at the same time share the work of the first. A run that was killed goes on where it
    stopped. Pictures that cannot be used are left out; a warning and ``PackedImages.bad`` name them.

    Args:
        source: the pictures.
        policy: the canvas they are brought to.
        cache_dir: folder for packed pictures of all kinds.
        workers: processes; 0 packs in this one, None takes one per CPU core if that is faster.
        limit: most items to pack: evenly spaced ones, or the first ones of a stream; None packs all.
        max_bad_share: share of bad pictures, 0..1, above which an error is raised.
        duplicates: ``skip`` leaves out files that repeat an earlier one byte for byte; they do not count as bad.
        progress: show a bar.

    Raises:
        UserError: no picture, or too few good ones; the cache cannot be written or is full; a value out of range.
    """
    if limit is not None and limit < 1:
        raise UserError(f"data.limit={limit} leaves no picture: give at least 1, or null for all.")
    if not 0 <= max_bad_share <= 1:
        raise UserError(f"data.max_bad_share={max_bad_share} is not a share: give a number from 0 to 1.")
    folder = Path(cache_dir).expanduser() / "packed" / _key(source, policy, limit)
    with disk_errors(folder.parent, remedy_for(folder)):
        packed = open_packed(folder, duplicates)
        if packed is None:

            def build_in(unfinished: Path) -> None:
                build(unfinished, source, policy, workers, limit, max_bad_share, progress)

            packed = _pack_anew(folder, duplicates, build_in)
    check_bad_share(packed.num_bad, packed.num_rows, max_bad_share, folder)
    if packed.num_stretched:
        notice(
            "data.aspect",
            f"The sides of {packed.num_stretched} of {packed.num_rows} pairs differ in shape, width by height: the "
            "second is stretched to the first; crop them alike if that is not what you want.",
        )
    if packed.num_bad or (packed.num_duplicates and duplicates == "skip"):
        log.warning("%s", _left_out(packed))
    return packed


def _key(source: Source, policy: SizePolicy, limit: int | None) -> str:
    canvas = asdict(policy)
    if policy.depth == 8:
        del canvas["depth"]  # such packs are older than other depths
    if not policy.numbers:
        del canvas["numbers"]  # likewise
    what = [FORMAT, source.fingerprint(), source.class_names, canvas, limit]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:32]


def _pack_anew(folder: Path, duplicates: Duplicates, build_in: Callable[[Path], None]) -> PackedImages:
    folder.parent.mkdir(parents=True, exist_ok=True)
    waiting = "Another run is packing the same pictures: this one waits for it."
    with locked(folder.with_suffix(".lock"), waiting):
        if (packed := open_packed(folder, duplicates)) is not None:
            return packed  # another run has packed it meanwhile
        if folder.exists():
            notice("data.cache", f"The packed pictures in {folder} are damaged and are packed again.")
            shutil.rmtree(folder)
        unfinished = folder.with_suffix(".partial")
        unfinished.mkdir(exist_ok=True)
        build_in(unfinished)
        unfinished.rename(folder)
        to_disk(folder.parent)
        packed = open_packed(folder, duplicates)
    if packed is None:
        raise UserError(f"{folder} was changed by something else while it was packed: run again.")
    return packed


def _left_out(packed: PackedImages) -> str:
    parts = [f"{packed.num_bad} of {packed.num_rows} pictures cannot be used"] if packed.num_bad else []
    parts += [f"{packed.num_duplicates} repeat another one"] if packed.num_duplicates else []
    first = first_few(packed.bad())
    return f"{' and '.join(parts)}; they are left out and listed in the run's bad_images.csv (the first: {first})."
