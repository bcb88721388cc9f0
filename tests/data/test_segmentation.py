"""Pictures and label maps: read in every form, packed without mixing numbers, and drawn in step."""

import io
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.base.errors import UserError
from impasto.base.label_maps import UNLABELLED, boundaries
from impasto.base.notices import forget_notices, notices
from impasto.data.packing.sizing import SizePolicy, to_size
from impasto.data.segmentation import SegmentationDataModule
from impasto.data.sources.classes import label_map_of
from impasto.data.sources.decode import BadImage
from impasto.data.sources.label_files import ReadLabels, ReadObjects
from impasto.data.sources.segmentation import open_segmentation
from impasto.data.sources.shapes import CLASSES, Drawing, draw

COLORS = {"sky": "#0080ff", "house": [128, 0, 0], "tree": "00ff00"}
FOLDERS = {"images": "a", "labels": "b", "classes": ["x"]}
CLASSES_OF = np.array([[0, 1, 2], [2, 2, 1]], np.uint8)
IN_COLOR = np.array([(0, 128, 255), (128, 0, 0), (0, 255, 0)], np.uint8)


def png(pixels: np.ndarray, palette: np.ndarray | None = None) -> bytes:
    image = Image.fromarray(pixels)
    if palette is not None:
        image.putpalette(palette.flatten().tolist())
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["colours", "palette in another order", "greys"])
def test_maps_of_colours_go_round(form: str) -> None:
    label_map = label_map_of(COLORS, None)
    if form == "colours":
        data = png(IN_COLOR[CLASSES_OF])
    elif form == "greys":
        label_map = label_map_of({"a": [7, 7, 7], "b": [90, 90, 90], "c": [0, 0, 0]}, None)
        data = png(np.array([7, 90, 0], np.uint8)[CLASSES_OF])
    else:
        data = png(2 - CLASSES_OF, IN_COLOR[::-1])
    assert np.array_equal(ReadLabels(label_map)(data)[..., 0], CLASSES_OF)


def test_index_masks_go_round_by_any_numbers() -> None:
    numbers = np.array([7, 23, 0], np.uint8)
    label_map = label_map_of({"road": 7, "sky": 23, "car": 0}, 255)
    strange = np.full((256, 3), 99, np.uint8)
    for data in (
        png(numbers[CLASSES_OF]),
        png(numbers[CLASSES_OF], strange),
        png(numbers[CLASSES_OF].astype(np.uint16)),
    ):
        assert np.array_equal(ReadLabels(label_map)(data)[..., 0], CLASSES_OF)
    with_none = png(np.array([[7, 255, 23]], np.uint8))
    assert ReadLabels(label_map)(with_none)[0, :, 0].tolist() == [0, UNLABELLED, 1]
    assert label_map_of(["a", "b"]).numbers == (0, 1)


def test_numbers_and_colours_of_no_class_are_named() -> None:
    label_map = label_map_of({"road": 7, "sky": 23}, None)
    data = png(np.array([[7, 9, 9, 23], [7, 7, 8, 23]], np.uint8))
    with pytest.raises(
        BadImage, match=r"the label map's numbers 9 \(25\.0% of its pixels\), 8 \(12\.5% of its pixels\) are of no"
    ):
        ReadLabels(label_map)(data)
    found = ReadLabels(label_map, "ignore")(data)[..., 0]
    assert found.tolist() == [[0, 255, 255, 1], [0, 0, 255, 1]]
    strange = IN_COLOR[CLASSES_OF].copy()
    strange[0, 0] = (12, 34, 56)
    with pytest.raises(
        BadImage,
        match=r"the label map's colours #0c2238 \(16\.7% of its pixels\) are of no class$",
    ):
        ReadLabels(label_map_of(COLORS, None))(png(strange))
    ignoring = label_map_of(COLORS, "#0c2238")
    assert ReadLabels(ignoring)(png(strange))[0, 0, 0] == UNLABELLED


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"direction": "picture_to_labels", **FOLDERS}, "data.direction=picture_to_labels"),
        ({"direction": "labels_to_picture", **FOLDERS, "boundaries": False}, "data.boundaries=false"),
        ({"direction": "labels_to_picture"}, "data.images and data.labels are not set"),
    ],
)
def test_maps_of_objects_that_nothing_looks_at_are_said(settings: dict[str, Any], why: str) -> None:
    forget_notices()
    SegmentationDataModule(pictures=open_segmentation, instances="objects", image_size=8, **settings)
    assert f"data.instances is not used: {why}" in notices()["data.instances"]
    forget_notices()


