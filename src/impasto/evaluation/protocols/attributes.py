"""The protocol for pictures painted after vectors of attributes: whether they show them, and what an edit changes."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final, Literal

import torch
from torch import Tensor

from impasto.base import distributed
from impasto.base.checks import check_number
from impasto.base.errors import UserError
from impasto.base.parts import Parts, Refusal
from impasto.base.ranges import Seed
from impasto.evaluation.figures.attribute_reader import AttributeReader
from impasto.evaluation.figures.features import from_first
from impasto.evaluation.figures.intervals import Estimate, bootstrap
from impasto.evaluation.figures.metrics import check_split
from impasto.evaluation.protocols.controlled import Values, controlled
from impasto.evaluation.protocols.measurement import Measurement, check_fit
from impasto.evaluation.protocols.sampling import Chosen, known_of, pictures_of

PAINTED: Final = "painted"
SHUFFLED: Final = "painted, asked for others"
REAL: Final = "real pictures"
CHUNK: Final = 64
STEP: Final = 1.0
"""By how much an edit moves one attribute, in standard deviations of the real ones, down and up."""


class AttributeProtocol:
    """Attributes that a reader finds in painted pictures, beside those that were asked for.

    The reader is a ridge regression on random features, fitted to the pictures trained on
    (:mod:`impasto.evaluation.figures.attribute_reader`). ``attribute_r2`` is the share of the variance of what was
    asked for that is found, in the mean over attributes; the row of real pictures, held out, says how well the reader
    reads. ``edit_effect`` is by how much one attribute is found changed when it is asked to change and the noise stays,
    as a share of what was asked; ``edit_leak`` by how much the others are, likewise, in the mean over pictures and
    attributes. The control is the same pictures beside what others were asked for.

    Args:
        num_images: pictures to paint, and real ones to read.
        num_learnt: pictures trained on that the reader is fitted to.
        num_edits: pictures of which every attribute is edited.
        split: whose vectors are asked for: ``held_out`` or ``train``.
        seed: of the painted pictures.

    Raises:
        UserError: a number is out of range, or there is no such split.
    """

    takes: ClassVar[str] = "latent"
    parts: ClassVar[tuple[str, ...]] = ("image",)
    asks: ClassVar[tuple[str, ...]] = ("evaluation_images",)

    def __init__(
        self,
        *,
        num_images: int = 512,
        num_learnt: int = 2000,
        num_edits: int = 64,
        split: Literal["train", "held_out"] = "held_out",
        seed: Seed = 0,
    ) -> None:
        for name, number in (("num_images", num_images), ("num_learnt", num_learnt), ("num_edits", num_edits)):
            check_number(f"evaluation.{name}", number, 2)
        check_number("evaluation.seed", seed, 0)
        check_split(split)
        self.num_images, self.num_learnt, self.num_edits = num_images, num_learnt, num_edits
        self.split, self.seed = split, seed

    def check_with(self, parts: Parts) -> Iterator[Refusal]:
        """Refuse data without vectors."""
        if parts.data is not None and getattr(parts.data, "vectors", None) is None:
            yield Refusal(
                "evaluation=attributes compares pictures with vectors of attributes, and this data has none: set "
                "evaluation=default, or data.vectors."
            )

    def measure(self, painter: Any, data: Any) -> Measurement:
        """Measure a painter on the vectors of a data module; every process must call it, and gets the figures.

        Raises:
            UserError: the painter or the data knows no vectors.
        """
        check_fit(self, painter.takes)
        real = Chosen(data.evaluation_images("image", self.split), self.num_images)
        learnt = Chosen(data.evaluation_images("image", "train"), self.num_learnt)
        if "vector" not in painter.takes or real.packed.vectors is None or learnt.packed.vectors is None:
            raise UserError("evaluation=attributes needs a model that is told vectors: set data.vectors, model=cgan.")
        if distributed.rank() > 0:
            return from_first(Measurement())
        names = getattr(data, "vector_names", ()) or tuple(map(str, range(real.packed.vectors.shape[1])))
        return from_first(self._measured(painter, real, learnt, names, known_of(data, "image")))

    def _measured(
        self, painter: Any, real: Chosen, learnt: Chosen, names: tuple[str, ...], known: Mapping[str, Any]
    ) -> Measurement:
        reader = AttributeReader.fitted(learnt.all(), vectors_at(learnt))
        own = vectors_at(real)
        asked = own[torch.arange(self.num_images) % len(own)]
        paint = pictures_of(painter.sample, self.seed, asked)
        painted = torch.cat([paint(i, min(CHUNK, self.num_images - i)).cpu() for i in range(0, self.num_images, CHUNK)])
        found = reader(painted)
        others = asked.roll(1, 0)
        rows: dict[str, Values] = {
            PAINTED: {**agreement(found, asked, own, names), **self._edits(painter, reader, own)},
            SHUFFLED: agreement(found, others, own, names),
            REAL: agreement(reader(real.all()), own, own, names),
        }
        record = {
            "extractor": "random_layer",
            "generated": self.num_images,
            "real": len(real),
            "learnt": len(learnt),
            "fingerprint": real.packed.fingerprint,
            "split": self.split,
            "origin": known.get("origin"),
            "seed": self.seed,
        }
        higher = [name for name in rows[PAINTED] if name.startswith("attribute_r2")]
        return controlled(rows, record, "attribute_r2", [*higher, "edit_effect"])

    def _edits(self, painter: Any, reader: AttributeReader, own: Tensor) -> Values:
        """What moving one attribute at a time changes, of the first pictures."""
        n, spread = self.num_edits, own.std(0).clamp_min(1e-6)  # all may have an attribute
        start = own[torch.arange(n) % len(own)]
        effects, leaks = [], []
        for k in range(own.shape[1]):
            ends = []
            for sign in (-1, 1):
                moved = start.clone()
                moved[:, k] = own[:, k].mean() + sign * STEP * spread[k]
                ends.append(reader(pictures_of(painter.sample, self.seed, moved)(0, n).cpu()))
            change = (ends[1] - ends[0]) / (2 * STEP * spread)
            effects.append(change[:, k])
            others = torch.arange(own.shape[1]) != k
            leaks.append(change[:, others].abs().mean(1))
        return {"edit_effect": torch.stack(effects).mean(0), "edit_leak": torch.stack(leaks).mean(0)}


def vectors_at(chosen: Chosen) -> Tensor:
    """Condition vectors of the chosen pictures: (n, K)."""
    assert chosen.packed.vectors is not None
    return torch.from_numpy(chosen.packed.vectors[chosen.positions])


def agreement(found: Tensor, asked: Tensor, real: Tensor, names: tuple[str, ...]) -> Values:
    """The share of the real vectors' variance that is found, in the mean and of each attribute.

    Args:
        found: (n, K) as read.
        asked: (n, K).
        real: (m, K), whose variance counts.
        names: of the K attributes.
    """
    errors = (found - asked).square() / real.var(0, correction=0).clamp_min(1e-6)
    each: dict[str, Tensor | Estimate] = {
        f"attribute_r2_{name.lower()}": share_found(errors[:, k]) for k, name in enumerate(names)
    }
    return {"attribute_r2": share_found(errors.mean(1)), **each}


def share_found(errors: Tensor) -> Estimate:
    """One less the mean of squared errors, in units of the variance, of each picture (n,)."""
    return bootstrap([errors], lambda mean: 1 - mean)
