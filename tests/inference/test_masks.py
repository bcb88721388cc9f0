"""Masks: where a picture is painted."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.base.errors import UserError
from impasto.inference.events import Painted
from impasto.inference.masks import choose_masks, enlarged, softened
from impasto.inference.stylize import stylize
from tests.translation_run import repainter


def half(height: int, width: int) -> np.ndarray:
    """White on the right."""
    mask = np.zeros((height, width), np.uint8)
    mask[:, width // 2 :] = 255
    return mask


def test_a_mask_of_any_size_is_brought_to_the_picture_and_feathered(tmp_path: Path) -> None:
    Image.fromarray(half(10, 20)).save(tmp_path / "mask.png")
    masks = choose_masks(tmp_path / "mask.png")
    assert masks is not None
    found = masks.mask("any.jpg", 256, 512)
    assert found.shape == (256, 512)
    assert found[:, :230].max() == 0
    assert found[:, 282:].min() == 255
    middle = found[128, 230:282].astype(int)
    assert (np.diff(middle) >= 0).all()
    assert ((middle > 0) & (middle < 255)).sum() > 6, "a few pixels of transition"


def test_what_is_transparent_is_not_painted() -> None:
    layers = np.full((8, 8, 4), 255, np.uint8)
    layers[:, :4, 3] = 0
    assert softened(enlarged(layers, 64, 64))[:, :20].max() == 0
    assert softened(enlarged(layers, 64, 64))[:, 44:].min() == 255


def test_masks_by_name(tmp_path: Path) -> None:
    (tmp_path / "trip").mkdir()
    for name in ("a.png", "trip/b.png", "c.jpg", "c.png"):
        Image.fromarray(half(8, 8)).save(tmp_path / name)
    masks = choose_masks(str(tmp_path))
    assert masks is not None
    assert masks.find("a.jpg") == tmp_path / "a.png"
    assert masks.find("trip/b.tif") == tmp_path / "trip" / "b.png"
    assert masks.find("c.jpg") == tmp_path / "c.jpg", "the same ending comes first"
    with pytest.raises(UserError, match="there are 2 masks of its name"):
        masks.find("c.tif")
    with pytest.raises(UserError, match="there is no mask of its name"):
        masks.find("b.jpg")


def test_places_that_are_not_there_are_named(tmp_path: Path) -> None:
    assert choose_masks(None) is None
    with pytest.raises(UserError, match="does not exist; give a picture that is white where to paint"):
        choose_masks(tmp_path / "mask.png")
    with pytest.raises(UserError, match="There are no pictures"):
        choose_masks(tmp_path)
    (tmp_path / "bad.png").write_bytes(b"x")
    masks = choose_masks(tmp_path / "bad.png")
    assert masks is not None
    with pytest.raises(UserError, match=r"its mask .*bad\.png cannot be read: it is not a picture"):
        masks.mask("a.jpg", 8, 8)


def test_a_mask_that_is_black_everywhere_is_said(tmp_path: Path) -> None:
    for name, grey in (("black", 0), ("white", 255)):
        Image.new("L", (7, 5), grey).save(tmp_path / f"{name}.png")
    Image.new("RGB", (16, 16), (200, 100, 0)).save(tmp_path / "a.png")

    def notes(mask: str) -> tuple[str, ...]:
        masks = choose_masks(tmp_path / f"{mask}.png")
        events = stylize(repainter(torch.nn.Identity()), tmp_path / "a.png", tmp_path / mask, masks=masks)
        (painted,) = (event for event in events if isinstance(event, Painted))
        return painted.notes

    assert notes("black") == ("its mask is black everywhere, so that nothing is painted",)
    assert notes("white") == ()
