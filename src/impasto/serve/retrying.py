"""Asking once more when the one that was asked has died."""

from collections.abc import Awaitable, Callable
from typing import Final

from impasto.serve.easel import Order, Painting
from impasto.serve.refusals import Refusal

TRIES: Final = 3
"""Replicas that may die over one picture: a picture that kills each one it meets must not kill them all."""

Paint = Callable[[Order], Awaitable[Painting]]
"""Paints, or raises a Refusal."""


def retrying(ask: Paint, died: tuple[type[Exception], ...], retried: Callable[[], None]) -> Paint:
    """What asks another replica when one dies over a picture. Painting a picture twice does no harm.

    Args:
        ask: asks any replica.
        died: raised when that one dies.
        retried: is called before another one is asked.
    """

    async def paint(order: Order) -> Painting:
        for attempt in range(TRIES):
            try:
                return await ask(order)
            except died:
                if attempt < TRIES - 1:
                    retried()
        raise Refusal(500, f"Painting the picture ended {TRIES} replicas: it may be too large; send a smaller one.")

    return paint
