"""Adversarial losses: objects with two verbs, on the raw scores of a discriminator.

``discriminator(real, fake)`` and ``generator(fake, real)`` take score tensors of any shape (one score a picture, or a
map of scores for a patch discriminator) and return the mean loss as a scalar. ``takes_sigmoid`` says whether a loss can
be used with scores that the network has squashed.
"""

from collections.abc import Iterator
from typing import ClassVar, Protocol

import torch.nn.functional as F
from torch import Tensor

from impasto.base.parts import Doubt, Parts, Refusal


class AdversarialLoss(Protocol):
    """What the adversarial step asks of a loss."""

    uses_real: ClassVar[bool]
    """Whether the generator's loss needs the scores of real pictures."""
    takes_sigmoid: ClassVar[bool]
    """Whether scores in [0, 1] can be used; otherwise the loss needs the whole real line."""
    real_above: ClassVar[float | None] = 0.0
    """Scores above it mean real; None if only differences of scores have a meaning."""

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Loss of the discriminator: scalar."""
        ...

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """Loss of the generator: scalar."""
        ...

    def check_with(self, parts: Parts) -> Iterator[Refusal | Doubt]:
        """Refuse discriminators whose sigmoid this loss cannot use."""
        for network in parts.discriminators.values():
            if getattr(network, "sigmoid", False) and not self.takes_sigmoid:
                yield Refusal(
                    f"{type(self).__name__} needs scores on the whole real line, but {parts.key_of(network)}.sigmoid="
                    "true squashes them; set it to false."
                )


class NonSaturating(AdversarialLoss):
    """Goodfellow et al. 2014, section 3: D maximises log D(x) + log(1 - D(G(z))), G maximises log D(G(z)).

    Scores are logits: -log sigmoid(s) = softplus(-s).
    """

    uses_real: ClassVar[bool] = False
    takes_sigmoid: ClassVar[bool] = False

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """softplus(-real) + softplus(fake), mean."""
        return F.softplus(-real).mean() + F.softplus(fake).mean()

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """softplus(-fake), mean."""
        return F.softplus(-fake).mean()


class Minimax(AdversarialLoss):
    """Goodfellow et al. 2014, equation 1: G minimises log(1 - D(G(z))), the same quantity that D maximises."""

    uses_real: ClassVar[bool] = False
    takes_sigmoid: ClassVar[bool] = False

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """softplus(-real) + softplus(fake), mean."""
        return F.softplus(-real).mean() + F.softplus(fake).mean()

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """-softplus(fake), mean: never positive."""
        return -F.softplus(fake).mean()


class LSGAN(AdversarialLoss):
    """Least squares (Mao et al. 2017, equation 9: a = 0, b = c = 1), with the halves that the paper has.

    Args:
        generator_half: false leaves the generator's half out, as the code of CycleGAN and CUT does.
    """

    uses_real: ClassVar[bool] = False
    takes_sigmoid: ClassVar[bool] = True
    real_above: ClassVar[float | None] = 0.5

    def __init__(self, generator_half: bool = True) -> None:
        self.generator_weight = 0.5 if generator_half else 1.0

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """((real - 1)^2 + fake^2) / 2, mean."""
        return 0.5 * ((real - 1).square().mean() + fake.square().mean())

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """(fake - 1)^2 / 2, mean; without the half if ``generator_half`` is false."""
        return self.generator_weight * (fake - 1).square().mean()


class Hinge(AdversarialLoss):
    """Lim and Ye 2017; Miyato et al. 2018, equations 16 and 17."""

    uses_real: ClassVar[bool] = False
    takes_sigmoid: ClassVar[bool] = False

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """relu(1 - real) + relu(1 + fake), mean."""
        return F.relu(1 - real).mean() + F.relu(1 + fake).mean()

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """-fake, mean."""
        return -fake.mean()


class Wasserstein(AdversarialLoss):
    """Arjovsky et al. 2017, equation 3: the critic estimates the earth mover's distance; it must be kept Lipschitz."""

    uses_real: ClassVar[bool] = False
    takes_sigmoid: ClassVar[bool] = False
    real_above: ClassVar[float | None] = None

    def check_with(self, parts: Parts) -> Iterator[Refusal | Doubt]:
        """As all losses do; and doubt critics whose slope nothing bounds."""
        yield from super().check_with(parts)
        layers = [type(m).__name__.lower() for critic in parts.discriminators.values() for m in critic.modules()]
        clipped = getattr(parts.model, "clip_weights", None) is not None
        if layers and not (parts.penalties or clipped or any("spectralnorm" in name for name in layers)):
            yield Doubt(
                "loss",
                "loss=wasserstein without penalty, clipping or spectral norm: nothing keeps the critic Lipschitz.",
            )

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """fake - real, mean."""
        return fake.mean() - real.mean()

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """-fake, mean."""
        return -fake.mean()


class Relativistic(AdversarialLoss):
    """The relativistic pairing loss (Jolicoeur-Martineau 2019; Huang et al. 2024, equation 2).

    The i-th real is paired with the i-th fake; the generator's gradient flows through its fakes alone.
    """

    uses_real: ClassVar[bool] = True
    takes_sigmoid: ClassVar[bool] = False
    real_above: ClassVar[float | None] = None

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """softplus(fake - real), mean."""
        return F.softplus(fake - real).mean()

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """softplus(real - fake), mean.

        Raises:
            ValueError: without the scores of real pictures.
        """
        if real is None:
            raise ValueError("The relativistic generator loss needs the scores of real pictures.")
        return F.softplus(real - fake).mean()
