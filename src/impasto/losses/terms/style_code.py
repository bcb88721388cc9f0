"""Terms on style codes: the encoder recovers them from what was painted, and different codes paint differently."""

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.base.ranges import NotNegative, Positive
from impasto.base.schedules import Schedule
from impasto.losses.terms.term import GeneratorPass, Term, given
from impasto.networks.any_style import AnyStyleGenerator


class StyleCode(Term):
    """The code of a painted picture is nearer to the one that it was painted by than to the others of the batch.

    Style reconstruction (Choi et al. 2020, equation 2) as a contrast (van den Oord et al. 2018; on style, Zhang et al.
    2022, CAST): cross entropy over cosine similarities.

    Args:
        weight: of the term.
        temperature: that divides the similarities.
    """

    needs = ("code",)

    def __init__(self, *, weight: NotNegative | Schedule = 1.0, temperature: Positive = 0.2) -> None:
        super().__init__(weight)
        self.temperature = temperature

    def forward(self, p: GeneratorPass) -> Tensor:
        """Scalar; log N for codes that say nothing."""
        wanted = F.normalize(given(p, "code").detach().float(), dim=1)
        found = F.normalize(cast(AnyStyleGenerator, p.generator).encoder(p.painted).float(), dim=1)
        own = torch.arange(len(found), device=found.device)
        return F.cross_entropy(found @ wanted.T / self.temperature, own)


class ModeSeeking(Term):
    """Minus the L1 distance between pictures painted by different codes (Mao et al. 2019; Choi et al. 2020, eq. 3).

    Args:
        weight: of the term.
        count: pictures of the batch that are painted again by another code of the batch.
        most: the distance beyond which nothing is gained.
    """

    needs = ("content", "code")

    def __init__(self, *, weight: NotNegative | Schedule = 1.0, count: int = 2, most: Positive = 0.5) -> None:
        super().__init__(weight)
        self.count, self.most = count, most

    def forward(self, p: GeneratorPass) -> Tensor:
        """Scalar in [-most, 0]."""
        content, code = given(p, "content")[: self.count], given(p, "code")
        other = p.generator(content, code.roll(1, 0)[: self.count])
        apart = (other.float() - p.painted[: self.count].float()).abs().mean((1, 2, 3))
        return -apart.clamp_max(self.most).mean()
