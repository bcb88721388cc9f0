"""VGG19, the network that perceptual losses and style statistics were published with."""

from collections.abc import Sequence
from typing import ClassVar, Final, cast

import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.pixels import as_rgb
from impasto.networks.pretrained import weights
from impasto.networks.pretrained.feature_maps import run_through

URL: Final = "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth"


class VGG19(nn.Module):
    """VGG19 of Simonyan and Zisserman 2015, trained on ImageNet; layers are numbered as in torchvision.

    Style layers relu1_1 to relu5_1, content layer relu4_2 (Gatys et al. 2016).

    Raises:
        UserError: the weights are not on disk and cannot be downloaded.
    """

    name = "vgg19"
    title = "VGG19"
    content_layers: ClassVar[tuple[int, ...]] = (22,)
    style_layers: ClassVar[tuple[int, ...]] = (1, 6, 11, 20, 29)

    def __init__(self) -> None:
        super().__init__()
        from torchvision.models import VGG19_Weights, vgg19

        try:
            network = vgg19(weights=VGG19_Weights.IMAGENET1K_V1)
        except (OSError, RuntimeError) as problem:
            raise UserError(
                f"The weights of VGG19 cannot be had ({problem}); {weights.how_to_have(URL)}, or choose "
                "efficientnet_lite0 instead."
            ) from None
        self.layers = network.features.eval().requires_grad_(False)
        for layer in self.layers:
            if isinstance(layer, nn.ReLU):
                layer.inplace = False
        # ImageNet's mean and deviation, for pictures in [-1, 1] instead of [0, 1]
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1) * 2 - 1, persistent=False)
        self.register_buffer("deviation", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1) * 2, persistent=False)

    @staticmethod
    def at_hand() -> bool:
        """Whether its weights are on disk or can be downloaded."""
        return weights.at_hand(URL)

    @staticmethod
    def how_to_have() -> str:
        """What a user can do to have its weights."""
        return weights.how_to_have(URL)

    def maps(self, images: Tensor, layers: Sequence[int] = style_layers) -> list[Tensor]:
        """See :class:`~impasto.networks.pretrained.feature_maps.FeatureMaps`."""
        x = (as_rgb(images) - cast(Tensor, self.mean)) / cast(Tensor, self.deviation)
        return run_through(self.layers, x, layers)
