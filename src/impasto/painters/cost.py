"""What it costs to paint one picture: multiplications, and time on this machine."""

import time
from copy import deepcopy
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Final, cast

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.networks.any_style import AnyStyleGenerator
from impasto.networks.layers.modulated import StyleInput
from impasto.networks.layers.winograd import WinogradConv2d
from impasto.painters.latents import condition_taken

SIDE: Final = 256
"""Pixels of each side of the picture of which costs are told, if a network paints pictures of any size."""
TIMED: Final = 7
"""Pictures that are timed, of which the median counts."""


@dataclass(frozen=True)
class Cost:
    """Of one picture.

    Attributes:
        parameters: weights of the network that paints; of one told styles, with the encoder of styles.
        macs: multiplications with addition, of convolutions and matrix products; those of single pixels do not count.
        height: of the picture.
        width: likewise.
    """

    parameters: int
    macs: int
    height: int
    width: int

    def to_dict(self) -> dict[str, int]:
        """Plain values."""
        return asdict(self)


def cost_of(network: nn.Module, gives: ImageSpec, content: ImageSpec | None = None) -> Cost:
    """What a picture of 256 x 256 pixels costs, or one of the only size that a network paints.

    The style is told by its code: it is encoded once, for any number of pictures. A convolution counts in full, also
    where a faster algorithm is used for it.

    Args:
        network: a generator; it is not changed.
        gives: what it paints.
        content: what it repaints; None for noise.
    """
    own = gives.height, gives.width
    counted, size = plain(network), own if content is None else (SIDE, SIDE)
    try:
        macs = macs_of(counted, example(counted, gives, content, *size))
    except (UserError, RuntimeError):
        if size == own:
            raise
        size = own
        macs = macs_of(counted, example(counted, gives, content, *size))
    return Cost(sum(p.numel() for p in network.parameters()), macs, *size)


def plain(network: nn.Module) -> nn.Module:
    """A copy in evaluation mode, whose convolutions are direct sums."""
    copy = deepcopy(network).eval()
    for module in copy.modules():
        if isinstance(module, WinogradConv2d):
            module.suits = lambda x: False  # type: ignore[method-assign,assignment] # noqa: ARG005
    return copy


@torch.no_grad()
def macs_of(network: nn.Module, inputs: tuple[Tensor, ...]) -> int:
    """Multiplications with addition of one call."""
    with FlopCounterMode(display=False) as counter:
        network(*inputs)
    return int(counter.get_total_flops()) // 2


def example(
    network: nn.Module, gives: ImageSpec, content: ImageSpec | None, height: int, width: int
) -> tuple[Tensor, ...]:
    """Grey inputs of one painting of this size, on the network's device."""
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    if content is None:
        latent = torch.zeros(1, int(cast(int, network.latent_dim)), device=device)
        told = condition_taken(network, gives)
        vector = torch.zeros(1, gives.condition_dim, device=device)
        return (
            latent,
            *((vector if told == ("vector",) else torch.zeros(1, dtype=torch.long, device=device),) * len(told)),
        )
    scale = max(gives.height // content.height, 1)
    picture = torch.zeros(1, content.channels, height // scale, width // scale, device=device)
    is_any_style = hasattr(network, "encoder") and hasattr(network, "fixed")
    return (picture, code_of(network, device)) if is_any_style else (picture,)


def code_of(network: Any, device: torch.device) -> Tensor:
    """A style code (1, D)."""
    return torch.zeros(1, int(network.code), device=device)


@torch.inference_mode()
def milliseconds(
    network: nn.Module, gives: ImageSpec, content: ImageSpec | None = None, size: tuple[int, int] = (SIDE, SIDE)
) -> float:
    """Time to paint one picture with as many threads as torch has, in milliseconds: the median of seven.

    Args:
        network: as of :func:`cost_of`; one that is told styles is fixed to one of them first.
        gives: what it paints.
        content: what it repaints; None for noise.
        size: height and width of the painting.
    """
    inputs = example(network, gives, content, *size)
    timed = deepcopy(network).eval()
    if len(inputs) == 2 and content is not None:
        timed, inputs = cast(AnyStyleGenerator, timed).fixed(StyleInput(inputs[1])), inputs[:1]
    timed = timed.to(memory_format=getattr(timed, "memory_format", torch.channels_last))
    taken = []
    for turn in range(TIMED + 2):
        begun = time.perf_counter()
        timed(*inputs)
        if inputs[0].device.type == "cuda":
            torch.cuda.synchronize(inputs[0].device)
        if turn >= 2:  # the first ones set things up
            taken.append(time.perf_counter() - begun)
    return 1000 * median(taken)
