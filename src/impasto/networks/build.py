"""Networks built from the spec of the data, with their parts."""

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from torch import nn

from impasto.base.spec import ImageSpec
from impasto.networks.insertions import insert
from impasto.networks.part_settings import PartSettings, separated
from impasto.networks.text import TextEncoder


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
    arguments, parts = separated(kind, getattr(partial, "keywords", {}))
    text = text_encoder(parts, spec)
    if text is not None:  # the network is told the encoded caption, a vector
        spec = replace(spec, condition_dim=text.width)
    known: dict[str, Any] = dict(spec.network_arguments())
    if given is not None:
        known |= {"given_channels": given.channels, "scale": max(spec.height // given.height, 1)}
        known |= {} if given.task is None else {"task": given.task}
    known = {k: v for k, v in known.items() if takes_all or k in parameters}
    network: nn.Module = kind(*getattr(partial, "args", ()), **{**arguments, **known})
    spectral = arguments.get("spectral_norm", getattr(parameters.get("spectral_norm"), "default", False))
    insert(network, parts, spec, given, spectral is True, reference, text)
    return network


def text_encoder(parts: PartSettings, spec: ImageSpec) -> Any:
    """What encodes the captions of the data; None if it has none."""
    if spec.vocabulary is None:
        return None
    make: Callable[..., nn.Module] = parts.get("text") or TextEncoder
    return make(spec.vocabulary)
