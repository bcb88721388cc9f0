"""Sheets of pictures that go with the figures of a checkpoint."""

from pathlib import Path
from typing import Any

import torch

from impasto.base.files import dispensable
from impasto.base.pixels import from_uint8
from impasto.base.sheets import save_sheet, sheet_of
from impasto.evaluation.protocols.noise import Evaluator
from impasto.evaluation.protocols.pictures import pictures_of
from impasto.painters.loading import LoadedGenerator


def save_sheets(generator: LoadedGenerator, evaluator: Evaluator, data: Any, path: Path) -> list[str]:
    """Sheets beside the figures: pictures of every class, and pictures beside those trained on that are nearest.

    Args:
        generator: paints from noise.
        evaluator: has just measured it.
        data: of its run.
        path: of the figures.

    Returns:
        The names of those that were written.
    """
    layout = sheet_of(generator.spec.num_classes if generator.conditional else 0)
    conditions = evaluator.conditions(generator, data) if generator.spec.condition_dim else torch.tensor(layout.labels)
    pictures = pictures_of(generator.sample, evaluator.seed, conditions)
    sheets = {"samples": (from_uint8(pictures(0, len(layout.labels)).cpu()), layout.columns)}
    if (neighbours := evaluator.sheet_of_model(generator, data)) is not None:
        sheets["neighbours"] = neighbours
    written = []
    for name, sheet in sheets.items():
        target = path.with_name(f"{path.stem}_{name}.png")
        with dispensable(target.name):
            save_sheet(*sheet, target)
            written.append(target.name)
    return written
