"""Tables that a user gives, damaged so that the reader of CSV or JSON itself gives up."""

from pathlib import Path

import pytest

from impasto.base.errors import UserError
from impasto.data.captions import read_captions
from impasto.data.sources.classes import read_file
from impasto.evaluation.folders import open_generated

LONG, DEEP = "C" * 200_000, "[" * 100_000


def test_captions_classes_and_labels(tmp_path: Path) -> None:
    (tmp_path / "captions.csv").write_text(f"file,caption\na.png,{LONG}\n")
    with pytest.raises(UserError, match="is no CSV"):
        read_captions(str(tmp_path / "captions.csv"), None, None)
    (tmp_path / "captions.jsonl").write_text(DEEP)
    with pytest.raises(UserError, match="line 1, is no JSON object"):
        read_captions(str(tmp_path / "captions.jsonl"), None, None)
    for name, text in (("classes.csv", f"name\n{LONG}\n"), ("classes.json", DEEP)):
        (tmp_path / name).write_text(text)
        with pytest.raises(UserError, match="is not what its ending says"):
            read_file(str(tmp_path / name))
    (tmp_path / "labels.csv").write_text(f"file,label\n{LONG},1\n")
    with pytest.raises(UserError, match="is no CSV"):
        open_generated(tmp_path, (8, 8), tmp_path)
