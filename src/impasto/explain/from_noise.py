"""What the page says of a model that paints from noise."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from impasto.base.files import whole_or_not
from impasto.explain.attributes import Scorer
from impasto.explain.clips import between_classes, mixes_classes, walk, write_clip
from impasto.explain.found import Found, find
from impasto.explain.neighbours import SHOWN, beside_training
from impasto.explain.noise import Conditions, Noise, draw, paint
from impasto.explain.page import Section, changes_table, clip, named, paragraph, sheet
from impasto.explain.projection import project
from impasto.explain.settings import Settings
from impasto.painters.painter import Painter
from impasto.painters.sliders import DEVIATION, save_sliders

SLIDERS: Final = "sliders.json"
WALKERS: Final = 8
MOVED: Final = 4
"""Directions along which projected pictures are moved."""


@dataclass(frozen=True)
class Subject:
    """What is looked at.

    Attributes:
        painter: from noise.
        settings: how thoroughly.
        folder: of the page.
        conditions: of all pictures.
    """

    painter: Painter
    settings: Settings
    folder: Path
    conditions: Conditions

    def draw(self, n: int) -> Noise:
        """Latent vectors."""
        return draw(self.painter, n, self.settings.seed, self.conditions)

    def paint(self, noise: Noise) -> Tensor:
        """What is painted of them."""
        return paint(self.painter, noise, self.settings.batch_size)


def find_sliders(of: Subject, scorers: Mapping[str, Scorer]) -> Found:
    """Find directions, and save them."""
    found = find(of.painter, scorers, of.settings, of.conditions)
    save_sliders(found.sliders(), of.painter, of.folder / SLIDERS)
    return found


def directions(of: Subject, found: Found) -> Iterator[Section]:
    """A strip of each direction, and what they change."""
    use = f"generate.py checkpoint=... edit={of.folder / SLIDERS} sliders.{found.directions[0].name}=2"
    yield Section("Sliders", paragraph(f"Saved in {SLIDERS}. Paint with them: {use}") + strips(of, found))
    told = (
        "Change from -2 to +2 deviations of the noise, in deviations of the attribute between pictures, over "
        f"{len(found.noise)} latent vectors that no direction was found with; the pointer shows 95% intervals. Framed "
        "is what a direction aims at, or changes most: its share is of the sum of a row, others the mean of the rest."
    )
    yield Section("What they change", changes_table(found) + paragraph(told))


def strips(of: Subject, found: Found) -> str:
    """A strip for each direction: a row for each picture, from minus to plus ``reach`` deviations."""
    noise, steps = found.noise[: of.settings.rows], of.settings.steps
    ends = of.settings.reach * DEVIATION[of.painter.latent]
    at = torch.linspace(-ends, ends, steps).repeat(len(noise))[:, None]
    body = ""
    for direction in found.directions:
        row = of.paint(noise.repeated(steps).moved(at * direction.vector))
        body += sheet(row, steps, of.folder / f"strip_{direction.name}.png", named(direction))
    return body


def clips(of: Subject) -> Iterator[Section]:
    """A walk, and for a painter of classes one through all of them."""
    seconds, noise = of.settings.seconds, of.draw(4 * WALKERS)
    if not seconds:
        return
    if write_clip(walk(of.painter, noise, seconds), of.folder / "walk.mp4"):
        yield Section("Walks through latent space", clip(of.folder / "walk.mp4", f"walk.mp4: {WALKERS} closed walks"))
    if of.conditions.label is None and mixes_classes(of.painter):
        frames = between_classes(of.painter, noise[:WALKERS], seconds)
        if write_clip(frames, of.folder / "classes.mp4"):
            told = f"classes.mp4: the same noise as {', '.join(of.painter.gives.class_names)}, and from the first again"
            yield Section("From class to class", clip(of.folder / "classes.mp4", told))


def neighbours(of: Subject, data: Any) -> Section:
    """Samples beside the pictures trained on that are nearest to them."""
    samples = of.paint(of.draw(of.settings.num_measured))
    made, figures, network = beside_training(samples, data, of.settings.num_searched)
    told = f"{SHOWN} samples, each followed by the pictures trained on that are nearest by features of {network}."
    if figures:
        told += (
            f" Over {len(samples)} samples: copied {figures['copied']:.2f} (share of near copies), novelty "
            f"{figures['novelty']:.2f} (1 is as far as pictures trained on are from each other)."
        )
    return Section("Nearest pictures of the training set", sheet(*made, of.folder / "neighbours.png") + paragraph(told))


def projections(of: Subject, targets: Tensor, names: list[str], found: Found) -> Section:
    """Given pictures, what is painted of their latent vectors, and the latter moved along the first supervised sliders.

    Args:
        of: what is looked at.
        targets: (N, C, H, W) in [-1, 1].
        names: of them.
        found: directions.
    """
    result = project(of.painter, targets, of.settings.project_steps, of.settings.seed, of.conditions)
    shown = [each for each in found.directions if each.told][:MOVED] or list(found.directions[:MOVED])
    moved = (result.noise.moved(2 * DEVIATION[of.painter.latent] * each.vector) for each in shown)
    columns = [targets, result.painted, *(of.paint(noise) for noise in moved)]
    write_latents(of.folder / "projected.csv", names, result.noise)
    told = (
        "In a row: the picture, what the model paints nearest to it, and that moved by 2 deviations along "
        f"{', '.join(each.name for each in shown)}. PSNR {result.psnr.mean():.1f} dB on average; of the nearest of 512 "
        f"random samples {result.psnr_drawn.mean():.1f} dB. The latent vectors are in projected.csv."
    )
    images = torch.stack(columns, 1).flatten(0, 1)
    body = sheet(images, len(columns), of.folder / "projected.png") + paragraph(told)
    return Section("Pictures in latent space", body)


def write_latents(path: Path, names: list[str], noise: Noise) -> None:
    """A row for each picture: its name, its class or condition vector if there is one, its latent vector."""
    with whole_or_not(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        for i, name in enumerate(names):
            condition = [] if noise.condition is None else noise.condition[i].flatten().tolist()
            csv.writer(file).writerow([name, *condition, *(f"{value:.6g}" for value in noise.z[i].tolist())])
