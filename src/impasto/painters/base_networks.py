"""The networks of a base, for what is trained on top of it."""

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import nn

from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.networks.patchgan import PatchGAN
from impasto.networks.style_generator import StyleGenerator
from impasto.painters.checkpoints import discriminator_of, read_checkpoint
from impasto.painters.loading import load_painter
from impasto.painters.rebuilding import TRUSTED, build
from impasto.painters.style import StylePainter
from impasto.painters.style_base import discriminator_in, load_base


def base_painter(file: str | None = None) -> StylePainter:
    """The painter of a base, on the CPU.

    Args:
        file: of :func:`~impasto.painters.style_base.save_base`, or a checkpoint or run of model=style; None takes the
            base that comes with the package.

    Raises:
        UserError: there is none, or it paints in one way only.
    """
    if file == "none":
        raise UserError(
            "base=none: only a base can be moved to a style; without one, all weights are trained by "
            "experiment=personal_style_scratch."
        )
    with torch.device("cpu"):  # also where networks are only tried, without values
        painter = load_base(None, "cpu") if file is None else load_painter(file, device="cpu")
    if not isinstance(painter, StylePainter):
        raise UserError(f"base={file} paints in one way only: give a base, or a run of model=style.")
    return painter


def base_generator(channels: int = 3, file: str | None = None) -> StyleGenerator:
    """The generator of a base.

    Args:
        channels: of the pictures that it should paint.
        file: see :func:`base_painter`.

    Raises:
        UserError: as of :func:`base_painter`; or it is of another kind, or paints pictures with other channels.
    """
    painter = base_painter(file)
    network = painter.network
    if not isinstance(network, StyleGenerator):
        raise UserError(
            f"base={file} holds {type(network).__name__}, which has no layers to adapt: give a run of model=style."
        )
    if painter.gives.channels != channels:
        raise UserError(
            f"The base paints pictures with {painter.gives.channels} channels, not {channels}: set data.channels="
            f"{painter.gives.channels}."
        )
    return network.to(torch.get_default_device()).train()


def base_discriminator(
    fresh: Callable[..., nn.Module], channels: int = 3, file: str | None = None, frozen: int = 0
) -> nn.Module:
    """The discriminator that a base was trained against, with its lower layers frozen (Mo et al. 2020, FreezeD).

    Args:
        fresh: makes another one where the base comes without; a notice says so.
        channels: of the pictures that it should judge.
        file: see :func:`base_painter`.
        frozen: convolutions of each scale that keep their weights, from the picture on.

    Raises:
        UserError: the base is not there, or its discriminator does not fit.
    """
    with torch.device("cpu"):
        found = known_discriminator(file, channels)
    if found is None:
        notice("base.discriminator", "The base comes without its discriminator: another one is trained from nothing.")
        return fresh(channels=channels)
    for patchgan in (module for module in found.modules() if isinstance(module, PatchGAN)):
        convolutions = [module for module in patchgan.layers if isinstance(module, nn.Conv2d)]
        for convolution in convolutions[:frozen]:
            convolution.requires_grad_(False)
    return found.to(torch.get_default_device())


def known_discriminator(file: str | None, channels: int) -> nn.Module | None:
    """The discriminator in a base's file or in a checkpoint of model=style; None if it holds none.

    Raises:
        UserError: it cannot be built again.
    """
    origin = base_painter(file).origin.path
    if origin.suffix == ".safetensors":
        node, weights = discriminator_in(origin)
    else:
        node, weights = discriminator_of(read_checkpoint(origin)) or (None, {})
    if node is None or not weights:
        return None
    factory: Any = build(node, TRUSTED)
    network = cast(nn.Module, factory(channels=channels))
    try:
        network.load_state_dict(weights)
    except RuntimeError as problem:
        reason = str(problem).splitlines()[0].rstrip(":")
        raise UserError(
            f"The discriminator in {origin} is not the one that this version builds ({reason}): train it again, or use "
            "the version that wrote it."
        ) from None
    return network
