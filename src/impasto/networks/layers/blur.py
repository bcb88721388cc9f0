"""Low-pass filters for resampling without aliases (Zhang 2019; around strided convolutions: Karras et al. 2020b)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def blurred(x: Tensor, stride: int = 1) -> Tensor:
    """Every ``stride``-th pixel after the blur [1, 2, 1] x [1, 2, 1] / 16, the border reflected: (N, C, H, W)."""
    row = torch.tensor([0.25, 0.5, 0.25], dtype=x.dtype, device=x.device)
    kernel = (row[:, None] * row).expand(x.shape[1], 1, 3, 3)
    border = "reflect" if min(x.shape[2:]) > 1 else "replicate"
    return F.conv2d(F.pad(x, (1, 1, 1, 1), mode=border), kernel, stride=stride, groups=x.shape[1])


class BlurDown(nn.Module):
    """Every other pixel after the blur: BlurPool with three taps (Zhang 2019)."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C, H / 2, W / 2)."""
        return blurred(x, 2)


class BlurBefore(nn.Module):
    """A layer that leaves out pixels, with the blur before it.

    Args:
        layer: such as a convolution of stride 2.
    """

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor, *others: object) -> Tensor:
        """(N, C, H, W) and further arguments of the layer to what it gives."""
        found: Tensor = self.layer(blurred(x), *others)
        return found


class BlurAfter(nn.Module):
    """A layer that puts pixels in between, with the blur after it, and before what is not linear.

    Args:
        layer: such as a transposed convolution of stride 2.
    """

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor, *others: object) -> Tensor:
        """(N, C, H, W) and further arguments of the layer to what it gives, blurred."""
        return blurred(self.layer(x, *others))
