"""Adapters as one vector, an input of an exported painter: what each number of it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor

from impasto.base.checks import check_number
from impasto.base.errors import UserError
from impasto.networks.layers.modulated import ModulatedConv2d
from impasto.painters.style import StylePainter


@dataclass(frozen=True)
class AdapterLayout:
    """Where each of an adapter's tensors lies in the vector.

    Attributes:
        rank: of products of low rank; smaller ones are filled up with zeros.
        shapes: of the tensors by their names in the file, in the order in which they follow each other.
    """

    rank: int
    shapes: Mapping[str, tuple[int, ...]]

    @property
    def length(self) -> int:
        """Of the vector."""
        return sum(prod(shape) for shape in self.shapes.values())

    def deltas(self, vector: Tensor) -> dict[str, Tensor]:
        """The tensors in a vector (L,)."""
        sizes = [prod(shape) for shape in self.shapes.values()]
        found = vector.split(sizes)
        return {name: part.view(shape) for (name, shape), part in zip(self.shapes.items(), found, strict=True)}

    def vector(self, deltas: Mapping[str, Tensor]) -> Tensor:
        """The vector (L,) of an adapter's tensors; zeros for those that it lacks.

        Raises:
            UserError: they are of a higher rank.
        """
        parts = []
        for name, shape in self.shapes.items():
            whole = torch.zeros(shape)
            if (own := deltas.get(name)) is not None:
                if any(given > room for given, room in zip(own.shape, shape, strict=True)):
                    raise UserError(f"The adapter has a rank above {self.rank}: raise adapter_rank=.")
                whole[tuple(slice(0, given) for given in own.shape)] = own
            parts.append(whole.flatten())
        return torch.cat(parts)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for the metadata of a file."""
        return {"rank": self.rank, "tensors": {name: list(shape) for name, shape in self.shapes.items()}}


def layout_of(painter: StylePainter, rank: int) -> AdapterLayout:
    """The layout of adapters of up to a rank.

    Raises:
        UserError: the rank is none, more than any layer has, or the painter takes no adapters.
    """
    check_number("adapter_rank", rank, 1)
    layers = [module for module in painter.generator.modules() if isinstance(module, ModulatedConv2d)]
    if not layers:
        raise UserError("This painter has no layers to adapt: leave adapter_rank= out.")
    most = max(min(layer.weight.shape[0], layer.weight[0].numel()) for layer in layers)
    if rank > most:
        raise UserError(f"adapter_rank={rank} is more than the {most} that any layer of this painter has: give less.")
    shapes = {f"{layer.name}.{kind}": shape for layer in layers for kind, shape in layer.delta_shapes(rank).items()}
    return AdapterLayout(rank, shapes)
