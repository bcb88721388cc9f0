"""Attributes of pictures as numbers: by their pixels, by a classifier of the data, or by a function of one's own."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Final

import torch
from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.pixels import as_rgb, luma, to_uint8

Scorer = Callable[[Tensor], Tensor]
"""Pictures (N, C, H, W) in [-1, 1] to numbers (N,)."""


def brightness(images: Tensor) -> Tensor:
    """Mean luma: (N,)."""
    return luma(as_rgb(images)).mean((1, 2, 3))


def contrast(images: Tensor) -> Tensor:
    """Deviation of luma: (N,)."""
    return luma(as_rgb(images)).flatten(1).std(1)


def saturation(images: Tensor) -> Tensor:
    """Mean difference of the largest and the smallest of three colours: (N,)."""
    rgb = as_rgb(images)
    return (rgb.amax(1) - rgb.amin(1)).mean((1, 2))


def warmth(images: Tensor) -> Tensor:
    """Mean of red less blue: (N,)."""
    rgb = as_rgb(images)
    return (rgb[:, 0] - rgb[:, 2]).mean((1, 2))


def detail(images: Tensor) -> Tensor:
    """Mean slope of luma, over its deviation: (N,)."""
    grey = luma(as_rgb(images))
    slope = grey.diff(dim=2).abs().mean((1, 2, 3)) + grey.diff(dim=3).abs().mean((1, 2, 3))
    return slope / grey.flatten(1).std(1).clamp_min(0.02)


def figure(images: Tensor) -> Tensor:
    """How far each pixel is from the border's median in luma, of sum 1: (N, H, W)."""
    grey = luma(as_rgb(images)).squeeze(1)
    rim = torch.cat([grey[:, 0], grey[:, -1], grey[:, :, 0], grey[:, :, -1]], 1)
    weight = (grey - rim.median(1).values[:, None, None]).abs()
    weight = torch.where(weight > 0.1, weight, torch.zeros_like(weight))  # not what is only noise
    return weight / weight.sum((1, 2), keepdim=True).clamp_min(1e-6)


def moments(images: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """Mean and deviation of the figure's places along an axis, as shares of the picture: two of (N,)."""
    profile = figure(images).sum(3 - axis)
    at = (torch.arange(profile.shape[1]) + 0.5) / profile.shape[1]
    mean = (profile * at).sum(1)
    return mean, ((profile * (at - mean[:, None]).square()).sum(1)).clamp_min(0).sqrt()


def across(images: Tensor) -> Tensor:
    """Where the figure's middle is, from left to right: (N,)."""
    return moments(images, 2)[0]


def down(images: Tensor) -> Tensor:
    """Where the figure's middle is, from top to bottom: (N,)."""
    return moments(images, 1)[0]


def width(images: Tensor) -> Tensor:
    """How wide the figure spreads: (N,)."""
    return moments(images, 2)[1]


def height(images: Tensor) -> Tensor:
    """How high the figure spreads: (N,)."""
    return moments(images, 1)[1]


GREY: Final[tuple[Scorer, ...]] = (brightness, contrast, detail, across, down, width, height)
COLOUR: Final[tuple[Scorer, ...]] = (saturation, warmth)
BUILT_IN: Final[Mapping[str, Scorer]] = {scorer.__name__: scorer for scorer in (*GREY, *COLOUR)}
CLASSES: Final = "classes"
"""Stands for every class of the data, scored by a classifier of it."""
LEAST: Final = 1e-4
"""Deviation over pictures below which an attribute does not vary."""


def choose_attributes(
    names: Sequence[str] | None, channels: int, classes: Callable[[], Mapping[str, Scorer]]
) -> dict[str, Scorer]:
    """The scorers that a setting names.

    Args:
        names: of :data:`BUILT_IN`, ``classes``, or dotted paths of functions; None takes all that fit the channels.
        channels: of the pictures.
        classes: gives a scorer for each class of the data.

    Raises:
        UserError: there is no such attribute, or it is none of grey pictures.
    """
    if names is None:
        names = [scorer.__name__ for scorer in (*GREY, *(COLOUR if channels == 3 else ()))]
    found: dict[str, Scorer] = {}
    for name in map(str, names):
        if name in [scorer.__name__ for scorer in COLOUR] and channels != 3:
            raise UserError(f"attributes: {name} is of colours, and these pictures have {channels} channels.")
        if name == CLASSES:
            found |= classes()
        elif "." in name:
            found[name.rpartition(".")[2]] = own(name)
        elif name in BUILT_IN:
            found[name] = BUILT_IN[name]
        else:
            raise UserError(
                f"attributes: {name} is not known; there are {', '.join(BUILT_IN)}, {CLASSES}, and a function of your "
                "own by its dotted path."
            )
    return found


def own(path: str) -> Scorer:
    """A user's function of pictures (N, C, H, W) in [-1, 1], which returns (N,).

    Raises:
        UserError: there is none.
    """
    module, _, name = path.rpartition(".")
    try:
        function: Any = getattr(import_module(module), name)
    except (ImportError, AttributeError) as problem:
        raise UserError(f"attributes: {path} cannot be imported ({problem}); put its folder on PYTHONPATH.") from None
    if not callable(function):
        raise UserError(f"attributes: {path} is no function.")
    return function


def score(scorers: Mapping[str, Scorer], images: Tensor) -> Tensor:
    """All attributes of pictures: float32 (N, A).

    Raises:
        UserError: a function of the user's fails, or returns something else than a number for each picture.
    """
    columns = []
    for name, scorer in scorers.items():
        try:
            values = scorer(images)
        except Exception as problem:
            raise UserError(
                f"attributes: {name} cannot score pictures {tuple(images.shape)} in [-1, 1] ({problem}); give a "
                "function that takes them all, and returns a number for each."
            ) from problem
        if not isinstance(values, Tensor) or values.shape != (len(images),) or not bool(values.isfinite().all()):
            raise UserError(f"attributes: {name} must return a finite number for each of {len(images)} pictures.")
        columns.append(values.float().cpu())
    return torch.stack(columns, 1)


def class_scorers(network: Any, names: Sequence[str]) -> dict[str, Scorer]:
    """The log-odds of each class by a classifier.

    Args:
        network: has ``with_logits`` of uint8 pictures.
        names: of the classes.
    """

    def of(index: int) -> Scorer:
        @torch.no_grad()
        def log_odds(images: Tensor) -> Tensor:
            logits: Tensor = network.with_logits(to_uint8(images))[1].float()
            others = torch.cat([logits[:, :index], logits[:, index + 1 :]], 1)
            return logits[:, index] - others.logsumexp(1)

        return log_odds

    return {as_name(name): of(i) for i, name in enumerate(names)}


def as_name(text: str) -> str:
    """A class's name as the name of a slider: ``t_shirt_top`` of ``T-shirt/top``."""
    return "_".join("".join(c.lower() if c.isalnum() else " " for c in text).split()) or "unnamed"
