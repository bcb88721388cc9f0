"""How good a classifier becomes that is trained on given pictures, which the classification accuracy score is of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.evaluation.figures.features import exactly
from impasto.evaluation.real.classifier import SIDE, Classifier, fit
from impasto.networks.pretrained.extractor import best_device

BATCH: Final = 64
"""Small, because small sets need many steps more than many pictures."""
RATE: Final = 3e-3


@dataclass(frozen=True)
class Labelled:
    """Pictures with their classes.

    Attributes:
        pixels: uint8 (N, C, H, W), no larger than :data:`~impasto.evaluation.real.classifier.SIDE`.
        labels: int64 (N,).
    """

    pixels: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def few(self, each: int, source: torch.Generator) -> "Labelled":
        """``each`` pictures of every class, drawn at random."""
        chosen = []
        for label in self.labels.unique():
            members = (self.labels == label).nonzero().flatten()
            chosen.append(members[torch.randperm(len(members), generator=source)[:each]])
        return self.at(torch.cat(chosen))

    def at(self, positions: Tensor) -> "Labelled":
        """The pictures at ``positions``, in that order."""
        return Labelled(self.pixels[positions], self.labels[positions])

    def shuffled(self, source: torch.Generator) -> "Labelled":
        """The same pictures, their labels exchanged at random: what is learnt from them is chance."""
        return Labelled(self.pixels, self.labels[torch.randperm(len(self), generator=source)])


@dataclass(frozen=True)
class Training:
    """How the classifiers are trained, all in the same way.

    Attributes:
        classes: how many.
        images: pictures that each is shown, counting repeats.
        shift: how far pictures are shifted at random, a share of the side; 0 for not at all.
        mirror: mirror every other picture.
    """

    classes: int
    images: int
    shift: float = 0.0
    mirror: bool = False

    def on(self, sets: Sequence[Labelled], seed: int, tick: Callable[[int], None] | None = None) -> Classifier:
        """Train; each batch has equal parts of all sets. Draws nothing from torch's global generator.

        Args:
            sets: pictures to train on.
            seed: of the first weights and of what is drawn.
            tick: called with the number of pictures done.
        """
        source = torch.Generator().manual_seed(seed)
        counts = [BATCH // len(sets)] * len(sets)

        def draw() -> tuple[Tensor, Tensor]:
            parts = [
                part.at(torch.randint(len(part), (count,), generator=source))
                for part, count in zip(sets, counts, strict=True)
            ]
            pixels = torch.cat([part.pixels for part in parts])
            if self.shift or self.mirror:
                pixels = augmented(pixels, self.shift, self.mirror, source)
            return pixels, torch.cat([part.labels for part in parts])

        with torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.enable_grad():
            torch.manual_seed(seed)
            network = Classifier(sets[0].pixels.shape[1], self.classes).to(best_device())
            network = network.to(memory_format=torch.channels_last).train()
            fit(network, draw, max(1, self.images // sum(counts)), tick, RATE)
        return network.eval()


def augmented(pixels: Tensor, shift: float, mirror: bool, source: torch.Generator) -> Tensor:
    """Shift each picture at random, its edge repeated, and mirror half of them: the usual augmentation.

    Args:
        pixels: (N, C, H, W).
        shift: at most this share of the side.
        mirror: whether to mirror.
        source: of randomness.
    """
    n, channels, height, width = pixels.shape
    down, across = (int(shift * side) for side in (height, width))
    rows = torch.arange(height) + torch.randint(-down, down + 1, (n, 1), generator=source)
    columns = torch.arange(width) + torch.randint(-across, across + 1, (n, 1), generator=source)
    if mirror:
        columns = torch.where(torch.rand(n, 1, generator=source) < 0.5, width - 1 - columns, columns)
    rows, columns = rows.clamp(0, height - 1), columns.clamp(0, width - 1)
    picture = torch.arange(n)[:, None, None, None]
    return pixels[picture, torch.arange(channels)[:, None, None], rows[:, None, :, None], columns[:, None, None, :]]


def accuracy(network: Classifier, tested: Labelled) -> float:
    """Share of the pictures whose class the classifier finds, 0..1."""
    right = 0
    with exactly():
        for pixels, labels in zip(tested.pixels.split(500), tested.labels.split(500), strict=True):
            right += int((network.with_logits(pixels.to(best_device()))[1].argmax(1).cpu() == labels).sum())
    return right / len(tested)


def no_larger(pixels: Tensor) -> Tensor:
    """uint8 pictures (N, C, H, W), brought to the size at which the classifier looks at them if they are larger."""
    if max(pixels.shape[2:]) <= SIDE:
        return pixels
    smaller = F.interpolate(pixels.float(), (SIDE, SIDE), mode="bilinear", antialias=True)
    return smaller.round().clamp(0, 255).to(torch.uint8)
