"""Pictures and a tiny network that are the same on every machine."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from impasto.data.packing.pack import pack
from impasto.data.packing.packed import PackedImages
from impasto.data.packing.sizing import SizePolicy
from impasto.data.sources.folder import FolderSource


class TinyExtractor(nn.Module):
    """Four features of a picture through fixed random weights, and three logits."""

    name = "tiny"
    dim = 4
    weights_sha256 = "0" * 64
    resizer = "none"

    def __init__(self) -> None:
        super().__init__()
        source = torch.Generator().manual_seed(5)
        self.convolution = nn.Conv2d(3, 4, 3, stride=2, bias=False)
        self.convolution.weight.data = torch.randn(self.convolution.weight.shape, generator=source)
        self.head = nn.Linear(4, 3, bias=False)
        self.head.weight.data = torch.randn(3, 4, generator=source)

    def with_logits(self, images: Tensor) -> tuple[Tensor, Tensor]:
        pixels = images.expand(-1, 3, -1, -1).float() / 127.5 - 1
        features = self.convolution(pixels).relu().mean((2, 3))
        return features, self.head(features)

    def forward(self, images: Tensor) -> Tensor:
        return self.with_logits(images)[0]


def random_images(n: int, seed: int, size: int = 16, channels: int = 3, bright: int = 256) -> Tensor:
    """uint8 (n, channels, size, size)."""
    source = np.random.default_rng(seed)
    return torch.from_numpy(source.integers(0, bright, (n, channels, size, size), dtype=np.uint8))


def write_folder(images: Tensor, folder: Path) -> Path:
    """PNG files in the pictures' order."""
    folder.mkdir(parents=True)
    for i, image in enumerate(images):
        pixels = image.permute(1, 2, 0).numpy()
        Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels).save(folder / f"{i:05d}.png")
    return folder


@pytest.fixture
def tiny() -> TinyExtractor:
    return TinyExtractor().eval()


@pytest.fixture
def packed(tmp_path: Path) -> PackedImages:
    """80 random pictures of 16 x 16."""
    folder = write_folder(random_images(80, 1), tmp_path / "real")
    return pack(FolderSource(folder), SizePolicy(16, 16), tmp_path / "cache", workers=0, progress=False)
