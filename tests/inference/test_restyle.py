"""Painting in any style through the entry script's own functions."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from PIL import Image

from impasto.base.errors import UserError
from impasto.data.sources.opening import SAMPLES
from impasto.inference.console import follow
from impasto.inference.masks import choose_masks
from impasto.inference.repaint import Look
from impasto.inference.restyle import restyle
from impasto.inference.style_choice import choose_styles
from impasto.inference.styles import mixed_style, stronger, style_picture
from impasto.painters import checkpoints
from impasto.painters.adapters import base_sha256, save_adapter
from impasto.painters.loading import load_painter
from impasto.painters.style import StylePainter, mix
from impasto.painters.style_base import load_base, save_base
from impasto.run.command_line.arguments import with_text_quoted
from stylize import stylize as command
from tests.style_painter import photo, style_of, style_painter
from tests.training import CONF

ROOT = Path(__file__).parents[2]


@pytest.fixture
def painter() -> StylePainter:
    return style_painter()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(photo(30, 45)).save(folder / "one.png")
    Image.fromarray(photo(33, 20, 1)).save(folder / "two.jpg")
    return folder


@pytest.fixture
def styles(tmp_path: Path) -> Path:
    folder = tmp_path / "styles"
    folder.mkdir()
    Image.fromarray(photo(40, 40, 2)).save(folder / "a.png")
    Image.fromarray(255 - photo(50, 40, 3)).save(folder / "b.png")
    return folder


def paint(painter: Any, style: Any, source: Path, output: Path, **options: Any) -> int:
    look = {name: options.pop(name) for name in ("strength", "preserve_color", "tile", "brush") if name in options}
    chosen = [] if style is None else choose_styles(style, apart=options.get("sheet") is True)
    return follow(restyle(painter, chosen, source, output, look=Look(**look), **options))


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path)).astype(int)


def test_a_style_is_painted(painter: StylePainter, photos: Path, styles: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert paint(painter, str(styles / f"{name}.png"), photos, tmp_path / name) == 2
    found = {name: pixels(tmp_path / name / "one.png") for name in ("a", "b")}
    assert found["a"].shape == (30, 45, 3)
    assert np.abs(found["a"] - found["b"]).mean() > 2
    expected = painter(
        content=torch.nn.functional.pad(as_tensor(photos / "one.png"), (0, 3, 0, 2), mode="reflect"),
        style=style_picture(styles / "a.png", 3),
    )[..., :30, :45]
    assert np.abs(found["a"] - to_pixels(expected)).max() <= 1


def as_tensor(path: Path) -> torch.Tensor:
    return torch.from_numpy(np.array(Image.open(path).convert("RGB"))).permute(2, 0, 1)[None] / 127.5 - 1


def to_pixels(image: torch.Tensor) -> np.ndarray:
    return (image * 127.5 + 127.5).round()[0].permute(1, 2, 0).numpy().astype(int)


@pytest.mark.parametrize("name", ["photo.png", "photo.jpg", "deep.png", "clear.png", "grey.png", "turned.jpg"])
def test_strength_0_is_the_picture_bit_for_bit(painter: StylePainter, tmp_path: Path, name: str) -> None:
    source, out = tmp_path / name, tmp_path / "out"
    image = Image.fromarray(photo(20, 31))
    exif = Image.Exif()
    if name == "deep.png":
        image = Image.fromarray(np.arange(620, dtype=np.uint16).reshape(20, 31) * 100)
    if name == "clear.png":
        image.putalpha(Image.fromarray(photo(20, 31, 1)[..., 0] // 128 * 255))
    if name == "grey.png":
        image = image.convert("L")
    if name == "turned.jpg":
        exif[0x0112] = 6
    image.save(source, exif=exif)
    assert paint(painter, "harvest", source, out, strength=0) == 1
    assert (out / name).read_bytes() == source.read_bytes()
    if name == "photo.jpg":
        assert paint(painter, "harvest", source, out / "other.png", strength=0) == 1
        assert np.array_equal(pixels(out / "other.png"), pixels(source)), "in another format the pixels are the same"


def test_strength_is_monotone(painter: StylePainter, photos: Path, styles: Path, tmp_path: Path) -> None:
    change = []
    for strength in (0, 0.25, 0.5, 1, 1.25, 1.5):
        paint(painter, str(styles / "b.png"), photos / "one.png", tmp_path / f"{strength}", strength=strength)
        change.append(np.abs(pixels(tmp_path / f"{strength}" / "one.png") - pixels(photos / "one.png")).mean())
    assert change[0] == 0
    assert all(after > before for before, after in pairwise(change)), change


@pytest.mark.parametrize("style", ["night_cafe", "langlois_bridge", "van_gogh"])
def test_strength_of_the_shipped_base_is_monotone(tmp_path: Path, style: str) -> None:
    shipped, source = load_base(device="cpu"), tmp_path / "photo.png"
    with Image.open(SAMPLES / "photos" / "monuments" / "parthenon.jpg") as image:
        image.resize((160, 120)).save(source)
    change = []
    for strength in (0, 0.5, 1, 1.25, 1.5):
        paint(shipped, style, source, tmp_path / f"{strength}", strength=strength)
        change.append(np.abs(pixels(tmp_path / f"{strength}" / "photo.png") - pixels(source)).mean())
    assert change[0] == 0
    assert all(after > before for before, after in pairwise(change)), change


def test_above_1_the_code_moves_away_from_that_of_photographs(painter: StylePainter, styles: Path) -> None:
    style = mixed_style(painter, choose_styles(str(styles / "a.png")))
    painter.neutral = torch.zeros_like(style.code)
    moved = stronger(painter, style, 1.5).code
    assert torch.allclose(moved[:-9], style.code[:-9] * 1.5)
    assert torch.equal(moved[-9:], style.code[-9:]), "the palette stays"
    assert torch.equal(stronger(painter, style, 1.0).code, style.code)


def test_without_a_neutral_code_that_of_embedded_photographs_is_taken(painter: StylePainter, styles: Path) -> None:
    style = mixed_style(painter, choose_styles(str(styles / "a.png")))
    assert not torch.equal(stronger(painter, style, 1.5).code, style.code)
    assert painter.neutral is not None
    assert painter.neutral.shape == style.code.shape


def test_plain_painters_go_beyond_the_painting(run_dir: Path, photos: Path, tmp_path: Path) -> None:
    plain, source = load_painter(run_dir, device="cpu"), photos / "one.png"
    for strength in (1, 1.5):
        paint(plain, None, source, tmp_path / f"{strength}", strength=strength)
    photo, once, more = pixels(source), pixels(tmp_path / "1" / "one.png"), pixels(tmp_path / "1.5" / "one.png")
    expected = np.clip(photo + 1.5 * (once - photo), 0, 255)
    assert np.abs(more - expected).max() <= 1


@pytest.mark.parametrize(
    "kind", ["small", "tiny", "line", "blank", "grey", "grey16", "clear", "palette", "wide", "tall", "large"]
)
def test_style_pictures_of_every_kind(painter: StylePainter, photos: Path, tmp_path: Path, kind: str) -> None:
    image = {
        "small": lambda: Image.fromarray(photo(24, 20)),
        "tiny": lambda: Image.fromarray(photo(3, 2)),
        "line": lambda: Image.fromarray(photo(1, 300)),
        "blank": lambda: Image.new("RGB", (64, 64), "white"),
        "grey": lambda: Image.fromarray(photo(40, 40)).convert("L"),
        "grey16": lambda: Image.fromarray(np.arange(1600, dtype=np.uint16).reshape(40, 40) * 40),
        "clear": lambda: Image.new("RGBA", (40, 40), (255, 0, 0, 0)),
        "palette": lambda: Image.fromarray(photo(40, 40)).convert("P"),
        "wide": lambda: Image.fromarray(photo(60, 600)),
        "tall": lambda: Image.fromarray(photo(600, 60)),
        "large": lambda: Image.fromarray(photo(1100, 1300)),
    }[kind]()
    image.save(tmp_path / "style.png")
    shown = style_picture(tmp_path / "style.png", 3)
    assert min(shown.shape[2:]) >= 16
    assert min(shown.shape[2:]) <= 256
    if kind == "clear":
        assert shown.min() == 1, "on white"
    assert paint(painter, str(tmp_path / "style.png"), photos, tmp_path / "out") == 2
    assert np.ptp(pixels(tmp_path / "out" / "one.png")) > 0


def test_a_folder_is_the_mean_of_its_pictures_and_bad_ones_are_named(
    painter: StylePainter, styles: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (styles / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    one, two = (mixed_style(painter, choose_styles(str(styles / f"{name}.png"))) for name in "ab")
    both = mixed_style(painter, choose_styles(str(styles)))
    assert torch.allclose(both.code, (one.code + two.code) / 2, atol=1e-6)
    assert "broken.jpg: the file is" in caplog.text


def test_a_folder_without_a_readable_picture_is_named(painter: StylePainter, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "x.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(UserError, match=r"No picture of style=bad can be read \(.*x\.jpg: .*; give others"):
        paint(painter, str(tmp_path / "bad"), photos, tmp_path / "out")


def test_mixtures_of_pictures_and_adapters(painter: StylePainter, styles: Path, tmp_path: Path) -> None:
    adapted = style_of(painter)
    save_adapter(tmp_path / "mine.safetensors", adapted, base_sha256(painter))
    given = f"{{{styles / 'a.png'}: 3, {tmp_path / 'mine.safetensors'}: 1}}"
    (mixed, encoded) = (mixed_style(painter, choose_styles(value)) for value in (given, str(styles / "a.png")))
    expected = mix([(encoded, 0.75), (adapted, 0.25)])
    assert torch.allclose(mixed.code, expected.code, atol=1e-6)
    assert torch.allclose(mixed.deltas["grow.0.bias"], adapted.deltas["grow.0.bias"] / 4)


def test_adapters_of_another_base_are_refused(photos: Path, tmp_path: Path) -> None:
    painter, other = style_painter(0), style_painter(1)
    save_adapter(tmp_path / "mine.safetensors", style_of(painter), base_sha256(painter))
    with pytest.raises(UserError, match="was made for another base"):
        paint(other, str(tmp_path / "mine.safetensors"), photos, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_mask_says_where(painter: StylePainter, photos: Path, tmp_path: Path) -> None:
    mask = np.zeros((7, 90), np.uint8)
    mask[:, 45:] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    source = photos / "one.png"
    paint(painter, "harvest", source, tmp_path / "all")
    paint(painter, "harvest", source, tmp_path / "half", masks=choose_masks(tmp_path / "mask.png"))
    before, painted, found = pixels(source), pixels(tmp_path / "all" / "one.png"), pixels(tmp_path / "half" / "one.png")
    assert np.array_equal(found[:, :18], before[:, :18])
    assert np.array_equal(found[:, 27:], painted[:, 27:])
    assert not np.array_equal(painted[:, :18], before[:, :18])


def test_masks_by_name_and_one_that_lacks(
    painter: StylePainter, photos: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "masks").mkdir()
    Image.new("L", (5, 5)).save(tmp_path / "masks" / "two.png")
    with pytest.raises(UserError, match="1 of 2"):
        paint(painter, "harvest", photos, tmp_path / "out", masks=choose_masks(tmp_path / "masks"))
    assert "one.png: there is no mask of its name in mask=" in caplog.text
    assert (tmp_path / "out" / "two.jpg").is_file()


def test_steps_go_from_one_style_to_the_other(
    painter: StylePainter, photos: Path, styles: Path, tmp_path: Path
) -> None:
    pair = [str(styles / "a.png"), str(styles / "b.png")]
    assert paint(painter, pair, photos, tmp_path / "strip", steps=3) == 2
    strip = pixels(tmp_path / "strip" / "one.png")
    assert strip.shape == (30, 3 * 45, 3)
    middle = dict.fromkeys(pair, 1.0)
    for column, style in enumerate((pair[0], middle, pair[1])):
        paint(painter, style, photos / "one.png", tmp_path / f"{column}")
        assert np.abs(strip[:, 45 * column : 45 * (column + 1)] - pixels(tmp_path / f"{column}" / "one.png")).max() <= 1


def test_a_sheet_of_pictures_and_styles(painter: StylePainter, photos: Path, styles: Path, tmp_path: Path) -> None:
    save_adapter(styles / "mine.safetensors", style_of(painter), base_sha256(painter))
    out = tmp_path / "out"
    assert paint(painter, str(styles), photos, out, sheet=True) == 2
    assert [p.name for p in out.iterdir()] == ["sheet.png"]
    sheet = pixels(out / "sheet.png")
    heights = [48, 50, 30, 33]  # captions, styles, and the pictures
    assert sheet.shape == (sum(heights) + 3 * 6, 4 * 326 - 6, 3)
    top, left = 48 + 50 + 2 * 6, (320 - 45) // 2
    assert np.array_equal(sheet[top : top + 30, left : left + 45], pixels(photos / "one.png"))
    paint(painter, str(styles / "b.png"), photos / "one.png", tmp_path / "b")
    column = sheet[top : top + 30, 2 * 326 + left : 2 * 326 + left + 45]
    assert np.array_equal(column, pixels(tmp_path / "b" / "one.png"))


def test_a_folder_spread_out_on_a_sheet_goes_on_without_a_bad_style(
    painter: StylePainter, photos: Path, styles: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("bad.jpg", "bad.safetensors"):
        (styles / name).write_text("neither picture nor adapter")
    assert paint(painter, str(styles), photos, tmp_path / "out", sheet=True) == 2
    assert pixels(tmp_path / "out" / "sheet.png").shape[1] == 3 * 326 - 6  # photographs and two styles
    assert sum("Left out of the sheet" in message for message in caplog.messages) == 2
    with pytest.raises(UserError, match="No picture of style=bad can be read"):
        paint(painter, [str(styles / "a.png"), str(styles / "bad.jpg")], photos, tmp_path / "named", sheet=True)
    assert not (tmp_path / "named").exists()


def test_a_sheet_goes_on_without_a_bad_picture(
    painter: StylePainter, photos: Path, styles: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (photos / "bad.png").write_bytes(b"x")
    with pytest.raises(UserError, match="1 of 3"):
        paint(painter, str(styles), photos, tmp_path / "out", sheet=True)
    assert "bad.png" in caplog.text
    assert pixels(tmp_path / "out" / "sheet.png").shape[0] == 48 + 50 + 30 + 33 + 3 * 6


def test_brush_changes_the_strokes_and_not_the_size(painter: StylePainter, tmp_path: Path) -> None:
    Image.fromarray(photo(150, 200)).save(tmp_path / "photo.png")
    found = {}
    for brush in ("auto", 0.3, 1.0):
        paint(painter, "harvest", tmp_path / "photo.png", tmp_path / f"{brush}", brush=brush)
        found[brush] = pixels(tmp_path / f"{brush}" / "photo.png")
        assert found[brush].shape == (150, 200, 3)
    paint(painter, "harvest", tmp_path / "photo.png", tmp_path / "plain")
    assert np.array_equal(found["auto"], pixels(tmp_path / "plain" / "photo.png")), "a small picture as it is"
    assert np.abs(found[1.0] - found["auto"]).mean() > 1


def test_painting_is_the_same_in_tiles(painter: StylePainter, tmp_path: Path) -> None:
    Image.fromarray(photo(330, 401)).save(tmp_path / "photo.png")
    for tile in (0, 64):
        paint(painter, "harvest", tmp_path / "photo.png", tmp_path / f"{tile}", tile=tile)
    assert np.abs(pixels(tmp_path / "0" / "photo.png") - pixels(tmp_path / "64" / "photo.png")).max() <= 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"strength": 1.6}, r"strength=1\.6 is out of range; give a number from 0 to 1\.5"),
        ({"strength": float("nan")}, "strength=nan is out of range"),
        ({"brush": "big"}, "give auto, or a number"),
        ({"steps": 1}, "steps=1 does not fit: give a whole number of 2 or more"),
        ({"steps": 3}, "goes from one style to another, and 1 are given"),
        ({"steps": 3, "sheet": True}, "leave sheet= out"),
        ({"sheet": 0}, "sheet=0"),
    ],
)
def test_settings_that_make_no_sense(
    painter: StylePainter, photos: Path, tmp_path: Path, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        paint(painter, "harvest", photos, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("style", "options", "words"),
    [
        ("harvest", {}, "style=: .* paints in one way only; leave style= out"),
        (None, {"steps": 3}, "steps=: .* paints in one way only"),
        (None, {"sheet": True}, "sheet=true shows styles, and .* has one: give pairs in a row, as in sheet=3"),
    ],
)
def test_models_of_one_style_take_none(
    run_dir: Path, photos: Path, tmp_path: Path, style: str | None, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        paint(load_painter(run_dir, device="cpu"), style, photos, tmp_path / "out", **options)


def run_command(*arguments: str) -> None:
    with initialize_config_dir(CONF, version_base="1.3"):
        command(compose("stylize", [*with_text_quoted(arguments), "device=cpu"]))


def test_without_a_checkpoint_the_shipped_base_paints(
    painter: StylePainter, photos: Path, styles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "SHIPPED", tmp_path / "base.safetensors")
    given = [f"input={photos / 'one.png'}", f"output={tmp_path / 'out'}"]
    with pytest.raises(SystemExit, match="comes without a base: give checkpoint="):
        run_command(*given, "style=harvest")
    save_base(painter, tmp_path / "base.safetensors", half=False)
    with pytest.raises(SystemExit, match=r"Give style=: a picture, a folder, an adapter, or one of van_gogh"):
        run_command(*given)
    run_command(*given, f"style={{{styles / 'a.png'}: 1, harvest: 1}}", "strength=0.8", "preserve_color=true")
    paint(
        painter,
        {str(styles / "a.png"): 1, "harvest": 1},
        photos / "one.png",
        tmp_path / "expected",
        strength=0.8,
        preserve_color=True,
    )
    assert np.array_equal(pixels(tmp_path / "out" / "one.png"), pixels(tmp_path / "expected" / "one.png"))


def test_a_base_by_its_path_needs_a_style_too(painter: StylePainter, photos: Path, tmp_path: Path) -> None:
    save_base(painter, tmp_path / "base.safetensors")
    with pytest.raises(SystemExit, match="Give style=: a picture"):
        run_command(f"checkpoint={tmp_path / 'base.safetensors'}", f"input={photos}", f"output={tmp_path / 'out'}")


def test_mistakes_are_said_before_torch_is_imported(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "any.ckpt").write_text("")
    script = [sys.executable, "-X", "importtime", str(ROOT / "src" / "stylize.py"), f"input={photos}", "output=out"]
    for setting, words in (("style=nowhere", "style=nowhere is no picture"), ("mask=nowhere", "mask=nowhere does not")):
        command = [*script, "checkpoint=any.ckpt", setting]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 1
        assert words in done.stderr
        assert "torch" not in {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
