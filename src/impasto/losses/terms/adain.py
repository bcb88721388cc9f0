"""The losses of adaptive instance normalisation (Huang and Belongie 2017), through the generator's own encoder."""

from typing import cast

import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.ranges import NotNegative
from impasto.base.schedules import Schedule
from impasto.losses.terms.term import GeneratorPass, Term, given
from impasto.networks.adain import AdaINGenerator, means_and_deviations


class AdaIN(Term):
    """The painted picture has the features that were decoded, and the style picture's statistics at every layer.

    The published encoder was scaled to activations of mean 1, for which the weights were chosen. Here the features of
    each layer are divided by the mean size of those that they are compared with, so that any encoder can be used.

    Args:
        weight: of both parts together.
        content: weight of the squared distance from what was decoded (equation 12), mean over places and channels.
        style: weight of :func:`means_and_deviations_distance`, summed over the layers (equation 13).
    """

    needs = ("content", "style", "code")

    def __init__(
        self, *, weight: NotNegative | Schedule = 1.0, content: NotNegative = 1.0, style: NotNegative = 10.0
    ) -> None:
        super().__init__(weight)
        self.content, self.style = content, style
        self.networks: set[str] = set()

    def attach(self, name: str, generator: nn.Module) -> None:
        """Note the generator's encoder."""
        if not isinstance(generator, AdaINGenerator):
            raise UserError(
                f"term=adain compares features that {type(generator).__name__} does not decode: leave the term out, or "
                "set model=adain."
            )
        self.networks.add(generator.network_name)

    def forward(self, p: GeneratorPass) -> dict[str, Tensor]:
        """The parts by name, each a scalar times its own weight."""
        generator = cast(AdaINGenerator, p.generator)
        painted = generator.maps(p.painted)
        with torch.no_grad():
            decoded = generator.told(generator.maps(given(p, "content"))[-1], given(p, "code"))
            wanted = generator.maps(given(p, "style"))
        size = decoded.abs().mean()
        distances = [means_and_deviations_distance(a, b) for a, b in zip(painted, wanted, strict=True)]
        return {
            "content": self.content * ((painted[-1] - decoded) / size).square().mean(),
            "style": self.style * torch.stack(distances).sum(),
        }

    def looks_through(self) -> set[str]:
        """The generator's encoder."""
        return self.networks


def means_and_deviations_distance(painted: Tensor, style: Tensor) -> Tensor:
    """Squared differences of the means and of the deviations of features over places, of each picture from its style
    picture's, in units of the mean size of the latter's features: scalar; (N, C, H, W) and (N, C, h, w).
    """
    size = style.abs().mean()
    pairs = zip(means_and_deviations(painted), means_and_deviations(style), strict=True)
    return torch.stack([((a - b) / size).square().mean() for a, b in pairs]).sum()
