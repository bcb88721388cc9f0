"""Interface of networks for perceptual losses and style statistics: feature maps at chosen layers."""

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

from torch import Tensor


class FeatureMaps(Protocol):
    """A frozen network whose feature maps are compared; gradients reach the pictures, not the weights.

    Attributes:
        name: short, by which a record names it.
        content_layers: layers that say what is where.
        style_layers: layers whose statistics say what a style is.
    """

    name: str
    content_layers: ClassVar[tuple[int, ...]]
    style_layers: ClassVar[tuple[int, ...]]

    def maps(self, images: Tensor, layers: Sequence[int]) -> list[Tensor]:
        """(N, 1 or 3, H, W) in [-1, 1] to one (N, C, h, w) for each layer, in ascending order of the layer."""
        ...


def run_through(network: Any, x: Tensor, layers: Sequence[int]) -> list[Tensor]:
    """Feed ``x`` through a sequence of modules and keep what the numbered ones return."""
    wanted, found = set(layers), []
    for number, layer in enumerate(network[: max(wanted) + 1]):
        x = layer(x)
        if number in wanted:
            found.append(x)
    return found
