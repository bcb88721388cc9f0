"""Fingerprints of single pictures: which runs were trained on one, and how to train without it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from impasto.base.errors import UserError
from impasto.base.files import whole_or_not
from impasto.base.notices import notice
from impasto.data.packing.packed import PackedImages
from impasto.data.packing.sizing import SizePolicy

FILE: Final = "pictures.npz"
"""In a run's folder: fingerprints and looks of every picture that it was trained on."""
ROWS: Final = 512
LOOKS: Final = (9, 8)
"""Columns and rows of the small grey picture whose slopes are a picture's looks (a difference hash of 64 bits)."""


def fingerprints_of(packed: PackedImages) -> tuple[np.ndarray, np.ndarray]:
    """Of each picture as it was packed: a hash of its pixels, and its looks, both uint64 (n,).

    Pictures of the same pixels have the same hash; those that look alike, such as another copy of the same photograph,
    have looks that differ in few bits.
    """
    hashes, looks = np.empty(len(packed), np.uint64), np.empty(len(packed), np.uint64)
    for start in range(0, len(packed), ROWS):
        rows = packed.batch(np.arange(start, min(start + ROWS, len(packed))))
        for i, (pixels, size) in enumerate(zip(rows, packed.sizes[start : start + ROWS], strict=True), start):
            hashes[i], looks[i] = fingerprint(pixels), looks_of(pixels, size)
    return hashes, looks


def fingerprint(pixels: np.ndarray) -> int:
    """64 bits of the pixels (H, W, C)."""
    return int.from_bytes(hashlib.blake2b(np.ascontiguousarray(pixels).data, digest_size=8).digest(), "little")


def looks_of(pixels: np.ndarray, size: Sequence[int]) -> int:
    """Where a small grey version of a picture rises from left to right: 64 bits."""
    height, width = (int(side) for side in size)
    grey = pixels[: max(height, 1), : max(width, 1)].astype(np.float32).mean(2)
    small = cv2.resize(grey, LOOKS, interpolation=cv2.INTER_AREA)
    return int(np.packbits(small[:, 1:] > small[:, :-1]).view(np.uint64)[0])


def write_fingerprints(parts: Mapping[str, tuple[SizePolicy, PackedImages]], run_dir: Path) -> None:
    """Write the record of a run: by part, how its pictures are packed, and what they are known by."""
    content: dict[str, Any] = {
        "parts": np.array(json.dumps({name: asdict(policy) for name, (policy, _) in parts.items()}))
    }
    for name, (_, packed) in parts.items():
        content[f"{name}.hashes"], content[f"{name}.looks"] = fingerprints_of(packed)
    with whole_or_not(run_dir / FILE) as temporary, temporary.open("wb") as file:
        np.savez(file, **content)


def read_fingerprints(path: Path) -> dict[str, tuple[SizePolicy, np.ndarray, np.ndarray]]:
    """The inverse: by part, its policy, hashes and looks."""
    with np.load(path, allow_pickle=False) as content:
        policies = json.loads(str(content["parts"]))
        return {
            name: (
                SizePolicy(**{**fields, "numbers": tuple(fields["numbers"])}),
                content[f"{name}.hashes"],
                content[f"{name}.looks"],
            )
            for name, fields in policies.items()
        }


def as_text(found: int) -> str:
    """A fingerprint as ``data.forget`` takes it."""
    return f"x{int(found):016x}"  # a letter first, so that no number is read


def check_forgotten(forget: Sequence[str]) -> frozenset[int]:
    """The fingerprints in ``data.forget``.

    Raises:
        UserError: one is none.
    """
    found = set()
    for text in forget:
        try:
            if not (str(text).startswith("x") and len(str(text)) == 17):
                raise ValueError
            found.add(int(str(text)[1:], 16))
        except ValueError:
            raise UserError(f"data.forget={text} is no fingerprint: src/audit.py says which a picture has.") from None
    return frozenset(found)


def without(packed: PackedImages, forget: frozenset[int], part: str) -> PackedImages:
    """The pictures without those that are to be forgotten, as if they had never been there."""
    if not forget:
        return packed
    hashes, _ = fingerprints_of(packed)
    kept = np.flatnonzero(~np.isin(hashes, np.array(sorted(forget), np.uint64)))
    notice(
        f"data.forget.{part}",
        f"{len(packed) - len(kept)} of {len(packed)} pictures of {part} are left out (data.forget).",
    )
    return packed if len(kept) == len(packed) else packed.subset(kept)
