"""Descriptions of sets of pictures by the features of several networks, from one pass."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from impasto.base.pixels import from_uint8
from impasto.base.progress import Tick
from impasto.evaluation.figures.feature_statistics import Moments, averaged, moments
from impasto.evaluation.figures.features import CHUNK, Pictures, concatenate, exactly, extract, outputs_sha256
from impasto.evaluation.figures.structure import structure_score
from impasto.networks.pretrained.extractor import Extractor, best_device, freeze, state_sha256
from impasto.networks.pretrained.feature_maps import FeatureMaps


class Networks:
    """The networks that a set of pictures is described with.

    Args:
        extractor: for distances.
        texture: for feature statistics.
        shape: for structure.
    """

    def __init__(self, extractor: Extractor, texture: FeatureMaps, shape: FeatureMaps) -> None:
        self.extractor, self.texture, self.shape = extractor, freeze(texture), freeze(shape)
        self.shape_layers = (shape.content_layers[-1], shape.style_layers[-1])

    def key(self, shape: tuple[int, int, int]) -> list[Any]:
        """All that a description of pictures of a ``shape`` (H, W, C) depends on, except the pictures."""
        extractor = self.extractor
        network = [extractor.name, extractor.weights_sha256, extractor.resizer, outputs_sha256(extractor, shape)]
        return [FORMAT, *network, *self._digests, self.shape_layers]

    @cached_property
    def _digests(self) -> tuple[str, str]:
        return state_sha256(self.texture), state_sha256(self.shape)

    def structure(self, images: Tensor, content: Tensor) -> Tensor:
        """Mean over layers of :func:`~impasto.evaluation.figures.structure.structure_score`: (N,)."""
        ours, theirs = (self.shape.maps(from_uint8(x), self.shape_layers) for x in (images, content))
        return torch.stack([structure_score(a, b) for a, b in zip(ours, theirs, strict=True)]).mean(0)


FORMAT = "view 1"
"""Raised when the content of descriptions changes its meaning."""


@dataclass(frozen=True)
class Description:
    """Features of a set of pictures.

    Attributes:
        values: the extractor's features (n, d).
        moments: of the texture network's layers.
        structure: (n,) structure score with the pictures that they were made from; None if there are none.
    """

    values: Tensor
    moments: list[Moments]
    structure: Tensor | None

    def tensors(self) -> dict[str, Tensor]:
        """As tensors by name."""
        result = {"values": self.values}
        for number, part in enumerate(self.moments):
            result |= {f"mean{number}": part.mean, f"second{number}": part.second}
        return result | ({"structure": self.structure} if self.structure is not None else {})

    @classmethod
    def of(cls, tensors: dict[str, Tensor]) -> "Description":
        """The inverse of :meth:`tensors`."""
        count = sum(name.startswith("mean") for name in tensors)
        parts = [Moments(tensors[f"mean{i}"], tensors[f"second{i}"]) for i in range(count)]
        return cls(tensors["values"], parts, tensors.get("structure"))


def describe(networks: Networks, pictures: Pictures, n: int, content: Pictures | None, tick: Tick) -> Description:
    """Describe pictures 0 to ``n``, in chunks of a fixed size.

    Args:
        networks: to describe with.
        pictures: uint8 by number.
        n: how many.
        content: pictures that they were made from, to compare structure with; None compares nothing.
        tick: called with the number of pictures done.
    """
    features, layers, structure, counts = [], [], [], []
    for start in range(0, n, CHUNK):
        count = min(CHUNK, n - start)
        images = pictures(start, count).to(best_device())
        with exactly():
            features.append(extract(networks.extractor, images))
            seen = networks.texture.maps(from_uint8(images), networks.texture.style_layers)
            layers.append([moments(layer) for layer in seen])
            if content is not None:
                structure.append(networks.structure(images, content(start, count).to(best_device())).cpu())
        counts.append(len(images))
        tick(len(images))
    parts = [averaged(layer, counts) for layer in zip(*layers, strict=True)]
    return Description(concatenate(features).values, parts, torch.cat(structure) if structure else None)
