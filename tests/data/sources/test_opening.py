"""Folders, WikiArt's names, the embedded pictures, and the rule of ``source=auto``."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.base import notices
from impasto.base.errors import UserError
from impasto.data.sources import wikiart as sources_wikiart
from impasto.data.sources.opening import SAMPLES, JoinedSource, ManifestSource, choose_origin, open_folder
from impasto.data.sources.wikiart import open_wikiart


def save(path: Path, level: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((4, 4, 3), level, np.uint8)).save(path)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder copy of WikiArt with two styles and two artists."""
    for path in ("Cubism/pablo-picasso_guernica.png", "Cubism/juan-gris_still-life.png", "Baroque/pablo-picasso_x.png"):
        save(tmp_path / "wikiart" / path)
    return tmp_path / "wikiart"


def labelled(pictures: object) -> dict[str, str]:
    source = pictures.source  # type: ignore[attr-defined]
    return {item.name: source.class_names[item.label] for item in source.items()}


@pytest.mark.parametrize("label", ["style", "auto"])
def test_the_style_is_the_folder(copy: Path, label: str) -> None:
    pictures = open_wikiart("auto", str(copy), label)
    assert (pictures.name, pictures.source.origin, pictures.label) == ("wikiart (folder copy)", "local", "style")
    assert labelled(pictures) == {
        "Baroque/pablo-picasso_x.png": "Baroque",
        "Cubism/juan-gris_still-life.png": "Cubism",
        "Cubism/pablo-picasso_guernica.png": "Cubism",
    }


def test_the_artist_is_in_the_name_at_any_depth(copy: Path) -> None:
    expected = {"Baroque/pablo-picasso_x.png": "pablo-picasso", "Cubism/juan-gris_still-life.png": "juan-gris"}
    assert expected.items() <= labelled(open_wikiart("local", str(copy), "artist")).items()
    nested = {f"wikiart/{name}": artist for name, artist in expected.items()}
    assert nested.items() <= labelled(open_wikiart("local", str(copy.parent), "artist")).items()


def test_a_folder_copy_has_no_genres(copy: Path) -> None:
    with pytest.raises(UserError, match=r"no genre: use data.label=style or data.label=artist"):
        open_wikiart("auto", str(copy), "genre")


def test_names_that_say_nothing_are_named(copy: Path) -> None:
    save(copy / "Cubism" / "untitled.png")
    with pytest.raises(UserError, match=r"Cubism/untitled.png has no artist in its name"):
        open_wikiart("local", str(copy), "artist").source.fingerprint()
    save(copy / "loose.png")
    with pytest.raises(UserError, match=r"loose.png lies in no folder"):
        open_wikiart("local", str(copy), "style").source.fingerprint()


def test_the_sample_says_that_it_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    notices.forget_notices()
    monkeypatch.setattr(sources_wikiart, "reachable", lambda url: False)
    pictures = open_wikiart("auto")
    assert pictures.name == "wikiart (embedded sample of 8 paintings)"
    assert pictures.source.origin == "sample"
    assert pictures.source.class_names == ("cityscape", "interior", "landscape", "portrait")
    assert "data.source" in notices.notices()
    assert "data.root" in notices.notices()["data.source"]
    assert open_wikiart("sample", label="artist").source.class_names == ("vincent_van_gogh",)
    assert open_wikiart("sample", label="none").source.class_names == ()


def test_auto_goes_to_the_hub_where_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    notices.forget_notices()
    asked: list[str] = []
    monkeypatch.setattr(sources_wikiart, "reachable", lambda url: not asked.append(url))  # type: ignore[func-returns-value]
    pictures = open_wikiart("auto")
    assert (pictures.name, pictures.source.origin, asked) == ("wikiart", "hub", ["https://huggingface.co"])
    assert notices.notices() == {}


def test_a_folder_that_is_given_but_not_there_is_no_reason_for_the_sample(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"does not exist.*data.root"):
        open_wikiart("auto", str(tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no pictures in"):
        open_wikiart("auto", str(tmp_path / "empty")).source.fingerprint()


@pytest.mark.parametrize(
    ("source", "root", "message"),
    [
        ("web", None, "choose one of auto, hub"),
        ("local", None, "data.root=FOLDER"),
        ("hub", None, "cannot be downloaded"),
    ],
)
def test_sources_that_cannot_be(source: str, root: str | None, message: str) -> None:
    with pytest.raises(UserError, match=message):
        choose_origin("image_folder", source, root, online=None)  # type: ignore[arg-type]


def test_a_folder_of_ones_own_pictures(tmp_path: Path) -> None:
    save(tmp_path / "a" / "1.png")
    save(tmp_path / "b" / "2.png")
    pictures = open_folder(root=str(tmp_path))
    assert labelled(pictures) == {"a/1.png": "a", "b/2.png": "b"}
    assert (pictures.name, pictures.label) == (f"folder {tmp_path.name}", "folder")
    assert open_folder(root=str(tmp_path), label="none").source.class_names == ()
    with pytest.raises(UserError, match=r"data=image_folder needs a folder.*data.root=FOLDER"):
        open_folder()
    with pytest.raises(UserError, match=r"data.label=style is not known here: choose one of auto, folder or none"):
        open_folder(root=str(tmp_path), label="style")


def test_the_photographs_stand_in_for_a_folder() -> None:
    pictures = open_folder("sample")
    assert pictures.name == "embedded sample of 209 photographs"
    assert pictures.source.class_names == ("animals", "fishes", "monuments", "others", "renewable", "tools")


@pytest.mark.parametrize("name", ["paintings", "photos"])
def test_every_shipped_picture_has_its_terms(name: str) -> None:
    with (SAMPLES / name / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    on_disk = {p.relative_to(SAMPLES / name).as_posix() for p in (SAMPLES / name).rglob("*.*")} - {"manifest.csv"}
    assert {row["file"] for row in rows} == on_disk
    for row in rows:
        assert row["licence"].lower() in ("public domain", "cc0-1.0", "cc0"), row["file"]
        assert row["author"], row["file"]
        with Image.open(SAMPLES / name / row["file"]) as picture:
            assert picture.size == (int(row["width"]), int(row["height"])), row["file"]


def test_a_manifest_may_be_read_in_part_and_from_anywhere() -> None:
    tools = ManifestSource(SAMPLES / "photos", prefix="tools/")
    names = [item.name for item in tools.items()]
    assert len(names) == tools.length == 38
    assert all(name.startswith("tools/") for name in names)
    assert [item.name for item in tools.items(36)] == names[36:]


def test_joined_sources_share_their_classes(tmp_path: Path) -> None:
    for i, path in enumerate(("one/b/1.png", "one/c/2.png", "two/a/3.png", "two/c/4.png")):
        save(tmp_path / path, level=i)
    joined = JoinedSource([open_folder(root=str(tmp_path / part)).source for part in ("one", "two")])
    assert joined.class_names == ("a", "b", "c")
    assert [item.label for item in joined.items()] == [1, 2, 0, 2]
    assert joined.length == 4
    for start in range(5):
        assert [i.name for i in joined.items(start)] == ["b/1.png", "c/2.png", "a/3.png", "c/4.png"][start:]
