"""The InceptionV3 of FID."""

from functools import cache
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.pixels import as_rgb
from impasto.networks.pretrained import weights
from impasto.networks.pretrained.weights import file_sha256, state_of

INCEPTION_SHA256: Final = "6726825d"
"""First digits of the SHA-256 of the only weights whose Fréchet distance may be called FID."""
HOW_TO_HAVE: Final = (
    "download weights-inception-2015-12-05-6726825d.pth from torch-fidelity's releases and set "
    "evaluation.weights_path=FILE"
)
OR_INSTEAD: Final = f"{HOW_TO_HAVE}, or use evaluation.features=efficientnet_lite0."


class Inception(nn.Module):
    """The InceptionV3 of FID as torch-fidelity carries it: TensorFlow's resize to 299 x 299, 2048 pooled features.

    Args:
        weights_path: the weights file; None downloads it, once.

    Raises:
        UserError: the weights are not there, cannot be downloaded, or are something else.
    """

    title = "Inception"
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
            raise UserError(f"{path} does not hold the weights of FID's InceptionV3; {OR_INSTEAD}") from None
        self.requires_grad_(False).eval()

    @staticmethod
    def at_hand() -> bool:
        """Whether its weights are on disk or can be downloaded."""
        return weights.at_hand(inception_url())

    @staticmethod
    def on_disk() -> bool:
        """Whether its weights are in torch's hub cache."""
        return weights.in_hub_cache(inception_url()).is_file()

    @staticmethod
    def how_to_have() -> str:
        """What a user can do to have its weights."""
        return HOW_TO_HAVE

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


def fetch_inception() -> Path:
    """The weights file in torch's hub cache, downloaded if it is not there.

    Raises:
        UserError: it cannot be downloaded.
    """
    path = weights.in_hub_cache(inception_url())
    if path.is_file():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(inception_url(), str(path), INCEPTION_SHA256, progress=True)
    except (OSError, RuntimeError) as problem:
        raise UserError(f"FID's Inception weights cannot be had ({problem}); {OR_INSTEAD}") from None
    return path


def check_weights(path: Path) -> None:
    """Make sure that a file holds tensors and nothing that runs: torch-fidelity itself unpickles without looking.

    Raises:
        UserError: it is not there, or holds something else.
    """
    try:
        torch.load(path, map_location="cpu", weights_only=True)
    except OSError as problem:
        raise UserError(f"evaluation.weights_path={path}: {problem.strerror}; {OR_INSTEAD}") from None
    except Exception:  # a broken or hostile pickle may raise anything
        raise UserError(f"{path} is not a file of weights; {OR_INSTEAD}") from None


def check_inception(weights_path: str | Path | None) -> None:
    """Make sure that the weights of FID's InceptionV3 can be had, before anything is measured with them.

    The published file is known by its digest; another one is tried once in a process.

    Raises:
        UserError: the file is not there or holds something else, or none can be had.
    """
    path = Path(weights_path).expanduser() if weights_path is not None else weights.in_hub_cache(inception_url())
    if weights_path is None and not path.is_file():
        if not Inception.at_hand():
            reason = "they are neither on disk nor within reach"
            raise UserError(f"FID's Inception weights cannot be had ({reason}); {OR_INSTEAD}")
        return
    if not path.is_file():
        found = "is not a file" if path.exists() else "does not exist"
        raise UserError(f"evaluation.weights_path={path} {found}; {OR_INSTEAD}")
    if not file_sha256(path).startswith(INCEPTION_SHA256):
        _try_inception(path, state_of(path))


@cache
def _try_inception(path: Path, _: tuple[int, int]) -> None:
    Inception(path)
