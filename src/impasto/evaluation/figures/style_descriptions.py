"""What style scores know of a set of pictures, from one pass through the network for each view of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.base.contrast import equal_contrast, normalised_luma
from impasto.base.pixels import from_uint8
from impasto.evaluation.figures.artefacts import border_levels, grid_energy
from impasto.evaluation.figures.feature_statistics import Moments, gram_distance
from impasto.evaluation.figures.features import exactly
from impasto.evaluation.figures.sliced_wasserstein import channel_scales, pooled, slices, wasserstein
from impasto.evaluation.figures.structure_tensor import coherence_distribution, edge_field
from impasto.networks.pretrained.extractor import best_device, freeze, state_sha256
from impasto.networks.pretrained.feature_maps import FeatureMaps

CHUNK: Final = 8
"""Pictures that are described together; fixed, because sums inside a convolution depend on it."""
VIEWS: Final = ("style", "stroke")
"""The pictures as they are; and their brightness at equal contrast everywhere, which colours cannot change."""
FORMAT: Final = 3
"""Raised when the content of descriptions changes its meaning."""


@dataclass(frozen=True)
class StyleDescription:
    """A set of n pictures; the first axis of every tensor is the picture.

    Attributes:
        tensors: for each view, ``VIEW_mean0``, ... (n, C) and ``VIEW_second0``, ... (n, C, C) of each layer, and
            ``VIEW_slices`` (n, layers, directions, quantiles); ``coherence`` (n, scales, values), ``edges``
            (n, 2, H / 2, W / 2), ``deep`` (n, C, h, w) in which structure is compared, ``grid`` (n,) and ``border``
            (n, 2).
    """

    tensors: Mapping[str, Tensor]

    def __len__(self) -> int:
        return len(self.tensors["grid"])

    def __getitem__(self, name: str) -> Tensor:
        return self.tensors[name]

    def some(self, which: Sequence[int] | Tensor) -> "StyleDescription":
        """Only the pictures of these numbers."""
        chosen = torch.as_tensor(which)
        return StyleDescription({name: tensor[chosen] for name, tensor in self.tensors.items()})

    def without(self, number: int) -> "StyleDescription":
        """All pictures but one."""
        return self.some([i for i in range(len(self)) if i != number])

    def moments(self, view: str) -> list[Moments]:
        """Of the whole set, one for each layer."""
        return [Moments(mean.mean(0), second.mean(0)) for mean, second in self._layers(view)]

    def table(self, view: str) -> Tensor:
        """Quantiles of the whole set: (layers, directions, quantiles)."""
        return pooled(self[f"{view}_slices"].float())

    def gram(self, view: str, style: Sequence[Moments]) -> Tensor:
        """Distance of each picture's Gram matrices from a set's: (n,); see :func:`gram_distance`."""
        layers = self._layers(view)
        of_each = [[Moments(mean[i], second[i]) for mean, second in layers] for i in range(len(self))]
        return torch.tensor([gram_distance(own, style) for own in of_each], dtype=torch.float64)

    def sliced(self, view: str, table: Tensor) -> Tensor:
        """Sliced Wasserstein distance of each picture from a set: (n,)."""
        return wasserstein(self[f"{view}_slices"].float(), table).double()

    def _layers(self, view: str) -> list[tuple[Tensor, Tensor]]:
        count = self[f"{view}_slices"].shape[1]
        return [(self[f"{view}_mean{i}"].double(), self[f"{view}_second{i}"].double()) for i in range(count)]


class StyleNetwork:
    """The network that sets are described with, and what belongs to it.

    Args:
        network: that nothing measured was trained against.
    """

    def __init__(self, network: FeatureMaps) -> None:
        self.network = freeze(network)
        self.layers = tuple(network.style_layers)
        with exactly():
            self.scales = channel_scales(self.network, best_device())

    @property
    def name(self) -> str:
        """Of the network."""
        return self.network.name

    @cached_property
    def key(self) -> list[Any]:
        """All that a description depends on, except the pictures."""
        return [FORMAT, self.name, self.layers, state_sha256(self.network)]

    def describe(self, images: Tensor, tick: Callable[[int], object] = lambda _: None) -> StyleDescription:
        """Describe pictures, in chunks of a fixed size.

        Args:
            images: uint8 (n, 1 or 3, H, W), at least 64 pixels high and wide.
            tick: called with the number of pictures done.
        """
        parts = []
        for chunk in images.split(CHUNK):
            with exactly():
                parts.append(self._describe(from_uint8(chunk.to(best_device()))))
            tick(len(chunk))
        return StyleDescription({name: torch.cat([part[name] for part in parts]) for name in parts[0]})

    def _describe(self, images: Tensor) -> dict[str, Tensor]:
        normalised = normalised_luma(images)
        found = {
            "coherence": coherence_distribution(normalised),
            "edges": F.avg_pool2d(edge_field(normalised), 2),
            "grid": grid_energy(images),
            "border": border_levels(images),
        }
        for view, seen in zip(VIEWS, (images, equal_contrast(normalised)), strict=True):
            maps = self.network.maps(seen, self.layers)
            for number, layer in enumerate(maps):
                places = layer.double().flatten(2)
                found[f"{view}_mean{number}"] = places.mean(2)
                found[f"{view}_second{number}"] = places @ places.transpose(1, 2) / places.shape[2]
            found[f"{view}_slices"] = slices(maps, self.scales)
            if view == VIEWS[0]:
                found["deep"] = maps[-1]
        return {
            name: tensor.to(torch.float16 if large(name) else torch.float32).cpu() for name, tensor in found.items()
        }


def large(name: str) -> bool:
    """Whether a tensor is kept at half precision, whose three digits are enough for it."""
    return name in ("edges", "deep") or name.endswith("slices")
