"""What is wrong with a run, in words: rules on what the monitor has seen, each with its evidence and a remedy."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from impasto.callbacks.looks import Look

RECENT: Final = 8
"""Looks that must agree before anything is said."""
SETTLED: Final = 0.2
"""Share of a run before which nothing is said of what beginnings are like."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        name: of the rule.
        at_kimg: when it was first seen.
        said: what is wrong, a clause.
        evidence: the numbers that show it, a clause.
        remedy: what to do, with options and values, a clause.
    """

    name: str
    at_kimg: float
    said: str
    evidence: str
    remedy: str

    @property
    def sentence(self) -> str:
        """All of it."""
        evidence = self.evidence[:1].upper() + self.evidence[1:]
        return f"At {self.at_kimg:.4g} kimg: {self.said}. {evidence}. Remedy: {self.remedy}."


@dataclass(frozen=True)
class Case:
    """What rules are asked about.

    Attributes:
        looks: at the run so far, the latest last.
        settled: the looks after the beginning of the run.
        rollbacks: sentences of the guard.
        config: of the run, plain values; empty if it is not known.
        figures: the latest evaluation.
    """

    looks: Sequence[Look]
    settled: Sequence[Look]
    rollbacks: Sequence[str]
    config: Mapping[str, Any]
    figures: Mapping[str, float]

    @property
    def recent(self) -> Sequence[Look]:
        """The last few looks; empty while there are too few."""
        return self.settled[-RECENT:] if len(self.settled) >= RECENT else ()

    def values(self, name: str) -> list[float]:
        """One number at each of the recent looks; empty if it is missing at any."""
        found = [getattr(each, name) for each in self.recent]
        return found if all(value is not None for value in found) else []

    def option(self, key: str, default: Any = None) -> Any:
        """A setting of the run."""
        node: Any = self.config
        for part in key.split("."):
            node = node.get(part) if isinstance(node, Mapping) else None
        return default if node is None else node

    def scaled(self, key: str, factor: float) -> str:
        """A setting with a number times a factor, as it is typed; the option alone if the number is not known."""
        value = self.option(key)
        known = isinstance(value, int | float) and not isinstance(value, bool) and value
        return f"{key}={value * factor:.3g}" if known else key

    def chosen(self, group: str) -> list[str]:
        """Names of the penalties or terms of the run."""
        nodes = self.option(group) or {}
        return [str(name) for name, node in nodes.items() if node is not None and "_target_" in node]


Rule = Callable[[Case], tuple[str, str, str] | None]
"""Says what is wrong, its evidence and the remedy; None where nothing is."""


def too_strong(case: Case) -> tuple[str, str, str] | None:
    """The discriminator tells all pictures apart, and the generator does not come nearer.

    A critic of the earth mover's distance may be as good as it can be: its gradient does not vanish (Arjovsky et al.
    2017, section 3).
    """
    order, apart = case.values("order"), case.values("apart")
    critic = "Wasserstein" in str(case.option("loss._target_"))
    if critic or not order or not apart or min(order) < 0.97 or min(apart) < FAR or falling(apart, 0.95):
        return None
    penalty = "" if case.chosen("penalty") else "penalty=r1, or "
    loss = "loss=non_saturating, " if "Minimax" in str(case.option("loss._target_")) else ""
    return (
        "the discriminator is too strong: the generator no longer learns from it",
        f"in {min(int(100 * min(order)), 99)}% or more of the pairs the real picture scores higher, and the painted "
        f"ones are no nearer to the real ones (distance {apart[0]:.2f}, then {apart[-1]:.2f}; 0 is alike)",
        f"{loss}{penalty}{case.scaled('model.optimizer_d.lr', 0.25)}",
    )


def too_weak(case: Case) -> tuple[str, str, str] | None:
    """The discriminator is fooled, or guesses, though the pictures differ."""
    order, apart = case.values("order"), case.values("apart")
    if not order or not apart or max(order) > 0.55 or min(apart) < FAR or falling(apart):
        return None
    return (
        "the discriminator is too weak: the generator learns nothing from it",
        f"it scores the real picture higher in only {100 * max(order):.0f}% or less of the pairs (50% is chance), and "
        f"painted ones stay far from the real ones (distance {apart[-1]:.2f}; 0 is alike)",
        f"{case.scaled('model.optimizer_d.lr', 4)}, or model.n_critic={int(case.option('model.n_critic', 1)) + 1}",
    )


def collapse(case: Case) -> tuple[str, str, str] | None:
    """All painted pictures are alike."""
    diversity = case.values("diversity")
    back = [each for each in case.rollbacks if "diversity" in each]
    if not back and (not diversity or max(diversity) > 0.35):
        return None
    penalty = "" if case.chosen("penalty") else "penalty=r1, "
    evidence = (
        back[-1]
        if back
        else f"their distance from each other is {max(diversity):.2f} of the real pictures' or less (1 is as different)"
    )
    return (
        "the generator has collapsed: its pictures are alike",
        evidence,
        f"{penalty}augment=diffaugment, {case.scaled('model.optimizer_g.lr', 0.5)}",
    )


def memorising(case: Case) -> tuple[str, str, str] | None:
    """Painted pictures are copies of those trained on."""
    copied = case.values("copied")
    measured = {name: value for name, value in case.figures.items() if name.startswith("copied")}
    worst = max(measured, key=lambda name: measured[name], default="")
    if not (copied and min(copied) > COPIED) and not (worst and measured[worst] > COPIED):
        return None
    evidence = (
        f"{100 * min(copied):.0f}% or more are near copies of the last real pictures shown"
        if copied and min(copied) > COPIED
        else f"the evaluation's {worst} is {measured[worst]:.2f}"
    )
    more = "" if "Identity" not in str(case.option("augment._target_", "Identity")) else "augment=diffaugment, "
    return (
        "the generator learns pictures by heart",
        f"{evidence} (less than a third as far from one as from any other; 0 is none)",
        f"{more}more pictures, or a shorter run such as kimg={0.5 * case.looks[-1].kimg:.3g}",
    )


def oscillation(case: Case) -> tuple[str, str, str] | None:
    """What is painted changes without end, and comes no nearer."""
    moved, apart = case.values("moved"), case.values("apart")
    if not moved or not apart or falling(apart) or sum(moved) / len(moved) < MOVING or min(apart) < NEAR:
        return None
    return (
        "training oscillates: the pictures change from look to look without getting better",
        f"painted pictures move by {sum(moved) / len(moved):.2f} between two looks, and are {apart[-1]:.2f} from the "
        f"real ones after {apart[0]:.2f} (0 is alike)",
        f"{case.scaled('model.optimizer_g.lr', 0.5)}, {case.scaled('model.optimizer_d.lr', 0.5)}, "
        "model.optimizer_g.betas=[0.0,0.99]",
    )


def blotches(case: Case) -> tuple[str, str, str] | None:
    """Spots that no real picture has."""
    blotched = case.values("blotched")
    if not blotched or min(blotched) < 0.25:
        return None
    return (
        "painted pictures have blotches",
        f"{min(int(100 * min(blotched)), 99)}% or more have a spot that stands out more than in 95 of 100 real ones",
        f"{case.scaled('model.optimizer_g.lr', 0.5)}, and a generator without instance norm (model.generator.norm=none "
        "or pixel)",
    )


def divergence(case: Case) -> tuple[str, str, str] | None:
    """Numbers that are not finite."""
    back = [each for each in case.rollbacks if "not finite" in each]
    if not back:
        return None
    return (
        "training diverges",
        f"{back[-1]}, and the guard went back {len(back)} times",
        f"{case.scaled('model.optimizer_g.lr', 0.25)}, {case.scaled('model.optimizer_d.lr', 0.25)}, "
        "model.clip_grad=1, or precision=32-true",
    )


FAR: Final = 0.04
"""Distance from the real pictures above which painted ones are nothing like them."""
NEAR: Final = 0.03
"""Distance below which they are so alike that what moves is chance."""
MOVING: Final = 0.05
"""Distance between two looks above which painted pictures do not settle."""
COPIED: Final = 0.05
"""Share of copies that is no chance: of healthy generators it is 0."""
RULES: Final[Mapping[str, Rule]] = {
    "discriminator_too_strong": too_strong,
    "discriminator_too_weak": too_weak,
    "collapse": collapse,
    "memorising": memorising,
    "oscillation": oscillation,
    "blotches": blotches,
    "divergence": divergence,
}


COMES_WITH: Final[Mapping[str, str]] = {"discriminator_too_strong": "collapse", "oscillation": "collapse"}
"""Rules that hold for many runs in which another one does, which is then said alone."""


def falling(values: Sequence[float], share: float = 0.9) -> bool:
    """Whether the mean of the second half of the values is below so large a share of that of the first."""
    half = len(values) // 2
    first, second = sum(values[:half]) / half, sum(values[-half:]) / half
    return second < share * first


def findings(case: Case, known: Mapping[str, Finding]) -> list[Finding]:
    """What is wrong and has not been said.

    Args:
        case: what was seen.
        known: what was said, by the name of the rule.
    """
    found = []
    for name, rule in RULES.items():
        cause = COMES_WITH.get(name)
        if cause is not None and RULES[cause](case) is not None:
            continue
        if name not in known and (wrong := rule(case)) is not None:
            found.append(Finding(name, case.looks[-1].kimg, *wrong))
    return found
