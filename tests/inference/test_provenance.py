"""A painting says what made it, and nothing of what its photograph's file said."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image
from torch import Tensor, nn

import impasto
from impasto.base.spec import ImageSpec
from impasto.inference.events import Skipped
from impasto.inference.provenance import speaks, weights_hash
from impasto.inference.repaint import Look
from impasto.inference.stylize import stylize
from impasto.painters.painter import Painter
from impasto.video.copying import copy_clip
from impasto.video.reading import Clip
from tests.clips import panning, sound_packets, write_clip

SECRETS = (b"SERIAL-4711", b"Jane Doe", b"LENS-0815", b"Doe-face", b"taken at home")
TOLD_BY_CLIP = (b"SERIAL-4711", b"Jane Doe", b"LENS-0815", b"+52.5200+013.4050", b"taken at home")


class Shift(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.by = nn.Parameter(torch.tensor(0.1))

    def forward(self, x: Tensor) -> Tensor:
        return (x + self.by).clamp(-1, 1)


@pytest.fixture
def painter() -> Painter:
    return Painter(Shift(), ImageSpec(3, 16, 16), ("content",), ImageSpec(3, 16, 16))


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    """With place, owner, serial numbers, a named face, a preview and a comment, as cameras and albums write them."""
    exif = Image.Exif()
    exif[ExifTags.Base.Artist], exif[ExifTags.Base.Make] = "Jane Doe", "Camera"
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    inner[ExifTags.Base.BodySerialNumber], inner[ExifTags.Base.LensSerialNumber] = "SERIAL-4711", "LENS-0815"
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef], place[ExifTags.GPS.GPSLatitude] = "N", (52.0, 31.0, 12.0)
    pixels = np.random.default_rng(0).integers(0, 255, (24, 24, 3), dtype=np.uint8)
    path = tmp_path / "in" / "photo.jpg"
    path.parent.mkdir()
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><face>Doe-face</face></x:xmpmeta>"
    Image.fromarray(pixels).save(path, exif=exif, xmp=xmp, comment=b"taken at home")
    content = path.read_bytes()
    assert all(secret in content for secret in SECRETS)
    assert Image.open(path).getexif().get_ifd(ExifTags.IFD.GPSInfo)
    return path


@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_place_owner_and_numbers_do_not_come_along(
    painter: Painter, photograph: Path, tmp_path: Path, ending: str, strength: float
) -> None:
    target = tmp_path / f"out{ending}"
    events = list(stylize(painter, photograph, target, look=Look(strength=strength)))
    assert not [each for each in events if isinstance(each, Skipped)]
    content = target.read_bytes()
    assert not [secret for secret in SECRETS if secret in content]
    found = Image.open(target).getexif()
    assert not found.get_ifd(ExifTags.IFD.GPSInfo)
    assert set(found) <= {ExifTags.Base.Software, ExifTags.Base.ImageDescription} or ending == ".tif"
    said = f"Impasto {impasto.__version__}, model sha256:{weights_hash(painter)}, compositeWithTrainedAlgorithmicMedia"
    assert found.get(ExifTags.Base.Software) == (said if strength else None)


def test_a_jpeg_that_is_not_painted_keeps_its_pixels_and_how_it_is_turned(
    painter: Painter, photograph: Path, tmp_path: Path
) -> None:
    with Image.open(photograph) as image:
        exif = image.getexif()
        exif[ExifTags.Base.Orientation] = 6
        image.save(tmp_path / "turned.jpg", exif=exif, quality="keep")
    target = tmp_path / "out.jpg"
    list(stylize(painter, tmp_path / "turned.jpg", target, look=Look(strength=0.0)))
    with Image.open(target) as found, Image.open(tmp_path / "turned.jpg") as before:
        assert dict(found.getexif()) == {ExifTags.Base.Orientation: 6}
        assert np.array_equal(np.asarray(found), np.asarray(before))
    assert b"Jane Doe" not in target.read_bytes()


def test_a_file_that_says_nothing_is_copied(painter: Painter, tmp_path: Path) -> None:
    plain = tmp_path / "plain.png"
    Image.new("RGB", (16, 16), (1, 2, 3)).save(plain)
    assert not speaks(plain)
    list(stylize(painter, plain, tmp_path / "copy.png", look=Look(strength=0.0)))
    assert (tmp_path / "copy.png").read_bytes() == plain.read_bytes()


def test_the_hash_is_of_the_weights(painter: Painter) -> None:
    other = Painter(Shift(), ImageSpec(3, 16, 16), ("content",), ImageSpec(3, 16, 16))
    assert weights_hash(painter) == weights_hash(other)
    with torch.no_grad():
        other.network.by.add_(1e-3)
    assert weights_hash(painter) != weights_hash(other)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Turned, with sound, and all that a phone writes of who took it, where, when and with what."""
    av = pytest.importorskip("av")
    folder = tmp_path_factory.mktemp("clip")
    plain = write_clip(folder / "plain.mp4", panning(5), sound=True, rotation=90)
    tags = {"title": "Lake", "artist": "Jane Doe", "comment": "taken at home", "location": "+52.5200+013.4050/"}
    tags |= {"creation_time": "2026-01-02T03:04:05Z", "make": "Camera", "model": "SERIAL-4711"}
    told = folder / "told.mp4"
    options = {"movflags": "use_metadata_tags"}
    with av.open(str(plain)) as given, av.open(str(told), "w", container_options=options) as made:
        made.metadata.update(tags)
        tracks = [made.add_stream_from_template(stream) for stream in given.streams]
        tracks[0].metadata["handler_name"] = "LENS-0815"
        tracks[1].metadata["language"] = "deu"
        for packet in given.demux():
            if packet.size:
                packet.stream = tracks[packet.stream_index]
                made.mux(packet)
    content = told.read_bytes()
    assert all(secret in content for secret in (*TOLD_BY_CLIP, b"Lake"))
    return told


@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_of_a_clip_only_its_title_comes_along(painter: Painter, clip: Path, tmp_path: Path, strength: float) -> None:
    events = list(stylize(painter, clip, tmp_path, look=Look(strength=strength)))
    assert not [event for event in events if isinstance(event, Skipped)]
    content = (tmp_path / clip.name).read_bytes()
    assert not [secret for secret in TOLD_BY_CLIP if secret in content]
    assert b"Lake" in content
    before, after = Clip(clip), Clip(tmp_path / clip.name)
    assert [sound.metadata.get("language") for sound in after.sounds] == ["deu"]
    assert sound_packets(tmp_path / clip.name) == sound_packets(clip)
    frames = list(zip(before, after, strict=True))
    assert all(one.pixels.shape == other.pixels.shape for one, other in frames)
    if strength == 0:
        assert all(np.array_equal(one.pixels, other.pixels) for one, other in frames)
        times = [[float(each.ticks * each.time_base) for each in pair] for pair in frames]
        assert all(one == pytest.approx(other, abs=1e-3) for one, other in times)


def test_a_clip_whose_packets_cannot_be_copied_is_written_anew(clip: Path, tmp_path: Path) -> None:
    assert not copy_clip(clip, tmp_path / "clip.wav")  # a format without pictures
    assert not list(tmp_path.iterdir())
