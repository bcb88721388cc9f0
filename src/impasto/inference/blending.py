"""Between two pictures from noise: ways through latent space, and coarse features of one with fine ones of another."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from impasto.base.checks import check_number
from impasto.base.errors import UserError
from impasto.networks.layers.condition import ConditionEmbedding
from impasto.networks.layers.norm import ConditionalNorm
from impasto.painters.latents import latents, slerp
from impasto.painters.painter import Painter


@dataclass(frozen=True)
class Blend:
    """Two pictures of a seed, and how they are put together.

    Attributes:
        first: number of a picture.
        second: number of another.
        mix_from: rows of feature maps from which on a network is told the second picture's vector or class, while noise
            and coarser features stay those of the first (style mixing: Karras et al. 2019, section 3.1); None goes from
            the first picture to the second.
    """

    first: int
    second: int
    mix_from: int | None = None


def resolve_blend(blend: Sequence[int] | None, mix_from: int | None, painter: Painter) -> Blend | None:
    """The settings of the command line.

    Raises:
        UserError: they are no two numbers, or the painter cannot mix.
    """
    if blend is None:
        if mix_from is not None:
            raise UserError(f"mix_from={mix_from} is for two pictures: set blend=[0,1] too.")
        return None
    if not isinstance(blend, Sequence) or isinstance(blend, str) or len(blend) != 2:
        raise UserError(f"blend={blend} is no pair of pictures: give their numbers, such as blend=[0,5].")
    for number in blend:
        check_number("blend", number, 0)
    if mix_from is not None:
        check_number("mix_from", mix_from, 1)
        if not painter.conditional or not any(told(module) for module in painter.network.modules()):
            raise UserError("mix_from is for models that are told classes or vectors at every layer: leave it out.")
    return Blend(int(blend[0]), int(blend[1]), mix_from)


def told(module: nn.Module) -> bool:
    """Whether a layer is modulated by the condition."""
    return isinstance(module, ConditionalNorm) and module.modulate is not None


@torch.no_grad()
def blended(painter: Painter, blend: Blend, shares: Tensor, seed: int, conditions: Tensor | None) -> Tensor:
    """Pictures between two.

    Args:
        painter: from noise.
        blend: which.
        shares: (n,), 0 for the first picture and 1 for the second; not used where features are mixed.
        seed: of the pictures.
        conditions: (m,) labels or (m, K) vectors, which pictures take in turn; None leaves labels to the painter.
            Labels, which cannot be mixed, change in the middle.

    Returns:
        (n, C, H, W) in [-1, 1].
    """
    numbers = (blend.first, blend.second)
    first, second = (latents(painter.latent, painter.latent_dim, 1, seed=seed, start=i) for i in numbers)
    if conditions is None and "label" in painter.takes:
        conditions = torch.arange(painter.gives.num_classes)
    n, between = len(shares), None
    if conditions is not None:
        a, b = (conditions[i % len(conditions)][None] for i in numbers)
        if blend.mix_from is not None:
            with mixed_from(painter, blend.mix_from, b.to(painter.device)):
                inputs = painter.condition_inputs(a.expand(n, *a.shape[1:]), 0, n)
                mixed: Tensor = painter(latent=first.expand(n, -1).to(painter.device), **inputs)
                return mixed
        between = torch.lerp(a, b, shares[:, None]) if a.is_floating_point() else torch.where(shares < 0.5, a, b)
    along = slerp if painter.latent == "normal" else torch.lerp
    z = along(first, second, shares[:, None])
    found: Tensor = painter(latent=z.to(painter.device), **painter.condition_inputs(between, 0, n))
    return found


@contextmanager
def mixed_from(painter: Painter, rows: int, condition: Tensor) -> Iterator[None]:
    """Within the block, layers of feature maps with so many rows or more are told another condition, (1,) or (1, K)."""
    embed = next(module for module in painter.network.modules() if isinstance(module, ConditionEmbedding))
    other = embed(condition)

    def swapped(_module: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
        x = given[0]
        return (x, other.expand(len(x), -1)) if x.shape[2] >= rows else given

    handles = [module.register_forward_pre_hook(swapped) for module in painter.network.modules() if told(module)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
