"""Files of sequences as programs save them, and damaged ones."""

import gzip
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from impasto.base.alphabet import Alphabet
from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.inference.restyle_text import restyle_text
from impasto.sequences.dna import open_dna
from impasto.sequences.molecules import open_molecules

MARK = b"\xef\xbb\xbf"
"""What spreadsheets and some editors put at the beginning of a text."""


def test_a_mark_at_the_beginning_is_no_part_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.fa").write_bytes(MARK + b">a\n" + b"ACGT" * 4 + b"\n")
    assert list(open_dna(16, str(tmp_path)).names) == ["a.fa:a"]
    (tmp_path / "a.csv").write_bytes(MARK + b"SMILES,price\nCCO,1\n,2\nCCN,3\n")
    (tmp_path / "a.smi").write_bytes(MARK + b"CCC x\n")
    found = open_molecules(root=str(tmp_path), properties=(), least=1)
    assert list(found.names) == ["CCO", "CCN", "CCC"]
    assert not found.bad


def test_damaged_files_are_named(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(b">a\n" + b"ACGT" * 400))
    packed[12:20] = b"\0\xff" * 4
    (tmp_path / "a.fa.gz").write_bytes(packed)
    assert [name for name, _ in open_dna(16, str(tmp_path)).bad] == [str(tmp_path / "a.fa.gz")]
    (tmp_path / "folder.smi").mkdir()
    (tmp_path / "long.csv").write_text("smiles\n" + "C" * 200_000)
    (tmp_path / "other.csv").write_text("name\nethanol\n")
    (tmp_path / "ok.txt").write_text("CCO\nno molecule\n")
    reasons = {Path(name).name: reason for name, reason in open_molecules(root=str(tmp_path), least=1).bad}
    assert "directory" in reasons["folder.smi"]
    assert "field larger" in reasons["long.csv"]
    assert reasons["other.csv"] == "cannot be read: it has no column smiles"
    assert "no SMILES" in reasons["ok.txt:2"]
    with pytest.raises(UserError, match="does not exist"):
        open_molecules(root=str(tmp_path / "nowhere"))


@pytest.mark.parametrize(("output", "said"), [("texts", "outside of output"), ("texts/a.txt", "is a file")])
def test_texts_are_never_replaced_by_themselves(tmp_path: Path, output: str, said: str) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("good food")
    painter: Any = SimpleNamespace(content=ImageSpec(2, 1, 4, alphabet=Alphabet(("", "good"), "text", " ")))
    with pytest.raises(UserError, match=said):
        list(restyle_text(painter, tmp_path / "texts", tmp_path / output, overwrite=True))
    assert (tmp_path / "texts" / "a.txt").read_text() == "good food"
