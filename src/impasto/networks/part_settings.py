"""The settings of parts that are put into networks, see :mod:`impasto.networks.insertions`."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypedDict, cast, get_type_hints

from torch import nn

from impasto.base.ranges import Count, Share

Source = Literal["auto", "words", "given", "latent", "condition", "learned"]
Modulation = Literal["norm", "none"]


class PartSettings(TypedDict, total=False):
    """Parts of a network.

    Attributes:
        attention: resolutions with self-attention, as shorter sides; the nearest place is taken.
        cross_attention: resolutions with attention to something else, likewise.
        cross_attention_to: ``given`` (a second picture: what a discriminator sees beside, or what a generator is called
            with as ``given=``, else what it repaints), ``latent`` (the noise vector), ``condition`` (label or vector),
            ``learned`` (vectors that are weights), or ``auto``, the first that there is of words, latent, given,
            condition.
        cross_attention_vectors: how many vectors there are of all but pictures, which have up to 256.
        pyramid: fuse the maps of all places into the last one.
        antialias: blur before every layer that leaves out pixels, and after every one that puts some in between.
        dropout: share of channels dropped at every place, in training.
        conditioning: ``norm`` scales and shifts the channels at every place by the label or vector; ``none``.
        embedding: length of the embedded condition.
        tasks: names of what one network does in turn, told which: the pictures of a batch take tasks in turn, and the
            channels at every place are scaled and shifted for the task (of styles, Dumoulin et al. 2017).
        text: what encodes captions, given their vocabulary, see :mod:`impasto.networks.text`; for data with captions.
        heads: of a discriminator, what else it says of a picture, by name; each is given the number of channels and the
            size of the last feature map, the length of an encoded caption (0 without), and what is told of captions.
    """

    attention: Sequence[int]
    cross_attention: Sequence[int]
    cross_attention_to: Source
    cross_attention_vectors: Count
    pyramid: bool
    antialias: bool
    dropout: Share
    conditioning: Modulation
    embedding: Count
    tasks: Sequence[str]
    text: Callable[..., nn.Module] | None
    heads: Mapping[str, Callable[..., nn.Module] | None]


def part_names(kind: Any) -> set[str]:
    """The settings of parts that a network's class takes here, by name; none if it names no places."""
    if not (inspect.isclass(kind) and hasattr(kind, "places")):
        return set()
    return set(get_type_hints(PartSettings)) - set(inspect.signature(kind).parameters)


def separated(kind: Any, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], PartSettings]:
    """The arguments for a network's class or factory, and the settings of parts that it does not take itself."""
    parameters = inspect.signature(kind).parameters
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()):
        return dict(arguments), PartSettings()
    known = set(get_type_hints(PartSettings)) - set(parameters)
    own = {name: value for name, value in arguments.items() if name not in known}
    return own, cast(PartSettings, {name: value for name, value in arguments.items() if name in known})
