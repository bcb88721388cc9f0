"""Networks built for the data that they are to see."""

import inspect
from collections.abc import Callable

from torch import nn

from impasto.base.spec import ImageSpec


def build_network(partial: Callable[..., nn.Module], spec: ImageSpec, given: ImageSpec | None = None) -> nn.Module:
    """Call a network's factory with what it wants to know of the data.

    Args:
        partial: a class or partial that takes any of ``channels``, ``height``, ``width``, ``num_classes``,
            ``condition_dim`` and ``given_channels`` by name.
        spec: of the pictures that the network paints or judges.
        given: of the pictures that it is shown besides, such as the content that it repaints; None for none.
    """
    # Of the class, since that of a partial with an argument too many is an error that does not name it.
    parameters = inspect.signature(getattr(partial, "func", partial)).parameters
    takes_all = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
    known = spec.network_arguments()
    if given is not None:
        known["given_channels"] = given.channels
    return partial(**{k: v for k, v in known.items() if takes_all or k in parameters})
