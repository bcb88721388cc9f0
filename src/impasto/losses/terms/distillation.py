"""A student learns from a trained model: from what it paints, and from how its discriminator sees that."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.parts import Parts, Refusal
from impasto.base.ranges import NotNegative
from impasto.base.schedules import Schedule
from impasto.losses.terms.teacher import statistics_distance
from impasto.losses.terms.term import GeneratorPass, Term, add_terms
from impasto.networks.scores import Scores


class OneTeacher(Protocol):
    """A trained model: see :class:`impasto.painters.teachers.Teacher`."""

    @property
    def path(self) -> Any:
        """Where it is from."""
        ...

    @property
    def discriminator(self) -> nn.Module | None:
        """That it was trained against."""
        ...

    def painter(self, name: str) -> Any:
        """Its painter for a student's network of this name."""
        ...


class SeveralTeachers(Protocol):
    """What teaches: see :class:`impasto.painters.teachers.Teachers`."""

    @property
    def several(self) -> Sequence[OneTeacher]:
        """The teachers, one for each task."""
        ...

    def paint(self, p: GeneratorPass) -> Tensor:
        """What they paint of the same: (N, C, H, W), without graph."""
        ...

    def judge(self, pictures: Tensor, p: GeneratorPass) -> list[Scores]:
        """How their discriminators see pictures (N, C, H, W); with graph."""
        ...

    def attach(self, generator: nn.Module) -> None:
        """Get to know a student before it is trained."""
        ...

    def trained_against(self) -> set[str]:
        """Names of pretrained networks in the losses of their training."""
        ...

    def fingerprint(self) -> bytes:
        """A hash of their weights."""
        ...


class Distillation(Term):
    """Base of the terms by which a student learns from teachers.

    Args:
        weight: of the term.
        teacher: one for all pictures, or several, one for each of the student's tasks.
    """

    def __init__(self, *, weight: NotNegative | Schedule = 1.0, teacher: SeveralTeachers) -> None:
        super().__init__(weight)
        # Not a part of this module: its weights are neither trained nor saved.
        self.teacher = teacher
        self.fingerprint = torch.tensor(list(teacher.fingerprint()), dtype=torch.uint8, device="cpu")

    def check_with(self, parts: Parts) -> Iterator[Refusal]:
        """Refuse teachers that paint something else than the student does."""
        if parts.model is None:
            return
        for name in parts.model.names("g"):
            yield from self.task_problems(parts, parts.model.networks[name])
            painters = (p for p in parts.model.live.values() if p.network is parts.model.networks[name])
            student = next(painters, None)
            for teacher in self.teacher.several if student is not None else ():
                if difference := difference_of(teacher.painter(name), student):
                    yield Refusal(
                        f"{parts.key_of(self).replace('.', '=')}: {teacher.path} {difference}: give teacher=, a run "
                        "of the same kind, with the data that it learnt from."
                    )

    def task_problems(self, parts: Parts, student: nn.Module) -> Iterator[Refusal]:
        """Refuse another number of tasks than of teachers, or more of them than a batch has pictures."""
        count, tasks = len(self.teacher.several), getattr(getattr(student, "insertion", None), "tasks", ())
        key = parts.key_of(self).replace(".", "=")
        if count != max(len(tasks), 1):
            yield Refusal(
                f"{key}: there are {count} teachers and {max(len(tasks), 1)} tasks: name a task for each teacher "
                f"with model.generator.tasks, such as [{','.join('abcdefgh'[:count])}], or one teacher and no tasks."
            )
        if (size := getattr(parts.data, "batch_size", count)) < count:
            yield Refusal(f"data.batch_size={size}: a batch has to have a picture of each of the {count} tasks.")

    def get_extra_state(self) -> Tensor:
        """What tells the teachers from others, for checkpoints."""
        return self.fingerprint

    def set_extra_state(self, state: Tensor) -> None:
        """Make sure that a resumed student has the teachers that it began with.

        Raises:
            UserError: it has others.
        """
        if not torch.equal(state.cpu(), self.fingerprint):
            names = ", ".join(str(teacher.path) for teacher in self.teacher.several)
            raise UserError(
                f"{names} is not as it was when this student began to learn from it: put the earlier checkpoint back, "
                "or start a new run."
            )

    def looks_through(self) -> set[str]:
        """The networks that the teachers were trained against, which a student learns to please as well."""
        return self.teacher.trained_against()


