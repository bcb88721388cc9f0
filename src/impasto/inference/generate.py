"""Pictures from noise, as files."""

import csv
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from impasto.base.checks import check_number
from impasto.base.errors import UserError
from impasto.base.pixels import from_uint8, to_uint8
from impasto.base.progress import counting
from impasto.base.sheets import save_sheet
from impasto.data.vectors import read_vectors
from impasto.painters.latents import in_turn
from impasto.painters.loading import LoadedGenerator

log = logging.getLogger("impasto")


def resolve_label(label: str | int | None, generator: LoadedGenerator) -> int | None:
    """A class number from a name or a number.

    Raises:
        UserError: no such class, or a model that is told none.
    """
    if label is None:
        return None
    names = list(generator.spec.class_names)
    if not names:
        raise UserError(f"label={label}: this model was trained without labels; leave label= out.")
    if not generator.conditional:
        raise UserError(
            f"label={label}: this model's generator is told no labels, though its data has some; leave label= out, or "
            "train a conditional one, such as model=cgan."
        )
    if str(label) in names:
        return names.index(str(label))
    if str(label).isdecimal() and int(label) < len(names):
        return int(label)
    raise UserError(f"label={label} is not one of the model's classes: {', '.join(names)}.")


def resolve_vectors(path: str | None, generator: LoadedGenerator) -> Tensor | None:
    """The condition vectors of a file: float32 (m, K).

    Raises:
        UserError: vectors for a model that is told none, none for one that is told some, or vectors of another length.
    """
    length = generator.spec.condition_dim if generator.conditional else 0
    if path is None and length:
        raise UserError(
            f"This model is conditioned on vectors of {length} numbers: set vectors=FILE, a .npz or .csv such as the "
            "one that it was trained with (data.vectors)."
        )
    if path is None:
        return None
    if not length:
        raise UserError(f"vectors={path}: this model is not conditioned on vectors; leave vectors= out.")
    found = torch.from_numpy(read_vectors(path, "vectors").vectors)
    if found.shape[1] != length:
        raise UserError(
            f"vectors={path} holds vectors of {found.shape[1]} numbers, and this model was trained with {length}: give "
            "some from the same origin."
        )
    return found


def paint(
    generator: LoadedGenerator,
    n: int,
    *,
    label: int | None = None,
    vectors: Tensor | None = None,
    seed: int = 0,
    batch_size: int = 64,
) -> Iterator[tuple[int, Tensor, Tensor | None]]:
    """Paint ``n`` pictures in batches.

    Picture i depends on ``seed``, i and its label or vector alone.

    Args:
        generator: a generator that takes latent vectors.
        n: pictures.
        label: of all of them; each class in turn where null.
        vectors: (m, K) condition vectors; picture i gets number i modulo m.
        seed: of the latent vectors.
        batch_size: pictures at a time.

    Yields:
        (number of the first, pictures (B, C, H, W) uint8 on the CPU, labels (B,) or nothing).
    """
    classes = generator.spec.num_classes if generator.conditional else 0
    for start in range(0, n, batch_size):
        count = min(batch_size, n - start)
        labels = None
        if classes:
            labels = torch.full((count,), label) if label is not None else torch.arange(start, start + count) % classes
        condition = labels if vectors is None else in_turn(vectors, start, count)
        yield start, to_uint8(generator.sample(count, seed=seed, start=start, labels=condition)).cpu(), labels


def paint_folder(
    generator: LoadedGenerator,
    output: str | Path,
    n: int,
    *,
    label: int | None = None,
    vectors: Tensor | None = None,
    seed: int = 0,
    batch_size: int = 64,
    grid: int | None = None,
    overwrite: bool = False,
) -> None:
    """Write ``000000.png`` and so on, ``labels.csv`` for a labelled model, and ``grid.png`` where asked for.

    Raises:
        UserError: a number that makes no sense, a model that does not paint from noise, or pictures already there.
    """
    for name, value, least in (("num_images", n, 1), ("batch_size", batch_size, 1), ("seed", seed, 0)):
        check_number(name, value, least)
    if grid is not None:
        check_number("grid", grid, 1)
    if not generator.paints_noise:
        raise UserError("This model paints photographs; use src/stylize.py with input=.")
    folder = Path(output).expanduser()
    make_room(folder, overwrite)
    rows: list[tuple[str, str]] = []
    sheet: list[Tensor] = []
    with counting("painting", n, bar=True) as tick:
        batches = paint(generator, n, label=label, vectors=vectors, seed=seed, batch_size=batch_size)
        for start, images, labels in batches:
            for i, image in enumerate(images):
                name = f"{start + i:06d}.png"
                pixels = image.permute(1, 2, 0).numpy()
                Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels).save(folder / name)
                if labels is not None:
                    rows.append((name, generator.spec.class_names[int(labels[i])]))
            if grid is not None:
                sheet.append(images)
            tick(len(images))
    if rows:
        with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("file", "label"), *rows])
    if grid is not None:
        save_sheet(from_uint8(torch.cat(sheet)), grid, folder / "grid.png")
    log.info("Painted in %s: %d", folder, n)


def make_room(folder: Path, overwrite: bool) -> None:
    """Make the folder; pictures and labels of a former call go away, lest they be taken for those of this one.

    Raises:
        UserError: there are some, and they are not to be replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    former = [path for path in folder.iterdir() if re.fullmatch(r"\d{6,}\.png", path.name)]
    if former and not overwrite:
        raise UserError(f"{folder} already holds pictures; give another output= or overwrite=true.")
    if overwrite:
        for path in (*former, folder / "labels.csv"):
            path.unlink(missing_ok=True)
