"""The protocol that asks whether generated pictures teach a classifier what real ones do."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final

import numpy as np
import torch

from impasto.base import distributed
from impasto.base.checks import check_list, check_number, check_share, check_switch
from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.base.progress import counting
from impasto.base.ranges import Seed
from impasto.data.packing.packed import PackedImages
from impasto.evaluation.figures.features import from_first
from impasto.evaluation.figures.intervals import student_interval
from impasto.evaluation.protocols.measurement import Measurement, check_fit
from impasto.evaluation.protocols.sampling import conditions_for, origin_of, pictures_of
from impasto.evaluation.real.features import uint8_slice
from impasto.evaluation.real.trained_classifiers import Labelled, Training, accuracy, no_larger

MAIN: Final = "cas"
"""The classification accuracy score: the accuracy on real pictures of a classifier trained on generated ones alone."""
ROWS: Final = (MAIN, "cas_real", "cas_both", "cas_shuffled")
"""On all pictures: generated ones, real ones, both, and generated ones with their labels exchanged."""
CHUNK: Final = 250

Row = Callable[[int], Sequence[Labelled]]
"""The sets that a row's classifier is trained on, by seed."""


class ClassificationProtocol:
    """Accuracy on held-out pictures of classifiers trained on real pictures, on generated ones, and on both.

    The classification accuracy score of Ravuri and Vinyals 2019 is the row ``cas``. Rows ``N`` have N real pictures of
    each class: with the usual augmentation (``cas_real_N``), without it (``cas_plain_N``), and with it and generated
    pictures as one half of every batch (``cas_both_N``); ``cas_gain_N`` is the last less the first, by seed. Labels
    exchanged at random (``cas_shuffled``) are the control at chance. Every row is trained in the same way.

    Real pictures are those that the generator was trained on: all of them in every case, also in the rows with few, and
    the records say how many (``generator_saw``). Train it with ``data.per_class`` to let it see no more than those.

    Args:
        rows: of those on all pictures; each costs the training of classifiers.
        num_images: generated pictures to train on.
        per_class: real pictures of each class in the rows with few of them.
        seeds: classifiers for each row: first weights, order, and which few real pictures.
        shown: pictures that a classifier is shown, counting repeats.
        shown_few: likewise in the rows with few, with and without generated pictures.
        shift: augmentation in the rows with few: shifts of up to this share of the side.
        mirror: whether those are mirrored too.
        seed: of the generated pictures, and the first of the seeds.

    Raises:
        UserError: a number is out of range, or the pictures have no classes.
    """

    takes: ClassVar[str] = "latent"
    parts: ClassVar[tuple[str, ...]] = ("image",)
    asks: ClassVar[tuple[str, ...]] = ("evaluation_images",)

    def __init__(
        self,
        *,
        rows: Sequence[str] = ROWS,
        num_images: int = 20_000,
        per_class: Sequence[int] = (10, 20, 100, 1000),
        seeds: int = 3,
        shown: int = 100_000,
        shown_few: int = 30_000,
        shift: float = 0.1,
        mirror: bool = True,
        seed: Seed = 0,
    ) -> None:
        check_list("evaluation.per_class", per_class)
        check_list("evaluation.rows", rows)
        if not set(rows) <= {*ROWS} or not (rows or per_class):
            raise UserError(f"evaluation.rows={list(rows)} are not some of {', '.join(ROWS)}.")
        self.rows = [name for name in ROWS if name in rows]
        known = {"num_images": num_images, "shown": shown, "shown_few": shown_few}
        for name, number in (*known.items(), *(("per_class", each) for each in per_class)):
            check_number(f"evaluation.{name}", number, 1)
        check_number("evaluation.seeds", seeds, 2)  # one seed has no interval
        check_number("evaluation.seed", seed, 0)
        check_share("evaluation.shift", shift)
        check_switch("evaluation.mirror", mirror)
        self.num_images, self.per_class, self.seeds, self.seed = num_images, sorted(set(per_class)), seeds, seed
        self.shown, self.shown_few, self.shift, self.mirror = shown, shown_few, shift, mirror

    def measure(self, painter: Any, data: Any) -> Measurement:
        """Measure a painter; every process must call it, and gets the figures of the first, which does the work."""
        check_fit(self, painter.takes)
        real = data.evaluation_images("image", "train")
        if "label" not in painter.takes or real.labels is None:
            raise UserError(
                "protocol=classification trains on generated pictures of known classes: it needs a model that takes "
                "labels, such as model=cgan, and data with classes."
            )
        tested = data.evaluation_images("image", "held_out")
        found = Measurement()
        if distributed.rank() == 0:
            about = {
                **{"origin": origin_of(data, "image"), "fingerprint": real.fingerprint, "seed": self.seed},
                **{"generator_saw": len(real), "tested_on": len(tested), "split": "held_out"},
            }
            conditions = conditions_for(painter, real, self.num_images)
            assert conditions is not None
            paint = pictures_of(painter.sample, self.seed, conditions)
            with counting("painting pictures to train on", self.num_images) as tick:
                parts = []
                for start in range(0, self.num_images, CHUNK):
                    parts.append(no_larger(paint(start, min(CHUNK, self.num_images - start)).cpu()))
                    tick(len(parts[-1]))
            generated = Labelled(torch.cat(parts), conditions)
            found = self.measure_sets(loaded(real), generated, loaded(tested), about)
        return from_first(found)

    def measure_sets(
        self, real: Labelled, generated: Labelled, tested: Labelled, about: dict[str, Any] | None = None
    ) -> Measurement:
        """Measure pictures that are at hand.

        Args:
            real: pictures that may be trained on.
            generated: generated ones.
            tested: real pictures that neither a classifier nor the generator has seen.
            about: further entries of the records.
        """
        classes = int(real.labels.max()) + 1
        whole = Training(classes, self.shown)
        plain = Training(classes, self.shown_few)
        usual = Training(classes, self.shown_few, self.shift, self.mirror)
        least = int(torch.bincount(real.labels, minlength=classes).min())
        if left_out := [each for each in self.per_class if each > least]:
            notice(
                "evaluation.per_class",
                f"Rows with {', '.join(map(str, left_out))} real pictures per class are left out: the generator was "
                f"trained on {least} of its smallest class.",
            )
        rows: dict[str, tuple[Training, Row]] = {
            MAIN: (whole, lambda _: [generated]),
            "cas_real": (whole, lambda _: [real]),
            "cas_both": (whole, lambda _: [real, generated]),
            "cas_shuffled": (plain, lambda seed: [generated.shuffled(torch.Generator().manual_seed(seed))]),
        }
        rows = {name: rows[name] for name in self.rows}
        for each in (each for each in self.per_class if each <= least):
            few = drawn_from(real, each)
            rows[f"cas_plain_{each}"] = (plain, few)
            rows[f"cas_real_{each}"] = (usual, few)
            rows[f"cas_both_{each}"] = (usual, with_generated(few, generated))
        about = {"generated": len(generated), "real": len(real), **(about or {})}
        return self._measurement(self._scores(rows, tested), rows, about)

    def _scores(self, rows: dict[str, tuple[Training, Row]], tested: Labelled) -> dict[str, list[float]]:
        """Accuracies by row and seed."""
        found: dict[str, list[float]] = {}
        total = self.seeds * sum(training.images for training, _ in rows.values())
        with counting("training classifiers", total) as tick:
            for name, (training, sets) in rows.items():
                seeds = range(self.seed, self.seed + self.seeds)
                found[name] = [accuracy(training.on(sets(seed), seed, tick), tested) for seed in seeds]
        return found

    def _measurement(
        self, scores: dict[str, list[float]], rows: dict[str, tuple[Training, Row]], about: dict[str, Any]
    ) -> Measurement:
        """Means over seeds with their intervals, and what generated pictures add to few real ones."""
        figures, records = {}, {}
        for name, values in scores.items():
            training, sets = rows[name]
            per_class = int(name.rpartition("_")[2]) if name[-1].isdigit() else None
            own = {"trained_on": [len(part) for part in sets(self.seed)], "shown": training.images}
            own |= {"real_per_class": per_class, "augmented": bool(training.shift or training.mirror)}
            figures[name], records[name] = mean_over_seeds(values, {**about, **own})
            if per_class is not None and name.startswith("cas_both"):
                alone = scores[f"cas_real_{per_class}"]
                gains = [both - real for both, real in zip(values, alone, strict=True)]
                gain = f"cas_gain_{per_class}"
                figures[gain], records[gain] = mean_over_seeds(gains, {**about, **own})
        return Measurement(figures, records, MAIN if MAIN in figures else next(iter(figures), None))


def mean_over_seeds(values: Sequence[float], about: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    """The mean, and its record with a 95% interval by Student's t."""
    n, mean = len(values), float(np.mean(values))
    method = f"95%, Student's t over {n} seeds of the classifier, one generator"
    record = {**about, "interval": list(student_interval(values)), "interval_method": method, "higher_is_better": True}
    return mean, record


def drawn_from(real: Labelled, each: int) -> Row:
    """Few real pictures, others for each seed where there are more."""
    return lambda seed: [real.few(each, torch.Generator().manual_seed(seed))]


def with_generated(few: Row, generated: Labelled) -> Row:
    """The same, and generated pictures."""
    return lambda seed: [*few(seed), generated]


def loaded(packed: PackedImages) -> Labelled:
    """Packed pictures, in memory."""
    assert packed.labels is not None
    positions = np.arange(len(packed))
    parts = [no_larger(uint8_slice(packed, positions, start, CHUNK)) for start in range(0, len(packed), CHUNK)]
    return Labelled(torch.cat(parts), torch.from_numpy(np.asarray(packed.labels, np.int64)))
