"""Interface of generators that paint in any style, told it by a code."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, Protocol, TypeVar

from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.networks.layers.modulated import StyleInput

Fixed = TypeVar("Fixed", bound=nn.Module)


class AnyStyleGenerator(Protocol):
    """What the way of training ``Style`` and its painter ask of a generator, which is a module.

    Attributes:
        code: length of a style code.
        palette_length: of the palette with which codes end; 0 for codes without one.
        brush: most by which strokes in training are larger or smaller than in the style pictures; 1 for none.
    """

    code: int
    palette_length: int
    brush: float

    @property
    def encoder(self) -> Callable[[Tensor], Tensor]:
        """What makes codes (N, D) of pictures (N, C, h, w) in [-1, 1]."""
        ...

    def __call__(self, content: Tensor, style: Tensor | None = None) -> Tensor:
        """Content (N, C, H, W) in [-1, 1] in the style of pictures (N, C, h, w) or of codes (N, D) or (1, D).

        The style is None for what :meth:`fixed` returns.
        """
        ...

    def fixed(self, style: StyleInput) -> nn.Module:
        """A copy that paints in one style, and is called with content alone."""
        ...

    def modules(self) -> Iterator[nn.Module]:
        """As of a module."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """As of a module."""
        ...


def with_fixed_code(generator: Fixed, style: StyleInput, no_adapters: str) -> Fixed:
    """A copy of a generator that keeps the code of one style as ``fixed_code``.

    Args:
        generator: told a style by its code alone.
        style: that it is told.
        no_adapters: the sentence that refuses a style with more than a code.

    Raises:
        UserError: the style is more than a code.
    """
    if style.deltas:
        raise UserError(no_adapters)
    copy = deepcopy(generator)
    copy.fixed_code = style.code.detach().clone()
    return copy
