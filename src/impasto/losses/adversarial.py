"""Adversarial losses: objects with two verbs, on the raw scores of a discriminator.

``discriminator(real, fake)`` and ``generator(fake, real)`` take score tensors of any shape (one score a picture, or a
map of scores for a patch discriminator) and return the mean loss as a scalar. No loss squashes scores that the network
has already squashed: which outputs a loss can be used with is said by ``takes_sigmoid``.
"""

from typing import ClassVar, Protocol

import torch.nn.functional as F
from torch import Tensor


class AdversarialLoss(Protocol):
    """What the adversarial step asks of a loss."""

    uses_real: ClassVar[bool]
    """Whether the generator's loss needs the scores of real pictures."""
    takes_sigmoid: ClassVar[bool]
    """Whether scores in [0, 1] make sense; the others need the whole real line."""

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Loss of the discriminator: scalar."""
        ...

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """Loss of the generator: scalar."""
        ...


class NonSaturating:
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


class Minimax:
    """Goodfellow et al. 2014, equation 1: G minimises log(1 - D(G(z))), the very quantity that D maximises."""

    uses_real: ClassVar[bool] = False
    takes_sigmoid: ClassVar[bool] = False

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """softplus(-real) + softplus(fake), mean."""
        return F.softplus(-real).mean() + F.softplus(fake).mean()

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """-softplus(fake), mean: never positive."""
        return -F.softplus(fake).mean()


class LSGAN:
    """Least squares (Mao et al. 2017, equation 9: a = 0, b = c = 1), with the halves that the paper has.

    Args:
        generator_half: false leaves the generator's half out, as the programmes of CycleGAN and CUT do.
    """

    uses_real: ClassVar[bool] = False
    takes_sigmoid: ClassVar[bool] = True

    def __init__(self, generator_half: bool = True) -> None:
        self.generator_weight = 0.5 if generator_half else 1.0

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """((real - 1)^2 + fake^2) / 2, mean."""
        return 0.5 * ((real - 1).square().mean() + fake.square().mean())

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """(fake - 1)^2 / 2, mean; without the half where that is left out."""
        return self.generator_weight * (fake - 1).square().mean()


class Hinge:
    """Lim and Ye 2017; Miyato et al. 2018, equations 16 and 17."""

    uses_real: ClassVar[bool] = False
    takes_sigmoid: ClassVar[bool] = False

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """relu(1 - real) + relu(1 + fake), mean."""
        return F.relu(1 - real).mean() + F.relu(1 + fake).mean()

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """-fake, mean."""
        return -fake.mean()


class Wasserstein:
    """Arjovsky et al. 2017, equation 3: the critic estimates the earth mover's distance; it must be kept Lipschitz."""

    uses_real: ClassVar[bool] = False
    takes_sigmoid: ClassVar[bool] = False

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """fake - real, mean."""
        return fake.mean() - real.mean()

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """-fake, mean."""
        return -fake.mean()


class Relativistic:
    """The relativistic pairing loss (Jolicoeur-Martineau 2019; Huang et al. 2024, equation 2).

    The i-th real is paired with the i-th fake; the generator's gradient flows through its fakes alone.
    """

    uses_real: ClassVar[bool] = True
    takes_sigmoid: ClassVar[bool] = False

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
