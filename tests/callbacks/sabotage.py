"""Short runs, healthy ones and ones that are sabotaged on purpose, which the monitor must tell apart."""

from typing import Any

import torch
from torch import Tensor

from impasto.networks.dcgan import DCGANGenerator

SMALL = (
    *("data=fashion_mnist", "data.image_size=16", "data.batch_size=32", "evaluation=none", "callbacks.samples=null"),
    *("kimg=12", "model.generator.features=16", "model.generator.max_features=64"),
    *("model.discriminator.features=16", "model.discriminator.max_features=64"),
)
"""A small pair on Fashion-MNIST at 16 pixels: seconds on an idle core."""

PAINTINGS = ("model=dcgan", "data=wikiart", "data.source=sample", "data.image_size=32", "augment=diffaugment")

DEAF = (*("model=dcgan", "model.generator._target_=tests.callbacks.sabotage.Deaf", "model.generator.norm=none"),)

HEALTHY: dict[str, tuple[str, ...]] = {
    "dcgan": (*SMALL, "model=dcgan"),
    "cgan": (*SMALL, "model=cgan"),
    "hinge, R1, DiffAugment": (*SMALL, "model=dcgan", "loss=hinge", "penalty=r1", "augment=diffaugment"),
    "least squares": (*SMALL, "model=dcgan", "loss=lsgan"),
    "minimax, R1": (*SMALL, "model=dcgan", "loss=minimax", "penalty=r1"),
    "another seed": (*SMALL, "model=dcgan", "seed=1"),
    "wgan_gp": (*SMALL, "model=wgan_gp"),
    "r3gan": (*SMALL, "model=r3gan", "model.generator.depth=1", "model.discriminator.depth=1"),
    "sngan": (*SMALL, "model=sngan"),
    "MNIST": (*SMALL, "model=dcgan", "data=mnist"),
    "fashion_mnist_cgan, short": ("experiment=fashion_mnist_cgan", "kimg=40", "evaluation=none"),
    "paintings, DiffAugment": (*SMALL, *PAINTINGS),
    "photo_to_van_gogh, short": (
        *("experiment=photo_to_van_gogh", "kimg=0.4", "evaluation=none", "data.image_size=64", "data.pack_size=256"),
        *("model.generator.features=12", "callbacks.samples=null"),
    ),
}
SABOTAGED: dict[str, dict[str, tuple[str, ...]]] = {
    "discriminator_too_strong": {
        "a discriminator 20 times as fast, under the loss that saturates": (
            *(*SMALL, "model=dcgan", "loss=minimax"),
            *("model.optimizer_d.lr=4e-3", "model.discriminator.norm=none", "model.n_critic=4", "callbacks.guard=null"),
        )
    },
    "discriminator_too_weak": {
        "a discriminator that hardly moves": (
            *SMALL,
            "model=dcgan",
            "model.optimizer_d.lr=1e-7",
            "callbacks.guard=null",
        )
    },
    "collapse": {
        "a generator that hardly hears its noise": (*SMALL, *DEAF, "callbacks.guard=null"),
        "a generator 250 times as fast, without batch norm, under the guard": (
            *(*SMALL, "model=dcgan", "model.optimizer_g.lr=5e-2", "model.generator.norm=none"),
            "callbacks.guard.grace_kimg=4",
        ),
    },
    "memorising": {
        "8 pictures": (
            *(*SMALL, "model=dcgan", "data.limit=8", "data.batch_size=8", "kimg=16", "penalty=r1"),
            *("model.optimizer_g.lr=1e-3", "model.optimizer_d.lr=1e-3"),
        )
    },
    "oscillation": {
        "fast, with momentum, and a critic that nothing bounds": (
            *(*SMALL, "model=dcgan", "loss=hinge", "model.optimizer_g.lr=5e-3", "model.optimizer_d.lr=5e-3"),
            *("model.optimizer_g.betas=[0.9,0.99]", "model.optimizer_d.betas=[0.9,0.99]", "callbacks.guard=null"),
        )
    },
    "blotches": {
        "a spot somewhere on every picture": (
            *(*SMALL, *PAINTINGS, "model.generator._target_=tests.callbacks.sabotage.Spotted"),
        )
    },
    "divergence": {"learning rates of 100": (*SMALL, "model=dcgan", "model.optimizer_g.lr=1e30", "kimg=3")},
}
"""By what is wrong with them."""


class Deaf(DCGANGenerator):
    """A generator that is given a fiftieth of the noise."""

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        return super().forward(0.02 * z + 1.0, condition)


class Spotted(DCGANGenerator):
    """A generator with a channel that is stuck: a bright spot, wherever its noise says, that no training removes."""

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        painted = super().forward(z, condition)
        top, left = ((z[:, i].abs() * 97).long() % (painted.shape[i + 2] - 4) for i in range(2))
        rows, columns = (torch.arange(painted.shape[i]) for i in (2, 3))
        inside = (rows >= top[:, None]) & (rows < top[:, None] + 4)
        beside = (columns >= left[:, None]) & (columns < left[:, None] + 4)
        spot = (inside[:, None, :, None] & beside[:, None, None, :]).to(painted)
        return painted * 0.3 * (1 - spot) + spot


def all_runs() -> dict[str, tuple[tuple[str, ...], str | None]]:
    """Overrides of every run, with what is wrong with it."""
    found: dict[str, Any] = {name: (overrides, None) for name, overrides in HEALTHY.items()}
    for wrong, runs in SABOTAGED.items():
        found |= {name: (overrides, wrong) for name, overrides in runs.items()}
    return found
