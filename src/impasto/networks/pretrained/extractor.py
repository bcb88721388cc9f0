"""What distances are measured with: the interface of an extractor, and a user's own network as one."""

import hashlib
from typing import Any, Final, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.pixels import as_rgb

PUBLISHED: Final = ("inception", "efficientnet_lite0", "efficientnet_lite2", "classifier")
"""Names of the project's own networks in figures; a user's own network never has one of them."""


@runtime_checkable
class Extractor(Protocol):
    """What distances are measured with.

    Attributes:
        name: short; part of the metrics' names.
        dim: features per picture.
        weights_sha256: of what makes it this network.
        resizer: how pictures are brought to its input size.
    """

    name: str
    dim: int
    weights_sha256: str
    resizer: str

    def __call__(self, images: Tensor) -> Tensor:
        """Features float32 (N, dim) of uint8 pictures (N, 1 or 3, H, W)."""
        ...


class OwnNetwork:
    """A user's own network as an extractor: attributes that it lacks are found out or filled in.

    A name of one of the project's networks is prefixed with ``own_``: its Fréchet distance is no FID.

    Args:
        network: maps uint8 (N, 3, H, W) to (N, dim).

    Raises:
        UserError: it cannot be called.
    """

    def __init__(self, network: Any) -> None:
        if not callable(network):
            raise UserError(f"evaluation.features: {type(network).__name__} cannot be called on pictures.")
        self.network = freeze(network)
        if (with_logits := getattr(network, "with_logits", None)) is not None:
            self.with_logits = lambda images: with_logits(as_rgb(images))
        name = str(getattr(network, "name", type(network).__name__.lower()))
        self.name = f"own_{name}" if name.lower() in PUBLISHED else name
        self.resizer = str(getattr(network, "resizer", "its own"))
        self.weights_sha256 = str(getattr(network, "weights_sha256", state_sha256(network)))
        self.dim = int(getattr(network, "dim", 0))
        if not self.dim:
            self.dim = int(self(torch.zeros(1, 3, 32, 32, dtype=torch.uint8, device=device_of(network))).shape[1])

    def __call__(self, images: Tensor) -> Tensor:
        """Features float32 (N, dim)."""
        result = self.network(as_rgb(images))
        return (result[0] if isinstance(result, tuple) else result).flatten(1).float()


def freeze(network: Any) -> Any:
    """Evaluation mode, no gradients, on the GPU if there is one; anything but a module is returned as it is."""
    if isinstance(network, nn.Module):
        network.requires_grad_(False).eval().to(best_device())
    return network


def best_device() -> torch.device:
    """The current GPU if there is one."""
    return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")


def device_of(extractor: Any) -> torch.device:
    """The device that an extractor's pictures must be on."""
    network = getattr(extractor, "network", extractor)
    weights = network.parameters() if isinstance(network, nn.Module) else iter(())
    return next((weight.device for weight in weights), torch.device("cpu"))


def state_sha256(network: Any) -> str:
    """Digest of a module's weights; empty for anything else."""
    if not isinstance(network, nn.Module):
        return ""
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        digest.update(name.encode() + value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
