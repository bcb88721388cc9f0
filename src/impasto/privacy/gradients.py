"""Gradients clipped by picture and noised: the step of DP-SGD (Abadi et al. 2016, algorithm 1)."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.models.optimisation import frozen
from impasto.privacy.layers import rule_for

NOISE_PARTS = 4
"""Normal numbers of which each one of the noise is made, so that rounding does not give away what it hides (Holohan and
Braghin 2021); Opacus' secure mode does the same."""


class PictureGradients:
    """Hooks on a network by which the clipped gradients of the pictures of a pass are summed.

    Loss and network must not mix pictures, and the scores' gradients must not be divided by their number. Each layer
    may be passed once.

    Args:
        network: a discriminator.

    Raises:
        UserError: there is no rule for one of its layers.
    """

    def __init__(self, network: nn.Module) -> None:
        if lacking := without_rule(network):
            raise UserError(
                f"privacy=dp has no gradient of single pictures for {', '.join(lacking)} of model.discriminator: leave "
                "them out."
            )
        self.network = network
        self.keeping = False
        self.inputs: dict[nn.Module, Tensor] = {}
        self.gradients: dict[nn.Module, Tensor] = {}
        for layer in layers_of(network):
            layer.register_forward_hook(self._keep_input)

    def _keep_input(self, layer: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
        if not self.keeping:
            return
        if layer in self.inputs:
            raise RuntimeError(f"privacy=dp: {type(layer).__name__} is passed twice in one pass of the discriminator")
        self.inputs[layer] = given[0].detach()
        if not output.requires_grad:  # nothing before it is trained: the way back ends here
            output.requires_grad_()
        output.register_hook(partial(self._keep_gradient, layer))

    def _keep_gradient(self, layer: nn.Module, gradient: Tensor) -> None:
        self.gradients[layer] = gradient.detach()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """A pass and its way back; in float32, since norms are summed over many numbers.

        The weights are frozen meanwhile: their ordinary gradients would only be thrown away.
        """
        self.inputs, self.gradients = {}, {}
        self.keeping = True
        device = next(self.network.parameters()).device.type
        try:
            with torch.autocast(device, enabled=False), frozen(self.network):
                yield
        finally:
            self.keeping = False

    def clipped_sums(
        self, norm: float, painted: int = 0, weight: float = 1.0
    ) -> tuple[dict[nn.Parameter, Tensor], Tensor]:
        """Sums over the pictures of the last pass of gradients whose norm over all parameters is at most ``norm``.

        Args:
            norm: see above.
            painted: how many of the last pictures are no private ones.
            weight: of these in the sums, once they are clipped.

        Returns:
            (sums by parameter, share of the pictures whose gradient was longer: scalar).
        """
        passed = [(layer, rule_for(layer), x, self.gradients[layer]) for layer, x in self.inputs.items()]
        squares = torch.stack([rule.squares(layer, x, g) for layer, rule, x, g in passed if rule is not None])
        norms = squares.sum(0).clamp_min(0).sqrt()
        # A hair below the limit, for what rounding may add.
        weights = (norm * (1 - 1e-5) / norms.clamp_min(1e-12)).clamp_max(1.0)
        weights[len(weights) - painted :] *= weight
        sums: dict[nn.Parameter, Tensor] = {}
        for layer, rule, x, g in passed:
            sums |= rule.sums(layer, x, g, weights) if rule is not None else {}
        self.inputs, self.gradients = {}, {}
        return sums, (norms > norm).float().mean()


def layers_of(network: nn.Module) -> list[nn.Module]:
    """The layers that have parameters of their own."""
    return [m for m in network.modules() if any(True for _ in m.parameters(recurse=False))]


def without_rule(network: nn.Module) -> list[str]:
    """Kinds of layers whose gradients by picture are not known."""
    return sorted({type(layer).__name__ for layer in layers_of(network) if rule_for(layer) is None})


def normal_noise(shapes: list[torch.Size], deviation: float, secret: int, step: int) -> list[Tensor]:
    """Normal noise by parameter, a function of the secret and the number of the step.

    From NumPy, since the seed of torch's generator on the CPU has 32 bits, which can be tried out.
    """
    random = np.random.Generator(np.random.Philox(np.random.SeedSequence([secret, step])))
    result = []
    for shape in shapes:
        drawn = sum(random.standard_normal(tuple(shape), np.float32) for _ in range(NOISE_PARTS))
        result.append(torch.from_numpy(np.asarray(drawn)) * (deviation / NOISE_PARTS**0.5))
    return result
