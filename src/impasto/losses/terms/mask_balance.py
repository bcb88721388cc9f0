"""A term of generators that paint by masks: each is to take on its share of the pictures."""

import math

import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.ranges import NotNegative
from impasto.base.schedules import Schedule
from impasto.losses.terms.term import GeneratorPass, Term


def imbalance(masks: Tensor) -> Tensor:
    """How far the generators' shares are from even ones: the Kullback-Leibler divergence of 1 / K from them, scalar.

    A generator's share is the mean of its mask over all pictures and pixels. 0 if all are equal; where a generator is
    about to die it has no bound, and a gradient that does not fade: the softmax alone would leave it none.

    Args:
        masks: (N, K, H, W), positive, of sum 1 over K.
    """
    shares = masks.mean((0, 2, 3))
    return -(len(shares) * shares).clamp_min(1e-30).log().mean()


def softness(masks: Tensor) -> Tensor:
    """Mean entropy of the masks at a pixel as a share of log K, its largest value: scalar; 0 if one paints each."""
    return -(masks * masks.clamp_min(1e-8).log()).sum(1).mean() / math.log(masks.shape[1])


class MaskBalance(Term):
    """Keeps every generator of a :class:`~impasto.networks.multi_generator.MultiGenerator` in use.

    Args:
        weight: of the term, a number or a schedule.
        sharpness: weight of the masks' softness beside the imbalance: above 0 pixels are shared by fewer generators.
    """

    needs = ("masks",)

    def __init__(self, weight: NotNegative | Schedule = 1.0, sharpness: NotNegative = 0.0) -> None:
        super().__init__(weight)
        self.sharpness = sharpness

    def attach(self, name: str, generator: nn.Module) -> None:
        """Make sure that there are masks.

        Raises:
            UserError: the generator does not paint by masks.
        """
        if not hasattr(generator, "masks"):
            raise UserError(
                f"term=mask_balance needs a generator that paints by masks, and {type(generator).__name__} does not: "
                "leave the term out, or choose model=multi_generator."
            )

    def forward(self, p: GeneratorPass) -> dict[str, Tensor]:
        """The imbalance, with the softness if it has a weight; scalars."""
        masks = p.masks
        found = {"mask_balance": imbalance(masks)}
        if self.sharpness:
            found["mask_softness"] = torch.as_tensor(self.sharpness) * softness(masks)
        return found
