"""Molecules as SELFIES (Krenn et al. 2020): tokens, every row of which is a molecule, made of SMILES.

Those that come along are RDKit's file of the first 5,000 structures of the NCI open database, of the National Cancer
Institute of the United States, which RDKit ships under the BSD licence.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np

from impasto.base.alphabet import Alphabet, Property
from impasto.base.errors import UserError
from impasto.base.ranges import Count
from impasto.sequences.opening import Sequences

ATOMS: Final = frozenset({"C", "N", "O", "S", "P", "F", "Cl", "Br"})
FILES: Final = (".smi", ".smiles", ".csv", ".txt")


def chemistry() -> tuple[Any, Any]:
    """RDKit's Chem, which says nothing of what it cannot read, and selfies.

    Raises:
        UserError: they are not installed.
    """
    try:
        import selfies
        from rdkit import Chem, RDLogger
    except ImportError:
        raise UserError("Molecules need RDKit and selfies: pip install 'impasto[sequences]'.") from None
    RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]
    return Chem, selfies


def property_functions() -> dict[str, Callable[[Any], float]]:
    """What can be told of a molecule, by name: octanol-water partition (Crippen), weight in Dalton, drug-likeness."""
    from rdkit.Chem import QED, Crippen, Descriptors

    return {"logp": Crippen.MolLogP, "weight": Descriptors.MolWt, "qed": QED.qed}  # type: ignore[attr-defined]


def open_molecules(
    length: Count = 36,
    root: str | None = None,
    properties: Sequence[str] = ("logp",),
    least: Count = 20,
) -> Sequences:
    """For data.sequences: RDKit's molecules of the NCI, or the SMILES files of a folder.

    Molecules of several parts, of rare elements or tokens, or of more tokens than ``length`` are left out, and counted.

    Args:
        length: SELFIES tokens at most.
        root: folder of .smi, .smiles, .csv (a column smiles) or .txt, or one such file; None takes RDKit's.
        properties: what networks are told of each: logp, weight, qed.
        least: molecules that a token must occur in.

    Raises:
        UserError: there is nothing of this kind.
    """
    chem, selfies = chemistry()
    functions = property_functions()
    if unknown := [name for name in properties if name not in functions]:
        raise UserError(f"data.properties={unknown[0]} is not known: give some of {', '.join(functions)}.")
    bad: list[tuple[str, str]] = []
    kept: dict[str, tuple[Any, list[str]]] = {}
    others = 0
    for place, text in smiles_of(root, bad):
        molecule = chem.MolFromSmiles(text)
        if molecule is None:
            bad.append((place, f"{text[:60]!r} is no SMILES that RDKit reads"))
        elif (tokens := tokens_of(molecule, chem, selfies)) is not None:
            kept.setdefault(chem.MolToSmiles(molecule, isomericSmiles=False), (molecule, tokens))
        else:
            others += 1
    found = Counter(token for _, tokens in kept.values() for token in set(tokens))
    common = sorted(token for token, count in found.items() if count >= least)
    fits = {
        smiles: pair
        for smiles, pair in kept.items()
        if len(pair[1]) <= length and all(found[token] >= least for token in pair[1])
    }
    values = np.array([[functions[name](molecule) for name in properties] for molecule, _ in fits.values()], np.float32)
    told = (
        Property(name, float(column.mean()), float(column.std() or 1))
        for name, column in zip(properties, values.T, strict=bool(fits))
    )
    alphabet = Alphabet(("", *common), "selfies", properties=tuple(told))
    if alphabet.size > 256:
        raise UserError(f"These molecules have {alphabet.size} tokens, and 256 are the most: raise data.least.")
    return Sequences(
        name="RDKit's 5,000 molecules of the NCI open database" if root is None else f"SMILES files of {root}",
        tokens=alphabet.encode([tokens for _, tokens in fits.values()], length)[:, None],
        alphabet=alphabet,
        names=list(fits),
        properties=values if len(properties) else None,
        origin="sample" if root is None else "local",
        bad=bad,
        known={"left_out": others + len(kept) - len(fits), "properties": list(properties)},
    )


def tokens_of(molecule: Any, chem: Any, selfies: Any) -> list[str] | None:
    """The SELFIES tokens of a molecule without its stereochemistry; None for one that is not of this kind."""
    smiles = chem.MolToSmiles(molecule, isomericSmiles=False)
    if "." in smiles or not {atom.GetSymbol() for atom in molecule.GetAtoms()} <= ATOMS:
        return None
    try:
        return list(selfies.split_selfies(selfies.encoder(smiles)))
    except (selfies.EncoderError, ValueError):  # bonds that its rules do not know
        return None


def smiles_of(root: str | None, bad: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Each SMILES with its place, file and line; a file that cannot be read is listed as bad.

    Raises:
        UserError: there is no such file.
    """
    if root is None:
        from rdkit import RDConfig

        files = [Path(RDConfig.RDDataDir) / "NCI" / "first_5K.smi"]
    else:
        folder = Path(root).expanduser()
        files = [folder] if folder.is_file() else sorted(p for p in folder.rglob("*") if p.suffix.lower() in FILES)
    if not files:
        what = "holds no SMILES" if folder.exists() else "does not exist"
        raise UserError(f"data.root={root} {what}: give a folder with {', '.join(FILES)}, or such a file.")
    for path in files:
        try:
            yield from lines_of(path)
        except (OSError, ValueError, csv.Error) as problem:
            bad.append((path.name, f"cannot be read: {' '.join(str(problem).split())}"))


def lines_of(path: Path) -> Iterator[tuple[str, str]]:
    """The SMILES of one file, each with its place.

    Raises:
        ValueError: a CSV has no column ``smiles``.
        csv.Error: it is no CSV.
    """
    # Spreadsheets put a mark before the header.
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        for number, text in column(file) if path.suffix.lower() == ".csv" else enumerate(file, 1):
            if text.strip():
                yield f"{path.name}:{number}", text.split()[0]


def column(file: TextIO) -> Iterator[tuple[int, str]]:
    """The column ``smiles`` of a CSV, with the numbers of the lines; see :func:`lines_of`."""
    rows = csv.DictReader(file)
    name = next((name for name in rows.fieldnames or () if name.strip().lower() == "smiles"), None)
    if name is None:
        raise ValueError("it has no column smiles")
    yield from ((rows.line_num, row[name] or "") for row in rows)


def decoded(alphabet: Alphabet, tokens: np.ndarray) -> list[str | None]:
    """Canonical SMILES of rows of tokens (n, T); None where there is no molecule of two atoms or more."""
    chem, selfies = chemistry()
    found: list[str | None] = []
    for row in tokens:
        try:
            molecule = chem.MolFromSmiles(selfies.decoder(alphabet.decode(row)))
        except selfies.DecoderError:
            molecule = None
        valid = molecule is not None and molecule.GetNumHeavyAtoms() > 1
        found.append(chem.MolToSmiles(molecule) if valid else None)
    return found
