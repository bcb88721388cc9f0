"""Networks built for the data that they are to see."""

import inspect
from collections.abc import Callable

from torch import nn

from impasto.base.spec import ImageSpec


def build_network(partial: Callable[..., nn.Module], spec: ImageSpec) -> nn.Module:
    """Call a network's factory with what it wants to know of the data.

    Args:
        partial: a class or partial that takes any of ``channels``, ``height``, ``width``, ``num_classes`` and
            ``condition_dim`` by name.
        spec: the data's.
    """
    # Of the class, since that of a partial with an argument too many is an error that does not name it.
    parameters = inspect.signature(getattr(partial, "func", partial)).parameters
    takes_all = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
    given = {k: v for k, v in spec.network_arguments().items() if takes_all or k in parameters}
    return partial(**given)
