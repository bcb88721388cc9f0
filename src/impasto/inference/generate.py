"""Pictures from noise, as files."""

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from impasto.base.checks import check_factor, check_number
from impasto.base.errors import UserError
from impasto.base.files import whole_or_not
from impasto.base.label_maps import as_picture
from impasto.base.pixels import from_uint8, to_uint8
from impasto.base.sheets import save_sheet, shown
from impasto.inference.blending import Blend, blended
from impasto.inference.events import Done, Event, Painted, Skipped, Started, is_out_of_memory, reason_to_skip
from impasto.inference.made_files import ENDINGS, TOLD, MadeFiles
from impasto.inference.music import save_roll
from impasto.inference.provenance import GENERATED, made_with
from impasto.inference.sprites import Finish
from impasto.painters.latents import in_turn
from impasto.painters.painter import Painter
from impasto.sequences.files import Generated, write
from impasto.sequences.sampling import one_hot, sampled


def first_of(painter: Painter, vectors: Tensor | None, seed: int, n: int) -> Tensor:
    """The first pictures of a seed, from which a palette is chosen: (n, C, H, W) in [-1, 1]."""
    return painter.sample(n, seed=seed, condition=None if vectors is None else in_turn(vectors, 0, n))


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
    audio: bool = False,
    files: MadeFiles | None = None,
    blend: Blend | None = None,
    overwrite: bool = False,
) -> Iterator[Event]:
    """Paint ``000000.png`` and so on, ``labels.csv`` for a labelled model, and ``grid.png`` if ``grid`` is given.

    A model of clips paints ``000000.gif`` and so on; piano rolls become ``000000.mid``. Picture i depends on ``seed``,
    i and its label or vector alone. One that cannot be written is skipped with a reason.

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
        audio: of piano rolls, write also a .wav beside each.
        files: how pictures and clips are written; None takes the usual way.
        blend: two pictures of the seed, between which all lie; None paints each of its own.
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
    form = painter.gives.roll
    if audio and form is None:
        raise UserError("audio=true is for models that paint music: leave it out.")
    if painter.gives.alphabet is not None:
        refuse_for_sequences(blend=blend, clip=files and files.clip, sprite_sheet=files and files.sprite_sheet)
        yield from generate_sequences(painter, output, n, label, vectors, shift, truncation, seed, grid, overwrite)
        return
    files = files or MadeFiles(Finish(painter.gives.opacity))
    files.check(painter.gives)
    folder = Path(output).expanduser()
    make_room(folder, overwrite)
    names = painter.gives.class_names if "label" in painter.takes else ()
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
            if blend is None:
                drawn = painter.sample(
                    len(numbers), seed=seed, start=start, condition=condition, shift=shift, truncation=truncation
                )
            else:
                drawn = blended(
                    painter, blend, numbers / max(n - 1, 1), seed, condition if label is not None else vectors
                )
            images = to_uint8(drawn).cpu()
        except (MemoryError, RuntimeError) as problem:
            if not is_out_of_memory(problem):
                raise
            raise UserError(f"batch_size={batch_size} does not fit into memory; give a smaller one.") from problem
        for i, frames in enumerate(files.finished(images, painter.gives)):
            target = folder / (files.named(painter.gives, start + i) if form is None else f"{start + i:06d}.mid")
            try:
                if form is None:
                    files.write(frames, target, made)
                else:
                    save_roll(images[i].numpy(), form, target, audio)
            except UserError:
                raise
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
        save_sheet(*shown(from_uint8(torch.cat(sheet)), grid, painter.gives), folder / "grid.png")
    files.write_sheet(folder, made)
    yield Done(n - skipped, skipped, folder)


def refuse_for_sequences(**given: object) -> None:
    """Settings that are for pictures.

    Raises:
        UserError: one is given.
    """
    if wanted := [name for name, value in given.items() if value is not None]:
        raise UserError(f"{wanted[0]}= is for pictures, and this model makes sequences: leave it out.")


def generate_sequences(
    painter: Painter,
    output: str | Path,
    n: int,
    label: int | None,
    vectors: Tensor | None,
    shift: Tensor | None,
    truncation: float,
    seed: int,
    grid: int | None,
    overwrite: bool,
) -> Iterator[Event]:
    """Sequences in a file of their field's format, or several; arguments and events as of :func:`generate`."""
    folder, alphabet = Path(output).expanduser(), painter.gives.alphabet
    assert alphabet is not None
    yield Started(1)
    names = painter.gives.class_names if painter.conditional else ()
    labels = [i % len(names) if label is None else label for i in range(n)] if names else None
    condition = vectors if labels is None else torch.tensor(labels)
    tokens = sampled(painter, n, seed=seed, condition=condition, shift=shift, truncation=truncation)
    titles = [f"{i:06d}" if labels is None else f"{i:06d} {names[labels[i]]}" for i in range(n)]
    given = Generated(alphabet, tokens, titles, made_with(painter, GENERATED))
    for path in write(folder, given, overwrite):
        yield Painted(None, path)
    if labels is not None:
        rows = [(f"{i:06d}", names[number], number) for i, number in enumerate(labels)]
        write_table(folder / "labels.csv", [("sequence", "label", "index"), *rows])
    if grid is not None:
        seen = one_hot(torch.from_numpy(tokens), alphabet.size)
        save_sheet(as_picture(seen, painter.gives), grid, folder / "grid.png")
    yield Done(n, 0, folder)


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
    named = re.compile(rf"\d{{6,}}\.({'|'.join((*ENDINGS, 'mid', 'wav'))})")
    former = [path for path in folder.iterdir() if named.fullmatch(path.name) and path.is_file()]
    if former and not overwrite:
        raise UserError(f"{folder} already holds pictures; give another output= or overwrite=true.")
    if overwrite:
        for path in (*former, *(folder / name for name in TOLD)):
            path.unlink(missing_ok=True)
