"""Sprites of one's own: opacity kept, small ones enlarged, sheets of game engines cut, and what is damaged named."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.base.errors import UserError
from impasto.data.module import ImageDataModule
from impasto.data.sources.sprite_sheets import frames_of, sheets_in
from impasto.data.sources.sprites import on_canvas, open_sprites
from impasto.evaluation.figures.sprites_seen import Drawings, agreement, asked_for
from impasto.procedural.sprites import draw_sprite, sprite_of


def arrow() -> np.ndarray:
    """2 rows of 3 pixels, each of its own red."""
    pixels = np.zeros((2, 3, 4), np.uint8)
    pixels[..., 0], pixels[..., 3] = np.arange(10, 70, 10).reshape(2, 3), 255
    return pixels


def entry(x: int, y: int, w: int, h: int, **more: Any) -> dict[str, Any]:
    return {"frame": {"x": x, "y": y, "w": w, "h": h}, **more}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A half-clear picture, and a sheet with a plain, a turned and a trimmed frame, and one outside."""
    Image.new("RGBA", (2, 2), (200, 100, 0, 128)).save(tmp_path / "glass.png")
    sheet = np.zeros((8, 8, 4), np.uint8)
    sheet[:2, :3] = arrow()
    sheet[4:7, 4:6] = np.rot90(arrow(), -1)
    Image.fromarray(sheet).save(tmp_path / "pack.png")
    whole = {"spriteSourceSize": {"x": 1, "y": 2, "w": 3, "h": 2}, "sourceSize": {"w": 4, "h": 4}}
    frames = {
        "plain": entry(0, 0, 3, 2),
        "turned": entry(4, 4, 3, 2, rotated=True),
        "trimmed": entry(0, 0, 3, 2, trimmed=True, **whole),
        "outside": entry(6, 0, 3, 2),
        "empty": {"frame": {"x": 0}},
    }
    (tmp_path / "pack.json").write_text(json.dumps({"frames": frames, "meta": {"image": "pack.png"}}))
    (tmp_path / "torn.json").write_text('{"frames": {')
    (tmp_path / "other.json").write_text('{"name": "no sheet"}')
    return tmp_path


def packed(root: Path, cache: Path) -> ImageDataModule:
    given = {"image_size": 8, "resize": "stretch", "channels": 4, "flip": False, "max_bad_share": 0.9}
    data = ImageDataModule(pictures=open_sprites, root=str(root), duplicates="keep", cache_dir=str(cache), **given)  # type: ignore[arg-type]
    data.prepare_data()
    return data


def test_frames_are_cut_as_engines_do_and_bad_ones_are_named(folder: Path, tmp_path: Path) -> None:
    data = packed(folder, tmp_path / "cache")
    train = data.train["image"]
    found = dict(zip(train.every_name(), train.batch(range(len(train))), strict=True))
    assert sorted(found) == ["glass.png", "plain", "trimmed", "turned"]
    assert found["glass.png"][7, 4].tolist() == [100, 50, 0, 128]  # 200 * 128 / 255 = 100.4, 100 * 128 / 255 = 50.2
    twice = arrow().repeat(2, 0).repeat(2, 1)
    assert (found["plain"][4:, 1:7] == twice).all()
    assert not found["plain"][:4].any()
    assert (found["turned"] == found["plain"]).all()
    assert (found["trimmed"][4:8, 2:8] == twice).all()
    bad = dict(data.packs[0].bad())
    assert "lies outside of the sheet of 8 x 8" in bad["outside"]
    assert "lacks numbers" in bad["empty"]
    assert "JSON is damaged" in bad["torn.json"]
    assert len(bad) == 3
    assert data.spec["image"].opacity


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('{"frames": {}, "meta": {"image": "../secret.png"}}', "names a picture outside of the folder"),
        (
            '{"frames": {"a": {"frame": {"x": 0, "y": 0, "w": 1, "h": 1}, "sourceSize": {"w": 99999, "h": 99999}}}}',
            "more",
        ),
        ('{"frames": {"a": {"frame": {"x": 0, "y": 0, "w": 0, "h": 1}}}}', "a side of no length"),
        ("[" * 100_000, "JSON is damaged"),
        ('{"frames": {"a": {"frame": {"x": 1e999, "y": 0, "w": 1, "h": 1}}}}', "lacks numbers"),
    ],
    ids=["outside", "huge", "empty", "deep", "infinite"],
)
def test_sheets_of_strangers_are_not_believed(content: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "sheets").mkdir()
    for place in ("secret.png", "sheets/a.png"):
        Image.new("RGBA", (2, 2)).save(tmp_path / place)
    (tmp_path / "sheets" / "a.json").write_text(content)
    (tmp_path / "sheets" / "folder.json").mkdir()
    found = {name: load for sheet in sheets_in(tmp_path / "sheets") for name, load in frames_of(sheet)}
    assert why in found["a.json" if "a.json" in found else "a"].reason  # type: ignore[union-attr]
    assert "folder" in found["folder.json"].reason  # type: ignore[union-attr]


def test_folders_are_classes(tmp_path: Path) -> None:
    for name in ("orc", "elf"):
        (tmp_path / name).mkdir()
        Image.new("RGBA", (2, 2)).save(tmp_path / name / "1.png")
    assert open_sprites(str(tmp_path)).source.class_names == ("elf", "orc")
    Image.new("RGBA", (2, 2)).save(tmp_path / "alone.png")
    assert open_sprites(str(tmp_path)).source.class_names == ()
    with pytest.raises(UserError, match="outside of folders"):
        open_sprites(str(tmp_path), "folder")


def test_a_large_sprite_is_shrunk_with_its_colours_weighed_by_opacity() -> None:
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[..., 0] = 255  # also of what is clear
    pixels[:, ::2, 3] = 255
    assert (on_canvas(pixels, 2) == [128, 0, 0, 128]).all()


def test_drawn_characters_are_read_as_what_they_are() -> None:
    drawings = Drawings(32)
    shown = [sprite_of(3, i) for i in range(64)]
    random = np.random.default_rng(0)
    drawn = np.stack([on_canvas(draw_sprite(each, random), 32) for each in shown])
    found = [drawings.sprites[int(i)] for i in drawings.nearest(torch.from_numpy(drawn).movedim(-1, 1))]
    told = [asked_for(each.words) for each in shown]
    assert agreement(found, [each for each in told if each is not None]).min() == 1
    others = [each for each in [*told[1:], told[0]] if each is not None]
    assert 0 < agreement(found, others)[:, 0].mean() < 0.6  # a quarter of four kinds
    assert asked_for("red knight on horse") is None
    assert asked_for("red slime") == {"color": "red", "kind": "slime", "held": "nothing"}
