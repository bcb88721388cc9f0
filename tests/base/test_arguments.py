from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from impasto.base.arguments import typed
from impasto.base.errors import UserError


@typed
def given(
    path: str | PathLike[str] | None = None,
    *,
    count: int = 1,
    share: float = 0.5,
    names: Sequence[str] = (),
    files: Mapping[str, str | PathLike[str]] | None = None,
    sizes: int | Sequence[int] = 1,
    free: Any = None,
    **further: int,
) -> str:
    """Of every kind of argument."""
    return f"{path} {count} {share}"


@pytest.mark.parametrize(
    "right",
    [
        {"path": "a"},
        {"path": Path("a")},
        {"count": np.int64(3)},
        {"share": 1},
        {"share": np.float32(0.5)},
        {"names": ["a"]},
        {"names": ("a", "b")},
        {"files": {"a": Path("b")}},
        {"sizes": [1, 2]},
        {"free": object()},
        {"other": "what is open is not checked"},
    ],
)
def test_what_fits_passes(right: dict[str, Any]) -> None:
    assert given(**right).startswith(str(right.get("path")))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"path": 5}, r"given\(path=5\) does not fit: give a path or None\."),
        ({"count": 1.5}, r"count=1\.5\) does not fit: give a whole number\."),
        ({"count": True}, r"count=True\) does not fit: give a whole number\."),
        ({"share": "x"}, r"share='x'\) does not fit: give a number\."),
        ({"names": "abc"}, r"names='abc'\) does not fit: give a list of strings\."),
        ({"names": [1]}, r"give a list of strings\."),
        ({"files": "x"}, r"give a mapping from names to paths or None\."),
        ({"files": {"a": 5}}, r"give a mapping from names to paths or None\."),
        ({"files": {5: "a"}}, r"give a mapping from names to paths or None\."),
        ({"sizes": ["a"]}, r"give a whole number or a list of whole numbers\."),
    ],
)
def test_what_does_not_fit_is_a_sentence(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        given(**wrong)


def test_a_long_value_is_cut() -> None:
    with pytest.raises(UserError) as found:
        given(path=b"x" * 1000)  # type: ignore[arg-type]
    assert len(str(found.value)) < 120
    assert given.__name__ == "given"
    assert given.__doc__ == "Of every kind of argument."
