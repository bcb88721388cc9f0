"""A checkpoint of a tiny translation model, as train.py would have written it."""

from typing import Any

import torch
from torch import nn

from impasto.base.spec import ImageSpec
from impasto.networks.resnet_translation import TranslationGenerator
from impasto.painters.checkpoints import FORMAT
from impasto.painters.painter import Painter

CONFIG: dict[str, Any] = {
    "model": {
        "generator": {
            "_target_": "impasto.networks.resnet_translation.TranslationGenerator",
            "_partial_": True,
            "features": 4,
            "blocks": 1,
        }
    }
}


def painter_record(
    gives: ImageSpec, takes: tuple[str, ...], content: ImageSpec | None = None, latent: str = "normal"
) -> dict[str, Any]:
    """What a checkpoint says of a model with one painter."""
    painter = {
        "_target_": "impasto.painters.painter.Painter",
        "gives": gives.to_dict(),
        "takes": list(takes),
        "content": None if content is None else content.to_dict(),
        "latent": latent,
        "trained_against": [],
        "network": "generator",
    }
    return {"version": FORMAT, "painters": {"painter": painter}, "images_seen": 12}


def repainter(network: nn.Module, channels: int = 3) -> Painter:
    """A painter that takes and gives pictures of this many channels."""
    spec = ImageSpec(channels, 16, 16)
    return Painter(network, spec, ("content",), spec).eval()


def checkpoint_content(channels: int = 3, config: dict[str, Any] = CONFIG) -> dict[str, Any]:
    torch.manual_seed(0)
    network = TranslationGenerator(channels, features=4, blocks=1)
    weights = {f"painters.painter.network.{name}": value for name, value in network.state_dict().items()}
    spec = ImageSpec(channels, 16, 16)
    return {"state_dict": weights, "impasto": {**painter_record(spec, ("content",), spec), "config": config}}
