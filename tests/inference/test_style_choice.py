"""Which styles ``style=`` means, and how it is written on the command line."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from PIL import Image

from impasto.base.errors import UserError
from impasto.inference.style_choice import choose_styles, shipped_styles, weighted_names
from impasto.run.command_line.arguments import with_text_quoted
from tests.style_painter import photo
from tests.training import CONF

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "styles"
    (folder / "monet").mkdir(parents=True)
    for name in ("a, b: c.jpg", "klimt.png", "monet/lilies.jpg", "monet/bridge.jpg"):
        Image.fromarray(photo(20, 30)).save(folder / name)
    (folder / "mine.safetensors").write_bytes(b"x")
    (folder / "notes.txt").write_text("x")
    return folder


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a.jpg", [("a.jpg", 1)]),
        ("{a.jpg: 0.7, monet.safetensors: 0.3}", [("a.jpg", 0.7), ("monet.safetensors", 0.3)]),
        ("{a.jpg:1,b.jpg:2}", [("a.jpg", 1), ("b.jpg", 2)]),
        ("{a, b: c.jpg: 0.7, 'x: 1, y': .5, z: 1e-1}", [("a, b: c.jpg", 0.7), ("'x", 1), ("y'", 0.5), ("z", 0.1)]),
        ('{"/tmp/my file (1).jpg": 2}', [("/tmp/my file (1).jpg", 2)]),
        ("[a.jpg, 'b c.jpg']", [("a.jpg", 1), ("b c.jpg", 1)]),
        ({"a.jpg": 0.5, "b.jpg": 1}, [("a.jpg", 0.5), ("b.jpg", 1)]),
        (["a.jpg", "b.jpg"], [("a.jpg", 1), ("b.jpg", 1)]),
        (None, []),
    ],
)
def test_names_and_weights(value: Any, expected: list[tuple[str, float]]) -> None:
    assert list(weighted_names(value)) == expected


@pytest.mark.parametrize(
    "written",
    ["{A.jpg: 0.7, B.safetensors: 0.3}", "{A (1).jpg: 0.7, ä/B.safetensors: 0.3}", "[A.jpg, B.jpg]", "A, B.jpg"],
)
def test_the_command_line_takes_them_as_they_are(written: str) -> None:
    with initialize_config_dir(CONF, version_base="1.3"):
        cfg = compose("stylize", with_text_quoted([f"style={written}", "input=x", "output=y"]))
    assert list(weighted_names(cfg.style if isinstance(cfg.style, str) else list(cfg.style))) == list(
        weighted_names(written)
    )


def test_a_file_is_taken_literally_whatever_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("{a: 1}", "harvest", "[x].png"):
        Image.fromarray(photo(8, 8)).save(tmp_path / name, "png")
        (chosen,) = choose_styles(name)
        assert chosen.pictures == (Path(name),)


def test_a_folder_is_one_style_and_spread_out_on_a_sheet(folder: Path) -> None:
    (one,) = choose_styles(str(folder))
    assert one.name == "styles"
    assert [p.name for p in one.pictures] == ["a, b: c.jpg", "klimt.png", "bridge.jpg", "lilies.jpg"]
    apart = choose_styles(str(folder), apart=True)
    assert [(each.name, len(each.pictures), each.adapter is not None) for each in apart] == [
        ("a, b: c", 1, False),
        ("klimt", 1, False),
        ("mine", 0, True),
        ("monet", 2, False),
    ]
    listed = choose_styles([str(folder / "monet"), str(folder)], apart=True)
    assert [len(each.pictures) for each in listed] == [2, 4]


def test_an_adapter_goes_by_its_ending(folder: Path) -> None:
    (chosen,) = choose_styles({str(folder / "mine.safetensors"): 2.0})
    assert (chosen.adapter, chosen.pictures, chosen.weight) == (folder / "mine.safetensors", (), 2.0)


def test_shipped_styles() -> None:
    known = shipped_styles()
    assert len(known["van_gogh"]) == 8
    assert [len(pictures) for name, pictures in known.items() if name != "van_gogh"] == [1] * 8
    assert all(path.is_file() for pictures in known.values() for path in pictures)
    assert choose_styles("night_cafe")[0].pictures[0].name == "Van_Gogh_The_Night_Cafe.jpg"
    help_text = (Path(CONF) / "stylize.yaml").read_text()
    assert all(name in help_text for name in known)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, r"Give style=: .* one of van_gogh, church_at_auvers"),
        ("nowhere.jpg", r"style=nowhere\.jpg is no picture, folder or adapter, nor one of van_gogh"),
        ("harves", r"langlois_bridge: did you mean harvest\?$"),
        ("{night_cafe: 0}", "give weights of 0 or more, and one of them above 0"),
        ("{night_cafe: -1, harvest: 2}", "give weights of 0 or more"),
        ({"night_cafe": float("nan")}, "give weights of 0 or more"),
        ({"night_cafe": "much"}, "give weights of 0 or more"),
        ({"night_cafe": True}, "give weights of 0 or more"),
        ("{night_cafe: much}", r"cannot be read at 'night_cafe: much': write \{NAME: WEIGHT"),
        ("{night_cafe}", "cannot be read at 'night_cafe'"),
    ],
)
def test_what_makes_no_sense_is_said(value: Any, words: str) -> None:
    with pytest.raises(UserError, match=words):
        choose_styles(value)


@pytest.mark.parametrize("apart", [False, True])
def test_a_folder_without_pictures_is_named(tmp_path: Path, apart: bool) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(UserError, match=r"There are no pictures in .*set style to a folder"):
        choose_styles(str(tmp_path), apart=apart)


def test_choosing_needs_no_torch() -> None:
    code = "import sys; sys.path.insert(0, 'src'); from impasto.inference.style_choice import choose_styles; "
    code += "choose_styles('harvest'); import impasto.inference.masks; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)
