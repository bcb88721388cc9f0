"""Styles by name, and those that are held ready."""

import os
from pathlib import Path

import pytest

from impasto.inference.style_choice import shipped_styles
from impasto.serve.refusals import Refusal
from impasto.serve.shelf import SHIPPED, Recent, Shelf


def test_shipped_styles_and_adapters_have_names(tmp_path: Path) -> None:
    for name in ("mine.safetensors", "harvest.safetensors", ".hidden.safetensors", "notes.txt"):
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "folder.safetensors").mkdir()
    shelf = Shelf(tmp_path)
    assert shelf.names() == sorted({*shipped_styles(), "mine"})
    assert shelf.find("mine")[0].adapter == tmp_path / "mine.safetensors"
    assert shelf.find("harvest")[0].adapter == tmp_path / "harvest.safetensors", "one's own comes first"
    assert shelf.find("night_cafe") == Shelf().find("night_cafe")
    assert shelf.find("night_cafe")[1] == SHIPPED


@pytest.mark.parametrize(
    "name", ["nothing", "", "../secret", "a/b", "..", ".hidden", "folder", "a\0b", "x" * 5000, "C:\\a", "/etc/passwd"]
)
def test_nothing_outside_the_folder_is_found(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.safetensors").touch()
    folder = tmp_path / "styles"
    (folder / "folder.safetensors").mkdir(parents=True)
    (folder / ".hidden.safetensors").touch()
    with pytest.raises(Refusal, match="There is no style") as refused:
        Shelf(folder).find(name)
    assert refused.value.status == 404
    assert len(refused.value.sentence) < 200


def test_another_file_of_the_same_name_is_another_version(tmp_path: Path) -> None:
    shelf, path = Shelf(tmp_path), tmp_path / "mine.safetensors"
    path.write_bytes(b"one")
    _, first = shelf.find("mine")
    assert shelf.find("mine")[1] == first
    path.write_bytes(b"two")
    os.utime(path, ns=(0, first[2] + 1))
    assert shelf.find("mine")[1] != first
    path.unlink()
    with pytest.raises(Refusal):
        shelf.find("mine")


def test_what_was_used_last_is_held() -> None:
    held: Recent[str] = Recent(2)
    for name in ("a", "b", "a", "c"):  # b was used longest ago when c came
        assert held.get(name, (1, 1, 1), name.upper) == name.upper()
    assert [name in held for name in "abc"] == [True, False, True]
    assert held.made == 3
    assert held.get("a", (1, 1, 2), lambda: "new") == "new", "its file was replaced"
    assert held.get("a", (1, 1, 2), lambda: "newer") == "new"
    assert held.made == 4


def test_what_cannot_be_made_is_not_held() -> None:
    held: Recent[str] = Recent(2)

    def fail() -> str:
        raise Refusal(503, "no")

    with pytest.raises(Refusal):
        held.get("a", (1, 1, 1), fail)
    assert "a" not in held
    assert held.get("a", (1, 1, 1), lambda: "now") == "now"
