"""Folders of scans: matched, split by patient, learnt from, and painted as files of their kind that name nobody."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from torch import nn

from impasto.base.errors import UserError
from impasto.base.notices import notices
from impasto.base.spec import ImageSpec
from impasto.data.packing.packed import read_bad
from impasto.data.scans import ScanDataModule, ScanLabelsDataModule, check_window
from impasto.data.sources.measured.reading import read_measured
from impasto.data.sources.scans import open_scan_labels, open_scans
from impasto.evaluation.protocols.overlap import OverlapProtocol
from impasto.inference.events import Painted, Skipped
from impasto.inference.measured import window_of
from impasto.inference.stylize import stylize
from impasto.painters.labels import LabelPainter
from impasto.painters.painter import Painter
from impasto.painters.restoration import RestorationPainter
from impasto.procedural.phantoms import Phantoms
from tests.data.sources.test_measured import SECRET, VALUES, dicom, fits, nifti, ome
from tests.training import composed, train

SETTINGS = {"parts": {"content": "aligned", "target": "aligned"}, "image_size": [6, 8], "resize": "pad", "channels": 1}


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Five patients with two slices each, at two doses, named by numbers; one slice is broken, and one is alone."""
    low, full = tmp_path / "low", tmp_path / "full"
    for folder, more in ((low, 30), (full, 0)):
        folder.mkdir()
        for number in range(10):
            dicom(folder / f"{number:04d}", VALUES + more * (number % 2), f"{SECRET}-{number // 2}")
    broken = (low / "0003").read_bytes()
    (low / "0003").write_bytes(broken[: len(broken) - 20])
    dicom(full / "alone.dcm")
    return low, full


