"""What comes out is what went in: format, depth, channels, frames."""

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.data.sources.decode import BadImage, decode, formats
from impasto.data.sources.frames import Frames
from impasto.data.sources.native_depth import decode_layers
from impasto.inference.console import follow
from impasto.inference.formats import format_of, target_name
from impasto.inference.repaint import Look
from impasto.inference.saving import encode_deep_png
from impasto.inference.stylize import stylize
from impasto.painters.painter import Painter
from tests.translation_run import repainter


class Negative(nn.Module):
    """White becomes black."""

    def __init__(self) -> None:
        super().__init__()
        self.sign = nn.Parameter(-torch.ones(()))

    def forward(self, images: Tensor) -> Tensor:
        return self.sign * images


def negative(channels: int = 3) -> Painter:
    return repainter(Negative(), channels)


def ramp(height: int = 20, width: int = 30, channels: int = 3, top: int = 255) -> np.ndarray:
    """A different value in each pixel and channel, as far as there are so many."""
    values = np.linspace(0, top, height * width * channels).reshape(height, width, channels)
    return values.round().astype(np.uint8 if top == 255 else np.uint16)


@pytest.mark.parametrize(
    ("ending", "format", "error"),
    [
        ("jpg", "JPEG", 8),
        ("jfif", "JPEG", 8),
        ("png", "PNG", 0),
        ("webp", "WEBP", 8),
        ("avif", "AVIF", 8),
        ("heic", "HEIF", 8),
        ("jxl", "JXL", 8),
        ("gif", "GIF", 16),
        ("tif", "TIFF", 0),
        ("bmp", "BMP", 0),
        ("ppm", "PPM", 0),
        ("jp2", "JPEG2000", 0),
        ("tga", "TGA", 0),
        ("qoi", "QOI", 0),
    ],
)
def test_the_format_is_kept(tmp_path: Path, ending: str, format: str, error: int) -> None:
    name = f"a.{ending}"
    if format not in formats() or format_of(name) is None:
        pytest.skip(f"{format} takes an optional package")
    (tmp_path / "in").mkdir()
    Image.fromarray(ramp()).save(tmp_path / "in" / name, format)
    before = decode(tmp_path / "in" / name).astype(int)
    assert follow(stylize(negative(), tmp_path / "in", tmp_path / "out")) == 1
    with Image.open(tmp_path / "out" / name) as painted:
        assert painted.format == format
    assert np.abs(decode(tmp_path / "out" / name).astype(int) - (255 - before)).mean() <= error / 2


def test_formats_that_are_only_read_become_png() -> None:
    assert target_name("trip/a.pcx") == "trip/a.pcx.png"
    assert target_name("a") == "a.png"
    long = target_name(f"trip/{'水' * 84}.pcx")
    assert len(Path(long).name.encode()) <= 255
    assert long.startswith("trip/水水")
    assert target_name(f"trip/{'水' * 83}火.pcx") != long, "the hash tells them apart"


