"""Networks tried on a picture of the expected size, without memory and without values."""

import logging

import torch
from torch import nn

from impasto.data.spec import ImageSpec
from impasto.errors import UserError


def size_problems(spec: ImageSpec, generator: nn.Module, discriminator: nn.Module) -> list[str]:
    """What the networks of a translation say to pictures of this size.

    Those that paint from noise are built for a size and have said what they think of it; these are told only here.

    Args:
        spec: of the pictures.
        generator: takes pictures; on the meta device.
        discriminator: takes pictures and a condition; likewise.
    """
    with torch.device("meta"):
        picture = torch.zeros(2, spec.channels, spec.height, spec.width)
        label = torch.zeros(2, dtype=torch.long)
        found = refusal(generator, picture), refusal(discriminator, picture, label)
    return [problem for problem in found if problem is not None]


def refusal(network: nn.Module, *given: torch.Tensor) -> str | None:
    """The sentence with which a network refuses a picture; None where it does not, or where it cannot be tried."""
    try:
        network(*given)
    except UserError as problem:
        return str(problem)
    except Exception as problem:  # a network of the user's own that cannot be tried like this
        logging.getLogger("impasto").debug("%s is not tried: %s", type(network).__name__, problem)
    return None
