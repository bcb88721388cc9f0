"""Pictures from noise, as files."""

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from impasto.base.checks import check_factor, check_number
from impasto.base.errors import UserError
from impasto.base.files import whole_or_not
from impasto.base.notices import notice
from impasto.base.pixels import from_uint8, to_uint8
from impasto.base.sheets import save_sheet
from impasto.base.vocabulary import words_of
from impasto.data.vectors import read_vectors
from impasto.inference.events import Done, Event, Painted, Skipped, Started, is_out_of_memory, reason_to_skip
from impasto.inference.provenance import GENERATED, made_with
from impasto.inference.saving import save
from impasto.painters.latents import in_turn
from impasto.painters.painter import Painter


def resolve_label(label: str | None, painter: Painter) -> int | None:
    """The class that a label names: by its name, or by its index if no class has a number as its name.

    None, the empty text, and the word null if no class is called so, name none.

    Raises:
        UserError: there is no such class, or the model is unconditional.
    """
    label = "" if label is None else str(label)
    if not label or (label == "null" and label not in painter.gives.class_names):
        return None
    names = list(painter.gives.class_names)
    if not names:
        raise UserError(f"label={label}: this model was trained without labels; leave label= out.")
    if not painter.conditional:
        raise UserError(
            f"label={label}: this model is unconditional, though its data has labels; leave label= out, or train a "
            "conditional one, such as model=cgan."
        )
    if label in names:
        return names.index(label)
    numbered = any(name.isdecimal() for name in names)
    if label.isdecimal() and not numbered and int(label) < len(names):
        return int(label)
    why = "; an index is not taken, since classes have numbers as names" if numbered and label.isdecimal() else ""
    raise UserError(f"label={label} is not one of the model's classes: {', '.join(names)}{why}.")


def resolve_vectors(path: str | None, painter: Painter) -> Tensor | None:
    """The condition vectors of a file: float32 (m, K).

    Raises:
        UserError: the model takes no vectors, needs some, or takes others of another length.
    """
    length = painter.gives.condition_dim if painter.conditional else 0
    if painter.gives.vocabulary is not None:
        if path is not None:
            raise UserError(f"vectors={path}: this model is told captions; set prompt= in place of vectors=.")
        return None
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


def resolve_prompts(prompt: str | Sequence[str] | None, painter: Painter) -> tuple[list[str], Tensor | None]:
    """What to paint, as texts and as numbers of words (m, L); nothing for a model that is not told captions.

    Args:
        prompt: one text, several, or a .txt with one in each line.
        painter: paints.

    Raises:
        UserError: the model takes no captions, none is given, or it knows no word of one.
    """
    vocabulary = painter.gives.vocabulary if painter.conditional else None
    if vocabulary is None:
        if prompt is not None:
            raise UserError("prompt: this model was trained without captions; leave prompt= out, or see docs/text.md.")
        return [], None
    texts = texts_of(prompt)
    if not texts:
        known = ", ".join(vocabulary.words[:20])
        raise UserError(f'This model paints what it is told: set prompt="..."; its frequent words are {known}.')
    for text in texts:
        unknown = vocabulary.unknown(text)
        if text and len(unknown) == len(words_of(text)):
            raise UserError(
                f"prompt={text!r}: no caption in training had any of these words; it knows "
                f"{', '.join(vocabulary.words[:20])}."
            )
        if unknown:
            notice("prompt", f"No caption in training had the words {', '.join(unknown)}: they are passed over.")
    return texts, torch.from_numpy(vocabulary.encode(texts))


def texts_of(prompt: str | Sequence[str] | None) -> list[str]:
    """The texts of a setting.

    Raises:
        UserError: it names a file that is not there.
    """
    if prompt is None:
        return []
    if isinstance(prompt, Sequence) and not isinstance(prompt, str):
        return [str(text) for text in prompt]
    prompt = str(prompt)  # one number comes from the command line as such
    if prompt.endswith(".txt"):
        path = Path(prompt).expanduser()
        if not path.is_file():
            raise UserError(f"prompt={prompt} does not exist: give a .txt with a text in each line, or a text.")
        return [line.strip() for line in path.read_text("utf-8-sig").splitlines() if line.strip()]
    return [prompt]


def guide(painter: Painter, guidance: float) -> None:
    """Exaggerate what a painter is told, or soften it.

    Args:
        painter: is told captions.
        guidance: factor on the way from no words to the words given.

    Raises:
        UserError: it is not told captions, or the number is negative.
    """
    if guidance == 1:
        return
    check_factor("guidance", guidance)
    if painter.gives.vocabulary is None:
        raise UserError(f"guidance={guidance:g} is for models that are told captions: leave it out.")
    cast(Any, painter.network).insertion.guidance = float(guidance)


