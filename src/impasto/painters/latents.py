"""Latent vectors, and pictures painted from them."""

import inspect
from typing import Literal, cast

import numpy as np
import torch
from torch import Tensor, nn

from impasto.base.spec import ImageSpec
from impasto.networks.layers.condition import ConditionEmbedding, LatentInput

LatentDistribution = Literal["normal", "uniform"]


@torch.no_grad()
def sample(
    generator: nn.Module,
    spec: ImageSpec,
    latent: LatentDistribution,
    n: int,
    *,
    seed: int = 0,
    start: int = 0,
    labels: Tensor | None = None,
) -> Tensor:
    """Paint pictures ``start`` to ``start + n``; picture i depends on ``seed``, i and its label alone.

    Args:
        generator: has ``latent_dim`` and takes ``(z, condition)``.
        spec: of the pictures it learnt from.
        latent: distribution of the latent vectors.
        n: pictures.
        seed: of the latent vectors.
        start: number of the first picture.
        labels: (n,) labels or (n, K) condition vectors; picture i gets label i modulo the classes where absent. Not
            looked at for an unconditional generator.

    Returns:
        (n, C, H, W) in [-1, 1], float32.
    """
    device = next(generator.parameters()).device
    z = latents(latent, int(cast(int, generator.latent_dim)), n, seed=seed, start=start).to(device)
    if not is_conditional(generator, spec):
        labels = None
    elif labels is None and spec.num_classes:
        labels = torch.arange(start, start + n) % spec.num_classes
    return generator(z, labels.to(device) if labels is not None else None).float().clamp(-1, 1)


def is_conditional(generator: nn.Module, spec: ImageSpec) -> bool:
    """Whether a generator makes use of the labels or condition vectors of its data.

    A network of the user's own may say so by an attribute ``conditional``. One that does not is taken to be if it
    embeds labels, or if its constructor takes ``num_classes`` or ``condition_dim``.

    Args:
        generator: the network.
        spec: of the pictures it learns from; without classes and condition vectors there is nothing to make use of.
    """
    if not (spec.num_classes or spec.condition_dim):
        return False
    said = getattr(generator, "conditional", None)
    if said is not None:
        return bool(said)
    parts = list(generator.modules())
    if any(isinstance(part, ConditionEmbedding | nn.Embedding) for part in parts):
        return True
    if any(isinstance(part, LatentInput) for part in parts):
        return False  # the project's own, built with conditioning=none
    constructors = [vars(kind)["__init__"] for kind in type(generator).__mro__ if "__init__" in vars(kind)]
    taken = {name for constructor in constructors for name in inspect.signature(constructor).parameters}
    return not taken.isdisjoint({"num_classes", "condition_dim"})


def slerp(first: Tensor, last: Tensor, share: Tensor) -> Tensor:
    """Spherical interpolation along the last axis (Shoemake 1985): ``first`` at share 0, ``last`` at 1."""
    cosine = torch.nn.functional.cosine_similarity(first, last, dim=-1).clamp(-0.9999, 0.9999).unsqueeze(-1)
    angle = cosine.acos()
    return (torch.sin((1 - share) * angle) * first + torch.sin(share * angle) * last) / torch.sin(angle)


def in_turn(vectors: Tensor | None, start: int, n: int) -> Tensor | None:
    """Vectors ``start`` to ``start + n`` of those that come round and round: (n, K); none of none."""
    return None if vectors is None else vectors[torch.arange(start, start + n, device=vectors.device) % len(vectors)]


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
