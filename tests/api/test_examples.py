"""The examples in the docstrings of the Python interface run as they are written."""

import doctest
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import impasto
from tests.style_painter import photo


@pytest.mark.parametrize("name", ["impasto", "impasto.api.model", "impasto.api.measuring", "impasto.api.learning"])
def test_examples_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(photo(64, 96)).save("photo.jpg")
    for folder, value in (("photos", 64), ("painted", 96)):
        Path(folder).mkdir()
        for file in ("one", "two"):
            Image.fromarray(np.full((64, 64, 3), value, np.uint8)).save(f"{folder}/{file}.png")
    Path("paintings").mkdir()
    Image.fromarray(photo(96, 96, 1)).save("paintings/one.png")
    done = doctest.testmod(import_module(name), optionflags=doctest.ELLIPSIS)
    assert done.attempted >= 2
    assert done.failed == 0


def test_every_function_has_an_example() -> None:
    examples = {name: ">>>" in str(getattr(impasto, name).__doc__) for name in ("load", "learn_style", "evaluate")}
    assert all(examples.values()), examples
    assert ">>>" in str(impasto.Model.paint.__doc__)
