"""A generator of any style that stays as it is, and the few numbers by which it is moved to one style."""

from collections.abc import Mapping
from typing import Final, cast

import torch
from torch import Tensor, nn

from impasto.base.ranges import CountOrZero, NotNegative
from impasto.networks.layers.modulated import ModulatedConv2d, StyleInput
from impasto.networks.style_generator import StyleGenerator

PACES: Final[Mapping[str, float]] = {"code": 10.0, "scale": 1.0, "bias": 1.0, "noise": 1.0, "up": 1.0, "down": 1.0}
"""How fast each kind of number moves, as a factor on the learning rate."""


class StyleAdapter(nn.Module):
    """Paints in one style: a frozen base, told a code that is learnt and what is added to its layers.

    Numbers are kept divided by their pace, so that one learning rate moves each kind at its own (equalised learning
    rate, Karras et al. 2018); the code is kept as its distance from where it started. So all of them start at 0, where
    the base paints as it would without them, bit for bit, except for the factors ``down``; and weight decay draws the
    painter back to its base. The palette at the end of the code stays that of the style's pictures.

    Args:
        base: paints any style; frozen, unless ``rank`` is None.
        rank: of the products that are added to filters (Hu et al. 2022, LoRA); 0 for none. None learns all weights of
            the base instead, and adds nothing.
        paces: factors on the learning rate by kind of number, see :data:`PACES`; those that are left out stay at its
            values. A kind of pace 0 is not moved.

    Attributes:
        start: (D,), the code at which learning started, see :meth:`start_at`.
    """

    smallest = StyleGenerator.smallest
    start: Tensor

    def __init__(
        self, base: StyleGenerator, rank: CountOrZero | None = 3, paces: Mapping[str, NotNegative] | None = None
    ) -> None:
        super().__init__()
        self.base, self.rank, self.stride = base, rank, base.stride
        self.paces = {**PACES, **(paces or {})}
        base.requires_grad_(rank is None)
        base.encoder.requires_grad_(False)
        self.register_buffer("start", torch.zeros(base.code))
        self.moved = nn.ParameterDict({"code": nn.Parameter(torch.zeros(base.code - base.palette_length))})
        for layer in (module for module in base.modules() if isinstance(module, ModulatedConv2d) and rank is not None):
            for kind, shape in layer.delta_shapes(max(rank or 0, 1)).items():
                if self.paces[kind] and (rank or kind not in ("up", "down")):
                    start = torch.randn(shape) / shape[1] ** 0.5 if kind == "down" else torch.zeros(shape)
                    # Names of parameters have no dots.
                    self.moved[f"{layer.name}.{kind}".replace(".", "/")] = nn.Parameter(start / self.paces[kind])

    def forward(self, content: Tensor) -> Tensor:
        """(N, C, H, W) in [-1, 1] to the same; H and W are multiples of the base's stride."""
        return self.base.paint(content, StyleInput(self.code[None], self.deltas))

    @property
    def code(self) -> Tensor:
        """(D,), with graph."""
        moved = self.moved["code"] * self.paces["code"]
        return self.start + nn.functional.pad(moved, (0, len(self.start) - len(moved)))

    @property
    def deltas(self) -> dict[str, Tensor]:
        """What is added to the base's layers, by ``LAYER.KIND``, with graph."""
        named = {name.replace("/", "."): value for name, value in self.moved.items() if name != "code"}
        return {name: value * self.paces[name.rpartition(".")[2]] for name, value in named.items()}

    @property
    def encoder(self) -> nn.Module:
        """Of the base: pictures (N, C, h, w) to codes (N, D)."""
        return cast(nn.Module, self.base.encoder)

    @torch.no_grad()
    def start_at(self, code: Tensor) -> None:
        """Learn from this code (D,) on: as a rule the mean code of the style's pictures."""
        self.start.copy_(code)
        self.moved["code"].zero_()

    @torch.no_grad()
    def unmoved(self, content: Tensor) -> Tensor:
        """As :meth:`forward`, by the base alone, told the code at which learning started."""
        return self.base.paint(content, StyleInput(self.start[None]))