@pytest.mark.parametrize(
    ("head", "package"), [(b"\0\0\0\x18ftypheic", "pillow-heif"), (b"\xff\x0a", "pillow-jxl-plugin")]
)
def test_a_missing_package_is_named(head: bytes, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impasto.data.sources.decode.formats", lambda: ("PNG",))
    with pytest.raises(BadImage, match=f"optional package {package}: pip install {package}"):
        decode(head + bytes(32))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_deep_png_by_another_reader(channels: int) -> None:
    pixels = ramp(channels=channels, top=65535)
    data = encode_deep_png(pixels)
    with Image.open(io.BytesIO(data)) as image:  # rounds colours to 8 bits
        image.load()
        assert image.size == (30, 20)
    colours, opacity = decode_layers(data)
    found = colours if opacity is None else np.concatenate((colours, opacity), 2)
    assert found.dtype == np.uint16
    assert np.array_equal(found, pixels)
    body = data[data.index(b"IDAT") + 4 : -16]
    assert len(zlib.decompress(body)) == 20 * (1 + 30 * 2 * channels)


@pytest.mark.parametrize("ending", ["png", "tif"])
@pytest.mark.parametrize(("channels", "alpha"), [(1, False), (3, False), (3, True)])
def test_16_bits_stay_16(tmp_path: Path, ending: str, channels: int, alpha: bool) -> None:
    pixels = ramp(channels=channels + alpha, top=65535)
    path = tmp_path / f"deep.{ending}"
    if ending == "png":
        path.write_bytes(encode_deep_png(pixels))
    else:
        tifffile = pytest.importorskip("tifffile")
        tifffile.imwrite(
            path, pixels, photometric="rgb" if channels == 3 else "minisblack", extrasamples=["unassalpha"] * alpha
        )
    assert follow(stylize(negative(channels), path, tmp_path / "out")) == 1
    found, opacity = decode_layers(tmp_path / "out" / path.name)
    assert found.dtype == np.uint16
    if not alpha:
        assert np.abs(found.astype(int) - (65535 - pixels.astype(int))).max() <= 1
        return
    assert opacity is not None
    assert np.array_equal(opacity[..., 0], pixels[..., 3])
    share = pixels[..., 3:] / 65535
    on_white = pixels[..., :3] * share + 65535 * (1 - share)
    visible = pixels[..., 3] > 0
    assert np.abs(found - (65535 - on_white))[visible].max() <= 1


def test_many_channels_stay_many(tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    pixels = ramp(channels=7, top=65535)
    tifffile.imwrite(tmp_path / "seven.tif", pixels, photometric="minisblack", planarconfig="contig")
    assert follow(stylize(negative(7), tmp_path / "seven.tif", tmp_path / "out")) == 1
    found, _ = decode_layers(tmp_path / "out" / "seven.tif")
    assert np.abs(found.astype(int) - (65535 - pixels.astype(int))).max() <= 1


def test_lost_depth_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "deep.png").write_bytes(encode_deep_png(ramp(top=65535)))
    follow(stylize(negative(), tmp_path / "deep.png", tmp_path / "flat.webp"))
    assert "deep.png: .webp holds 8 of its 16 bits." in caplog.text


def flat_frames(count: int = 3) -> list[Image.Image]:
    """Pictures of one grey each: 50, 100, 150."""
    return [Image.new("RGB", (16, 16), (50 * (i + 1),) * 3) for i in range(count)]


@pytest.mark.parametrize("ending", ["gif", "webp", "png", "avif"])
def test_all_frames_of_an_animation_are_painted(tmp_path: Path, ending: str) -> None:
    first, *others = flat_frames()
    durations = [100, 200, 300]
    path = tmp_path / f"a.{ending}"
    first.save(path, save_all=True, append_images=others, duration=durations, loop=3)
    assert follow(stylize(negative(), path, tmp_path / "out")) == 1
    with Image.open(tmp_path / "out" / path.name) as painted:
        seen = [(np.asarray(f.convert("L")).mean(), f.info["duration"]) for f in ImageSequence.Iterator(painted)]
        assert painted.info.get("loop", 3) == 3
    assert [duration for _, duration in seen] == durations
    assert np.abs(np.subtract([grey for grey, _ in seen], [205, 155, 105])).max() <= 2


def test_transparent_frames_do_not_show_the_one_before(tmp_path: Path) -> None:
    frames = [Image.new("RGBA", (16, 16)) for _ in range(2)]
    for frame, columns in ((0, 0), (0, 8), (1, 4), (1, 12)):
        frames[frame].paste((255, 0, 0, 255), (columns, 0, columns + 4, 16))
    for ending in ("gif", "webp", "png"):
        path = tmp_path / f"a.{ending}"
        frames[0].save(path, save_all=True, append_images=frames[1:], duration=100, disposal=2)
        follow(stylize(negative(), path, tmp_path / "out"))
        found = list(Frames(tmp_path / "out" / path.name))
        shown = [alpha[0, :, 0].tolist() for _, alpha in found if alpha is not None]
        assert shown == [2 * ([255] * 4 + [0] * 4), 2 * ([0] * 4 + [255] * 4)], ending


def test_all_pages_of_a_tiff_are_painted(tmp_path: Path) -> None:
    first, *others = flat_frames()
    others[0] = others[0].resize((20, 24))
    first.save(tmp_path / "a.tif", save_all=True, append_images=others)
    follow(stylize(negative(), tmp_path / "a.tif", tmp_path / "out"))
    pages = [pixels for pixels, _ in Frames(tmp_path / "out" / "a.tif")]
    assert [page.shape for page in pages] == [(16, 16, 3), (24, 20, 3), (16, 16, 3)]
    assert [int(page.mean()) for page in pages] == [205, 155, 105]


def test_lost_frames_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first, *others = flat_frames()
    first.save(tmp_path / "a.gif", save_all=True, append_images=others, duration=100)
    follow(stylize(negative(), tmp_path / "a.gif", tmp_path / "one.jpg"))
    assert "a.gif: .jpg holds one of its 3 frames, and the first is painted." in caplog.text
    assert np.abs(decode(tmp_path / "one.jpg").astype(int) - 205).max() <= 1


def test_values_are_mapped_as_in_training(tmp_path: Path) -> None:
    pixels = ramp(channels=1, top=65535)
    (tmp_path / "deep.png").write_bytes(encode_deep_png(pixels))
    spec = ImageSpec(1, 16, 16, levels=((0.25, 0.75),))  # as by data.percentiles
    follow(stylize(Painter(Negative(), spec, ("content",), spec).eval(), tmp_path / "deep.png", tmp_path / "out"))
    found, _ = decode_layers(tmp_path / "out" / "deep.png")
    inside = np.clip(pixels, 0.25 * 65535, 0.75 * 65535)  # the negative of what networks saw: its ends change places
    assert np.abs(found - (65535 - inside)).max() <= 1


class Mean(nn.Module):
    """Many channels to one, by their mean, which is repeated."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels, self.share = channels, nn.Parameter(torch.ones(()))

    def forward(self, images: Tensor) -> Tensor:
        return (self.share * images).mean(1, keepdim=True).expand(-1, self.channels, -1, -1)


def test_a_model_may_give_other_channels_than_it_takes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tifffile = pytest.importorskip("tifffile")
    pixels = ramp(channels=7, top=65535)
    tifffile.imwrite(tmp_path / "seven.tif", pixels, photometric="minisblack", planarconfig="contig")
    painter = Painter(Mean(3), ImageSpec(3, 16, 16), ("content",), ImageSpec(7, 16, 16)).eval()
    follow(stylize(painter, tmp_path / "seven.tif", tmp_path / "out.png"))
    found, _ = decode_layers(tmp_path / "out.png")
    assert found.shape == (20, 30, 3)
    assert np.abs(found - pixels.mean(2, keepdims=True)).max() <= 1
    with pytest.raises(UserError, match="1 of 1 pictures were skipped"):
        follow(stylize(painter, tmp_path / "seven.tif", tmp_path / "half.png", look=Look(strength=0.5)))
    assert "its 7 channels cannot be mixed with 3" in caplog.text


def test_channels_that_a_model_does_not_paint_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Image.fromarray(ramp()).save(tmp_path / "a.png")
    with pytest.raises(UserError, match="1 of 1 pictures were skipped"):
        follow(stylize(negative(7), tmp_path / "a.png", tmp_path / "out"))
    assert "it has 3 channels, and this model takes 7" in caplog.text