def generate(
    painter: Painter,
    output: str | Path,
    n: int,
    *,
    label: int | None = None,
    vectors: Tensor | None = None,
    shift: Tensor | None = None,
    prompts: Sequence[str] = (),
    truncation: float = 1.0,
    seed: int = 0,
    batch_size: int = 64,
    grid: int | None = None,
    overwrite: bool = False,
) -> Iterator[Event]:
    """Paint ``000000.png`` and so on, ``labels.csv`` for a labelled model, and ``grid.png`` if ``grid`` is given.

    Picture i depends on ``seed``, i and its label or vector alone. One that cannot be written is skipped with a reason.

    Args:
        painter: takes latent vectors.
        output: folder, made if it is missing.
        n: pictures.
        label: index of the class of all of them; None takes each class in turn.
        vectors: (m, K) condition vectors; picture i gets number i modulo m.
        shift: (latent_dim,) that is added to every latent vector, see :mod:`impasto.painters.sliders`.
        prompts: m texts that these are; ``captions.csv`` is then written too.
        truncation: see :meth:`~impasto.painters.painter.Painter.sample`.
        seed: of the latent vectors.
        batch_size: pictures at a time.
        grid: write also ``grid.png`` with this many pictures in a row.
        overwrite: replace the pictures and labels of an earlier call.

    Yields:
        ``Started``, for each picture ``Painted`` or ``Skipped``, and ``Done``.

    Raises:
        UserError: a setting is out of range, the model does not paint from noise, there are pictures already, or the
            disk is full.
    """
    check_factor("truncation", truncation)
    for name, value, least in (("num_images", n, 1), ("batch_size", batch_size, 1), ("seed", seed, 0)):
        check_number(name, value, least)
    if grid is not None:
        check_number("grid", grid, 1)
    if "latent" not in painter.takes:
        raise UserError("This model paints photographs; use src/stylize.py with input=.")
    folder = Path(output).expanduser()
    make_room(folder, overwrite)
    names = painter.gives.class_names if painter.conditional else ()
    yield Started(n, () if label is None else (f"All pictures are of class {names[label]!r}, index {label}.",))
    made = made_with(painter, GENERATED)
    rows: list[tuple[str, str, int]] = []
    captions: list[tuple[str, str]] = []
    sheet: list[Tensor] = []
    skipped = 0
    for start in range(0, n, batch_size):
        numbers = torch.arange(start, min(start + batch_size, n))
        labels = None if not names else numbers % len(names) if label is None else torch.full_like(numbers, label)
        condition = labels if vectors is None else in_turn(vectors, start, len(numbers))
        try:
            drawn = painter.sample(
                len(numbers), seed=seed, start=start, condition=condition, shift=shift, truncation=truncation
            )
            images = to_uint8(drawn).cpu()
        except (MemoryError, RuntimeError) as problem:
            if not is_out_of_memory(problem):
                raise
            raise UserError(f"batch_size={batch_size} does not fit into memory; give a smaller one.") from problem
        for i, image in enumerate(images):
            target = folder / f"{start + i:06d}.png"
            try:
                save([(image.permute(1, 2, 0).numpy(), None)], target, made=made)
            except Exception as problem:
                skipped += 1
                yield Skipped(target, reason_to_skip(problem))
                continue
            if labels is not None:
                rows.append((target.name, names[labels[i]], int(labels[i])))
            if prompts:
                captions.append((target.name, prompts[(start + i) % len(prompts)]))
            yield Painted(None, target)
        if grid is not None:
            sheet.append(images)
    if rows:
        write_table(folder / "labels.csv", [("file", "label", "index"), *rows])
    if captions:
        write_table(folder / "captions.csv", [("file", "caption"), *captions])
    if grid is not None:
        save_sheet(from_uint8(torch.cat(sheet)), grid, folder / "grid.png")
    yield Done(n - skipped, skipped, folder)


def write_table(path: Path, rows: Sequence[Sequence[object]]) -> None:
    """Write rows as a .csv, whole or not at all."""
    with whole_or_not(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def make_room(folder: Path, overwrite: bool) -> None:
    """Make the folder; pictures and labels of an earlier call are removed, so that they are not mixed up.

    Raises:
        UserError: there are some, and ``overwrite`` is not set.
    """
    folder.mkdir(parents=True, exist_ok=True)
    former = [path for path in folder.iterdir() if re.fullmatch(r"\d{6,}\.png", path.name) and path.is_file()]
    if former and not overwrite:
        raise UserError(f"{folder} already holds pictures; give another output= or overwrite=true.")
    if overwrite:
        for path in (*former, folder / "labels.csv", folder / "captions.csv"):
            path.unlink(missing_ok=True)
