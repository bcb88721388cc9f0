"""3 x 3 convolutions with a quarter of the multiplications, for CPUs (Lavin and Gray 2015, "Fast algorithms").

GPU libraries choose this by themselves; oneDNN does not, and there convolutions are all the time of a translation
model's step.
"""

from dataclasses import dataclass
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

TILE, SEEN = 4, 6
"""A tile of 4 x 4 outputs is computed of the 6 x 6 inputs that it sees: F(4 x 4, 3 x 3)."""
ENOUGH_CHANNELS = 64
"""With fewer channels the transforms cost more than the multiplications that they save."""

_INPUT = [[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0], [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0]]
_INPUT += [[0, 4, 0, -5, 0, 1]]
_FILTER = [[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]
_OUTPUT = [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]]


def _in_two_dimensions(rows: list[list[int]], scale: float = 1.0) -> Tensor:
    matrix = torch.tensor(rows, dtype=torch.float64) * scale
    return torch.kron(matrix, matrix).float()


INPUT, FILTER, OUTPUT = _in_two_dimensions(_INPUT), _in_two_dimensions(_FILTER, 1 / 24), _in_two_dimensions(_OUTPUT)
"""B^T, G and A^T of equation 8 for flattened tiles: (36, 36), (36, 9) and (16, 36)."""


@dataclass
class Transformed:
    """Filters of one weight tensor, for the passes up to its gradient.

    Attributes:
        weight: (C', C, 3, 3), what they were made of.
        version: of the weight's values.
        filters: (36, C', C).
        spent: a gradient has been taken, after which the weight may change unseen.
    """

    weight: Tensor
    version: int
    filters: Tensor
    spent: bool = False


