"""Losses of the heads of a discriminator, for itself and for the generator; see :mod:`impasto.networks.heads`."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.parts import Parts, Refusal
from impasto.base.ranges import Count, NotNegative, Positive
from impasto.base.schedules import Schedule
from impasto.base.vocabulary import PADDING
from impasto.losses.penalties import DiscriminatorPass, Penalty
from impasto.losses.terms.term import GeneratorPass, Term, given
from impasto.networks.scores import Scores


def matching_loss(heads: Mapping[str, Tensor], temperature: float) -> Tensor:
    """Mean cross-entropy of finding the right caption for each picture and the right picture for each caption: scalar.

    A picture's caption is sought among those of the batch (InfoNCE: Zhang et al. 2021, XMC-GAN, equation 3) and, beyond
    the paper, among captions of its own that are wrong in one thing.

    Args:
        heads: what :class:`~impasto.networks.heads.MatchingHead` says.
        temperature: by which cosines are divided.

    Returns:
        Over the pictures that have a caption; 0 if none has.

    Raises:
        UserError: the discriminator has no such head.
    """
    if "picture" not in heads:
        raise UserError(no_head("matching"))
    picture, caption, told = heads["picture"], heads["caption"], heads["told"]
    # What was left out of a batch is sought by none, and finds none.
    apart = (picture @ caption.T / temperature).masked_fill(~(told[:, None] & told), NOWHERE)
    right = torch.arange(len(picture), device=picture.device)
    of_captions = F.cross_entropy(apart.T, right, reduction="none")
    if "wrong" in heads:
        wrong = (picture[:, None] * heads["wrong"]).sum(-1) / temperature
        apart = torch.cat([apart, wrong.masked_fill(heads["same"], NOWHERE)], 1)
    both = (F.cross_entropy(apart, right, reduction="none") + of_captions) / 2
    return (both * told).sum() / told.sum().clamp_min(1)


NOWHERE = -1e4
"""In place of a likeness that is not to count; finite, so that nothing becomes of a row of them."""


def captioning_loss(heads: Mapping[str, Tensor]) -> Tensor:
    """Mean cross-entropy of the words of captions, as they are said of pictures: scalar.

    It is the loss of text regeneration of MirrorGAN (Qiao et al. 2019, section 3.3), with a captioner that is a part of
    the discriminator and learns along with it. 0 if no picture has a caption.

    Args:
        heads: what :class:`~impasto.networks.heads.CaptioningHead` says.

    Raises:
        UserError: the discriminator has no such head.
    """
    if "said" not in heads:
        raise UserError(no_head("captioning"))
    asked = heads["asked"]
    total = F.cross_entropy(heads["said"].transpose(1, 2), asked, ignore_index=PADDING, reduction="sum")
    return total / (asked != PADDING).sum().clamp_min(1)


def label_loss(heads: Mapping[str, Tensor], real: bool) -> Tensor:
    """How far what is said of a picture's class or vector is from what is right: scalar.

    For classes the mean cross-entropy, for vectors the mean squared error. Where the head keeps real and painted
    pictures apart, the right class is one of twice as many, that of its kind.

    Args:
        heads: what :class:`~impasto.networks.heads.LabelHead` says.
        real: whether the pictures count as real ones.

    Raises:
        UserError: the discriminator has no such head.
    """
    if "label" not in heads:
        raise UserError(no_head("label"))
    said, right = heads["label"], heads["right"]
    if right.is_floating_point():
        return F.mse_loss(said, right)
    if not apart(heads):
        return F.cross_entropy(said, right)
    both = torch.cat([said, heads["painted_label"]], 1)
    return F.cross_entropy(both, right if real else right + said.shape[1])


def turned(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Pictures (N, C, S, S) each turned by its number modulo 4 quarter turns, and how many these are, (N,)."""
    turns = torch.arange(len(pictures), device=pictures.device) % 4
    all_turns = torch.stack([torch.rot90(pictures, k, (2, 3)) for k in range(4)])
    return all_turns[turns, torch.arange(len(pictures), device=pictures.device)], turns


def rotation_loss(pictures: Tensor, discriminate: Callable[[Tensor], Scores]) -> Tensor:
    """Mean cross-entropy of how pictures are turned: scalar.

    Args:
        pictures: (N, C, S, S); all are turned, by 0 to 3 quarter turns.
        discriminate: judges as many pictures.

    Raises:
        UserError: the discriminator has no such head, or the pictures are not square.
    """
    if pictures.shape[2] != pictures.shape[3]:
        raise UserError("penalty=rotation turns pictures, which have to be square: set data.image_size to one number.")
    images, turns = turned(pictures)
    heads = discriminate(images).heads
    if "turns" not in heads:
        raise UserError(no_head("rotation"))
    return F.cross_entropy(heads["turns"], turns)


def no_head(name: str) -> str:
    """What to do without a head."""
    return (
        f"penalty={name} and term={name} need a discriminator that says more of pictures than a score: set "
        f"model.discriminator.heads.{name}, as condition=text does."
    )


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


def apart(heads: Mapping[str, Tensor]) -> bool:
    """Whether scores of classes are of real and of painted pictures apart."""
    return "painted_label" in heads


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
        """Refuse a discriminator without the head."""
        yield from refused_without("rotation", parts)

    def forward(self, p: DiscriminatorPass) -> Tensor:
        """Scalar."""
        return self.weight * rotation_loss(p.real.detach(), p.discriminate)
