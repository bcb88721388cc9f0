"""Palettes and sprite sheets."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.data.sources.sprites import SpriteFiles
from impasto.inference.sprites import Finish, colors_in, finish_for, in_palette, read_palette, write_sheet


def test_a_palette_of_few_colours_leaves_opacity_alone() -> None:
    pictures = torch.randint(0, 256, (4, 4, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    pictures[:, 3] = 255 * (pictures[:, 3] > 127)
    palette = colors_in(pictures, 5)
    found = in_palette(pictures, palette)
    seen = found.movedim(1, -1)[found[:, 3] > 0][:, :3]
    assert 2 <= len(torch.unique(seen, dim=0)) <= 5
    assert torch.equal(found[:, 3], pictures[:, 3])
    assert not found.movedim(1, -1)[found[:, 3] == 0].any()


def test_palettes_of_files(tmp_path: Path) -> None:
    (tmp_path / "a.hex").write_text("ff0000\n#00ff10\n\n")
    (tmp_path / "b.gpl").write_text("GIMP Palette\nName: b\n#\n255 0 0 red\n  0 255  16 green\n")
    for name in ("a.hex", "b.gpl"):
        assert read_palette(str(tmp_path / name)).tolist() == [[255, 0, 0], [0, 255, 16]]
    (tmp_path / "c.hex").write_text("ff0000\nred\n")
    with pytest.raises(UserError, match="line 2, is no colour"):
        read_palette(str(tmp_path / "c.hex"))
    with pytest.raises(UserError, match="does not exist"):
        read_palette(str(tmp_path / "d.gpl"))
    nearest = in_palette(
        torch.tensor([250, 20, 30], dtype=torch.uint8)[None, :, None, None], read_palette(str(tmp_path / "a.hex"))
    )
    assert nearest.flatten().tolist() == [255, 0, 0]


def test_a_sheet_is_read_again_as_it_was(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    pictures = {f"walk/{i}.png": torch.from_numpy(random.integers(0, 256, (4, 3, 5), dtype=np.uint8)) for i in range(3)}
    for picture in pictures.values():
        picture[3] = 255
    write_sheet(pictures, 2, tmp_path / "sprites.png", {"walk": list(pictures)}, 80)
    found = json.loads((tmp_path / "sprites.json").read_text())
    assert found["meta"]["size"] == {"w": 10, "h": 6}
    assert found["frames"]["walk/2.png"]["frame"] == {"x": 0, "y": 3, "w": 5, "h": 3}
    assert found["frames"]["walk/2.png"]["duration"] == 80
    assert found["animations"] == {"walk": ["walk/0.png", "walk/1.png", "walk/2.png"]}
    sheet = np.asarray(Image.open(tmp_path / "sprites.png"))
    assert (sheet[:3, 5:] == pictures["walk/1.png"].movedim(0, -1).numpy()).all()
    assert [item.name for item in SpriteFiles(str(tmp_path)).items()] == list(pictures)


@pytest.mark.parametrize(
    ("spec", "edges", "palette", "said"),
    [
        (ImageSpec(3, 8, 8), "hard", None, "no opacity"),
        (ImageSpec(4, 8, 8, opacity=True), "round", None, "hard or soft"),
        (ImageSpec(1, 8, 8), None, 4, "paints none"),
        (ImageSpec(3, 8, 8), None, 1, "2 or more"),
    ],
)
def test_what_does_not_fit_the_model_is_said(spec: ImageSpec, edges: Any, palette: Any, said: str) -> None:
    painter: Any = SimpleNamespace(gives=spec)
    with pytest.raises(UserError, match=said):
        finish_for(painter, edges, palette, lambda n: torch.zeros(n, spec.channels, 8, 8))


def test_nothing_is_done_to_pictures_without_opacity() -> None:
    painter: Any = SimpleNamespace(gives=ImageSpec(3, 8, 8))
    assert finish_for(painter, None, None, lambda n: torch.zeros(n, 3, 8, 8)) == Finish()
