"""Sequences as files of their field's format, by the kind of their alphabet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from impasto.base.alphabet import Alphabet
from impasto.base.errors import UserError
from impasto.base.files import whole_or_not
from impasto.sequences.molecules import decoded


@dataclass(frozen=True)
class Generated:
    """Sequences to be written.

    Attributes:
        alphabet: of the sequences.
        tokens: uint8 (n, voices, T).
        titles: of each, such as ``000000 promoter``.
        made: with what, see :func:`~impasto.inference.provenance.made_with`.
    """

    alphabet: Alphabet
    tokens: np.ndarray
    titles: Sequence[str]
    made: str


def write_text(folder: Path, given: Generated) -> list[Path]:
    """A sequence in each line, voices between tabulators: ``sequences.txt``."""
    lines = ["\t".join(given.alphabet.decode(voice) for voice in voices) for voices in given.tokens]
    return [written(folder / "sequences.txt", lines)]


def write_fasta(folder: Path, given: Generated) -> list[Path]:
    """``sequences.fasta``: a title behind ``>``, then letters in lines of 60 (Pearson and Lipman 1988)."""
    lines = []
    for title, voices in zip(given.titles, given.tokens, strict=True):
        letters = given.alphabet.decode(voices[0])
        lines += [f">{title} {given.made}", *(letters[i : i + 60] for i in range(0, len(letters), 60))]
    return [written(folder / "sequences.fasta", lines)]


def write_smiles(folder: Path, given: Generated) -> list[Path]:
    """``sequences.smi``: SMILES and a title in each line (as Daylight and RDKit read them)."""
    smiles = decoded(given.alphabet, given.tokens[:, 0])
    lines = [f"{text} {title}" for text, title in zip(smiles, given.titles, strict=True) if text is not None]
    return [written(folder / "sequences.smi", lines)]


def written(path: Path, lines: Sequence[str]) -> Path:
    """Write lines, whole or not at all."""
    with whole_or_not(path) as temporary:
        temporary.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


WRITERS: Final[dict[str, Callable[[Path, Generated], list[Path]]]] = {
    "text": write_text,
    "dna": write_fasta,
    "protein": write_fasta,
    "selfies": write_smiles,
}
"""By the kind of an alphabet, what writes its sequences into a folder and gives the files; another kind is text. Their
names begin with ``sequence``."""


def write(folder: Path, given: Generated, overwrite: bool = False) -> list[Path]:
    """Write sequences in their field's format.

    Args:
        folder: made if it is missing.
        given: the sequences.
        overwrite: replace what an earlier call wrote.

    Raises:
        UserError: the folder holds sequences already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    former = [path for path in folder.iterdir() if path.stem.startswith("sequence")]
    if former and not overwrite:
        raise UserError(f"{folder} already holds sequences; give another output= or overwrite=true.")
    for path in former:
        path.unlink()
    return WRITERS.get(given.alphabet.kind, write_text)(folder, given)
