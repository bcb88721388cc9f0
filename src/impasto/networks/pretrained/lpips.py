"""The network of LPIPS, the learned perceptual distance of two pictures."""

from functools import cache
from typing import Final, Literal

from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.pixels import as_rgb
from impasto.networks.pretrained import weights
from impasto.networks.pretrained.extractor import freeze

Backbone = Literal["alex", "vgg", "squeeze"]
BACKBONES: Final[dict[str, str]] = {
    name: f"https://download.pytorch.org/models/{file}"
    for name, file in (
        ("alex", "alexnet-owt-7be5be79.pth"),
        ("vgg", "vgg16-397923af.pth"),
        ("squeeze", "squeezenet1_1-b8a52dc0.pth"),
    )
}
"""The weights from torchvision that each backbone needs; torchmetrics brings the rest."""


class LPIPS(nn.Module):
    """Learned perceptual distance (Zhang et al. 2018, version 0.1) as torchmetrics carries it.

    Args:
        backbone: its network: alex, vgg or squeeze.

    Raises:
        UserError: an unknown backbone, or weights that cannot be had.
    """

    def __init__(self, backbone: Backbone = "alex") -> None:
        super().__init__()
        self.check(backbone)
        sentence = f"LPIPS needs the weights of its backbone, which cannot be had: {self.how_to_have(backbone)}."
        if not self.at_hand(backbone):
            raise UserError(sentence)
        from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

        try:
            self.network = LearnedPerceptualImagePatchSimilarity(net_type=backbone).net
        except (OSError, RuntimeError):
            raise UserError(sentence) from None
        self.name = f"lpips_{backbone}"
        self.requires_grad_(False).eval()

    @staticmethod
    def check(backbone: str) -> None:
        """Make sure that there is such a backbone.

        Raises:
            UserError: there is not.
        """
        if backbone not in BACKBONES:
            raise UserError(f"LPIPS has no backbone {backbone}; choose {', '.join(BACKBONES)}.")

    @staticmethod
    def at_hand(backbone: Backbone = "alex") -> bool:
        """Whether the weights of a backbone are on disk or can be downloaded."""
        return weights.at_hand(BACKBONES[backbone])

    @staticmethod
    def how_to_have(backbone: Backbone = "alex") -> str:
        """What a user can do to have the weights of a backbone."""
        return weights.how_to_have(BACKBONES[backbone])

    def forward(self, images: Tensor, target: Tensor) -> Tensor:
        """Distance of each picture: (N,), 0 for equal ones.

        Args:
            images: (N, 1 or 3, H, W) in [-1, 1].
            target: likewise.
        """
        ours, theirs = (as_rgb(x.float().clamp(-1, 1)) for x in (images, target))
        distance: Tensor = self.network(ours, theirs)
        return distance.reshape(len(images))


@cache
def lpips_network(backbone: Backbone) -> LPIPS:
    """The network of LPIPS, frozen; loaded once.

    Raises:
        UserError: an unknown backbone, or weights that cannot be had.
    """
    frozen: LPIPS = freeze(LPIPS(backbone))
    return frozen
