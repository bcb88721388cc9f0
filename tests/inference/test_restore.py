"""Pictures restored by ``stylize``: holes, larger pictures, luminance, tiles, transparency, depth, and refusals."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image

from impasto.base.errors import UserError
from impasto.data.sources.decode import decode
from impasto.data.sources.frames import Frames
from impasto.inference.events import Painted, Skipped, Started
from impasto.inference.luminance import luminance
from impasto.inference.masks import choose_masks
from impasto.inference.places import require_checkpoint
from impasto.inference.repaint import Look
from impasto.inference.saving import save
from impasto.inference.stylize import stylize
from impasto.networks.layers.channel_attention import SimplifiedChannelAttention
from impasto.painters.painter import Painter
from tests.inference.test_tiles import detailed
from tests.restoring import painter_of
from tests.translation_run import repainter


def pixels_of(height: int, width: int, channels: int = 3, kind: type = np.uint8) -> np.ndarray:
    """(H, W, C) with edges and grain."""
    most = np.iinfo(kind).max
    found = (detailed(height, width).add(1) / 2 * most).round()[0].permute(1, 2, 0).numpy().astype(kind)
    return found[..., :channels]


def restored(painter: Painter, source: Path, output: Path, **settings: Any) -> list[Any]:
    """The events of restoring, without progress."""
    return [e for e in stylize(painter, source, output, **settings) if isinstance(e, Started | Painted | Skipped)]


def written(path: Path, pixels: np.ndarray, alpha: np.ndarray | None = None) -> Path:
    save([(pixels, alpha)], path)
    return path


def layers(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    return next(iter(Frames(path)))


def rectangle(height: int, width: int) -> np.ndarray:
    """bool (H, W), a rectangle in the middle."""
    inside = np.zeros((height, width), bool)
    inside[height // 4 : height // 2, width // 4 : width // 2] = True
    return inside


@pytest.mark.parametrize("size", [(1, 1), (23, 31), (40, 17)])
def test_any_size_is_denoised(size: tuple[int, int], tmp_path: Path) -> None:
    source = written(tmp_path / "a.png", pixels_of(*size))
    restored(painter_of("denoise"), source, tmp_path / "out")
    found, alpha = layers(tmp_path / "out" / "a.png")
    assert (found.shape, alpha) == ((*size, 3), None)
    assert (found != pixels_of(*size)).mean() > 0.3


def test_grey_stays_grey(tmp_path: Path) -> None:
    source = written(tmp_path / "a.png", pixels_of(20, 24, 1))
    restored(painter_of("denoise"), source, tmp_path / "out")
    assert layers(tmp_path / "out" / "a.png")[0].shape == (20, 24, 1)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_only_the_hole_of_a_mask_changes(kind: type, channels: int, tmp_path: Path) -> None:
    pixels, hole = pixels_of(40, 52, channels, kind), rectangle(40, 52)
    source = written(tmp_path / "a.png", pixels)
    mask = written(tmp_path / "mask.png", (hole * np.uint8(255))[..., None])
    restored(painter_of("inpaint"), source, tmp_path / "out", masks=choose_masks(mask))
    found, _ = layers(tmp_path / "out" / "a.png")
    assert found.dtype == kind
    assert np.array_equal(found[~hole], pixels[~hole])
    assert (found[hole] != pixels[hole]).any(-1).mean() > 0.9


def test_a_mask_of_another_size_has_hard_edges(tmp_path: Path) -> None:
    pixels, hole = pixels_of(40, 48), rectangle(40, 48)
    hole[9:21, 11:25] = True  # pixels that the enlarged mask touches
    source = written(tmp_path / "a.png", pixels)
    mask = written(tmp_path / "mask.png", (rectangle(20, 24) * np.uint8(255))[..., None])
    restored(painter_of("inpaint"), source, tmp_path / "out", masks=choose_masks(mask))
    found, _ = layers(tmp_path / "out" / "a.png")
    assert np.array_equal(found[~hole], pixels[~hole])
    assert (found[hole] != pixels[hole]).any(-1).mean() > 0.9


def test_what_is_transparent_is_filled_and_opaque_after(tmp_path: Path) -> None:
    pixels, hole = pixels_of(40, 52), rectangle(40, 52)
    alpha = np.where(hole, 0, 255).astype(np.uint8)[..., None]
    alpha[30, :10] = 102  # two fifths of the picture over three fifths of what is painted
    source = written(tmp_path / "a.png", pixels, alpha)
    restored(painter_of("inpaint"), source, tmp_path / "out")
    found, left = layers(tmp_path / "out" / "a.png")
    assert left is None
    opaque = alpha[..., 0] == 255
    assert np.array_equal(found[opaque], pixels[opaque])
    assert (found[hole] != pixels[hole]).any(-1).mean() > 0.9
    # What lies under the transparent part is not seen.
    other = written(tmp_path / "b.png", np.where(hole[..., None], 77, pixels).astype(np.uint8), alpha)
    restored(painter_of("inpaint"), other, tmp_path / "out")
    assert np.array_equal(layers(tmp_path / "out" / "b.png")[0], found)


def test_a_picture_without_a_hole_is_skipped_with_the_reason(tmp_path: Path) -> None:
    source = written(tmp_path / "a.png", pixels_of(16, 16))
    (_, skipped) = restored(painter_of("inpaint"), source, tmp_path / "out")
    assert skipped.reason == "it has no transparent part to fill; give mask=, a picture that is white where to fill"


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_luminance_is_kept_bit_for_bit_under_new_colors(kind: type, channels: int, tmp_path: Path) -> None:
    pixels = pixels_of(40, 52, channels, kind)
    pixels[:4], pixels[4:8] = 0, np.iinfo(kind).max
    source = written(tmp_path / "a.png", pixels)
    restored(painter_of("colorize"), source, tmp_path / "out")
    found, _ = layers(tmp_path / "out" / "a.png")
    assert (found.shape, found.dtype) == ((40, 52, 3), kind)
    assert np.array_equal(luminance(found), luminance(pixels))
    assert (np.ptp(found, 2) > 2).mean() > 0.5, "there are colours"
    if kind == np.uint8:
        assert np.array_equal(np.asarray(Image.open(tmp_path / "out" / "a.png").convert("L")), luminance(pixels))


def test_a_format_that_rounds_is_named(tmp_path: Path) -> None:
    source = written(tmp_path / "a.jpg", pixels_of(16, 16))
    (_, event) = restored(painter_of("colorize"), source, tmp_path / "out")
    assert event.notes == (
        ".jpg does not hold values exactly, so that luminance may change a little; restore a .png for all bits",
    )
    (_, event) = restored(painter_of("denoise"), source, tmp_path / "denoised")
    assert event.notes == ()


@pytest.mark.parametrize("ending", [".png", ".jpg", ".webp", ".tif"])
def test_super_resolution_gives_larger_pictures_and_says_so(ending: str, tmp_path: Path) -> None:
    source = written(tmp_path / f"a{ending}", pixels_of(20, 30))
    (started, _) = restored(painter_of("super_resolution"), source, tmp_path / "out")
    assert started.remarks == ("Pictures come out 2 times as wide and as high.",)
    with Image.open(tmp_path / "out" / f"a{ending}") as image:
        assert image.size == (60, 40)
        said = image.getexif()[ExifTags.Base.ImageDescription]
    assert said == "Enlarged 2 times from 30 x 20 pixels by super-resolution (Impasto)"


def test_sixteen_bits_and_opacity_are_enlarged_too(tmp_path: Path) -> None:
    alpha = np.full((20, 30, 1), 65535, np.uint16)
    alpha[:, 15:] = 0
    for ending in (".png", ".tif"):
        source = written(tmp_path / f"a{ending}", pixels_of(20, 30, kind=np.uint16), alpha)
        restored(painter_of("super_resolution"), source, tmp_path / "out")
        found, opacity = layers(tmp_path / "out" / f"a{ending}")
        assert (found.shape, found.dtype) == ((40, 60, 3), np.uint16)
        assert opacity is not None
        assert (opacity[:, :26] == 65535).all()
        assert (opacity[:, 34:] == 0).all()
    with Image.open(tmp_path / "out" / "a.png") as image:
        assert image.getexif()[ExifTags.Base.ImageDescription].startswith("Enlarged 2 times from 30 x 20")
    from tifffile import TiffFile

    with TiffFile(tmp_path / "out" / "a.tif") as file:
        assert file.pages[0].description.startswith("Enlarged 2 times from 30 x 20")  # type: ignore[union-attr]


def test_at_strength_0_the_picture_is_enlarged_by_a_cubic_kernel(tmp_path: Path) -> None:
    pixels = pixels_of(20, 30)
    source = written(tmp_path / "a.png", pixels)
    restored(painter_of("super_resolution"), source, tmp_path / "out", look=Look(strength=0.0))
    content = torch.from_numpy(pixels).permute(2, 0, 1)[None].float()
    cubic = torch.nn.functional.interpolate(content, scale_factor=2, mode="bicubic", align_corners=False)
    expected = cubic.clamp(0, 255).round()[0].permute(1, 2, 0).numpy()
    assert np.abs(layers(tmp_path / "out" / "a.png")[0] - expected).max() <= 1


@pytest.mark.parametrize("task", ["denoise", "inpaint", "super_resolution", "colorize"])
def test_tiles_equal_the_whole(task: str, tmp_path: Path) -> None:
    painter, hole = painter_of(task), rectangle(200, 150)
    alpha = np.where(hole, 0, 255).astype(np.uint8)[..., None] if task == "inpaint" else None
    source = written(tmp_path / "a.png", pixels_of(200, 150), alpha)
    restored(painter, source, tmp_path / "whole", look=Look(tile=0))
    restored(painter, source, tmp_path / "tiles", look=Look(tile=64))
    whole, tiled = (layers(tmp_path / name / "a.png")[0].astype(int) for name in ("whole", "tiles"))
    assert np.abs(whole - tiled).max() <= 1
    attention = [m for m in painter.modules() if isinstance(m, SimplifiedChannelAttention)]
    assert len(attention) == 3
    assert all(layer.pooled is None for layer in attention)


def test_a_task_that_it_was_not_trained_for_is_refused(tmp_path: Path) -> None:
    source = written(tmp_path / "a.png", pixels_of(16, 16))
    with pytest.raises(UserError, match=r"task=inpaint: \. was trained for task=denoise; give checkpoint=, a run of"):
        restored(painter_of("denoise"), source, tmp_path / "out", task="inpaint")
    with pytest.raises(UserError, match=r"task=inpaint: \. was trained to restore nothing"):
        restored(repainter(torch.nn.Identity()), source, tmp_path / "out", task="inpaint")
    with pytest.raises(UserError, match=r"task=denoise takes a model of yours: give checkpoint="):
        require_checkpoint("denoise", None)
    assert restored(painter_of("denoise"), source, tmp_path / "out", task="denoise")
    assert decode(tmp_path / "out" / "a.png").shape == (16, 16, 3)


def test_settings_that_have_nothing_to_act_on_are_refused(tmp_path: Path) -> None:
    source = written(tmp_path / "a.png", pixels_of(16, 16))
    with pytest.raises(UserError, match=r"brush= is the scale of strokes"):
        restored(painter_of("denoise"), source, tmp_path / "out", look=Look(brush=2.0))
    with pytest.raises(UserError, match=r"preserve_color=true keeps colours"):
        restored(painter_of("colorize"), source, tmp_path / "out", look=Look(preserve_color=True))
