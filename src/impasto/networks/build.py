"""Networks built from the spec of the data."""

import inspect
from collections.abc import Callable

from torch import nn

from impasto.base.spec import ImageSpec


def build_network(partial: Callable[..., nn.Module], spec: ImageSpec, given: ImageSpec | None = None) -> nn.Module:
    """Call a network's factory with the arguments it takes from the data.

    Args:
        partial: a class or partial that takes any of ``channels``, ``height``, ``width``, ``num_classes``,
            ``condition_dim``, ``given_channels``, ``scale`` and ``task`` by name.
        spec: of the pictures that the network paints or judges.
        given: of the pictures it is conditioned on, such as the content it repaints; None if it takes none.
    """
    # Of the class, since that of a partial with an argument too many is an error that does not name it.
    parameters = inspect.signature(getattr(partial, "func", partial)).parameters
    takes_all = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
    known: dict[str, int | str] = {**spec.network_arguments()}
    if given is not None:
        known |= {"given_channels": given.channels, "scale": max(spec.height // given.height, 1)}
        known |= {} if given.task is None else {"task": given.task}
    return partial(**{k: v for k, v in known.items() if takes_all or k in parameters})
