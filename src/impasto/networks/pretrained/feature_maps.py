"""Networks trained to recognise things, as feature maps that perceptual losses compare."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol, cast

import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.base.pixels import as_rgb
from impasto.base.reachability import reachable

VGG_URL: Final = "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth"


class FeatureMaps(Protocol):
    """What perceptual losses ask of a network; gradients reach the pictures, not the weights."""

    name: str
    content_layers: ClassVar[tuple[int, ...]]
    style_layers: ClassVar[tuple[int, ...]]

    def __call__(self, images: Tensor, layers: Sequence[int]) -> list[Tensor]:
        """(N, 1 or 3, H, W) in [-1, 1] to one (N, C, h, w) for each layer, in ascending order of the layer."""
        ...


class VGG19(nn.Module):
    """VGG19 of Simonyan and Zisserman 2015, trained on ImageNet; layers are numbered as in torchvision.

    Style layers relu1_1 to relu5_1, content layer relu4_2 (Gatys et al. 2016).

    Raises:
        UserError: the weights are neither on disk nor to be had.
    """

    name = "vgg19"
    content_layers: ClassVar[tuple[int, ...]] = (22,)
    style_layers: ClassVar[tuple[int, ...]] = (1, 6, 11, 20, 29)

    def __init__(self) -> None:
        super().__init__()
        from torchvision.models import VGG19_Weights, vgg19

        try:
            network = vgg19(weights=VGG19_Weights.IMAGENET1K_V1)
        except (OSError, RuntimeError) as problem:
            raise UserError(
                f"The weights of VGG19 cannot be had ({problem}); put {VGG_URL} into {vgg_path().parent}, or choose "
                "features=efficientnet_lite0."
            ) from None
        self.layers = network.features.eval().requires_grad_(False)
        for layer in self.layers:
            if isinstance(layer, nn.ReLU):
                layer.inplace = False
        # ImageNet's mean and deviation, for pictures in [-1, 1] instead of [0, 1]
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1) * 2 - 1, persistent=False)
        self.register_buffer("deviation", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1) * 2, persistent=False)

    def forward(self, images: Tensor, layers: Sequence[int]) -> list[Tensor]:
        """See :class:`FeatureMaps`."""
        x = (as_rgb(images) - cast(Tensor, self.mean)) / cast(Tensor, self.deviation)
        return run_through(self.layers, x, layers)


class EfficientNetLite0(nn.Module):
    """EfficientNet-Lite0 trained on ImageNet, whose weights come inside a Python package; layers are its blocks.

    Raises:
        UserError: the packages are not installed.
    """

    name = "efficientnet_lite0"
    content_layers: ClassVar[tuple[int, ...]] = (4,)
    style_layers: ClassVar[tuple[int, ...]] = (0, 2, 4, 7, 10)

    def __init__(self) -> None:
        super().__init__()
        from impasto.networks.pretrained.extractors import EfficientNetLite0 as Extractor

        network = cast(Any, Extractor().network)
        self.stem = nn.Sequential(network._conv_stem, network._swish)
        self.blocks = network._blocks
        self.eval().requires_grad_(False)

    def forward(self, images: Tensor, layers: Sequence[int]) -> list[Tensor]:
        """See :class:`FeatureMaps`."""
        pixels = (as_rgb(images) + 1) * 127.5
        return run_through(self.blocks, self.stem((pixels - 127) / 128), layers)


NETWORKS: Final = {"vgg19": VGG19, "efficientnet_lite0": EfficientNetLite0}


def feature_maps(features: str = "auto") -> FeatureMaps:
    """The network that perceptual losses look through.

    Args:
        features: vgg19, efficientnet_lite0, or auto: VGG19 where its weights are on disk or can be downloaded, else
            EfficientNet-Lite0, with a notice.

    Raises:
        UserError: another name, or weights that cannot be had.
    """
    if features == "auto":
        features = "vgg19" if vgg_path().is_file() or reachable(VGG_URL) else "efficientnet_lite0"
        if features != "vgg19":
            notice(
                "perceptual.features",
                "Perceptual losses look through EfficientNet-Lite0: the weights of VGG19 cannot be reached "
                f"(put {VGG_URL} into {vgg_path().parent} to have them).",
            )
    if features not in NETWORKS:
        raise UserError(f"features={features} is not a feature network; choose auto, {' or '.join(NETWORKS)}.")
    return cast(FeatureMaps, NETWORKS[features]())


def vgg_path() -> Path:
    """Where torchvision keeps the weights of VGG19."""
    return Path(torch.hub.get_dir()) / "checkpoints" / VGG_URL.rsplit("/", 1)[1]


def run_through(network: Any, x: Tensor, layers: Sequence[int]) -> list[Tensor]:
    """Feed ``x`` through a sequence of modules and keep what the numbered ones return."""
    wanted, found = set(layers), []
    for number, layer in enumerate(network[: max(wanted) + 1]):
        x = layer(x)
        if number in wanted:
            found.append(x)
    return found
