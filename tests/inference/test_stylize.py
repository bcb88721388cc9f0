"""Folders and pictures of every kind through the entry script's own functions."""

import errno
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from PIL import Image

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.inference.console import follow
from impasto.inference.events import Done, Painted, Progress, Skipped, Started
from impasto.inference.repaint import Look
from impasto.inference.saving import save
from impasto.inference.stylize import stylize as events_of
from impasto.painters.loading import load_painter
from impasto.painters.painter import Painter
from stylize import stylize as command
from tests.training import CONF
from tests.translation_run import checkpoint_content, painter_record, repainter

ROOT = Path(__file__).parents[2]


def stylize(*arguments: Any, **options: Any) -> int:
    look = Look(**{name: options.pop(name) for name in ("strength", "preserve_color", "tile") if name in options})
    return follow(events_of(*arguments, look=look, **options))


@pytest.fixture
def painter(run_dir: Path) -> Painter:
    return load_painter(run_dir, device="cpu")


def gradient(height: int, width: int) -> np.ndarray:
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return np.stack([across, down, 255 - across], -1).round().astype(np.uint8)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "trip" / "Zürich").mkdir(parents=True)
    Image.fromarray(gradient(21, 35)).save(folder / "odd.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    Image.fromarray(gradient(18, 40)).save(folder / "trip" / "turned.jpg", exif=exif)
    alpha = np.tile(np.arange(33, dtype=np.uint8) * 7, (17, 1))
    Image.fromarray(np.dstack([gradient(17, 33), alpha])).save(folder / "trip" / "Zürich" / "see.png")
    Image.fromarray(gradient(16, 16)).convert("P").save(folder / "moving.gif")
    return folder


def test_sizes_names_orientation_and_alpha(painter: Painter, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert stylize(painter, photos, out) == 4
    found = sorted(str(p.relative_to(out)) for p in out.rglob("*") if p.is_file())
    assert found == ["moving.gif", "odd.png", "trip/Zürich/see.png", "trip/turned.jpg"]
    assert Image.open(out / "odd.png").size == (35, 21)
    turned = Image.open(out / "trip" / "turned.jpg")
    assert turned.size == (18, 40)
    assert 0x0112 not in turned.getexif()
    see, before = (np.asarray(Image.open(f / "trip" / "Zürich" / "see.png")) for f in (out, photos))
    assert np.array_equal(see[..., 3], before[..., 3])
    assert not np.array_equal(see[..., :3], before[..., :3])


def test_existing_ones_are_left_alone_unless_told(painter: Painter, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "odd.png").write_text("mine")
    assert stylize(painter, photos, out) == 3
    assert (out / "odd.png").read_text() == "mine"
    assert stylize(painter, photos, out) == 0
    assert stylize(painter, photos, out, overwrite=True) == 4
    assert Image.open(out / "odd.png").size == (35, 21)


def test_bad_ones_are_named_and_the_rest_painted(
    painter: Painter, photos: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff not a picture")
    with pytest.raises(UserError, match="1 of 5"):
        stylize(painter, photos, tmp_path / "out")
    assert "broken.jpg" in caplog.text
    assert len([p for p in (tmp_path / "out").rglob("*") if p.is_file()]) == 4


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (OSError(errno.ENAMETOOLONG, "File name too long", "there"), r"there: File name too long"),
        (MemoryError(), "does not fit into memory; smaller tiles"),
        (RuntimeError("CUDA out of memory. Tried to allocate 20 GiB"), "does not fit into memory; smaller tiles"),
        (ValueError("cannot write mode X\nmore"), r"ValueError: cannot write mode X\."),
    ],
)
def test_trouble_with_one_picture_ends_no_batch(
    painter: Painter,
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    problem: Exception,
    words: str,
) -> None:
    def fail(frames: Any, path: Path, *others: Any) -> None:
        if path.name == "odd.png":
            raise problem
        save(frames, path, *others)

    monkeypatch.setattr("impasto.inference.stylize.save", fail)
    with pytest.raises(UserError, match=r"1 of 4 pictures were skipped; each is named above"):
        stylize(painter, photos, tmp_path / "out")
    assert re.search(rf"Skipped .*odd\.png: .*{words}", caplog.text)
    assert len([p for p in (tmp_path / "out").rglob("*") if p.is_file()]) == 3


def test_a_full_disk_ends_the_batch_and_is_named(
    painter: Painter, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if path.parent.name == "out" and (tmp_path / "out" / "moving.gif").exists():
            write(path, b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UserError, match=r"written \(.*/out/odd\.png: No space left on device\): free some space"):
        stylize(painter, photos, tmp_path / "out")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["moving.gif"]
    monkeypatch.undo()
    assert stylize(painter, photos, tmp_path / "out") == 3


def test_events_of_a_batch(painter: Painter, photos: Path, tmp_path: Path) -> None:
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff not a picture")
    out = tmp_path / "out"
    found = list(events_of(painter, photos, out, look=Look(tile=16)))
    moving = photos / "moving.gif"
    assert found[0] == Started(5)
    assert isinstance(found[1], Skipped)
    assert found[1].source == photos / "broken.jpg"
    assert found[2:4] == [Progress(moving, 1, 1), Painted(moving, out / "moving.gif")]
    assert found[4:10] == [Progress(photos / "odd.png", i + 1, 6) for i in range(6)], "21 x 35 pixels in 2 x 3 tiles"
    assert found[-1] == Done(4, 1, out)


def test_what_transparency_hides_does_not_change_the_painting(painter: Painter, photos: Path, tmp_path: Path) -> None:
    clear = np.zeros((24, 40), bool)
    clear[4:20, 8:30] = True
    noise = np.random.default_rng(0).integers(0, 256, (24, 40, 3), np.uint8)
    for name, hidden in (("black", 0), ("white", 255), ("noise", noise)):
        pixels = np.dstack([gradient(24, 40), np.full((24, 40), 200, np.uint8)])
        pixels[clear] = np.dstack([np.broadcast_to(hidden, (24, 40, 3)), np.zeros((24, 40))])[clear]
        Image.fromarray(pixels).save(photos / f"{name}.png")
    stylize(painter, photos, tmp_path / "out")
    black, white, noisy = (np.asarray(Image.open(tmp_path / "out" / f"{n}.png")) for n in ("black", "white", "noise"))
    assert np.array_equal(black[~clear], white[~clear])
    assert np.array_equal(black[~clear], noisy[~clear])
    assert np.array_equal(black[..., 3], np.where(clear, 0, 200))


def test_names_as_long_as_file_systems_take_are_painted(
    painter: Painter, photos: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    long, japanese, only_read = "a" * 246 + ".png", "水" * 83 + ".png", "b" * 248 + ".pcx"
    for name in (long, japanese, only_read):
        Image.fromarray(gradient(8, 8)).save(tmp_path / "short", Path(name).suffix[1:])
        (tmp_path / "short").rename(photos / name)
    assert stylize(painter, photos, tmp_path / "out") == 7
    (cut,) = {p.name for p in (tmp_path / "out").glob("*.png")} - {long, japanese, "odd.png"}
    assert re.fullmatch(r"b{242}-[0-9a-f]{8}\.png", cut)
    assert f"is painted as {cut}" in caplog.text
    assert stylize(painter, photos, tmp_path / "out") == 0, "they are found again"


def test_one_picture(painter: Painter, photos: Path, tmp_path: Path) -> None:
    assert stylize(painter, photos / "odd.png", tmp_path / "out") == 1
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["odd.png"]


def test_output_inside_input_is_not_painted_again(painter: Painter, photos: Path) -> None:
    stylize(painter, photos, photos / "painted")
    assert stylize(painter, photos, photos / "painted", overwrite=True) == 4


def test_what_is_left_out_is_said(painter: Painter, photos: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "impasto")
    stylize(painter, photos, photos / "trip")
    assert "2 of 4 pictures lie in" in caplog.text
    (photos / "odd.png").unlink()
    (photos / "moving.gif").unlink()
    with pytest.raises(UserError, match=r"All of input=.* \(4\) lies in output="):
        stylize(painter, photos, photos / "trip")


@pytest.mark.parametrize("other", ["moving.pcx.png", "moving"])
def test_no_painting_takes_the_place_of_another(painter: Painter, photos: Path, tmp_path: Path, other: str) -> None:
    first, second = ("moving.pcx", other) if other != "moving" else ("moving", "moving.png")
    Image.fromarray(gradient(8, 8)).save(photos / first, "pcx" if other != "moving" else "gif")
    Image.fromarray(gradient(8, 8)).save(photos / second, "png")
    with pytest.raises(UserError, match=rf"{first} and .*{second} would both be painted as .*: rename one"):
        stylize(painter, photos, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_no_sheet_takes_the_place_of_a_painting(painter: Painter, photos: Path, tmp_path: Path) -> None:
    (photos / "odd.png").rename(photos / "sheet.png")
    with pytest.raises(UserError, match=r"sheet= writes .*sheet\.png, and .*sheet\.png is painted as that too"):
        stylize(painter, photos, tmp_path / "out", sheet=2)
    assert stylize(painter, photos, tmp_path / "out") == 4
    assert Image.open(tmp_path / "out" / "sheet.png").size == (35, 21)


def test_one_picture_into_a_file(painter: Painter, photos: Path, tmp_path: Path) -> None:
    assert stylize(painter, photos / "odd.png", tmp_path / "new" / "painted.jpg") == 1
    assert Image.open(tmp_path / "new" / "painted.jpg").format == "JPEG"
    assert stylize(painter, photos / "odd.png", tmp_path / "new" / "painted.jpg") == 0, "it is there already"
    assert stylize(painter, photos / "odd.png", photos / "painted.png") == 1


def test_places_that_cannot_be_written_to(painter: Painter, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    for source, output, words in (
        (photos, tmp_path / "painted.png", "is named like a picture, and a folder is wanted"),
        (photos, tmp_path / "notes", "is a file; give a folder"),
        (photos / "odd.png", tmp_path / "notes", "is a file; give a folder"),
        (photos / "odd.png", tmp_path / "painted.pcx", r"\.pcx is not written here; give one of \.jpg"),
        (photos / "odd.png", photos / "odd.png", "is the picture itself"),
    ):
        with pytest.raises(UserError, match=words):
            stylize(painter, source, output, overwrite=True)
    assert (tmp_path / "notes").read_text() == "mine"


def test_sheet_is_no_wider_than_its_pictures(painter: Painter, photos: Path, tmp_path: Path) -> None:
    stylize(painter, photos / "odd.png", tmp_path / "out", sheet=1000)
    assert Image.open(tmp_path / "out" / "sheet.png").size == (2 * 320 + 6, 21)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("strength", "x"),
        ("strength", None),
        ("strength", True),
        ("tile", "x"),
        ("tile", 3.5),
        ("tile", -1),
        ("sheet", "x"),
        ("sheet", -1),
        ("sheet", 0),
        ("preserve_color", "no"),
        ("overwrite", None),
    ],
)
def test_settings_that_make_no_sense(
    painter: Painter, photos: Path, tmp_path: Path, setting: str, value: object
) -> None:
    with pytest.raises(UserError, match=rf"^{setting}={value} .*give"):
        stylize(painter, photos, tmp_path / "out", **{setting: value})  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_sheet_shows_before_and_after(painter: Painter, photos: Path, tmp_path: Path) -> None:
    stylize(painter, photos, tmp_path / "out", sheet=1)
    sheet = np.asarray(Image.open(tmp_path / "out" / "sheet.png")).astype(int)
    assert sheet.shape == (16 + 21 + 17 + 40 + 3 * 6, 2 * 320 + 6, 3)
    odd = gradient(21, 35)  # the second row, in the middle of its cell
    assert np.array_equal(sheet[22:43, 142:177], odd)
    assert not np.array_equal(sheet[22:43, 142 + 326 : 177 + 326], odd)


def test_strength_and_colours(painter: Painter, photos: Path, tmp_path: Path) -> None:
    source = photos / "odd.png"
    photo = np.asarray(Image.open(source)).astype(int)

    def painted(name: str, **options: float) -> np.ndarray:
        stylize(painter, source, tmp_path / name, **options)  # type: ignore[arg-type]
        return np.asarray(Image.open(tmp_path / name / "odd.png")).astype(int)

    full, half = painted("full"), painted("half", strength=0.5)
    assert np.array_equal(painted("none", strength=0.0), photo)
    assert np.abs(half - (full + photo) / 2).max() <= 1
    kept = painted("kept", preserve_color=True)
    inside = ((kept > 0) & (kept < 255)).all(-1)  # nothing was cut off
    assert inside.any()
    change = (kept - photo)[inside]
    assert np.abs(change - change.mean(1, keepdims=True)).max() <= 1  # light and dark alone


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_a_picture_in_tiles_is_the_picture_painted_whole(tmp_path: Path, norm: str) -> None:
    from impasto.networks.resnet_translation import TranslationGenerator

    network = TranslationGenerator(features=4, blocks=1, norm=norm).eval()  # type: ignore[arg-type]
    painter = repainter(network)
    Image.fromarray(gradient(250, 301)).save(tmp_path / "photo.png")
    for tile in (0, 64):
        stylize(painter, tmp_path / "photo.png", tmp_path / f"{tile}.png", tile=tile)
    whole, tiled = (np.asarray(Image.open(tmp_path / f"{tile}.png")).astype(int) for tile in (0, 64))
    assert np.abs(whole - tiled).max() <= 1


def test_grey_models_paint_colour_photographs(painter: Painter, photos: Path, tmp_path: Path) -> None:
    from impasto.networks.resnet_translation import TranslationGenerator

    network = TranslationGenerator(1, features=4, blocks=1).eval()
    grey = repainter(network, 1)
    stylize(grey, photos / "odd.png", tmp_path / "out")
    assert np.ptp(np.asarray(Image.open(tmp_path / "out" / "odd.png")).astype(int), axis=-1).max() == 0


def test_mistakes_are_one_sentence(painter: Painter, photos: Path, tmp_path: Path) -> None:
    for arguments, words in (
        ((tmp_path / "nowhere", tmp_path / "out"), "does not exist"),
        ((photos, photos), "give another one"),
        ((photos / "odd.png", photos), "give another folder"),
    ):
        with pytest.raises(UserError, match=words):
            stylize(painter, *arguments)
    with pytest.raises(UserError, match="strength=2"):
        stylize(painter, photos, tmp_path / "out", strength=2)
    painter.takes = ("latent",)
    with pytest.raises(UserError, match=r"generate\.py"):
        stylize(painter, photos, tmp_path / "out")


def test_wrong_paths_need_no_torch(run_dir: Path, photos: Path, tmp_path: Path) -> None:
    code = """
import sys
sys.path.insert(0, "src")
from impasto.inference.places import existing_input, output_folder
from impasto.painters.checkpoints import find_checkpoint
from impasto.base.errors import UserError
for call, value in ((find_checkpoint, "/nope"), (existing_input, "/nope"), (output_folder, sys.argv[1])):
    try:
        call(value)
    except UserError as problem:
        print(problem)
assert not {"torch", "lightning"} & set(sys.modules)
"""
    (tmp_path / "file").write_text("")
    script = [sys.executable, "-c", code, str(tmp_path / "file")]
    done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == [
        "checkpoint=/nope does not exist; give the folder of a run, or a .ckpt file.",
        "input=/nope does not exist; give a picture, a clip, or a folder of them.",
        f"output={tmp_path / 'file'} is a file; give a folder.",
    ]


def two_ways(folder: Path) -> Path:
    """A run that trained one painter that gives black and one that gives white."""
    spec, layer = ImageSpec(3, 16, 16), {"_target_": "torch.nn.Conv2d", "_partial_": True}
    config = {"in_channels": 3, "out_channels": 3, "kernel_size": 1}
    content: dict[str, Any] = checkpoint_content()
    known = painter_record(spec, ("content",), spec)["painters"]["painter"]
    names = {"content_to_style": "generator", "style_to_content": "generator_back"}
    content["impasto"]["painters"] = {way: {**known, "network": name} for way, name in names.items()}
    content["impasto"]["config"] = {"model": {name: {**layer, **config} for name in names.values()}}
    content["state_dict"] = {}
    for way, bias in (("content_to_style", -1.0), ("style_to_content", 1.0)):
        weights = {"weight": torch.zeros(3, 3, 1, 1), "bias": torch.full((3,), bias)}
        content["state_dict"] |= {f"painters.{way}.network.{name}": value for name, value in weights.items()}
    (folder / "checkpoints").mkdir(parents=True)
    torch.save(content, folder / "checkpoints" / "last.ckpt")
    return folder


@pytest.mark.parametrize(("direction", "grey"), [("null", 0), ("content_to_style", 0), ("style_to_content", 255)])
def test_a_model_of_two_directions(photos: Path, tmp_path: Path, direction: str, grey: int) -> None:
    given = [f"checkpoint={two_ways(tmp_path / 'run')}", f"input={photos / 'odd.png'}", f"output={tmp_path / 'out'}"]
    with initialize_config_dir(CONF, version_base="1.3"):
        command(compose("stylize", [*given, "device=cpu", f"direction={direction}"]))
    assert np.unique(np.asarray(Image.open(tmp_path / "out" / "odd.png"))).tolist() == [grey]


@pytest.mark.parametrize(
    ("two", "words"),
    [(True, "choose one of content_to_style, style_to_content"), (False, "leave direction= out")],
)
def test_unknown_directions_are_refused(run_dir: Path, photos: Path, tmp_path: Path, two: bool, words: str) -> None:
    run = two_ways(tmp_path / "two") if two else run_dir
    given = [f"checkpoint={run}", f"input={photos}", f"output={tmp_path / 'out'}", "direction=sideways"]
    with (
        initialize_config_dir(CONF, version_base="1.3"),
        pytest.raises(SystemExit, match=f"direction=sideways.*{words}"),
    ):
        command(compose("stylize", [*given, "device=cpu"]))


def test_script_ends_with_a_status(run_dir: Path, photos: Path, tmp_path: Path) -> None:
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    script = [sys.executable, str(ROOT / "src" / "stylize.py")]
    arguments = [f"checkpoint={run_dir}", f"input={photos}", f"output={tmp_path / 'out'}", "device=cpu"]
    done = subprocess.run(script + arguments, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stderr
    assert "broken.jpg" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "out" / "odd.png").is_file()
