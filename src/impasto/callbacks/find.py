"""Finding a callback by its class, under any name in the configuration."""

from typing import TypeVar

from lightning import Callback, Trainer

Kind = TypeVar("Kind", bound=Callback)


def find_callback(trainer: Trainer, kind: type[Kind]) -> Kind | None:
    """A trainer's first callback of a class or of one that inherits from it; None if there is none."""
    callbacks: list[Callback] = getattr(trainer, "callbacks", [])  # an attribute that Lightning does not declare
    return next((callback for callback in callbacks if isinstance(callback, kind)), None)
