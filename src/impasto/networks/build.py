"""Networks built from the spec of the data, with their parts."""

import inspect
from collections.abc import Callable
from typing import Any

from torch import nn

from impasto.base.spec import ImageSpec
from impasto.networks.insertions import insert
from impasto.networks.part_settings import separated


def build_network(
    partial: Callable[..., nn.Module],
    spec: ImageSpec,
    given: ImageSpec | None = None,
    reference: ImageSpec | None = None,
) -> nn.Module:
    """Call a network's factory with the arguments it takes from the data, and put its parts in.

    Args:
        partial: a class or partial that takes any of ``channels``, ``height``, ``width``, ``num_classes``,
            ``condition_dim``, ``given_channels``, ``scale`` and ``task`` by name; with settings of parts that the class
            does not take itself, see :mod:`impasto.networks.insertions`.
        spec: of the pictures that the network paints or judges.
        given: of the pictures it is conditioned on, such as the content it repaints; None if it takes none.
        reference: of a second picture that its cross-attention looks at, which it is called with as ``given=``; None if
            there is none.

    Raises:
        UserError: a setting does not fit, or the network does not take a part.
    """
    # Of the class, since that of a partial with an argument too many is an error that does not name it.
    kind: Any = getattr(partial, "func", partial)
    parameters = inspect.signature(kind).parameters
    takes_all = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
    known: dict[str, Any] = dict(spec.network_arguments())
    if given is not None:
        known |= {"given_channels": given.channels, "scale": max(spec.height // given.height, 1)}
        known |= {} if given.task is None else {"task": given.task}
    arguments, parts = separated(kind, getattr(partial, "keywords", {}))
    known = {k: v for k, v in known.items() if takes_all or k in parameters}
    network: nn.Module = kind(*getattr(partial, "args", ()), **{**arguments, **known})
    spectral = arguments.get("spectral_norm", getattr(parameters.get("spectral_norm"), "default", False))
    insert(network, parts, spec, given, spectral is True, reference)
    return network