class WinogradConv2d(nn.Conv2d):
    """``nn.Conv2d`` with a 3 x 3 kernel: the same function with other rounding, in half the time on a CPU.

    Everything else falls back to ``nn.Conv2d``: other devices and number formats, autocast, sides of the output that
    are not multiples of 4, few channels, and compiled or exported graphs. The relative error in float32 is about 2e-6,
    four times that of the direct sum. Input and output are channels-last in memory.

    Args:
        before: channels of the input.
        after: channels of the output.
        padding: pixels added on each side, 0 or 1.
        padding_mode: ``zeros`` or ``reflect``.
    """

    def __init__(
        self, before: int, after: int, padding: int = 0, padding_mode: Literal["zeros", "reflect"] = "zeros"
    ) -> None:
        super().__init__(before, after, 3, padding=padding, padding_mode=padding_mode)
        self._kept: Transformed | None = None

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H', W') as ``nn.Conv2d``."""
        if not self.suits(x):
            return super().forward(x)
        if border := int(self.padding[0]):
            x = F.pad(x, (border,) * 4, mode="reflect" if self.padding_mode == "reflect" else "constant")
        weight = self.weight
        convolved: Tensor = _Convolution.apply(x, weight, self.bias, self._transformed(weight))
        return convolved

    def _transformed(self, weight: Tensor) -> Transformed:
        """The transformed filters: those of the pass before if no gradient has been taken since."""
        kept = self._kept
        if kept is None or kept.spent or kept.weight is not weight or kept.version != weight._version:
            kept = Transformed(weight, weight._version, transformed_filters(weight.detach()))
        self._kept = kept if torch.is_grad_enabled() and weight.requires_grad else None
        return kept

    def __getstate__(self) -> dict[str, Any]:
        """Without the filters that are kept: a copy has a weight of its own."""
        return {**self.__dict__, "_kept": None}

    def suits(self, x: Tensor) -> bool:
        """Whether this input can be convolved by tiles, and that is faster."""
        if torch.compiler.is_compiling():  # first, so that a graph that is recorded depends on no size
            return False
        height, width = (side + 2 * int(self.padding[0]) - 2 for side in x.shape[-2:])
        return (
            x.device.type == "cpu"
            and x.dtype == self.weight.dtype == torch.float32
            and min(self.in_channels, self.out_channels) >= ENOUGH_CHANNELS
            and height % TILE == width % TILE == 0
            and height > 0 < width
            and not torch.is_autocast_enabled("cpu")
            and not torch.jit.is_tracing()  # type: ignore[attr-defined]
        )


class _Convolution(torch.autograd.Function):
    """(N, C, H + 2, W + 2), weights (C', C, 3, 3) and bias (C') or None to (N, C', H, W).

    The input is transformed again for the gradient, which is cheap beside the products. The gradient is
    made of differentiable operations, so that it has gradients itself.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, transformed: Transformed) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.transformed = transformed
        products = torch.bmm(transformed_input(x), transformed.filters.mT)
        y = _from_tiles(_by_tile(OUTPUT, products.transpose(0, 1)), x.shape)
        return y if bias is None else y.add_(bias.view(-1, 1, 1))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        x, weight = ctx.saved_tensors
        ctx.transformed.spent = True
        n, after, height, width = gradient.shape
        tiles = gradient.permute(0, 2, 3, 1).reshape(n, height // TILE, TILE, width // TILE, TILE, after)
        tiles = tiles.permute(0, 1, 3, 2, 4, 5).reshape(-1, TILE * TILE, after)
        products = _by_tile(OUTPUT.T, tiles).transpose(0, 1)
        of_x = of_weight = None
        if ctx.needs_input_grad[1]:
            of_filters = torch.bmm(products.mT, transformed_input(x)).transpose(0, 1)
            of_weight = _by_tile(FILTER.T, of_filters).view(after, 3, 3, -1).permute(0, 3, 1, 2)
        if ctx.needs_input_grad[0]:
            filters = transformed_filters(weight) if torch.is_grad_enabled() else ctx.transformed.filters
            seen = torch.bmm(products, filters).transpose(0, 1)
            of_x = _overlapping_sum(_by_tile(INPUT.T, seen), x.shape)
        return of_x, of_weight, gradient.sum((0, 2, 3)) if ctx.needs_input_grad[2] else None, None


def transformed_input(x: Tensor) -> Tensor:
    """(N, C, H + 2, W + 2) to (36, tiles, C)."""
    tiles = x.permute(0, 2, 3, 1).unfold(1, SEEN, TILE).unfold(2, SEEN, TILE)
    return _by_tile(INPUT, tiles.permute(0, 1, 2, 4, 5, 3).reshape(-1, SEEN * SEEN, x.shape[1])).transpose(0, 1)


def transformed_filters(weight: Tensor) -> Tensor:
    """(C', C, 3, 3) to (36, C', C)."""
    after, before = weight.shape[:2]
    return _by_tile(FILTER, weight.permute(0, 2, 3, 1).reshape(after, 9, before)).transpose(0, 1)


def _by_tile(matrix: Tensor, tiles: Tensor) -> Tensor:
    """(a, b) times each of (T, b, C): a tile stays in the cache."""
    return torch.bmm(matrix.expand(len(tiles), *matrix.shape), tiles)


def _from_tiles(tiles: Tensor, shape: torch.Size) -> Tensor:
    """(tiles, 16, C') to (N, C', H, W), channels-last; ``shape`` is that of the padded input."""
    n, _, height, width = shape
    rows, columns, channels = height // TILE, width // TILE, tiles.shape[-1]
    y = tiles.view(n, rows, columns, TILE, TILE, channels).permute(0, 1, 3, 2, 4, 5)
    return y.reshape(n, rows * TILE, columns * TILE, channels).permute(0, 3, 1, 2)


def _overlapping_sum(tiles: Tensor, shape: torch.Size) -> Tensor:
    """(tiles, 36, C) to (N, C, H + 2, W + 2): neighbours overlap by two pixels, where their values are added."""
    n, channels, height, width = shape
    rows, columns = height // TILE, width // TILE
    tiles = tiles.view(n, rows, columns, SEEN, SEEN, channels).permute(0, 1, 3, 2, 4, 5)
    total = tiles.new_zeros(n, rows + 1, TILE, columns + 1, TILE, channels)
    total[:, :-1, :, :-1] = tiles[:, :, :TILE, :, :TILE]
    total[:, :-1, :, 1:, :2] += tiles[:, :, :TILE, :, TILE:]
    total[:, 1:, :2, :-1] += tiles[:, :, TILE:, :, :TILE]
    total[:, 1:, :2, 1:, :2] += tiles[:, :, TILE:, :, TILE:]
    whole = total.view(n, (rows + 1) * TILE, (columns + 1) * TILE, channels)
    return whole[:, :height, :width].permute(0, 3, 1, 2)
