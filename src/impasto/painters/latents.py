"""Latent vectors, each a function of a seed and its number alone, and the conditions beside them."""

import inspect
from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from impasto.base.spec import ImageSpec

LatentDistribution = Literal["normal", "uniform"]


def condition_taken(generator: nn.Module, spec: ImageSpec) -> tuple[str, ...]:
    """What a generator from noise is told of each picture: ``("label",)``, ``("vector",)`` or nothing.

    A network says so by an attribute ``conditional``. One that does not is told if it embeds labels, or if its
    constructor takes ``num_classes`` or ``condition_dim``.

    Args:
        generator: the network.
        spec: of the pictures it learns from; without classes and condition vectors there is nothing to tell.
    """
    if not (spec.num_classes or spec.condition_dim):
        return ()
    conditional = getattr(generator, "conditional", None)
    if conditional is None:
        constructors = [vars(kind)["__init__"] for kind in type(generator).__mro__ if "__init__" in vars(kind)]
        taken = {name for constructor in constructors for name in inspect.signature(constructor).parameters}
        embeds = any(isinstance(part, nn.Embedding) for part in generator.modules())
        conditional = embeds or not taken.isdisjoint({"num_classes", "condition_dim"})
    return (("vector" if spec.condition_dim else "label"),) if conditional else ()


def latents(kind: LatentDistribution, size: int, n: int, *, seed: int = 0, start: int = 0) -> Tensor:
    """Latent vectors ``start`` to ``start + n``, each a function of ``seed`` and its number alone: (n, size).

    A counter-based generator (Philox, Salmon et al. 2011) gives each number a stream of its own, so that picture i is
    the same in any batch and in any process.
    """
    rows = []
    for i in range(start, start + n):
        stream = np.random.Generator(np.random.Philox(key=[seed, i]))
        rows.append(
            stream.standard_normal(size, dtype=np.float32)
            if kind == "normal"
            else stream.random(size, dtype=np.float32) * 2 - 1
        )
    return torch.from_numpy(np.stack(rows)) if rows else torch.empty(0, size)


def slerp(first: Tensor, last: Tensor, share: Tensor) -> Tensor:
    """Spherical interpolation along the last axis (Shoemake 1985): ``first`` at share 0, ``last`` at 1."""
    cosine = torch.nn.functional.cosine_similarity(first, last, dim=-1).clamp(-0.9999, 0.9999).unsqueeze(-1)
    angle = cosine.acos()
    return (torch.sin((1 - share) * angle) * first + torch.sin(share * angle) * last) / torch.sin(angle)


def in_turn(vectors: Tensor | None, start: int, n: int) -> Tensor | None:
    """Vectors ``start`` to ``start + n`` of a sequence that starts again at its end: (n, K); None of None."""
    return None if vectors is None else vectors[torch.arange(start, start + n, device=vectors.device) % len(vectors)]


def in_proportion(weights: Sequence[int], n: int) -> Tensor:
    """``n`` labels, each class as often as its weight says, evenly spread: (n,); equal weights take turns."""
    wanted, taken = np.asarray(weights), np.zeros(len(weights), np.int64)
    labels = []
    for i in range(1, n + 1):
        labels.append(int(np.argmax(wanted * i - taken * wanted.sum())))  # the class that is furthest behind
        taken[labels[-1]] += 1
    return torch.tensor(labels)
