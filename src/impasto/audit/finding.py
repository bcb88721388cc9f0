"""In which runs a picture was trained on, and how to train each again without it."""

import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from omegaconf import OmegaConf

from impasto.base.checks import as_path
from impasto.base.errors import UserError
from impasto.data.fingerprints import FILE, as_text, fingerprint, looks_of, read_fingerprints
from impasto.data.packing.chunks import pack_chunk
from impasto.data.packing.sizing import SizePolicy
from impasto.data.sources.source import Item

ALIKE: Final = 6
"""Bits of 64 in which the looks of copies of one picture differ at most, when they were scaled or compressed."""


def find(picture: Any, runs: Any) -> Iterator[str]:
    """Sentences about each run under a folder that was trained on a picture, or on one of a folder's.

    Args:
        picture: file, or folder of files.
        runs: folder, searched through with all folders in it.

    Raises:
        UserError: there is no such picture, or no run with a record.
    """
    where, root = as_path("find", picture), as_path("runs", runs)
    files = sorted(p for p in where.rglob("*") if p.is_file()) if where.is_dir() else [where]
    if not files or not files[0].is_file():
        raise UserError(f"find={where} is no picture: give a file, or a folder of pictures.")
    records = sorted(root.rglob(FILE))
    if not records:
        raise UserError(
            f"runs={root} holds no run with a record of its pictures ({FILE}): name the folder of your runs."
        )
    containing: list[Path] = []
    for record in records:
        exact, alike = sightings(files, record)
        if exact or alike:
            containing.append(record.parent)
        yield from told(record.parent, exact, alike)
    yield from descended(records, containing)
    if not containing:
        yield f"None of {len(records)} runs under {root} was trained on {where}."


def sightings(files: list[Path], record: Path) -> tuple[dict[str, list[int]], list[str]]:
    """Which of the files a run was trained on: fingerprints by file; and files that only look like one of its."""
    exact: dict[str, list[int]] = {}
    alike = []
    for policy, hashes, looks in read_fingerprints(record).values():
        for file in files:
            found = packed_alone(file, policy)
            if found is None:
                continue
            pixels, size = found
            if (known := fingerprint(pixels)) in hashes:
                exact.setdefault(str(file), []).append(known)
                continue
            bits = np.bitwise_count(looks ^ np.uint64(looks_of(pixels, size)))
            near = np.flatnonzero(bits <= ALIKE)
            if len(near):
                exact_like = ", ".join(as_text(hashes[i]) for i in near[:3])
                alike.append(f"{file} (looks like {exact_like})")
    return exact, alike


def packed_alone(file: Path, policy: SizePolicy) -> tuple[np.ndarray, tuple[int, int]] | None:
    """A picture as a run would have packed it, and its size there; None for a file that is no picture."""
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows"
        done = pack_chunk(rows, 0, [Item(file.name, file)], policy)
        if done["reasons"][0] is not None:
            return None
        return np.fromfile(rows, policy.dtype).reshape(policy.shape), tuple(done["sizes"][0])


def told(run: Path, exact: dict[str, list[int]], alike: list[str]) -> Iterator[str]:
    """What was found in one run, and the command that trains it again without."""
    if exact:
        yield f"{run} was trained on {', '.join(sorted(exact))}."
        for adapter in sorted(run.glob("*.safetensors")):
            yield f"  {adapter} was made by it."
        forget = ",".join(as_text(each) for found in exact.values() for each in dict.fromkeys(found))
        settings = " ".join(map(shlex.quote, overrides(run)))
        yield f"  Again without: python src/train.py {settings} 'data.forget=[{forget}]'"
        yield f"  Then delete {run} and what was exported from it."
    for each in alike:
        yield f"{run} was trained on a picture that looks like {each}: forget that one, if it is the same."


def overrides(run: Path) -> list[str]:
    """With which a run was started, without what says where it went."""
    file = run / ".hydra" / "overrides.yaml"
    known: Any = OmegaConf.to_container(OmegaConf.load(file)) if file.is_file() else ["(its settings)"]
    return [each for each in known if not each.startswith(("resume=", "hydra.run.dir=", "output_dir=", "data.forget="))]


def descended(records: list[Path], containing: list[Path]) -> Iterator[str]:
    """Runs that began with the weights of one that contains the picture."""
    inside = [run.resolve() for run in containing]
    for record in records:
        config = record.parent / ".hydra" / "config.yaml"
        start = OmegaConf.select(OmegaConf.load(config), "start") if config.is_file() else None
        if isinstance(start, str) and any(Path(start).resolve().is_relative_to(run) for run in inside):
            yield f"{record.parent} began with the weights of {start}: train it again from the new one."
