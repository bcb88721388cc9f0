"""Contact maps of proteins that code makes: how far each residue is from each other, as a grey picture."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from impasto.base.errors import UserError
from impasto.data.sources.opening import Pictures
from impasto.data.sources.source import Item, Origin
from impasto.procedural.chains import chain, distances

FARTHEST: Final = 40.0
"""Angstrom that are white; 0 is black, and contacts (below 8) are dark."""


@dataclass(frozen=True)
class ContactMaps:
    """The maps.

    Attributes:
        count: of them.
        residues: of each chain.
        seed: of all of them.
    """

    count: int
    residues: int
    seed: int
    origin: Origin = field(default="sample", init=False)
    class_names: tuple[str, ...] = field(default=(), init=False)

    @property
    def length(self) -> int:
        """How many there are."""
        return self.count

    def fingerprint(self) -> str:
        """A hash of all settings."""
        return hashlib.sha256(f"{self!r} 1".encode()).hexdigest()

    def items(self, start: int = 0) -> Iterator[Item]:
        """The maps from position ``start`` on: uint8 (residues, residues, 1)."""
        for number in range(start, self.count):
            found = distances(chain(self.residues, np.random.default_rng([self.seed, number])))
            pixels = np.rint(255 * np.minimum(found, FARTHEST) / FARTHEST).astype(np.uint8)
            yield Item(f"{number:06d}", pixels[..., None])


def open_contact_maps(count: int = 2000, residues: int = 32, data_seed: int = 0) -> Pictures:
    """For data.pictures: maps of chains made by code.

    Raises:
        UserError: a number is out of range.
    """
    if count < 2 or residues < 16:
        raise UserError(f"data.count={count}, data.residues={residues}: give at least 2 maps of 16 residues.")
    return Pictures(f"{count} contact maps of chains made by code", ContactMaps(count, residues, data_seed))
