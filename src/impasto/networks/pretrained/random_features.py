"""A convolutional network with random weights: texture statistics that no model was trained against."""

from collections.abc import Sequence
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class RandomFeatures(nn.Module):
    """Convolutions with random weights, the same on every machine; their statistics describe texture.

    Gram matrices of such networks carry texture nearly as well as those of trained ones (Ustyuzhaninov et al. 2017,
    He et al. 2016), and no model was ever trained against them. Only brightness is used, and its local mean and
    contrast are divided out first, so that neither colours nor contrast count as brushwork.

    Args:
        seed: of the weights.
    """

    name = "random_features"
    title = "a random network"
    content_layers: ClassVar[tuple[int, ...]] = (3,)
    style_layers: ClassVar[tuple[int, ...]] = (0, 1, 2, 3)

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        source = torch.Generator().manual_seed(seed)
        before = 1
        for number, width in enumerate((32, 64, 128, 128)):
            size = 7 if number == 0 else 3
            weight = torch.randn(width, before, size, size, generator=source) * (2 / (before * size * size)) ** 0.5
            if number == 0:
                weight -= weight.mean((2, 3), keepdim=True)
            self.register_buffer(f"weight{number}", weight)
            before = width

    @staticmethod
    def at_hand() -> bool:
        """Whether its weights can be had: they are drawn from the seed."""
        return True

    def maps(self, images: Tensor, layers: Sequence[int] = style_layers) -> list[Tensor]:
        """(N, 1 or 3, H, W) in [-1, 1], at least 16 pixels high and wide, to one (N, C, h, w) for each layer."""
        x = local_contrast(images.mean(1, keepdim=True))
        found = []
        for number in range(max(layers) + 1):
            weight = self.get_buffer(f"weight{number}")
            x = F.avg_pool2d(x, 2) if number else x
            x = F.leaky_relu(F.conv2d(x, weight, padding=weight.shape[-1] // 2), 0.2)
            if number in layers:
                found.append(x)
        return found


def local_contrast(grey: Tensor, reach: int = 8) -> Tensor:
    """Every pixel minus the mean around it, divided by the deviation around it (Jarrett et al. 2009).

    Args:
        grey: (N, 1, H, W) in [-1, 1].
        reach: pixels to each side that count as around.
    """
    reach = min(reach, *(side - 1 for side in grey.shape[2:]))

    def around(x: Tensor) -> Tensor:
        return F.avg_pool2d(F.pad(x, (reach,) * 4, mode="reflect"), 2 * reach + 1, 1)

    centred = grey - around(grey)
    return centred / (around(centred.square()).sqrt() + 0.02)
