"""Pictures in, pictures of the same kind out; the same pixels as the command paints."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import impasto
from impasto.api.learning import style_folder
from impasto.api.model import Model
from impasto.api.pictures import layers_of
from impasto.api.styles import chosen_styles
from impasto.base.errors import UserError
from impasto.inference.console import follow
from impasto.inference.repaint import Look
from impasto.painters.adapters import base_sha256, read_adapter, save_adapter
from tests.style_painter import photo, style_of, style_painter


@pytest.fixture
def model() -> Model:
    return Model(style_painter())


STYLE = Image.fromarray(photo(40, 40, 2))


@pytest.mark.parametrize("strength", [0.6, 1.3])
def test_the_command_paints_the_same(model: Model, tmp_path: Path, strength: float) -> None:
    STYLE.save(tmp_path / "style.png")
    Image.fromarray(photo(30, 45)).save(tmp_path / "photo.png")
    look = Look(strength, preserve_color=True, brush="auto")
    style = str(tmp_path / "style.png")
    assert follow(model.paint_files(tmp_path / "photo.png", tmp_path / "out", style=style, look=look)) == 1
    painted = model.paint(tmp_path / "photo.png", style=style, strength=strength, preserve_color=True)
    assert np.array_equal(np.asarray(painted), np.asarray(Image.open(tmp_path / "out" / "photo.png")))
    assert not np.array_equal(np.asarray(painted), photo(30, 45))


def test_each_kind_of_picture_comes_back_as_it_was_given(model: Model, tmp_path: Path) -> None:
    pixels = photo(30, 45)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    as_array = model.paint(pixels, style=STYLE)
    as_image = model.paint(Image.fromarray(pixels), style=STYLE)
    of_file = model.paint(str(tmp_path / "photo.png"), style=STYLE)
    assert isinstance(as_array, np.ndarray)
    assert as_array.dtype == np.uint8
    assert isinstance(as_image, Image.Image)
    assert np.array_equal(as_array, np.asarray(as_image))
    assert np.array_equal(as_array, np.asarray(of_file))


def test_depth_grey_and_opacity_are_kept(model: Model) -> None:
    deep = photo(20, 24).astype(np.uint16) * 257
    painted = model.paint(deep, style=STYLE)
    assert painted.dtype == np.uint16
    assert np.abs(painted / 257 - model.paint(photo(20, 24), style=STYLE)).max() <= 0.51
    opacity = np.tile(np.arange(24, dtype=np.uint8) * 10, (20, 1))
    clear = np.dstack([photo(20, 24), opacity])
    assert np.array_equal(model.paint(clear, style=STYLE)[..., 3], opacity)
    image = model.paint(Image.fromarray(clear, "RGBA"), style=STYLE)
    assert image.mode == "RGBA"
    assert model.paint(photo(20, 24)[..., 0], style=STYLE).shape == (20, 24, 3)  # colours come from the style
    assert np.array_equal(model.paint(deep, style=STYLE, strength=0), deep)


def test_an_image_is_turned_upright_as_its_file_is(model: Model, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(photo(20, 31)).save(tmp_path / "turned.png", exif=exif)
    of_file = model.paint(tmp_path / "turned.png", style=STYLE)
    assert of_file.size == (20, 31)
    assert np.array_equal(
        np.asarray(of_file), np.asarray(model.paint(Image.open(tmp_path / "turned.png"), style=STYLE))
    )


def test_a_mask_says_where(model: Model) -> None:
    mask = np.zeros((20, 40), np.uint8)
    mask[:, 20:] = 255
    pixels = photo(20, 40)
    for given in (mask, Image.fromarray(mask), mask.astype(np.uint16) * 257):
        painted = model.paint(pixels, style=STYLE, mask=given)
        assert np.array_equal(painted[:, :16], pixels[:, :16])
        assert np.array_equal(painted[:, 24:], model.paint(pixels, style=STYLE)[:, 24:])


def test_styles_of_every_kind_are_one(model: Model, tmp_path: Path) -> None:
    STYLE.save(tmp_path / "a.png")
    other = photo(30, 30, 3)
    Image.fromarray(other).save(tmp_path / "b.png")
    pixels = photo(20, 24)
    one = model.paint(pixels, style=STYLE)
    for same in (np.asarray(STYLE), tmp_path / "a.png", str(tmp_path / "a.png"), [STYLE], {str(tmp_path / "a.png"): 3}):
        assert np.array_equal(model.paint(pixels, style=same), one)
    mixed = model.paint(pixels, style=[(STYLE, 0.7), (other, 0.3)])
    by_name = model.paint(pixels, style={str(tmp_path / "a.png"): 0.7, str(tmp_path / "b.png"): 0.3})
    assert np.abs(mixed.astype(int) - by_name).max() <= 1
    assert not np.array_equal(mixed, one)
    assert np.array_equal(model.in_style(STYLE).paint(pixels), one)
    assert np.array_equal(model.in_style(STYLE, 1.3).paint(pixels), model.paint(pixels, style=STYLE, strength=1.3))


def test_an_adapter_is_a_style_from_its_file_and_from_memory(model: Model, tmp_path: Path) -> None:
    painter = model.painter
    file, copy = tmp_path / "mine.safetensors", tmp_path / "copy.safetensors"
    save_adapter(file, style_of(painter), base_sha256(painter), {"rank": 2}, {"style": 0.5}, 3)  # type: ignore[arg-type]
    adapter = read_adapter(file)
    assert adapter.path == file
    adapter.save(copy)
    again = read_adapter(copy)
    assert torch.equal(again.style.code, adapter.style.code)
    assert (again.scores, again.settings, again.pictures) == ({"style": 0.5}, {"rank": 2}, 3)
    pixels = photo(20, 24)
    assert np.array_equal(model.paint(pixels, style=adapter), model.paint(pixels, style=file))
    assert [each.name for each in chosen_styles([adapter, "harvest"])] == ["mine", "harvest"]
    with pytest.raises(UserError, match="made for another base"):
        Model(style_painter(seed=5)).paint(pixels, style=adapter)


def test_mistakes_are_sentences(model: Model, tmp_path: Path) -> None:
    pixels = photo(20, 24)
    with pytest.raises(UserError, match=r"Give style=: a picture, a folder"):
        model.paint(pixels)
    with pytest.raises(UserError, match=r"float64 of shape \(20, 24, 3\): scale floats to 0\.\.255"):
        model.paint(pixels / 255, style=STYLE)
    with pytest.raises(UserError, match="cannot be read: the file is gone"):
        model.paint(tmp_path / "none.png", style=STYLE)
    with pytest.raises(UserError, match=r"strength=2 is out of range"):
        model.paint(pixels, style=STYLE, strength=2)
    with pytest.raises(UserError, match="give it to paint"):
        model.in_style(STYLE, 0.5)
    with pytest.raises(UserError, match="paints in one way only"):
        model.in_style(STYLE).paint(pixels, style=STYLE)
    with pytest.raises(UserError, match=r"checkpoint=.* does not exist"):
        impasto.load(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("call", "remedy"),
    [
        (lambda: impasto.load(5), "give a path or None"),  # type: ignore[arg-type]
        (lambda: impasto.load(trust="mine"), "give a list of strings"),
        (lambda: impasto.evaluate(5), "give a path or a Model or None"),  # type: ignore[arg-type]
        (lambda: impasto.evaluate(controls="x"), "give a mapping from names to paths or None"),  # type: ignore[arg-type]
        (lambda: impasto.learn_style("paintings", overrides="kimg=1"), "give a list of strings"),
        (lambda: impasto.learn_style("paintings", output=__file__), "is a file; give a folder for the run"),
        (lambda: impasto.push_to_hub(5, "me/mine", licence="mit"), "give a path or a Model or an Adapter"),  # type: ignore[arg-type]
        (lambda: impasto.from_pretrained(None), "give a string"),  # type: ignore[arg-type]
        (lambda: impasto.read_adapter(5), "give a path"),  # type: ignore[arg-type]
    ],
)
def test_what_is_of_another_type_is_a_sentence(call: Callable[[], object], remedy: str) -> None:
    with pytest.raises(UserError, match=remedy):
        call()


def test_pictures_of_a_style_are_gathered(tmp_path: Path) -> None:
    STYLE.save(tmp_path / "a.jpg")
    assert style_folder(tmp_path, tmp_path / "copies") == tmp_path
    found = style_folder([tmp_path / "a.jpg", STYLE, photo(20, 20)], tmp_path / "copies")
    assert sorted(path.name for path in found.iterdir()) == ["000.jpg", "001.png", "002.png"]
    assert (found / "000.jpg").read_bytes() == (tmp_path / "a.jpg").read_bytes()
    with pytest.raises(UserError, match="give a folder, a picture or several"):
        style_folder([], tmp_path / "copies")
    with pytest.raises(UserError, match=r"b\.jpg does not exist"):
        style_folder([tmp_path / "b.jpg"], tmp_path / "copies")


def test_pictures_of_a_call_that_failed_are_not_learnt(tmp_path: Path) -> None:
    style_folder([STYLE, STYLE], tmp_path / "copies")
    found = style_folder([photo(20, 20)], tmp_path / "copies")
    assert [path.name for path in found.iterdir()] == ["000.png"]
    assert np.array_equal(np.asarray(Image.open(found / "000.png")), photo(20, 20))
    assert len(list((tmp_path / "copies").iterdir())) == 2


@pytest.mark.parametrize("wrong", [torch.zeros(3, 8, 8), None, 5, b"photo.jpg"])
def test_what_is_no_picture_is_a_sentence(wrong: Any) -> None:
    with pytest.raises(UserError, match=rf"A picture is a file.* and this is {type(wrong).__name__}: give"):
        layers_of(wrong)


@pytest.mark.parametrize("wrong", [torch.zeros(3, 8, 8), 5, True, b"van_gogh", [5]])
def test_what_is_no_style_is_a_sentence(wrong: Any) -> None:
    with pytest.raises(UserError, match="A style is a file"):
        chosen_styles(wrong)


@pytest.mark.parametrize("weight", [-1, 0, float("nan"), float("inf")])
def test_a_weight_below_0_is_a_sentence(weight: float) -> None:
    with pytest.raises(UserError, match="is out of range: give one above 0"):
        chosen_styles([(np.zeros((8, 8, 3), np.uint8), weight)])