def test_scans_are_split_by_patient_and_a_broken_file_is_recorded(folders: tuple[Path, Path], tmp_path: Path) -> None:
    low, full = folders
    settings = {**SETTINGS, "window": [-400, 400], "depth": 16, "holdout": 0.4, "cache_dir": str(tmp_path / "cache")}
    where = {"example": None, "sides": {}, "content": str(low), "target": str(full), "clean": None}
    data = ScanDataModule(pictures=open_scans, max_bad_share=0.5, duplicates="keep", **settings, **where)
    data.prepare_data()
    parts = {"train": data.train["content"], "held": data.held_out["content"]}
    names = {part: [int(name) for name in packed.every_name()] for part, packed in parts.items() if packed is not None}
    assert sorted(names["train"] + names["held"]) == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    patients = {part: {number // 2 for number in found} for part, found in names.items()}
    assert len(patients["held"]) == 2
    assert patients["train"].isdisjoint(patients["held"])
    bad = dict(read_bad(data.packs[0].folder))
    assert set(bad) == {"0003", "alone"}
    assert "no file of that name" in bad["alone"]
    measured = data.evaluation_images("content", "held_out")
    assert measured.cut_from is not None
    assert len(set(measured.cut_from)) == 2
    assert not any(name in str(data.state_dict()["classes"]) for name in ("0000", "alone", SECRET))
    pixels = parts["train"].batch([0])[0, ..., 0]
    by_hand = ((VALUES + 400) / 800 * 65535).clip(0, 65535).round()
    assert np.array_equal(pixels, by_hand)
    assert data.spec["content"].window == (-400, 400)
    assert data.provenance()["window"] == [-400, 400]
    for file in (tmp_path / "cache").rglob("*"):
        assert file.is_dir() or SECRET.encode() not in file.read_bytes()
    with pytest.raises(UserError, match=r"set data\.target too"):
        ScanDataModule(pictures=open_scans, **settings, **{**where, "target": None}).prepare_data()


def test_files_of_one_patient_are_told_apart_by_folders_or_a_notice_says_that_they_are_not(tmp_path: Path) -> None:
    for number in range(4):
        for side in ("low", "full"):
            path = tmp_path / side / f"sub-{number // 2}" / f"{number}.dcm"
            path.parent.mkdir(exist_ok=True, parents=True)
            dicom(path, patient="ANONYMOUS")
    grouped = open_scans(None, {}, str(tmp_path / "low"), str(tmp_path / "full"))["content"]
    assert grouped.grouped
    assert len(grouped.source.class_names) == 2
    assert "data.groups" not in notices()
    for side in ("low", "full"):
        (tmp_path / side / "sub-1" / "2.dcm").rename(tmp_path / side / "2.dcm")
        (tmp_path / side / "sub-1" / "3.dcm").unlink()
        (tmp_path / side / "sub-0").rename(tmp_path / side / "all")
    assert not open_scans(None, {}, str(tmp_path / "low"), str(tmp_path / "full"))["content"].grouped
    assert "All files are of one patient" in notices()["data.groups"]


@pytest.mark.parametrize("window", [[1.0, 1.0], [5.0, -5.0], [0.0, float("nan")], [0.0, float("inf")], [1.0]])
def test_a_window_is_two_ascending_numbers(window: list[float]) -> None:
    with pytest.raises(UserError, match="give two ascending numbers"):
        check_window(window)


def test_label_maps_may_be_volumes_or_pictures(tmp_path: Path) -> None:
    images, labels = tmp_path / "images", tmp_path / "labels"
    for folder in (images, labels):
        folder.mkdir()
    numbers = (VALUES > 0).astype(np.uint8)
    nifti(images / "a.nii.gz")
    nifti(labels / "a.nii", np.stack([numbers.T, 1 - numbers.T], 2))
    fits(images / "b.fits")
    Image.fromarray(numbers).save(labels / "b.png")
    data = ScanLabelsDataModule(
        **{**SETTINGS, "cache_dir": str(tmp_path), "images": str(images), "labels": str(labels)},
        **{"pictures": open_scan_labels, "classes": ["ground", "high"], "example": None, "sides": {}},
        boundaries=False,
        duplicates="keep",
    )
    data.prepare_data()
    found = data.train["target"].batch(range(3))[..., 0]
    assert np.array_equal(found, [numbers, 1 - numbers, numbers])


def restorer(window: Any, channels: int = 1) -> RestorationPainter:
    """Gives pictures as they are, in as many channels."""
    network = nn.Conv2d(1, channels, 1)
    nn.init.ones_(network.weight)
    nn.init.zeros_(network.bias)  # type: ignore[arg-type]
    content = ImageSpec(1, 6, 8, task="denoise", window=window)
    painter = RestorationPainter(network, ImageSpec(channels, 6, 8), ("content",), content, "content", "target")
    return painter.eval().requires_grad_(False)  # type: ignore[return-value]


def test_scans_are_painted_as_files_of_their_kind_without_the_patient(tmp_path: Path) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for number in range(2):
        dicom(source / f"IM{number}")
    nifti(source / "volume.nii.gz")
    fits(source / "sky.fits")
    dicom(source / "broken.dcm").write_bytes(b"\0" * 300)
    events = list(stylize(restorer((-100, 100)), source, output))
    skipped = [event for event in events if isinstance(event, Skipped)]
    assert [event.source.name for event in skipped] == ["broken.dcm"]
    assert "no DICOM file" in skipped[0].reason
    painted = {event.source.name: event.target for event in events if isinstance(event, Painted) and event.source}
    names = {"IM0": "IM0.dcm", "IM1": "IM1.dcm", "sky.fits": "sky.fits", "volume.nii.gz": "volume.nii.gz"}
    assert {name: target.name for name, target in painted.items()} == names
    for name, target in painted.items():
        before, after = read_measured(source / name), read_measured(target)
        assert np.allclose(before.values, after.values, atol=0.51, equal_nan=True), name
        assert before.spacing == pytest.approx(after.spacing)
    for file in output.rglob("*"):
        assert SECRET[:8].encode() not in file.read_bytes()
    colours = tmp_path / "colours.dcm"
    to_colours = restorer(None, 3)
    plain = Painter(to_colours.network, to_colours.gives, ("content",), to_colours.content, "content", "target").eval()
    list(stylize(plain, source / "IM0", colours))
    assert read_measured(colours).values.shape == (1, 6, 8, 3)


def test_a_painter_of_usual_pictures_sees_the_whole_range_of_their_formats(tmp_path: Path) -> None:
    scan = read_measured(ome(tmp_path / "a.ome.tif"))
    assert window_of(restorer(None), scan) == (0, 65535)
    assert window_of(restorer((3, 9)), scan) == (3, 9)
    assert window_of(restorer("own"), scan) is None
    assert window_of(restorer(None), read_measured(dicom(tmp_path / "a.dcm"))) is None
    for window in ((3.0, 9.0), "own", None):
        spec = ImageSpec(1, 2, 2, window=window)  # type: ignore[arg-type]
        assert ImageSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


def test_labels_of_a_volume_are_a_volume(tmp_path: Path) -> None:
    volume = nifti(tmp_path / "volume.nii.gz")
    data = ScanLabelsDataModule(
        **{**SETTINGS, "image_size": 24, "cache_dir": str(tmp_path)},
        **{"pictures": open_scan_labels, "example": Phantoms(patients=9, slices=1)},
        sides={"content": "full_dose", "target": "labels"},
        holdout=None,
    )
    data.prepare_data()
    spec = data.spec["target"]
    network = nn.Conv2d(1, spec.channels, 1)
    nn.init.zeros_(network.weight)
    nn.init.zeros_(network.bias)  # type: ignore[arg-type]
    network.bias.data[2] = 1  # type: ignore[union-attr]
    painter = LabelPainter(network, spec, ("content",), ImageSpec(1, 24, 24), "content", "target").eval()
    list(stylize(painter, volume, tmp_path / "labels.nii.gz"))
    found = read_measured(tmp_path / "labels.nii.gz")
    assert found.values.shape == (2, 6, 8, 1)
    assert (found.values == 2).all()
    # Everything is liver: Dice is its own alone, and that of the classes that are missed is 0.
    measured = OverlapProtocol(split="train").measure(painter, data)
    assert measured.main == "dice"
    by_class = measured.comparability["dice"]["by_class"]
    assert by_class["liver"] > 0
    assert {by_class[name] for name in ("body", "spine", "kidneys")} == {0.0}
    assert not measured.comparability["hausdorff_95"]["higher_is_better"]
    assert measured.rows["most frequent class"]["dice"] == 0


def test_phantoms_are_learnt_from_beside_filters(tmp_path: Path) -> None:
    small = ["data.image_size=32", "data.example.patients=10", "data.example.slices=1", "evaluation.num_learnt=2"]
    network = ["model.generator.features=4", "model.generator.encoder=[1]", "model.generator.decoder=[1]"]
    rest = ["kimg=0.008", "callbacks.samples.every_kimg=null", "evaluation.filters=[gaussian,linear_filter]"]
    train(composed(tmp_path, "experiment=low_dose_ct", *small, *network, *rest))
    summary = json.loads((tmp_path / "summary.json").read_text())
    psnr = summary["metrics"]["psnr"]
    assert set(psnr["controls"]) == {"input as it is", "Gaussian blur", "linear filter"}
    assert summary["protocols"]["all"]["controls_learnt"]["linear filter"] == {"pixels": 7}
    assert "made by code" in summary["data"]["content"]["name"]
    assert summary["data"]["content"]["origin"] == "sample"
