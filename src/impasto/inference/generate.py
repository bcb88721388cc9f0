"""Pictures from noise, as files."""

import csv
import logging
from collections.abc import Iterator
from pathlib import Path

import torch
from PIL import Image
from rich.progress import track
from torch import Tensor

from impasto.callbacks.samples import save_sheet, to_uint8
from impasto.data.spec import ImageSpec
from impasto.errors import UserError
from impasto.inference.loading import LoadedGenerator
from impasto.models.noise import latents

log = logging.getLogger("impasto")


def resolve_label(label: str | int | None, spec: ImageSpec) -> int | None:
    """A class number from a name or a number.

    Raises:
        UserError: no such class, or a model without classes.
    """
    if label is None:
        return None
    if not spec.num_classes:
        raise UserError(f"label={label}: this model was trained without labels; leave label= out.")
    names = list(spec.class_names)
    if str(label) in names:
        return names.index(str(label))
    if str(label).isdecimal() and int(label) < len(names):
        return int(label)
    raise UserError(f"label={label} is not one of the model's classes: {', '.join(names)}.")


@torch.no_grad()
def paint(
    generator: LoadedGenerator, n: int, *, label: int | None = None, seed: int = 0, batch_size: int = 64
) -> Iterator[tuple[int, Tensor, Tensor | None]]:
    """Paint ``n`` pictures in batches.

    Picture i depends on ``seed``, i and its label alone.

    Args:
        generator: a generator that takes latent vectors.
        n: pictures.
        label: of all of them; each class in turn where null.
        seed: of the latent vectors.
        batch_size: pictures at a time.

    Yields:
        (number of the first, pictures (B, C, H, W) uint8 on the CPU, labels (B,) or nothing).

    Raises:
        UserError: the model paints photographs, not noise, or wants condition vectors.
    """
    if not hasattr(generator.network, "latent_dim"):
        raise UserError("This model paints photographs; use src/stylize.py with input=.")
    if generator.spec.condition_dim:
        raise UserError("This model is conditioned on vectors, which generate.py cannot give it.")
    kind = generator.config["model"].get("latent", "normal")
    device = next(generator.network.parameters()).device
    classes = generator.spec.num_classes
    for start in range(0, n, batch_size):
        count = min(batch_size, n - start)
        z = latents(kind, int(generator.network.latent_dim), count, seed=seed, start=start).to(device)  # type: ignore[arg-type]
        labels = None
        if classes:
            labels = torch.full((count,), label) if label is not None else torch.arange(start, start + count) % classes
        images = generator.network(z, labels.to(device) if labels is not None else None)
        yield start, to_uint8(images).cpu(), labels


def paint_folder(
    generator: LoadedGenerator,
    output: str | Path,
    n: int,
    *,
    label: int | None = None,
    seed: int = 0,
    batch_size: int = 64,
    grid: int | None = None,
    overwrite: bool = False,
) -> None:
    """Write ``000000.png`` and so on, ``labels.csv`` for a labelled model, and ``grid.png`` where asked for.

    Raises:
        UserError: a count that is not positive, or pictures already there.
    """
    if n < 1:
        raise UserError(f"num_images is {n}; give 1 or more.")
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    if not overwrite and any(folder.glob("[0-9]" * 6 + ".png")):
        raise UserError(f"{folder} already holds pictures; give another output= or overwrite=true.")
    batches = paint(generator, n, label=label, seed=seed, batch_size=batch_size)
    rows: list[tuple[str, str]] = []
    sheet: list[Tensor] = []
    for start, images, labels in track(batches, "painting", total=-(-n // batch_size)):
        for i, image in enumerate(images):
            name = f"{start + i:06d}.png"
            pixels = image.permute(1, 2, 0).numpy()
            Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels).save(folder / name)
            if labels is not None:
                rows.append((name, generator.spec.class_names[int(labels[i])]))
        if grid:
            sheet.append(images)
    if rows:
        with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("file", "label"), *rows])
    if grid:
        save_sheet(torch.cat(sheet) / 127.5 - 1, grid, folder / "grid.png")
    log.info("%d pictures in %s", n, folder)
