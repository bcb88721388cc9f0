"""Folders of Cityscapes' and of KITTI's layout, made by code: pairs found, classes by number, and faults named."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from impasto.base.errors import UserError
from impasto.data.driving import DrivingDataModule
from impasto.data.sources.driving import open_driving, pairs_in
from impasto.procedural.road_folder import write_roads
from impasto.procedural.roads import CITYSCAPES, Road


@pytest.fixture(scope="module")
def roads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("roads")
    write_roads(folder, 10, frames=2, width=64)
    return folder


def opened(root: Path | None, cache: Path, **settings: object) -> DrivingDataModule:
    fixed = {"image_size": (32, 64), "resize": "crop", "duplicates": "keep", "max_bad_share": 0.5}
    where = {"root": None if root is None else str(root), "cache_dir": str(cache)}
    data = DrivingDataModule(pictures=open_driving, flip=False, **{**fixed, **where, **settings})  # type: ignore[arg-type]
    data.prepare_data()
    return data


def test_cityscapes(roads: Path, tmp_path: Path) -> None:
    assert len(pairs_in(roads)) == 9
    assert len(pairs_in(roads, "val")) == 1
    assert len(pairs_in(roads, "both")) == 10
    data = opened(roads, tmp_path)
    view = Road((0, 0)).view((32, 64))
    assert (data.train["content"].batch([0])[0] == view.picture).all()
    assert (data.train["target"].batch([0])[0, ..., 0] == view.classes).all()
    assert data.spec["target"].channels == 19


def test_objects_come_along_with_label_maps(roads: Path, tmp_path: Path) -> None:
    data = opened(roads, tmp_path, direction="labels_to_picture")
    assert data.spec["content"].channels == 20
    drawn = opened(None, tmp_path, direction="labels_to_picture", count=3)
    both = [each.train["content"].batch([0])[0, ..., 1] for each in (data, drawn)]
    borders = [(np.diff(objects.astype(int), axis=1) != 0).sum() for objects in both]
    assert borders[1] > 0
    assert borders[0] >= borders[1]  # Cityscapes numbers whatever is no object by its class


def test_kitti_and_what_is_missing_or_damaged(roads: Path, tmp_path: Path) -> None:
    for place in ("image_2", "semantic"):
        (tmp_path / "training" / place).mkdir(parents=True)
    for number, pair in enumerate(pairs_in(roads)[:4]):
        Image.open(pair.picture).save(tmp_path / "training" / "image_2" / f"{number:06d}_10.png")
        if number:
            Image.open(pair.labels).save(tmp_path / "training" / "semantic" / f"{number:06d}_10.png")
    (tmp_path / "training" / "image_2" / "000001_10.png").write_bytes(b"\x89PNG torn")
    data = opened(tmp_path, tmp_path / "cache")
    assert len(data.train["content"]) == 2
    bad = dict(data.packs[0].bad())
    assert "there is no label map" in bad["000000_10.png"]
    assert "damaged" in bad["000001_10.png"]
    with pytest.raises(UserError, match="no layout that is known"):
        pairs_in(tmp_path / "training")


def test_depth_and_motion_are_written_as_kitti_has_them(roads: Path) -> None:
    view = Road((0, 3)).view((32, 64))
    depth = np.asarray(Image.open(roads / "depth" / "000003_10.png"))
    assert np.abs(depth / 256 - np.minimum(view.depth, 255)).max() < 0.003
    flow = cv2.imread(str(roads / "flow" / "000003_10.png"), cv2.IMREAD_UNCHANGED)
    assert flow is not None
    assert (flow[..., 0] == 1).all()
    assert np.abs((flow[..., 2].astype(float) - 2**15) / 64 - view.motion[..., 0]).max() < 0.01
    labels = np.asarray(Image.open(pairs_in(roads)[3].labels))
    assert set(np.unique(labels)) <= set(CITYSCAPES.numbers)
    assert len(list((roads / "clips" / "0003").iterdir())) == 2
