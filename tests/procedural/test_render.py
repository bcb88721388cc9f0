"""The procedural painter: deterministic, faithful to its hand, and at home in any size."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import impasto
from impasto.base.errors import UserError
from impasto.procedural.families import FAMILIES
from impasto.procedural.hand import draw_hand
from impasto.procedural.render import render
from impasto.procedural.sheet import hands_sheet, save_hands_sheet, save_pictures

PHOTOS = sorted((Path(impasto.__file__).parent / "data/samples/photos").rglob("*.jpg"))


def photo(number: int, side: int = 96) -> np.ndarray:
    with Image.open(PHOTOS[number]) as picture:
        return np.asarray(picture.convert("RGB").resize((side, side)))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_render_is_a_function_of_photograph_hand_and_seed(family: str) -> None:
    hand = draw_hand(5, family)
    first, again, other = (
        render(photo(0), hand, 1),
        render(photo(0), draw_hand(5, family), 1),
        render(photo(0), hand, 2),
    )
    assert np.array_equal(first, again)
    assert (first.shape, first.dtype) == ((96, 96, 3), np.uint8)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("h", "w"), [(16, 16), (1, 1), (57, 131), (20, 200), (200, 20)])
def test_any_size_is_painted(family: str, h: int, w: int) -> None:
    rng = np.random.default_rng(0)
    for seed in range(3):
        picture = rng.integers(0, 256, (h, w, 3), np.uint8)
        assert render(picture, draw_hand(seed, family), 0).shape == picture.shape


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_blank_photograph_is_painted(family: str, value: int) -> None:
    for seed in range(3):
        assert render(np.full((48, 64, 3), value, np.uint8), draw_hand(seed, family), 0).shape == (48, 64, 3)


def test_what_is_no_photograph_is_refused() -> None:
    for wrong in (np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3), np.float32), np.zeros((0, 8, 3), np.uint8)):
        with pytest.raises(UserError, match="give uint8"):
            render(wrong, draw_hand(0), 0)


def test_every_family_is_drawn() -> None:
    drawn = [draw_hand(seed).family for seed in range(600)]
    assert set(drawn) == set(FAMILIES)
    assert 0.35 < drawn.count("oil") / len(drawn) < 0.6
    assert draw_hand(3) == draw_hand(3)
    assert draw_hand(3) != draw_hand(4)


def test_the_painting_leaves_the_threads_of_opencv_alone() -> None:
    import cv2

    before = cv2.getNumThreads()
    render(photo(0), draw_hand(0), 0)
    assert cv2.getNumThreads() == before


def statistics(picture: np.ndarray) -> np.ndarray:
    """Mean and deviation of colours, and the energy of three bands of brightness."""
    import cv2

    values = picture.astype(np.float32) / 255
    grey = values.mean(2)
    bands = [cv2.GaussianBlur(grey, (0, 0), s) - cv2.GaussianBlur(grey, (0, 0), 2 * s) for s in (0.5, 1, 2)]
    energies = [np.log(band.std() + 1e-3) * 0.2 for band in bands]
    return np.array([*values.mean((0, 1)), *values.std((0, 1)), *energies])


def test_one_hand_over_two_photographs_is_closer_than_two_hands() -> None:
    hands = [draw_hand(seed) for seed in range(24)]
    first = np.stack([statistics(render(photo(10), hand, 0)) for hand in hands])
    second = np.stack([statistics(render(photo(60), hand, 1)) for hand in hands])
    distance = np.linalg.norm(first[:, None] - second[None], axis=-1)
    same = np.diag(distance)
    others = (distance.sum(1) - same) / (len(hands) - 1)
    assert same.mean() < 0.7 * others.mean()
    assert (same < others).mean() > 0.85


@pytest.mark.parametrize("degrees", [0, 30, 90, 135])
def test_strokes_follow_stripes(degrees: float) -> None:
    """The structure tensor of a painting of stripes points along the stripes."""
    from dataclasses import replace

    import cv2

    y, x = np.mgrid[0:160, 0:160]
    angle = np.deg2rad(degrees)
    wave = 0.5 + 0.18 * np.sin((-x * np.sin(angle) + y * np.cos(angle)) * 2 * np.pi / 32)
    stripes = np.repeat((wave * 255).astype(np.uint8)[..., None], 3, 2)
    hand = replace(
        draw_hand(1, "oil"), follow=1.0, spread=0.02, bend=0.0, ratio=5.0, light_jitter=0.12, outline=0.0, weave=0.0
    )
    grey = render(stripes, hand, 0).astype(np.float32).mean(2)[16:-16, 16:-16]
    fine = grey - cv2.GaussianBlur(grey, (0, 0), 4)
    gx, gy = cv2.Sobel(fine, cv2.CV_32F, 1, 0), cv2.Sobel(fine, cv2.CV_32F, 0, 1)
    tangent = 0.5 * np.arctan2(-2 * (gx * gy).mean(), (gy * gy - gx * gx).mean())
    off = np.abs((tangent - angle + np.pi / 2) % np.pi - np.pi / 2)
    assert np.rad2deg(off) < 12


def test_a_sheet_has_a_row_per_hand_under_the_photographs() -> None:
    sheet = hands_sheet([photo(0), photo(1)], [draw_hand(0), draw_hand(1), draw_hand(2)], side=32, gap=2)
    assert sheet.shape == (4 * 34 - 2, 2 * 34 - 2, 3)
    assert np.array_equal(sheet[34:66, 34:66], render(sheet[:32, 34:66], draw_hand(0), 1))


def test_a_sheet_is_written_and_a_photograph_that_is_none_is_named(tmp_path: Path) -> None:
    save_hands_sheet(tmp_path / "hands.png", PHOTOS[:2], [0, 1], side=24)
    with Image.open(tmp_path / "hands.png") as sheet:
        assert sheet.size == (2 * 28 - 4, 3 * 28 - 4)
    (tmp_path / "no.jpg").write_text("no picture")
    with pytest.raises(UserError, match=r"no\.jpg cannot be read"):
        save_hands_sheet(tmp_path / "hands.png", [tmp_path / "no.jpg"], [0])
    with pytest.raises(UserError, match=r"ends in \.png"):
        save_hands_sheet(tmp_path / "hands.gif", PHOTOS[:1], [0])


def test_a_folder_by_one_hand(tmp_path: Path) -> None:
    save_pictures(tmp_path / "set", PHOTOS[:2], seed=3, side=48)
    pictures = [Image.open(tmp_path / "set" / f"00{i}.png") for i in (0, 1)]
    assert [picture.size for picture in pictures] == [(48, 48), (48, 48)]
    with pytest.raises(UserError, match="cannot be read"):
        save_pictures(tmp_path / "set", [tmp_path / "no.jpg"], seed=3)
