"""Text: sentences that a grammar makes, or files with one in each line."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Literal

import numpy as np

from impasto.base.alphabet import Alphabet
from impasto.base.errors import UserError
from impasto.base.ranges import Count, Seed
from impasto.base.vocabulary import words_of
from impasto.sequences.opening import Sequences
from impasto.sequences.reviews import CLASSES, sentence

Unit = Literal["words", "characters"]
MOST: Final = 255
"""Different tokens, beside the one behind the end."""


def open_text(
    length: Count = 14,
    root: str | None = None,
    unit: Unit = "words",
    count: Count = 20000,
    data_seed: Seed = 0,
) -> Sequences:
    """For data.sequences: reviews that a grammar makes, or the .txt files of a folder, a sentence in each line.

    Longer sentences, and those with words beyond the 255 most frequent, are left out, and counted.

    Args:
        length: tokens of a sentence at most.
        root: folder of .txt, a folder or a file for each class, or one file; None makes reviews.
        unit: what a token is: words or characters.
        count: of what is made.
        data_seed: likewise.

    Raises:
        UserError: there is nothing of this kind.
    """
    if root is None:
        numbers = np.random.default_rng(data_seed)
        lines = [(f"{i:06d}", i % 2, " ".join(sentence(i % 2, numbers))) for i in range(count)]
        return encoded("reviews made by a grammar", lines, CLASSES, length, unit, [], made="by code: a grammar")
    bad: list[tuple[str, str]] = []
    files = text_files(root)
    classes = tuple(dict.fromkeys(name for _, name in files))
    lines = [(place, classes.index(name), text) for path, name in files for place, text in lines_of(path, bad)]
    return encoded(f"text files of {root}", lines, classes, length, unit, bad, origin="local")


def encoded(
    name: str,
    lines: list[tuple[str, int, str]],
    classes: tuple[str, ...],
    length: int,
    unit: Unit,
    bad: list[tuple[str, str]],
    **more: str,
) -> Sequences:
    """Lines (name, class, text) as sequences."""
    rows = [(place, label, words_of(text) if unit == "words" else list(text)) for place, label, text in lines]
    counts = Counter(token for _, _, tokens in rows for token in tokens)
    common = sorted(sorted(counts, key=lambda token: (-counts[token], token))[:MOST])
    known = set(common)
    fits = [row for row in rows if 0 < len(row[2]) <= length and known.issuperset(row[2])]
    alphabet = Alphabet(("", *common), "text", " " if unit == "words" else "")
    several = len(classes) > 1
    origin = more.pop("origin", "sample")
    return Sequences(
        name=name,
        tokens=alphabet.encode([tokens for *_, tokens in fits], length)[:, None],
        alphabet=alphabet,
        names=[place for place, *_ in fits],
        labels=np.array([label for _, label, _ in fits], np.int64) if several else None,
        class_names=classes if several else (),
        origin=origin,
        bad=bad,
        known={"unit": unit, "left_out": len(rows) - len(fits), **more},
        truth="reviews" if origin == "sample" else None,
    )


def text_files(root: str) -> list[tuple[Path, str]]:
    """The .txt files of a folder, each with the name of its class.

    Raises:
        UserError: there are none.
    """
    folder = Path(root).expanduser()
    files = [folder] if folder.is_file() else sorted(folder.rglob("*.txt"))
    if not files:
        raise UserError(f"data.root={root} holds no .txt: give a folder of them, or one, with a sentence in each line.")
    classes = (path.relative_to(folder).parts[0] if path != folder else path.name for path in files)
    return [(path, name.removesuffix(".txt")) for path, name in zip(files, classes, strict=True)]


def lines_of(path: Path, bad: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The lines of a file with their places; one that is no text is listed as bad."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        bad.append((str(path), f"cannot be read: {' '.join(str(problem).split())}"))
        return
    yield from ((f"{path.name}:{number}", line.strip()) for number, line in enumerate(lines, 1) if line.strip())


def open_restyled_text(
    length: Count = 14,
    content: str | None = None,
    style: str | None = None,
    unit: Unit = "words",
    count: Count = 20000,
    data_seed: Seed = 0,
) -> Mapping[str, Sequences]:
    """For data.sequences: sentences of two classes as the parts ``content`` and ``style``, without pairs.

    Args:
        length: tokens of a sentence at most.
        content: file or folder of .txt to be restyled; None takes the complaints of the grammar.
        style: likewise, whose style is learnt; None takes its praise.
        unit: what a token is: words or characters.
        count: of what is made.
        data_seed: likewise.

    Raises:
        UserError: one of the two is given without the other.
    """
    if (content is None) != (style is None):
        raise UserError("data.content and data.style go together: give both, or neither for what a grammar makes.")
    if content is None or style is None:
        whole = open_text(length, None, unit, count, data_seed)
        name = whole.name
    else:
        bad: list[tuple[str, str]] = []
        roots = {"content": content, "style": style}
        lines = [
            (f"{part}:{place}", label, text)
            for label, (part, root) in enumerate(roots.items())
            for path, _ in text_files(root)
            for place, text in lines_of(path, bad)
        ]
        name = f"text files of {content} and {style}"
        whole = encoded(name, lines, ("content", "style"), length, unit, bad, origin="local")
    assert whole.labels is not None
    return {
        part: whole.subset(np.flatnonzero(whole.labels == label)) for label, part in enumerate(("content", "style"))
    }
