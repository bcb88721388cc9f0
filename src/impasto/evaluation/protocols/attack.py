"""The protocol that asks how far small changes of pictures mislead a discriminator, and a classifier."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from scipy.stats import beta
from torch import Tensor, nn

from impasto.base import distributed
from impasto.base.checks import check_list, check_number
from impasto.base.errors import UserError
from impasto.base.pixels import from_uint8
from impasto.base.progress import counting
from impasto.base.ranges import Seed
from impasto.evaluation.figures.attacks import ATTACKS, Logits, attacked
from impasto.evaluation.figures.features import from_first
from impasto.evaluation.figures.metrics import check_split
from impasto.evaluation.protocols.measurement import Measurement, check_fit
from impasto.evaluation.protocols.sampling import Chosen, conditions_for, origin_of, pictures_of
from impasto.evaluation.real.classifier import can_be_classified, classifier_for
from impasto.networks.scores import Scores
from impasto.painters.teachers import teacher_in


@dataclass(frozen=True)
class Target:
    """A network under attack.

    Attributes:
        logits: by group of pictures, what the network says of those of the group.
        pictures: by group, uint8 (n, C, H, W).
        labels: by group, int64 (n,), the right answers.
        classes: how many answers there are.
    """

    logits: Mapping[int, Logits]
    pictures: Mapping[int, Tensor]
    labels: Mapping[int, Tensor]
    classes: int


class AttackProtocol:
    """Accuracy of a run's discriminator and of a classifier of the real pictures, as they are and under attack.

    The discriminator tells real pictures from generated ones: a score above the level that parts both best, without an
    attack, is real. The classifier is the one that figures by class are measured with. ``NAME_ATTACK_8`` is under an
    attack that moves each pixel by at most 8 of 255 levels; changed pictures are rounded to whole levels before they
    are judged. ``noise`` moves every pixel by the whole budget at random, and is the control.

    Args:
        num_images: real pictures, and as many generated ones.
        budgets: levels of 255.
        attacks: of :data:`~impasto.evaluation.figures.attacks.ATTACKS`.
        steps: of iterative attacks.
        split: of the real pictures.
        cache_dir: folder for the classifier; None is the project's cache.
        seed: of the pictures and of the attacks.

    Raises:
        UserError: an attack does not exist, or a number is out of range.
    """

    takes: ClassVar[str] = "latent"
    parts: ClassVar[tuple[str, ...]] = ("image",)
    asks: ClassVar[tuple[str, ...]] = ("evaluation_images",)

    def __init__(
        self,
        *,
        num_images: int = 500,
        budgets: Sequence[int] = (2, 8),
        attacks: Sequence[str] = ATTACKS,
        steps: int = 20,
        split: Literal["train", "held_out"] = "held_out",
        cache_dir: str | None = None,
        seed: Seed = 0,
    ) -> None:
        check_number("evaluation.num_images", num_images, 2)
        check_number("evaluation.steps", steps, 1)
        check_number("evaluation.seed", seed, 0)
        for name, several in (("budgets", budgets), ("attacks", attacks)):
            check_list(f"evaluation.{name}", several)
        if bool(budgets) != bool(attacks):
            empty, other = ("attacks", "budgets") if budgets else ("budgets", "attacks")
            raise UserError(
                f"evaluation.{empty}=[] leaves nothing of evaluation.{other}: give one or more of each, or none of "
                "either to measure without an attack."
            )
        for budget in budgets:
            check_number("evaluation.budgets", budget, 1)
        if unknown := [name for name in attacks if name not in ATTACKS]:
            raise UserError(f"evaluation.attacks: {unknown[0]} is not among {', '.join(ATTACKS)}.")
        check_split(split)
        self.num_images, self.budgets, self.attacks, self.steps = num_images, list(budgets), list(attacks), steps
        self.split, self.seed = split, seed
        self.cache_dir = Path(cache_dir).expanduser() if cache_dir is not None else None

    def measure(self, painter: Any, data: Any) -> Measurement:
        """Attack; every process must call it, and gets the figures of the first, which does the work."""
        check_fit(self, painter.takes)
        if "vector" in painter.takes:
            raise UserError("protocol=attack measures models of classes or without conditions, not of vectors.")
        packed = data.evaluation_images("image", self.split)
        classifier = (
            classifier_for(data.evaluation_images("image", "train"), folder=self.cache_dir)
            if (packed.labels is not None and can_be_classified(packed))
            else None
        )
        found = Measurement()
        if distributed.rank() == 0:
            chosen = Chosen(packed, self.num_images)
            conditions = conditions_for(painter, packed, len(chosen))
            fake = pictures_of(painter.sample, self.seed, conditions)(0, len(chosen)).cpu()
            labels = None if packed.labels is None else torch.from_numpy(np.asarray(packed.labels)[chosen.positions])
            targets = {}
            if classifier is not None and labels is not None:
                of_classifier: Any = classifier.network
                logits = {0: lambda x: of_classifier.with_logits((x + 1) * 127.5)[1]}
                targets["classifier"] = Target(logits, {0: chosen.all()}, {0: labels}, len(packed.class_names))
            if (judge := discriminator(painter)) is not None:
                of_real = labels if painter.conditional else None
                targets["discriminator"] = telling_apart(judge, chosen.all(), of_real, fake, conditions)
            about = {"fingerprint": packed.fingerprint, "split": self.split, "origin": origin_of(data, "image")}
            found = self.measure_targets(targets, {**about, "seed": self.seed, "steps": self.steps})
        return from_first(found)

    def measure_targets(self, targets: Mapping[str, Target], about: dict[str, Any]) -> Measurement:
        """Attack networks that are at hand.

        Args:
            targets: by the name of their figures.
            about: further entries of the records.

        Raises:
            UserError: there are none.
        """
        if not targets:
            raise UserError(
                "There is nothing to attack: the file holds no discriminator, and the data has no classes; give "
                "checkpoint=RUN_DIR, whose checkpoints have one."
            )
        figures: dict[str, float] = {}
        records: dict[str, dict[str, Any]] = {}
        tries = [("", 0), *((attack, budget) for budget in self.budgets for attack in self.attacks)]
        total = sum(len(each) for target in targets.values() for each in target.pictures.values()) * len(tries)
        with counting("attacking", total) as tick:
            for name, target in targets.items():
                for attack, budget in tries:
                    key = f"{name}_{attack}_{budget}" if attack else f"{name}_accuracy"
                    right, count = self._right(target, attack, budget, tick)
                    figures[key] = right / count
                    records[key] = {**about, "attack": attack or None, "budget": budget, "pictures": count}
                    records[key] |= {"higher_is_better": True, "interval": clopper_pearson(right, count)}
                    records[key]["interval_method"] = "95%, Clopper and Pearson, over pictures"
        return Measurement(figures, records, next(iter(figures), None))

    def _right(self, target: Target, attack: str, budget: int, tick: Any) -> tuple[int, int]:
        """How many pictures are judged rightly under an attack, and of how many."""
        right = count = 0
        for group, logits in target.logits.items():
            pictures, labels = target.pictures[group], target.labels[group]
            if attack:
                changed = attacked(logits, pictures, labels, target.classes, attack, budget, self.steps, self.seed)
            else:
                changed = pictures
            with torch.no_grad():
                right += int((logits(from_uint8(changed)).argmax(1).cpu() == labels).sum())
            count += len(labels)
            tick(len(labels))
        return right, count


def telling_apart(
    judge: nn.Module, real: Tensor, of_real: Tensor | None, fake: Tensor, of_fake: Tensor | None
) -> Target:
    """A discriminator as a classifier of two classes, 0 generated and 1 real, in groups of one condition.

    Args:
        judge: the discriminator.
        real: uint8 (n, C, H, W).
        of_real: (n,) labels; None if the discriminator takes none.
        fake: likewise.
        of_fake: likewise.
    """
    if of_real is None or of_fake is None:
        of_real, of_fake = torch.zeros(len(real), dtype=torch.int64), None
    conditional = of_fake is not None
    of_fake = torch.zeros(len(fake), dtype=torch.int64) if of_fake is None else of_fake

    def score(label: int, images: Tensor) -> Tensor:
        condition = torch.full((len(images),), label, dtype=torch.int64) if conditional else None
        return Scores.of(judge(images, condition)).float().flat().reshape(len(images), -1).mean(1)

    pictures, answers, clean = {}, {}, []
    for label in torch.cat([of_real, of_fake]).unique().tolist():
        both = real[of_real == label], fake[of_fake == label]
        pictures[label] = torch.cat(both)
        answers[label] = torch.cat([torch.ones(len(both[0])), torch.zeros(len(both[1]))]).long()
        with torch.no_grad():
            clean.append(score(label, from_uint8(pictures[label])))
    level = best_level(torch.cat(clean), torch.cat(list(answers.values())))

    def logits(label: int, images: Tensor) -> Tensor:
        above = score(label, images) - level
        return torch.stack([-above, above], 1)

    return Target({label: partial(logits, label) for label in pictures}, pictures, answers, 2)


def best_level(scores: Tensor, answers: Tensor) -> float:
    """The score that parts pictures of answer 1, above it, from those of answer 0 with the fewest mistakes."""
    order = scores.argsort()
    of_one = answers[order].double()
    # Right with the level behind the first k: zeros among them, and ones after them.
    right = torch.cat([torch.zeros(1).double(), (1 - of_one).cumsum(0)]) + torch.cat(
        [of_one.sum()[None], of_one.sum() - of_one.cumsum(0)]
    )
    k = int(right.argmax())
    ends = torch.cat([scores[order][:1] - 1, scores[order], scores[order][-1:] + 1])
    return float((ends[k] + ends[k + 1]) / 2)


def discriminator(painter: Any) -> nn.Module | None:
    """The discriminator that a painter was trained against, from its checkpoint; None where there is none."""
    return teacher_in(painter.origin.path).discriminator if painter.origin.path.suffix == ".ckpt" else None


def clopper_pearson(right: int, count: int) -> list[float]:
    """The exact 95% interval of a share."""
    low = 0.0 if right == 0 else float(beta.ppf(0.025, right, count - right + 1))
    high = 1.0 if right == count else float(beta.ppf(0.975, right + 1, count - right))
    return [low, high]