class Hard(Distillation):
    """The student paints what the teacher paints of the same (Hinton et al. 2015; for GANs Aguinaldo et al. 2019).

    The teacher's painting takes the place of the target of other terms.

    Args:
        weight: of all terms together.
        teacher: see :class:`Distillation`.
        terms: that compare a painted picture with a target, by name, each with a weight of its own.
    """

    def __init__(
        self, *, weight: NotNegative | Schedule = 1.0, teacher: SeveralTeachers, terms: Mapping[str, Term]
    ) -> None:
        super().__init__(weight=weight, teacher=teacher)
        if not isinstance(terms, Mapping):
            raise UserError(f"terms={terms} names no terms: give them by name, as conf/term/distil_hard.yaml does.")
        self.terms = nn.ModuleDict(dict(terms))
        self.needs = tuple({need for term in terms.values() for need in term.needs} - {"target"})  # type: ignore[misc]

    def attach(self, name: str, generator: nn.Module) -> None:
        """Attach the teacher and the terms."""
        self.teacher.attach(generator)
        for term in self.terms.values():
            cast(Term, term).attach(name, generator)

    def forward(self, p: GeneratorPass) -> dict[str, Tensor]:
        """The terms by name, each times its own weight."""
        taught = replace(p, target=self.teacher.paint(p), paired=None)
        found: dict[str, Tensor] = {}
        for name, term in self.terms.items():
            zero = torch.zeros((), device=p.painted.device)
            found[f"hard_{name}"] = add_terms(zero, nn.ModuleDict({name: term}), taught)[0]
        return found

    def looks_through(self) -> set[str]:
        """Those of the teachers and of the terms."""
        return super().looks_through().union(*(cast(Term, term).looks_through() for term in self.terms.values()))


class Soft(Distillation):
    """To the teacher's discriminator, the student's pictures look as the teacher's do.

    Where the strokes lie is left free: feature maps of the discriminator's layers have the same statistics (its
    features as a measure of likeness: Chen et al. 2020, "Distilling portable GANs"), and scores the same distribution.

    Args:
        weight: of both parts together.
        teacher: see :class:`Distillation`; each has a discriminator.
        features: weight of :func:`~impasto.losses.terms.teacher.statistics_distance`, mean over layers and scales.
        scores: weight of :func:`scores_distance`, mean over scales.
    """

    def __init__(
        self,
        *,
        weight: NotNegative | Schedule = 1.0,
        teacher: SeveralTeachers,
        features: NotNegative = 1.0,
        scores: NotNegative = 0.1,
    ) -> None:
        super().__init__(weight=weight, teacher=teacher)
        self.features, self.scores = features, scores

    def check_with(self, parts: Parts) -> Iterator[Refusal]:
        """Refuse teachers without a discriminator."""
        yield from super().check_with(parts)
        for teacher in self.teacher.several:
            if teacher.discriminator is None:
                yield Refusal(
                    f"{parts.key_of(self).replace('.', '=')}: {teacher.path} holds no discriminator of ours, by which "
                    "pictures are compared: use term=distil_hard, or give the checkpoint of its run."
                )

    def forward(self, p: GeneratorPass) -> dict[str, Tensor]:
        """The parts by name, each a scalar times its own weight."""
        with torch.no_grad():
            wanted = self.teacher.judge(self.teacher.paint(p), p)
        seen = self.teacher.judge(p.painted, p)
        layers, maps = [], []
        for a, b in zip(seen, wanted, strict=True):
            maps += [scores_distance(x.float(), y.float()) for x, y in zip(a.maps, b.maps, strict=True)]
            scales = zip(a.features, b.features, strict=True)
            pairs = [pair for first, second in scales for pair in zip(first, second, strict=True)]
            layers += [statistics_distance(x.float(), y.float()) for x, y in pairs if x.dim() == 4]
        found = {"soft_scores": self.scores * torch.stack(maps).mean()}
        if layers:
            found["soft_features"] = self.features * torch.stack(layers).mean()
        return found


def scores_distance(painted: Tensor, wanted: Tensor) -> Tensor:
    """Wasserstein-1 distance of the scores of all places and pictures, in deviations of those wanted: scalar.

    Args:
        painted: (N, ...).
        wanted: of the same shape.
    """
    distance = (painted.flatten().sort().values - wanted.flatten().sort().values).abs().mean()
    return distance / (wanted.std() + 1e-3)


def difference_of(teacher: Any, student: Any) -> str | None:
    """What a teacher paints or takes that a student does not, for a sentence; None if they agree."""
    if set(teacher.takes) != set(student.takes):
        return f"paints from {' and '.join(teacher.takes)}, the student from {' and '.join(student.takes)}"
    if teacher.gives.channels != student.gives.channels or teacher.scale != student.scale:
        made = [f"{p.gives.channels} channels at {p.scale} times the size" for p in (teacher, student)]
        return f"paints pictures of {made[0]}, the student of {made[1]}"
    if "latent" in teacher.takes and teacher.gives.shape != student.gives.shape:
        sizes = [f"{p.gives.height}x{p.gives.width}" for p in (teacher, student)]
        return f"paints pictures of {sizes[0]} pixels, the student of {sizes[1]}"
    if "latent" in teacher.takes and teacher.latent_dim != student.latent_dim:
        return f"paints from {teacher.latent_dim} numbers of noise, the student from {student.latent_dim}"
    if "content" in teacher.takes and teacher.content.channels != student.content.channels:
        return f"repaints {teacher.content.channels} channels, the student {student.content.channels}"
    return None
