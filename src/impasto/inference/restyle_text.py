"""Text files in another style, a sentence in each line."""

from collections.abc import Iterator
from pathlib import Path

from impasto.base.alphabet import Alphabet
from impasto.base.errors import UserError
from impasto.base.vocabulary import words_of
from impasto.inference.events import Done, Event, Painted, Skipped, Started
from impasto.inference.places import output_folder
from impasto.painters.painter import Painter
from impasto.sequences.files import written
from impasto.sequences.sampling import repainted


def restyle_text(painter: Painter, source: Path, output: str | Path, overwrite: bool = False) -> Iterator[Event]:
    """Restyle a .txt, or all in a folder, line by line, under their own names.

    Files below ``output`` are left out, so that none is replaced by itself.

    A line with words that the model does not know, or too long for it, stays as it is; a note says how many.

    Args:
        painter: takes sequences of text.
        source: file or folder.
        output: folder, made if it is missing.
        overwrite: replace what an earlier call wrote.

    Yields:
        ``Started``, then for each file ``Painted`` or ``Skipped``, and ``Done``.

    Raises:
        UserError: the model makes sequences from noise, or of another kind, or there is no text.
    """
    content = painter.content
    if content is None or content.alphabet is None or content.alphabet.kind != "text":
        raise UserError("This model does not restyle text; use src/generate.py for one that makes sequences.")
    folder = output_folder(output)
    files = [source] if source.is_file() else sorted(source.rglob("*.txt"))
    files = [file for file in files if not file.resolve().is_relative_to(folder.resolve())]
    if not files:
        raise UserError(
            f"input={source} holds no .txt outside of output={folder}: give a file with a sentence in each line, or a "
            "folder of them."
        )
    yield Started(len(files))
    skipped = 0
    for path in files:
        target = folder / (path.name if path == source else path.relative_to(source))
        if target.exists() and not overwrite:
            skipped += 1
            yield Skipped(path, f"{target} exists already; overwrite=true replaces it")
            continue
        try:
            lines = path.read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as problem:
            skipped += 1
            yield Skipped(path, f"it cannot be read: {' '.join(str(problem).split())}")
            continue
        restyled, left = restyle_lines(painter, content.alphabet, lines, content.width)
        written(target, restyled)
        yield Painted(path, target, (f"{left} of {len(lines)} lines stayed as they are",) if left else ())
    yield Done(len(files) - skipped, skipped, folder)


def restyle_lines(painter: Painter, alphabet: Alphabet, lines: list[str], length: int) -> tuple[list[str], int]:
    """The lines in the painter's style, and how many stayed as they are."""
    known = set(alphabet.tokens)
    split = [words_of(line) if alphabet.between else list(line) for line in lines]
    fits = [i for i, tokens in enumerate(split) if 0 < len(tokens) <= length and known.issuperset(tokens)]
    result = list(lines)
    if fits:
        rows = repainted(painter, alphabet.encode([split[i] for i in fits], length)[:, None])
        for i, row in zip(fits, rows, strict=True):
            result[i] = alphabet.decode(row[0])
    return result, sum(bool(tokens) for tokens in split) - len(fits)
