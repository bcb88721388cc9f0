"""A small classifier of the real pictures, to check the classes of generated ones."""

import hashlib
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.base import distributed
from impasto.base.cache import cache_dir
from impasto.base.notices import notice
from impasto.base.pixels import from_uint8
from impasto.base.progress import counting
from impasto.data.packing.packed import PackedImages
from impasto.evaluation.figures.by_class import LabelClassifier
from impasto.evaluation.figures.distances import some_positions
from impasto.evaluation.figures.features import exactly, from_first
from impasto.evaluation.real.features import keep, uint8_slice
from impasto.networks.pretrained.extractor import best_device, state_sha256

log = logging.getLogger("impasto")

FORMAT: Final = 1
"""Raised when the network or its training changes."""
SIDE: Final = 32
"""Larger pictures are brought to this height and width."""
BATCH: Final = 256
LEAST_PER_CLASS: Final = 20
"""Different pictures of each class that are needed to train and to test a classifier."""
ROUNDS: Final = 40
"""Times that each picture is trained on, at most."""
CROPS: Final = 10
"""Crops of one picture that count, at most: more teach little."""
HELD_BACK: Final = 0.1
"""Share of the pictures that it is not trained on, to know how good it is."""


class Classifier(nn.Module):
    """Three convolutions and two linear layers; an extractor as well.

    Args:
        channels: of the pictures.
        num_classes: labels.
    """

    name = "classifier"
    dim = 128

    def __init__(self, channels: int, num_classes: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.resizer = f"bilinear-antialias-{SIDE}"
        self.weights_sha256 = ""
        self.body = nn.Sequential(
            *_block(channels, 32), *_block(32, 64), *_block(64, 128), nn.AdaptiveAvgPool2d(2), nn.Flatten()
        )
        self.hidden = nn.Sequential(nn.Linear(512, self.dim), nn.ReLU())
        self.head = nn.Linear(self.dim, num_classes)

    def with_logits(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Features (N, 128) and logits (N, classes) of uint8 pictures (N, C, H, W)."""
        pixels = from_uint8(images)
        if max(pixels.shape[2:]) > SIDE:
            pixels = F.interpolate(pixels, (SIDE, SIDE), mode="bilinear", antialias=True)
        features = self.hidden(self.body(pixels.contiguous(memory_format=torch.channels_last)))
        return features, self.head(features)

    def forward(self, images: Tensor) -> Tensor:
        """Features (N, 128)."""
        return self.with_logits(images)[0]


def _block(channels: int, width: int) -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(channels, width, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
    )


def different_pictures(real: PackedImages) -> np.ndarray:
    """How many different pictures there are of each class: int64 (classes,); crops of one picture are one."""
    labels = np.asarray(real.labels)
    if real.cut_from is not None:
        labels = np.unique(np.stack([labels, real.cut_from]), axis=1)[0]
    return np.bincount(labels, minlength=len(real.class_names))


def can_be_classified(real: PackedImages) -> bool:
    """Whether there are enough pictures of every class for figures by class; a notice says if there are not."""
    counts = different_pictures(real)
    if counts.min() >= LEAST_PER_CLASS:
        return True
    fewest = real.class_names[int(counts.argmin())]
    notice(
        "evaluation.classes",
        f"Figures by class are left out: they need {LEAST_PER_CLASS} real pictures of every class, and there are "
        f"{counts.min()} of {fewest}.",
    )
    return False


def classifier_for(real: PackedImages, *, images: int = 200_000, folder: Path | None = None) -> LabelClassifier:
    """The classifier of labelled pictures, trained once and kept on disk; every process must call it.

    Args:
        real: labelled pictures.
        images: pictures to train on, counting repeats; fewer for a small data set: each picture 40 times, and no more
            than ten crops of each.
        folder: where to keep it; None is ``classifiers`` in the cache.
    """
    images = min(images, ROUNDS * min(len(real), CROPS * int(different_pictures(real).sum())))
    what = [FORMAT, real.fingerprint, list(real.class_names), images, SIDE]
    key = hashlib.sha256(json.dumps(what).encode()).hexdigest()[:32]
    path = (folder or cache_dir() / "classifiers") / f"{key}.safetensors"
    state = keep(path, lambda: train(real, images)) if distributed.rank() == 0 else {}
    state = from_first(state)
    accuracy = float(state.pop("accuracy"))
    with torch.device("meta"):  # draws no weights that are thrown away
        network = Classifier(real.shape[2], len(real.class_names))
    network.load_state_dict(state, assign=True)
    network.requires_grad_(False).eval().to(best_device()).to(memory_format=torch.channels_last)
    network.weights_sha256 = state_sha256(network)
    return LabelClassifier(network, accuracy)


def train(real: PackedImages, images: int) -> dict[str, Tensor]:
    """Train on a part of the pictures and measure on the rest: weights on the CPU, and ``accuracy``.

    Draws nothing from torch's global generator.
    """
    held_back = some_positions(len(real), max(1, int(HELD_BACK * len(real))))
    shown = np.setdiff1d(np.arange(len(real)), held_back)
    assert real.labels is not None
    labels = torch.from_numpy(np.asarray(real.labels))
    device = best_device()
    with torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.enable_grad():
        torch.manual_seed(0)
        network = Classifier(real.shape[2], len(real.class_names)).to(device).to(memory_format=torch.channels_last)
        steps = max(1, images // BATCH)
        order = np.random.default_rng(0)

        def draw() -> tuple[Tensor, Tensor]:
            chosen = order.choice(shown, BATCH)
            return uint8_slice(real, chosen, 0, BATCH), labels[chosen]

        with counting("training a classifier of the real pictures", steps * BATCH) as tick:
            fit(network, draw, steps, tick)
    accuracy = accuracy_on(network.eval(), real, held_back)
    log.info("A classifier trained on the real pictures is right on %.1f%% of those held back.", 100 * accuracy)
    state = {name: value.detach().cpu() for name, value in network.state_dict().items()}
    return {**state, "accuracy": torch.tensor(accuracy, dtype=torch.float64)}


def fit(
    network: Classifier,
    draw: Callable[[], tuple[Tensor, Tensor]],
    steps: int,
    tick: Callable[[int], None] | None = None,
    rate: float = 6e-3,
) -> None:
    """Train by AdamW with a learning rate that rises and falls once (Smith and Topin 2019), and smoothed labels.

    Args:
        network: in training mode; it is changed.
        draw: a batch of uint8 pictures (n, C, H, W) and their labels (n,).
        steps: batches.
        tick: called with the number of pictures done.
        rate: the highest learning rate.
    """
    device = next(network.parameters()).device
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, steps)
    for _ in range(steps):
        pixels, labels = draw()
        _, logits = network.with_logits(pixels.to(device))
        loss = F.cross_entropy(logits, labels.to(device), label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if tick is not None:
            tick(len(labels))


def accuracy_on(network: Classifier, real: PackedImages, positions: np.ndarray) -> float:
    """Share of the pictures at ``positions`` whose label it finds."""
    assert real.labels is not None
    right = 0
    for part in np.array_split(positions, -(-len(positions) // BATCH)):
        with exactly():
            logits = network.with_logits(uint8_slice(real, part, 0, len(part)).to(best_device()))[1]
        right += int((logits.argmax(1).cpu() == torch.from_numpy(np.asarray(real.labels[part]))).sum())
    return right / len(positions)
