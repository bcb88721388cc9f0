"""The real side of a measurement: pictures to compare with, those trained on, and real against real."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from impasto.base.progress import Tick
from impasto.data.packing.packed import PackedImages
from impasto.evaluation.figures.distances import frechet, some_positions, statistics
from impasto.evaluation.figures.features import Floor, RealFeatures, TrainedOn
from impasto.evaluation.real.features import cache_key, from_kept, keep, kept_at, real_features, with_statistics
from impasto.networks.pretrained.extractor import Extractor


@dataclass(frozen=True)
class RealSets:
    """Real pictures, described by any network.

    Attributes:
        real: pictures to compare with.
        count: how many of them at most; None takes all.
        split: of the data that they are.
        trained_on: pictures trained on; ``real`` if they are not known.
        trained_split: of the data that those are.
        folder: for their features.
    """

    real: PackedImages
    count: int | None
    split: str | None
    trained_on: PackedImages
    trained_split: str | None
    folder: Path | None

    @property
    def same(self) -> bool:
        """Whether the pictures to compare with are of those trained on."""
        return self.trained_on.fingerprint == self.real.fingerprint

    def positions(self) -> np.ndarray:
        """Which of ``real`` are compared with."""
        return some_positions(len(self.real), self.count)

    def pool(self, others: int, searched: int | None) -> np.ndarray:
        """Which of the pictures trained on need features, those that are compared with among them.

        Args:
            others: further pictures, as many as there are up to this number.
            searched: at least this number; None is all, and 0 is no more than the others need.
        """
        least = others + (len(self.positions()) if self.same else 0)
        return some_positions(len(self.trained_on), None if searched is None else max(least, searched))

    def total(self, others: int, searched: int | None) -> int:
        """How many pictures :meth:`seen_by` takes features of."""
        return len(self.pool(others, searched)) + (0 if self.same else len(self.positions()))

    def seen_by(
        self, extractor: Extractor, others: int, searched: int | None, tick: Tick | None = None
    ) -> RealFeatures | None:
        """Features of the pictures to compare with and of those trained on; every process must call it.

        They are read from disk if they are known.

        Args:
            extractor: the network.
            others: pictures to set against those compared with, for the floor of the Fréchet distance; 0 is none.
            searched: see :meth:`pool`.
            tick: called with the number of pictures done.

        Returns:
            The features; None in processes other than the first.
        """
        places = self.pool(others, searched)
        pool = compared = None
        if len(places):
            split = self.trained_split or ""
            pool = real_features(extractor, self.trained_on, len(places), split, self.folder, tick)
        if not self.same:
            compared = real_features(extractor, self.real, self.count, self.split or "", self.folder, tick)
        chosen = np.isin(places, self.positions()) & self.same
        if self.same and pool is not None:
            compared = pool if chosen.all() else self._part(extractor, pool, chosen)
        if compared is None or pool is None:
            return compared
        about = {"real": len(places), "real_available": len(self.trained_on), "split": self.trained_split}
        learnt = TrainedOn(pool.values, places, about | {"fingerprint": self.trained_on.fingerprint})
        rest = np.isin(places, self.pool(others, 0)) & ~chosen  # the same ones however many are searched
        floor = self._floor(extractor, compared, pool.values[torch.from_numpy(rest)], others) if others else None
        return replace(compared, trained_on=learnt, floor=floor)

    def _key(self, extractor: Extractor) -> str:
        return cache_key(extractor, self.real, len(self.positions()), self.split or "")

    def _part(self, extractor: Extractor, pool: RealFeatures, chosen: np.ndarray) -> RealFeatures:
        """Those compared with, of those trained on: their covariance takes long enough to be kept."""
        values = pool.values[torch.from_numpy(chosen)]
        kept = keep(kept_at(self._key(extractor), self.folder), lambda: with_statistics(values))
        return from_kept(kept, self.real, self.positions())

    def _floor(self, extractor: Extractor, compared: RealFeatures, rest: Tensor, n: int) -> Floor | None:
        """As :func:`floor_between`, kept on disk."""
        what = f"floor {self._key(extractor)} {self.trained_on.fingerprint} {len(rest)} {n}"
        path = kept_at(hashlib.sha256(what.encode()).hexdigest()[:32], self.folder)
        path = path.with_name("floors") / path.name
        found = keep(path, lambda: floor_between(compared, rest, n))
        counts = found["counts"].tolist()
        return Floor(float(found["value"]), (counts[0], counts[1])) if counts[0] else None


def floor_between(compared: RealFeatures, rest: Tensor, n: int) -> dict[str, Tensor]:
    """Fréchet distance of ``n`` other real pictures from those compared with.

    If there are fewer than ``n`` others, all pictures are dealt out at random in the same proportion. Smaller counts
    have a larger bias, so that this is more than the floor at the full counts.

    Args:
        compared: m pictures.
        rest: features (k, d) of others, k at most ``n``.
        n: pictures that the figure itself is of on the other side.

    Returns:
        ``value`` and ``counts``, both 0 if there are too few pictures.
    """
    ours, theirs = rest, compared.statistics
    counts = len(rest), len(compared.values)
    if len(rest) < n:
        everything = torch.cat([compared.values, rest])
        total = len(everything)
        if total < 4:
            return {"value": torch.zeros(()), "counts": torch.zeros(2, dtype=torch.int64)}
        first = min(max(round(total * n / (n + counts[1])), 2), total - 2)
        order = torch.randperm(total, generator=torch.Generator().manual_seed(total))
        ours, theirs = everything[order[:first]], statistics(everything[order[first:]])
        counts = first, total - first
    value = torch.tensor(frechet(statistics(ours), theirs), dtype=torch.float64)
    return {"value": value, "counts": torch.tensor(counts)}
