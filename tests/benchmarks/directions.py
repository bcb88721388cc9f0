"""Directions in the latent space of a model of pictures whose attributes are known: discs on black.

``make bench ARGS=directions`` makes 4,000 discs of 32 pixels, whose place, size and shade are drawn independently,
trains a small ``model=dcgan`` on them, and measures what each direction changes of the four;
``ARGS=directions:FOLDER`` measures the run in that folder again.
"""

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from impasto.explain.attributes import BUILT_IN
from impasto.explain.found import Found, find
from impasto.explain.settings import Settings
from impasto.painters.loading import load_painter
from tests.benchmarks.common import composed
from tests.training import train

COUNT, SIDE = 4000, 32


def inside(images: Tensor) -> Tensor:
    """Pixels of the disc: (N, H, W), 0 or 1."""
    return (images.mean(1) > -0.6).float()


def size(images: Tensor) -> Tensor:
    """Root of the disc's area: (N,)."""
    return inside(images).sum((1, 2)).sqrt()


def shade(images: Tensor) -> Tensor:
    """Mean luma of the disc: (N,)."""
    disc = inside(images)
    return (images.mean(1) * disc).sum((1, 2)) / disc.sum((1, 2)).clamp_min(1)


SCORERS = {"across": BUILT_IN["across"], "down": BUILT_IN["down"], "size": size, "shade": shade}


def make_discs(folder: Path) -> Path:
    """Discs of 32 pixels: middle from 10 to 22, radius from 3 to 8, shade from a half to white."""
    numbers, places = np.random.default_rng(0), np.arange(SIDE) + 0.5
    folder.mkdir(parents=True)
    for i in range(COUNT):
        x, y, radius, level = numbers.uniform((10, 10, 3, 0.5), (22, 22, 8, 1.0))
        cover = np.clip(radius + 0.5 - np.hypot(places[:, None] - y, places[None] - x), 0, 1)
        pixels = np.repeat(np.rint(255 * level * cover).astype(np.uint8)[..., None], 3, 2)
        Image.fromarray(pixels).save(folder / f"{i:04d}.png")
    return folder


def train_on(folder: Path) -> Path:
    """A run of half a minute on an idle core."""
    pictures = make_discs(folder / "discs")
    settings = ["model=dcgan", "penalty=r1", "data=image_folder", f"data.root={pictures}", f"data.image_size={SIDE}"]
    settings += ["data.label=none", "data.batch_size=32", "kimg=16", "evaluation=none", "callbacks.samples=null"]
    settings += ["model.generator.features=16", "model.discriminator.features=16", "model.generator.latent_dim=32"]
    settings += ["model.latent=normal", "model.optimizer_g.lr=1e-3", "model.optimizer_d.lr=1e-3"]
    train(composed(folder / "run", *settings))
    return folder / "run"


def table(found: Found) -> str:
    """What each direction changes, as a table in Markdown."""
    names, changes = found.attributes, found.changes
    lines = [f"| direction | {' | '.join(names)} | share of the aim | others |", "|---" * (len(names) + 3) + "|"]
    for j, direction in enumerate(found.directions):
        aim = names.index(direction.aim)
        row = " | ".join(f"{value:+.2f}" for value in changes.mean[j].tolist())
        share, others = 100 * changes.share(j, aim), changes.others(j, aim)
        lines.append(f"| {direction.name} ({direction.aim}) | {row} | {share:.0f}% | {others:.2f} |")
    control = " | ".join(f"{value:.2f}" for value in changes.control.tolist())
    return "\n".join([*lines, f"| random, absolute | {control} | {100 / len(names):.0f}% | |"])


def main(case: str = "") -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = Path(case) if case else train_on(Path(folder))
        found = find(load_painter(run, device="cpu"), SCORERS, Settings(num_measured=256))
    print(table(found))
    for direction in found.directions:
        print(f"{direction.name}: {direction.method}")
