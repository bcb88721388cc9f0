"""Pictures into palette PNG and label maps into pictures, through what the entry script does."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec, LabelMap
from impasto.data.sources.label_files import read_labels
from impasto.inference.console import follow
from impasto.inference.events import Painted, Skipped, Started
from impasto.inference.label_maps import save_labels
from impasto.inference.masks import Masks
from impasto.inference.repaint import Look
from impasto.inference.stylize import stylize
from impasto.painters.labels import LabelPainter
from impasto.painters.painter import Painter

BY_NUMBER = LabelMap(("dark", "red", "green"), ((9, 9, 9), (255, 0, 0), (0, 255, 0)), (7, 0, 200), 255)
BY_COLOR = replace(BY_NUMBER, numbers=(), ignore_number=None)


class Reds(torch.nn.Module):
    """Scores of dark, red and green: the picture's own red and green; its stride is 4."""

    stride = 4

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        assert x.shape[-1] % 4 == x.shape[-2] % 4 == 0
        return torch.cat([torch.full_like(x[:, :1], -0.5), x[:, :2]], 1)


class Sums(torch.nn.Module):
    """Colours from the channels of a map: red where the first class is, green its boundaries, blue the second class."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        assert set(x.unique().tolist()) <= {0.0, 1.0}
        return torch.cat([x[:, :1], x[:, -1:], x[:, 1:2]], 1) * 2 - 1


def labeller(label_map: LabelMap) -> Painter:
    content = ImageSpec(3, 16, 16)
    return LabelPainter(Reds(), ImageSpec(3, 16, 16, label_map=label_map), ("content",), content).eval()


@pytest.mark.parametrize("label_map", [BY_NUMBER, BY_COLOR])
@pytest.mark.parametrize("tile", [None, 8])
def test_pictures_of_any_size_become_palette_png(label_map: LabelMap, tile: int | None, tmp_path: Path) -> None:
    classes = np.random.default_rng(0).integers(0, 3, (13, 22), np.uint8)
    colors = np.array([(0, 0, 0), (255, 0, 0), (0, 255, 0)], np.uint8)
    (tmp_path / "in/sub").mkdir(parents=True)
    Image.fromarray(colors[classes]).save(tmp_path / "in/sub/a.bmp")
    Image.fromarray(colors[classes].repeat(8, 0).repeat(8, 1)).save(tmp_path / "in/b.jpg", quality=98)
    assert follow(stylize(labeller(label_map), tmp_path / "in", tmp_path / "out", look=Look(tile=tile), sheet=2)) == 2
    assert sorted(p.name for p in (tmp_path / "out").rglob("*.png")) == ["a.png", "b.png", "sheet.png"]
    with Image.open(tmp_path / "out/sub/a.png") as written:
        assert written.mode == "P"
        numbers = np.array(label_map.numbers or (0, 1, 2), np.uint8)
        assert np.array_equal(np.asarray(written), numbers[classes])
        assert np.array_equal(np.asarray(written.convert("RGB")), np.array(label_map.colors, np.uint8)[classes])
    back = read_labels((tmp_path / "out/sub/a.png").read_bytes(), label_map)[..., 0]
    assert np.array_equal(back, classes)
    found = read_labels((tmp_path / "out/b.png").read_bytes(), label_map)[3::8, 3::8, 0]
    assert np.array_equal(found, classes)


def test_every_number_goes_round(tmp_path: Path) -> None:
    many = LabelMap(tuple(map(str, range(255))), tuple((i, 255 - i, 7) for i in range(255)), tuple(range(255)), 255)
    classes = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for label_map in (many, replace(many, numbers=(), ignore_color=(224, 224, 192))):
        save_labels(classes, replace(label_map, ignore_number=255), tmp_path / "a.png")
        assert np.array_equal(read_labels((tmp_path / "a.png").read_bytes(), label_map)[..., 0], classes)


def test_label_maps_are_painted_with_the_boundaries_of_objects(tmp_path: Path) -> None:
    content = ImageSpec(4, 8, 8, label_map=replace(BY_NUMBER, boundaries=True))
    painter = Painter(Sums(), ImageSpec(3, 8, 8), ("content",), content).eval()
    classes = np.zeros((6, 10), np.uint8)
    classes[:, 5:] = 1
    for name in ("maps", "objects"):
        (tmp_path / name).mkdir()
    Image.fromarray(np.array([7, 0, 200], np.uint8)[classes]).save(tmp_path / "maps/a.png")
    objects = np.arange(10)[None].repeat(6, 0) // 3
    Image.fromarray(objects.astype(np.uint16) * 1000).save(tmp_path / "objects/a.tif")
    for given, edges in (
        (None, [4, 5]),
        (tmp_path / "objects", [2, 3, 5, 6, 8, 9]),
        (tmp_path / "objects/a.tif", None),
    ):
        out = tmp_path / f"out{edges}"
        assert follow(stylize(painter, tmp_path / "maps", out, instances=given)) == 1
        found = np.asarray(Image.open(out / "a.png"))
        assert np.array_equal(found[..., 0], np.where(classes == 0, 255, 0))
        assert np.array_equal(found[..., 2], np.where(classes == 1, 255, 0))
        if edges is not None:
            assert np.flatnonzero(found[0, :, 1]).tolist() == edges
    (tmp_path / "objects/a.tif").rename(tmp_path / "objects/b.tif")
    with pytest.raises(UserError, match="1 of 1 pictures were skipped"):
        follow(stylize(painter, tmp_path / "maps", tmp_path / "none", instances=tmp_path / "objects"))


def test_a_map_of_other_classes_is_skipped_by_its_numbers(tmp_path: Path) -> None:
    content = ImageSpec(3, 8, 8, label_map=BY_NUMBER)
    painter = Painter(Sums(), ImageSpec(3, 8, 8), ("content",), content).eval()
    Image.fromarray(np.full((8, 8), 3, np.uint8)).save(tmp_path / "a.png")
    (skipped,) = (
        event for event in stylize(painter, tmp_path / "a.png", tmp_path / "out") if isinstance(event, Skipped)
    )
    assert skipped.reason.startswith("the label map's numbers 3 (100.0% of its pixels) are of no class")
    assert skipped.reason.endswith("; those of this model are dark 7 #090909, red 0 #ff0000, green 200 #00ff00")


def test_that_boundaries_of_classes_stand_for_those_of_objects_is_said_once(tmp_path: Path) -> None:
    content = ImageSpec(4, 8, 8, label_map=replace(BY_NUMBER, boundaries=True))
    painter = Painter(Sums(), ImageSpec(3, 8, 8), ("content",), content).eval()
    for name in ("a", "b"):
        Image.fromarray(np.full((8, 8), 7, np.uint8)).save(tmp_path / f"{name}.png")
    started, *others = stylize(painter, tmp_path, tmp_path / "out")
    assert isinstance(started, Started)
    assert started.remarks == (
        "The boundaries between classes stand for those between objects, as instances= is not given.",
    )
    assert [event.notes for event in others if isinstance(event, Painted)] == [(), ()]
    started, *_ = stylize(painter, tmp_path / "a.png", tmp_path / "more", instances=tmp_path / "b.png")
    assert isinstance(started, Started)
    assert not started.remarks


def test_what_does_not_go_with_label_maps_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    painter, source = labeller(BY_NUMBER), tmp_path / "a.png"
    for settings in ({"look": Look(strength=0.5)}, {"look": Look(preserve_color=True)}, {"masks": Masks(source)}):
        with pytest.raises(UserError, match="leave strength=, preserve_color=, brush= and mask= out"):
            list(stylize(painter, source, tmp_path / "out", **settings))  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"give a name that ends in \.png"):
        list(stylize(painter, source, tmp_path / "out.jpg"))
    with pytest.raises(UserError, match="was not trained on maps of objects"):
        list(stylize(painter, source, tmp_path / "out", instances=source))
