"""The networks under test, tiny."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import nn

from impasto.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from impasto.networks.mlp import MLPDiscriminator, MLPGenerator
from impasto.networks.r3gan import R3GANDiscriminator, R3GANGenerator
from impasto.networks.resnet import ResNetDiscriminator, ResNetGenerator


@dataclass
class Pair:
    generator: Callable[..., nn.Module]
    discriminator: Callable[..., nn.Module]
    sizes: dict[str, Any]

    def g(self, channels: int, height: int, width: int, **options: Any) -> Any:
        return self.generator(channels, height, width, latent_dim=6, embedding=5, **{**self.sizes, **options})

    def d(self, channels: int, height: int, width: int, **options: Any) -> Any:
        return self.discriminator(channels, height, width, **{**self.sizes, **options})


PAIRS = {
    "mlp": Pair(MLPGenerator, MLPDiscriminator, {"features": 8, "max_features": 16}),
    "dcgan": Pair(DCGANGenerator, DCGANDiscriminator, {"features": 4, "max_features": 8}),
    "resnet": Pair(ResNetGenerator, ResNetDiscriminator, {"features": 4, "max_features": 8}),
    "r3gan": Pair(R3GANGenerator, R3GANDiscriminator, {"features": 4, "max_features": 8, "group": 4}),
}


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.fixture(params=PAIRS)
def pair(request: pytest.FixtureRequest) -> Pair:
    return PAIRS[request.param]


@pytest.fixture(params=[name for name in PAIRS if name != "mlp"])
def conv_pair(request: pytest.FixtureRequest) -> Pair:
    return PAIRS[request.param]


@torch.no_grad()
def stirred(network: nn.Module) -> nn.Module:
    """Moves every weight a little, so that branches that start as zero take part."""
    for parameter in network.parameters():
        parameter.add_(0.1 * torch.randn_like(parameter))
    return network
