"""Penalties and terms by what the heads of a discriminator say; see :mod:`impasto.networks.heads`."""

from collections.abc import Iterator
from typing import Any, cast

from torch import Tensor

from impasto.base.parts import Parts, Refusal
from impasto.base.ranges import Count, NotNegative, Positive
from impasto.base.schedules import Schedule
from impasto.losses.head_losses import (
    NOT_SQUARE,
    apart,
    captioning_loss,
    label_loss,
    matching_loss,
    no_head,
    rotation_loss,
)
from impasto.losses.penalties import DiscriminatorPass, Penalty
from impasto.losses.terms.term import GeneratorPass, Term, given
from impasto.networks.scores import Scores


def refused_without(name: str, parts: Parts, teacher: type[Penalty] | None = None) -> Iterator[Refusal]:
    """Refuse discriminators of which none has a head of this name, or that do not learn what it says.

    Args:
        name: of the head, of the penalty that teaches it, and of the term.
        parts: of the run.
        teacher: the class of that penalty, of which there is to be one; None asks for none.
    """
    if teacher is not None and not any(isinstance(each, teacher) for each in parts.penalties.values()):
        yield Refusal(
            f"term={name} follows what the discriminator says, which it learns by penalty={name}: add that, such as "
            f"'penalty=[r1,{name}]', or leave the term out."
        )
    networks: list[Any] = list(parts.discriminators.values())
    if networks and not any(name in getattr(getattr(n, "insertion", None), "heads", ()) for n in networks):
        yield Refusal(no_head(name))


class MatchingPenalty(Penalty):
    """What teaches a discriminator which caption a real picture has.

    Args:
        weight: of the loss.
        temperature: see :func:`matching_loss`.
        every: as for every penalty.
    """

    def __init__(self, weight: NotNegative = 1.0, temperature: Positive = 0.1, every: Count = 1) -> None:
        super().__init__(every)
        self.weight, self.temperature = weight, temperature

    def check_with(self, parts: Parts) -> Iterator[Refusal]:
        """Refuse a discriminator without the head."""
        yield from refused_without("matching", parts)

    def forward(self, p: DiscriminatorPass) -> Tensor:
        """Scalar."""
        return self.weight * matching_loss(p.real_scores.heads, self.temperature)


class MatchingTerm(Term):
    """Draws painted pictures to their captions, as the discriminator sees them.

    Args:
        weight: of the term, a number or a schedule.
        temperature: see :func:`matching_loss`.
    """

    needs = ("fake_scores",)

    def __init__(self, weight: NotNegative | Schedule = 1.0, temperature: Positive = 0.1) -> None:
        super().__init__(weight)
        self.temperature = temperature

    def check_with(self, parts: Parts) -> Iterator[Refusal]:
        """Refuse a discriminator without the head, or one that does not learn it."""
        yield from refused_without("matching", parts, MatchingPenalty)

    def forward(self, p: GeneratorPass) -> Tensor:
        """Scalar."""
        return matching_loss(cast(Scores, given(p, "fake_scores")).heads, self.temperature)


class CaptioningPenalty(Penalty):
    """What teaches a discriminator to say the captions of real pictures.

    Args:
        weight: of the loss.
        every: as for every penalty.
    """

    def __init__(self, weight: NotNegative = 4.0, every: Count = 1) -> None:
        super().__init__(every)
        self.weight = weight

    def check_with(self, parts: Parts) -> Iterator[Refusal]:
        """Refuse a discriminator without the head."""
        yield from refused_without("captioning", parts)

    def forward(self, p: DiscriminatorPass) -> Tensor:
        """Scalar."""
        return self.weight * captioning_loss(p.real_scores.heads)


class CaptioningTerm(Term):
    """Draws painted pictures to what the discriminator would say their captions of.

    Args:
        weight: of the term, a number or a schedule.
    """

    needs = ("fake_scores",)

    def __init__(self, weight: NotNegative | Schedule = 4.0) -> None:
        super().__init__(weight)

    def check_with(self, parts: Parts) -> Iterator[Refusal]:
        """Refuse a discriminator without the head, or one that does not learn it."""
        yield from refused_without("captioning", parts, CaptioningPenalty)

    def forward(self, p: GeneratorPass) -> Tensor:
        """Scalar."""
        return captioning_loss(cast(Scores, given(p, "fake_scores")).heads)


class LabelPenalty(Penalty):
    """What teaches a discriminator the classes or attributes of pictures (AC-GAN: Odena et al. 2017, equation 3).

    Args:
        weight: of the loss.
        painted: also of painted pictures, as of real ones: the paper's own way, which blurs what is learnt. A head that
            keeps them apart learns them in any case, as painted ones (ADC-GAN: Hou et al. 2022, equation 5).
        every: as for every penalty.
    """

    def __init__(self, weight: NotNegative = 1.0, painted: bool = False, every: Count = 1) -> None:
        super().__init__(every)
        self.weight, self.painted = weight, painted

    def check_with(self, parts: Parts) -> Iterator[Refusal]:
        """Refuse a discriminator without the head."""
        yield from refused_without("label", parts)

    def forward(self, p: DiscriminatorPass) -> Tensor:
        """Scalar."""
        real, said = label_loss(p.real_scores.heads, True), p.fake_scores.heads
        if not (self.painted or apart(said)):
            return self.weight * real
        return self.weight * (real + label_loss(said, not apart(said)))


class LabelTerm(Term):
    """Draws painted pictures to their classes or attributes, as the discriminator sees them.

    Where the discriminator keeps real and painted pictures apart, they are drawn from the painted to the real ones of
    their class (ADC-GAN: Hou et al. 2022, equation 6): a class is then not made purer than it is.

    Args:
        weight: of the term, a number or a schedule.
    """

    needs = ("fake_scores",)

    def check_with(self, parts: Parts) -> Iterator[Refusal]:
        """Refuse a discriminator without the head, or one that does not learn it."""
        yield from refused_without("label", parts, LabelPenalty)

    def forward(self, p: GeneratorPass) -> Tensor:
        """Scalar."""
        said = cast(Scores, given(p, "fake_scores")).heads
        as_real = label_loss(said, True)
        return as_real - label_loss(said, False) if apart(said) else as_real


class RotationPenalty(Penalty):
    """What teaches a discriminator how pictures are turned (SS-GAN: Chen et al. 2019, equation 4).

    Args:
        weight: of the loss.
        every: as for every penalty.
    """

    def __init__(self, weight: NotNegative = 1.0, every: Count = 1) -> None:
        super().__init__(every)
        self.weight = weight

    def check_with(self, parts: Parts) -> Iterator[Refusal]:
        """Refuse a discriminator without the head, and pictures that are not square."""
        yield from refused_without("rotation", parts)
        inserted = [n.insertion for n in parts.discriminators.values() if hasattr(n, "insertion")]
        if any(each.told.spec.height != each.told.spec.width for each in inserted):
            yield Refusal(NOT_SQUARE)

    def forward(self, p: DiscriminatorPass) -> Tensor:
        """Scalar."""
        return self.weight * rotation_loss(p.real.detach(), p.discriminate)