def test_a_few_pixels_of_no_class_are_counted_and_a_picture_is_told_from_a_label_map() -> None:
    label_map = label_map_of({"road": "#000000", "sky": "#ffffff"}, None)
    pixels = np.zeros((80, 100, 3), np.uint8)
    pixels[0, 0] = pixels[0, 1] = (1, 2, 3)
    pixels[1, 1] = (3, 2, 1)
    with pytest.raises(BadImage, match=r"colours #010203 \(2 pixels\), #030201 \(1 pixel\) are of no class$"):
        ReadLabels(label_map)(png(pixels))
    pixels = pixels[:40, :50]
    pixels[..., 0], pixels[..., 1] = np.arange(40)[:, None], np.arange(50)[None]  # 2,000 colours
    with pytest.raises(BadImage, match=r"2000 of its colours are of no class, so it is a picture, or a label map that"):
        ReadLabels(label_map)(png(pixels))


def test_classes_from_files(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("class,number\nsky,7\n")
    with pytest.raises(UserError, match=r"bad\.csv has no column name: data\.classes takes"):
        label_map_of(str(tmp_path / "bad.csv"))
    (tmp_path / "a.txt").write_text("sky\nhouse\n\ntree\n")
    (tmp_path / "b.csv").write_text("name,number,color\nsky,7,#0080ff\nhouse,9,#800000\n")
    (tmp_path / "c.json").write_text('{"sky": [0, 128, 255], "house": [128, 0, 0]}')
    assert label_map_of(str(tmp_path / "a.txt")).class_names == ("sky", "house", "tree")
    both = label_map_of(str(tmp_path / "b.csv"))
    assert (both.numbers, both.colors) == ((7, 9), ((0, 128, 255), (128, 0, 0)))
    assert label_map_of(str(tmp_path / "c.json"), None).colors == both.colors


@pytest.mark.parametrize(
    ("classes", "ignore", "message"),
    [
        (["a", "a"], 255, "names a twice"),
        ([], 255, "names 0 classes"),
        ({"a": 3, "b": 3}, 255, "gives a the number 3: give each"),
        ({"a": 256}, 255, "gives a the number 256"),
        ({"a": "#000000", "b": [0, 0, 0]}, None, "gives a the colour #000000"),
        ({"a": 1, "b": "#000000"}, None, "gives b no number"),
        ({"a": "blue"}, None, r"data\.classes\.a=blue is neither a number nor a colour"),
        ({"a": 1, "b": 2}, 2, r"data\.ignore=2 is the number of b"),
        ({"a": "#000000"}, [0, 0, 0], "is the colour of a"),
        ("nowhere.txt", 255, r"data\.classes=nowhere\.txt cannot be read"),
    ],
)
def test_classes_that_do_not_go_together(classes: Any, ignore: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        label_map_of(classes, ignore)


def test_objects_are_numbered_anew() -> None:
    many = np.array([[1000, 1000, 26001], [5, 1000, 26001]], np.uint16)
    assert ReadObjects()(png(many))[..., 0].tolist() == [[1, 1, 2], [0, 1, 2]]
    assert ReadObjects()(png(IN_COLOR[CLASSES_OF]))[..., 0].max() == 2


@pytest.mark.parametrize("resize", ["crop", "stretch", "pad", "fit"])
def test_no_number_is_made_up_by_resizing(resize: str) -> None:
    random = np.random.default_rng(0)
    numbers = random.choice(np.array([3, 200], np.uint8), (37, 51, 1))
    picture = np.concatenate([random.integers(0, 256, (37, 51, 3), np.uint8), numbers], 2)
    policy = SizePolicy(16, 24, resize, 4, numbers=(3,))  # type: ignore[arg-type]
    found, _ = to_size(picture, policy)
    assert set(np.unique(found[..., 3])) <= {3, 200, 255}
    colors, _ = to_size(picture[..., :3], SizePolicy(16, 24, resize, 3))  # type: ignore[arg-type]
    assert np.abs(found[..., :3].astype(int) - colors).max() <= 1  # planes are scaled one by one
    if resize == "stretch":
        columns, rows = ((np.arange(n) + 0.5) * m / n for n, m in ((24, 51), (16, 37)))
        assert np.array_equal(found[..., 3], numbers[rows.astype(int)[:, None], columns.astype(int), 0])


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def module(tmp_path: Path, **settings: Any) -> SegmentationDataModule:
    fixed: dict[str, Any] = {"image_size": 16, "pack_size": 20, "batch_size": 4, "flip": True, "resize": "stretch"}
    fixed |= {"holdout": 0.25, "max_bad_share": 0.0, "duplicates": "keep", "cache_dir": str(tmp_path / "cache")}
    made = SegmentationDataModule(**{"pictures": open_segmentation, **fixed, **settings})
    made.prepare_data()
    made.setup("fit")
    return made


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Any]:
    """Eight pictures whose colour is that of their class; the maps are twice as large."""
    random = np.random.default_rng(0)
    for i in range(8):
        classes = random.integers(0, 3, (4, 4), np.uint8).repeat(5, 0).repeat(5, 1)
        save(tmp_path / f"images/{i}.png", IN_COLOR[classes])
        save(tmp_path / f"labels/{i}.png", classes.repeat(2, 0).repeat(2, 1))
        save(tmp_path / f"objects/{i}.png", (np.arange(400).reshape(20, 20) // 100).astype(np.uint16) + 300)
    (tmp_path / "images/alone.png").write_bytes(b"")
    (tmp_path / "images/alone.png").unlink()
    return {name: str(tmp_path / name) for name in ("images", "labels")} | {"classes": list(COLORS)}


def test_pictures_and_maps_share_crops_and_flips_in_both_directions(tmp_path: Path, folders: dict[str, Any]) -> None:
    data = module(tmp_path, **folders)
    assert data.spec["target"].shape == (3, 16, 16)
    assert data.spec["target"].label_map is not None
    assert data.spec["target"].label_map.class_names == ("sky", "house", "tree")
    back = module(tmp_path, **folders, direction="labels_to_picture")
    assert back.spec["content"].shape == (3, 16, 16)
    assert back.spec["target"].label_map is None
    for made, labels, pictures in ((data, "target", "content"), (back, "content", "target")):
        for raw in islice(made.train_dataloader(), 3):
            batch = made.on_after_batch_transfer(raw, 0)
            assert (batch[labels].sum(1) == 1).all()
            colors = torch.from_numpy(IN_COLOR).float() / 127.5 - 1
            expected = torch.einsum("nkhw,kc->nchw", batch[labels], colors)
            torch.testing.assert_close(batch[pictures], expected, atol=1e-5, rtol=0)


def test_measured_crops_and_previews_are_in_step(tmp_path: Path, folders: dict[str, Any]) -> None:
    data = module(tmp_path, **folders)
    content, target = (data.evaluation_images(part, "held_out") for part in ("content", "target"))
    assert target.shape == (16, 16, 1)
    assert np.array_equal(content.batch(range(40)), IN_COLOR[target.batch(range(40))[..., 0]])
    preview = data.preview_batch(2)
    assert preview is not None
    assert preview["target"].shape == (2, 3, 16, 16)
    assert (preview["target"].sum(1) == 1).all()
    resumed = module(tmp_path, **folders)
    resumed.load_state_dict(data.state_dict())


def test_maps_of_objects_become_boundaries(tmp_path: Path, folders: dict[str, Any]) -> None:
    there = {"instances": str(tmp_path / "objects"), "direction": "labels_to_picture"}
    data = module(tmp_path, **folders, **there, image_size=20, flip=False)
    assert data.spec["content"].channels == 4
    batch = data.on_after_batch_transfer(next(iter(data.train_dataloader())), 0)
    objects = (torch.arange(400).view(1, 20, 20) // 100).expand(4, 20, 20)
    assert torch.equal(batch["content"][:, 3], boundaries(objects).float())
    assert module(tmp_path, **folders, **there, boundaries=False).spec["content"].channels == 3
    assert module(tmp_path, **folders, instances=str(tmp_path / "objects")).spec["target"].channels == 3
    (tmp_path / "objects/3.png").unlink()
    with pytest.raises(UserError, match=r"3\.png: no map of that name in .*objects"):
        module(tmp_path, **folders, **there)


def test_a_map_with_an_unknown_colour_stops_the_run_by_name(tmp_path: Path, folders: dict[str, Any]) -> None:
    save(tmp_path / "labels/2.png", np.full((20, 20), 9, np.uint8))
    with pytest.raises(
        UserError, match=r"1 of 8 pictures.*2\.png: the label map's numbers 9 \(100\.0%.*data\.unseen=ignore"
    ):
        module(tmp_path, **folders)
    assert len(module(tmp_path, **folders, unseen="ignore").train["target"]) == 6


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"images": "a"}, r"set data\.classes"),
        ({"images": "a", "classes": ["x"]}, r"set data\.labels to the folder"),
        ({"classes": ["x"]}, r"data\.classes is for maps of your own"),
        ({"direction": "left"}, r"data\.direction=left is not known"),
        ({"depth": 16}, r"set data\.depth=8"),
        ({"percentiles": [1, 99]}, r"data\.percentiles has no meaning"),
        ({"unseen": "maybe"}, r"data\.unseen=maybe is not known"),
        ({"example": {"number": 3}}, r"data\.example\.number is not known"),
        ({"example": {"shapes": [3, 2]}}, r"data\.example\.shapes=\(3, 2\) is out of range"),
    ],
)
def test_settings_that_do_not_go_together(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        module(tmp_path, **settings)


def test_scenes_are_drawn_the_same_again_and_at_any_size() -> None:
    drawing = Drawing(seed=3)
    first, again, large = draw(drawing, 5, 48), draw(drawing, 5, 48), draw(drawing, 5, 96)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], draw(drawing, 6, 48)[0])
    same = large[1].reshape(48, 2, 48, 2)[:, 0, :, 0] == first[1]
    assert same.mean() > 0.95
    assert np.array_equal(first[1] == 0, first[2] == 0)  # the ground is of no object
    for number in np.unique(first[2]):
        assert len(np.unique(first[1][first[2] == number])) == 1
    seen = {int(c) for i in range(12) for c in np.unique(draw(drawing, i, 32)[1])}
    assert seen == set(range(len(CLASSES)))


def test_scenes_need_no_folders(tmp_path: Path) -> None:
    data = module(tmp_path, example={"count": 8}, direction="labels_to_picture", color_jitter=0.2)
    assert data.spec["content"].channels == len(CLASSES) + 1
    picture, classes, _ = draw(Drawing(count=8), 0, 20)
    packed = data._packed["content"].packs[0]
    assert np.array_equal(packed.batch([0])[0, ..., 0], classes)
    assert np.array_equal(packed.batch([0])[0, ..., 2:], picture)
    assert data.provenance()["content"]["origin"] == "sample"
