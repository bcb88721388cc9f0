"""The interface of terms of the generator's loss, and what they are given."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, cast

from torch import Tensor, nn

from impasto.base.ranges import NotNegative
from impasto.base.schedules import Schedule, value_at
from impasto.networks.scores import Scores


@dataclass
class GeneratorPass:
    """What one generator made of a batch, and all that its terms may compare it with.

    Attributes:
        painted: (N, C, H, W) in [-1, 1], with graph.
        generator: the network that painted them.
        name: of that network; the way of training sets it.
        content: (N, C', H, W), what they were painted from; None for pictures from noise.
        flipped: whether the mirror image of ``content`` was painted (FastCUT's flip equivariance).
        target: (N, C, H, W), what they should be, pixel by pixel; None without pairs.
        style: (M, C, H, W), real pictures in the style aimed at.
        cycled: (N, C', H, W), ``painted`` turned back into content; None without a way back.
        identity: (M, C, H, W), what the generator makes of ``style`` itself; made when first asked for.
        unmoved: (N, C, H, W), what the base of an adapter makes of ``content`` without it; made when first asked for.
        code: (N, D), style codes that the pictures were painted by; None without a style encoder.
        latent: (N, latent_dim), what they were painted from; None for pictures from pictures.
        condition: labels (N,) or vectors (N, K) that they were painted under, from noise.
        masks: (N, K, H, W), which of several generators is seen where; made when first asked for.
        paired: how many of the pictures, the first ones, ``target`` shows the same content of; the rest have targets in
            their style only. None for all.
        real_scores: the discriminator's scores of real pictures, without graph; None if no term needs them.
        fake_scores: likewise of ``painted``, with graph.
        kimg: the clock, for weights on a schedule.
    """

    painted: Tensor
    generator: nn.Module
    name: str = "generator"
    content: Tensor | None = None
    flipped: bool = False
    target: Tensor | None = None
    style: Tensor | None = None
    cycled: Tensor | None = None
    code: Tensor | None = None
    latent: Tensor | None = None
    condition: Tensor | None = None
    paired: int | None = None
    real_scores: Scores | None = None
    fake_scores: Scores | None = None
    kimg: float = 0.0

    @cached_property
    def identity(self) -> Tensor:
        """What the generator makes of pictures that are already in the style aimed at."""
        return self.generator(self.style)

    @cached_property
    def unmoved(self) -> Tensor:
        """What the base of an adapter makes of the content: without graph."""
        made: Tensor = cast(Any, self.generator).unmoved(self.content)
        return made

    @cached_property
    def masks(self) -> Tensor:
        """Which of several generators is seen where, in what was painted: with graph."""
        given = (self.shown,) if self.latent is None else (self.latent, self.condition)
        made: Tensor = cast(Any, self.generator).masks(*given)
        return made

    @property
    def shown(self) -> Tensor | None:
        """The content as it was painted: mirrored if ``flipped``."""
        return self.content.flip(-1) if self.flipped and self.content is not None else self.content


class Term(nn.Module):
    """Base of all terms.

    Args:
        weight: of the term, a number or a schedule over kimg; with 0 the term is not computed.
    """

    needs: ClassVar[tuple[str, ...]] = ()
    """Fields of :class:`GeneratorPass` without which the term cannot be computed."""

    def __init__(self, weight: NotNegative | Schedule = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def attach(self, name: str, generator: nn.Module) -> None:
        """Called once for each generator that the term is computed for, before optimisers are made."""

    def forward(self, p: GeneratorPass) -> Tensor | dict[str, Tensor]:
        """The term, a scalar not yet multiplied by its weight; or several by name."""
        raise NotImplementedError

    def looks_through(self) -> set[str]:
        """Names of pretrained networks that the term uses: figures measured with the same ones prove nothing."""
        return set()


def given(p: GeneratorPass, name: str) -> Tensor:
    """A field that a term needs.

    Raises:
        ValueError: the way of training does not provide it.
    """
    value: Any = getattr(p, name)
    if value is None:
        raise ValueError(f"this way of training gives its terms no {name}")
    return value


def add_terms(total: Tensor, terms: nn.ModuleDict, p: GeneratorPass) -> tuple[Tensor, dict[str, Tensor]]:
    """A loss with its terms added, each times its weight; and the terms by name, for the log."""
    values: dict[str, Tensor] = {}
    for name, term in terms.items():
        weight = value_at(term.weight, p.kimg)  # type: ignore[arg-type]
        if not weight:
            continue
        found = term(p)
        for key, value in (found if isinstance(found, dict) else {name: found}).items():
            values[key] = value
            total = total + weight * value
    return total, values


def similar(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Both in float32 with the same number of channels: grey is repeated if the other has colours."""
    first, second = first.float(), second.float()
    channels = max(first.shape[1], second.shape[1])
    return tuple(x.expand(-1, channels, -1, -1) if x.shape[1] == 1 else x for x in (first, second))  # type: ignore[return-value]
