"""Strided convolutions as one matrix product, for CPUs: for maps of few pixels with many channels.

On such maps the time goes into reading the weights, and oneDNN first reorders them, forwards and backwards, which takes
several times as long as the product. The weights should be contiguous, not channels-last: that is the order of the
matrix, and fused optimisers copy weights in any other order.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SMALL_MAP = 64
"""Pixels of the smaller map up to which the product is faster."""


class HalvingConv2d(nn.Conv2d):
    """``nn.Conv2d`` with a 4 x 4 kernel, stride 2 and padding 1.

    Args:
        before: channels of the input.
        after: channels of the output.
    """

    def __init__(self, before: int, after: int) -> None:
        super().__init__(before, after, 4, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H / 2, W / 2)."""
        height, width = (side // 2 for side in x.shape[-2:])
        if not suits(x, height * width):
            return super().forward(x)
        seen = F.pad(x, (1, 1, 1, 1)).permute(0, 2, 3, 1).unfold(1, 4, 2).unfold(2, 4, 2)  # N, H / 2, W / 2, C, 4, 4
        y = F.linear(seen.reshape(-1, 16 * x.shape[1]), self.weight.flatten(1), self.bias)
        return y.view(len(x), height, width, -1).permute(0, 3, 1, 2)


class DoublingConv2d(nn.ConvTranspose2d):
    """``nn.ConvTranspose2d`` with a 4 x 4 kernel, stride 2 and padding 1.

    Args:
        before: channels of the input.
        after: channels of the output.
    """

    def __init__(self, before: int, after: int) -> None:
        super().__init__(before, after, 4, stride=2, padding=1)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """(N, C, H, W) to (N, C', 2 H, 2 W)."""
        n, before, height, width = x.shape
        if output_size is not None or not suits(x, height * width):
            return super().forward(x, output_size)
        strewn = x.permute(0, 2, 3, 1).reshape(-1, before) @ self.weight.flatten(1)
        strewn = strewn.view(n, height, width, -1, 2, 2, 2, 2)  # channels, then twice two rows and twice two columns
        # In blocks of 2 x 2 pixels, each block is a sum of what four inputs strew; the outermost pixel is cut off.
        blocks = torch.stack(
            [F.pad(strewn[..., i, :, j, :], (0,) * 6 + (j, 1 - j, i, 1 - i)) for i in (0, 1) for j in (0, 1)]
        ).sum(0)
        y = blocks.permute(0, 3, 1, 4, 2, 5).reshape(n, -1, 2 * height + 2, 2 * width + 2)[..., 1:-1, 1:-1]
        return y if self.bias is None else y + self.bias.view(-1, 1, 1)


def suits(x: Tensor, pixels: int) -> bool:
    """Whether the product is faster for this input; ``pixels`` counts those of the smaller map."""
    # First, so that a graph that is recorded depends on no size.
    return not torch.compiler.is_compiling() and x.device.type == "cpu" and 0 < pixels <= SMALL_MAP
