"""Do picture and caption belong together? The contrastive loss, for the discriminator and for the generator."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.parts import Parts, Refusal
from impasto.base.ranges import Count, NotNegative, Positive
from impasto.base.schedules import Schedule
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
        raise UserError(NO_HEAD)
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
NO_HEAD = (
    "penalty=matching and term=matching need a discriminator that compares pictures with captions: set condition=text, "
    "or model.discriminator.heads.matching."
)


def has_head(parts: Parts) -> bool:
    """Whether a discriminator has the head; true if there are none yet."""
    networks: list[Any] = list(parts.discriminators.values())
    return not networks or any("matching" in getattr(getattr(n, "insertion", None), "heads", ()) for n in networks)


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
        if not has_head(parts):
            yield Refusal(NO_HEAD)

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
        """Refuse a discriminator without the head."""
        if not has_head(parts):
            yield Refusal(NO_HEAD)

    def forward(self, p: GeneratorPass) -> Tensor:
        """Scalar."""
        return matching_loss(cast(Scores, given(p, "fake_scores")).heads, self.temperature)
