"""The protocol for contact maps: are they of chains in space, and of which kinds of structure?"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import numpy as np

from impasto.base import distributed
from impasto.base.ranges import Count, Seed
from impasto.data.sources.contact_maps import FARTHEST
from impasto.evaluation.figures.chains import lddt, recovered
from impasto.evaluation.figures.features import from_first
from impasto.evaluation.figures.intervals import Estimate
from impasto.evaluation.figures.ngrams import divergence, mean
from impasto.evaluation.protocols.measurement import Measurement, check_fit
from impasto.evaluation.protocols.sampling import Chosen, known_of, pictures_of
from impasto.procedural.chains import BOND, distances

MAIN: Final = "lddt"
PAINTED: Final = "painted"


class ContactMapProtocol:
    """Generated contact maps, and the chains that multidimensional scaling recovers of them.

    ``lddt`` says how well the recovered chain has the distances of its own map: 1 where there is one in space that has
    all of them. ``bond_error`` is how far neighbours are from 3.8 Angstrom in the recovered chain, ``turn_divergence``
    the Jensen-Shannon divergence, in bits, of the distances between residues i and i + 3 (about 5 Angstrom in helices
    and 10 in strands) from held-out ones. Controls are a Gaussian with mean and covariance of the maps trained on,
    means of two of these, and the maps themselves.

    Args:
        num_images: maps in each row.
        seed: of what is drawn.
    """

    takes: ClassVar[str] = "latent"
    parts: ClassVar[tuple[str, ...]] = ("image",)
    asks: ClassVar[tuple[str, ...]] = ("evaluation_images",)

    def __init__(self, *, num_images: Count = 500, seed: Seed = 0) -> None:
        self.num_images, self.seed = num_images, seed

    def measure(self, painter: Any, data: Any) -> Measurement:
        """Measure a painter of contact maps; every process must call it, and gets the figures."""
        check_fit(self, painter.takes)
        if distributed.rank() > 0:
            return from_first(Measurement())
        n = self.num_images
        held_out = Chosen(data.evaluation_images("image", "held_out"))
        train = as_distances(Chosen(data.evaluation_images("image", "train"), 4 * n).all().numpy())
        real = as_distances(held_out.all().numpy())
        numbers = np.random.default_rng(self.seed)
        pairs = numbers.permutation(len(train))[: 2 * (len(train) // 2)].reshape(2, -1)[:, :n]
        rows = {
            PAINTED: as_distances(pictures_of(painter.sample, self.seed, None)(0, n).cpu().numpy()),
            "Gaussian": gaussian(train, n, numbers),
            "mean of two real ones": train[pairs].mean(0),
            "real, trained on": train[:n],
        }
        found = {row: figures_of(maps, real) for row, maps in rows.items()}
        known = {"origin": known_of(data, "image").get("origin"), "fingerprint": held_out.packed.fingerprint}
        return from_first(summed_up(found, {**known, "generated": n, "real": len(real), "seed": self.seed}))


def as_distances(pixels: np.ndarray) -> np.ndarray:
    """uint8 (n, 1, L, L) in Angstrom, made symmetric, 0 from each residue to itself: (n, L, L)."""
    found = pixels[:, 0].astype(float) * (FARTHEST / 255)
    found = (found + found.swapaxes(1, 2)) / 2
    return found * ~np.eye(found.shape[1], dtype=bool)


def gaussian(maps: np.ndarray, n: int, numbers: np.random.Generator) -> np.ndarray:
    """Maps of the same mean and covariance: (n, L, L)."""
    flat = maps.reshape(len(maps), -1)
    middle = flat.mean(0)
    drawn = numbers.standard_normal((n, len(flat))) @ (flat - middle) / len(flat) ** 0.5
    return np.maximum(middle + drawn, 0).reshape(n, *maps.shape[1:])


def figures_of(maps: np.ndarray, real: np.ndarray) -> dict[str, Estimate]:
    """Figures of maps (n, L, L) in Angstrom, by name."""
    chains = distances(recovered(maps))
    bonds = np.abs(np.diagonal(chains, 1, 1, 2) - BOND).mean(1)
    turns = [np.floor(np.diagonal(each, 3, 1, 2)).astype(np.int64) for each in (maps, real)]
    return {
        MAIN: mean(lddt(chains, maps)),
        "bond_error": mean(bonds),
        "turn_divergence": divergence(turns[0], turns[1]),
    }


def summed_up(found: Mapping[str, Mapping[str, Estimate]], record: Mapping[str, Any]) -> Measurement:
    """The figures of all rows as a measurement."""
    rows = {row: {name: each.value for name, each in of.items()} for row, of in found.items()}
    ends = {row: {n: (e.low, e.high) for n, e in of.items() if e.low is not None} for row, of in found.items()}
    records = {
        name: {
            **record,
            "extractor": "distances",
            "interval": None if each.low is None else [each.low, each.high],
            "interval_method": each.method,
            "controls": {row: of[name] for row, of in rows.items() if row != PAINTED},
            "higher_is_better": name == MAIN,
        }
        for name, each in found[PAINTED].items()
    }
    return Measurement(rows[PAINTED], records, MAIN, rows, {}, ends)  # type: ignore[arg-type]
