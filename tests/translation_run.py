"""A checkpoint of a tiny translation model, as train.py would have written it."""

from typing import Any

import torch

from impasto.base.spec import ImageSpec
from impasto.networks.resnet_translation import TranslationGenerator

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


def checkpoint_content(channels: int = 3, config: dict[str, Any] = CONFIG) -> dict[str, Any]:
    torch.manual_seed(0)
    network = TranslationGenerator(channels, features=4, blocks=1)
    weights = {f"generator_ema.{name}": value for name, value in network.state_dict().items()}
    record = {"version": 1, "spec": ImageSpec(channels, 16, 16).to_dict(), "config": config, "images_seen": 12}
    return {"state_dict": weights, "impasto": record}
