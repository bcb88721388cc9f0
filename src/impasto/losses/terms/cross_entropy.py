"""The cross entropy of the classes of pixels."""

from collections.abc import Sequence

import torch
from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.ranges import NotNegative
from impasto.base.schedules import Schedule
from impasto.losses.terms.term import GeneratorPass, Term, given

LEAST = 1e-12
"""Probabilities below it count as this, so that the logarithm is finite."""


class CrossEntropy(Term):
    """Mean over labelled pixels of minus the logarithm of the probability of their class (Luc et al. 2016, equation 1).

    Pixels without a class do not count. With class weights the mean is weighted by those of the pixels' classes, as
    in ``torch.nn.functional.cross_entropy``.

    Args:
        weight: of the term.
        class_weights: of each class, for classes that are rare; None for 1.
    """

    needs = ("target",)

    def __init__(
        self, weight: NotNegative | Schedule = 1.0, class_weights: Sequence[NotNegative] | None = None
    ) -> None:
        super().__init__(weight)
        self.class_weights = None if class_weights is None else torch.tensor([float(w) for w in class_weights])

    def forward(self, p: GeneratorPass) -> Tensor:
        """Of probabilities ``p.painted`` and label maps ``p.target``, both (N, classes, H, W): scalar.

        Raises:
            UserError: there are not as many weights as classes.
        """
        target = given(p, "target").float()
        if self.class_weights is not None:
            if len(self.class_weights) != target.shape[1]:
                raise UserError(
                    f"term.cross_entropy.class_weights has {len(self.class_weights)} numbers, and there are "
                    f"{target.shape[1]} classes: give as many."
                )
            target = target * self.class_weights.to(target.device).view(1, -1, 1, 1)
        surprise = -(target * p.painted.float().clamp_min(LEAST).log()).sum()
        return surprise / target.sum().clamp_min(LEAST)
