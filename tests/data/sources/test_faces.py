"""Faces: CelebA's files, alignment by landmarks, and drawn faces whose parameters can be read."""

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from impasto.base.errors import UserError
from impasto.data.module import ImageDataModule
from impasto.data.sources.alignment import TEMPLATE, Aligned, Detected, similarity
from impasto.data.sources.decode import BadImage
from impasto.data.sources.faces import open_faces
from impasto.evaluation.figures.attribute_reader import AttributeReader
from impasto.procedural.faces import PARAMETERS, draw_face, landmarks_of, parameters_of

NAMES = "Smiling Male Young"


@pytest.fixture
def celeba(tmp_path: Path) -> Path:
    """Six pictures: 1 to 3 to train on, 4 to choose by, 5 and 6 to test."""
    (tmp_path / "img_align_celeba").mkdir()
    attributes, parts, points = ["6", NAMES], [], ["6", "lefteye_x lefteye_y"]
    for i in range(1, 7):
        Image.new("RGB", (20, 24), (40 * i, 0, 0)).save(tmp_path / "img_align_celeba" / f"{i:06d}.png")
        attributes.append(f"{i:06d}.png {1 if i % 2 else -1} -1  1")
        parts.append(f"{i:06d}.png {0 if i < 4 else 1 if i == 4 else 2}")
        points.append(f"{i:06d}.png 7 10 13 10 10 14 8 17 12 17")
    points[1] = " ".join(f"p{k}" for k in range(10))
    for name, lines in (("attr", attributes), ("eval", parts), ("landmarks", points)):
        stem = {"attr": "list_attr_celeba", "eval": "list_eval_partition", "landmarks": "list_landmarks_align_celeba"}
        (tmp_path / f"{stem[name]}.txt").write_text("\n".join(lines) + "\n")
    return tmp_path


def opened(root: Path, cache: Path, **settings: object) -> ImageDataModule:
    given = {"image_size": 16, "resize": "crop", "duplicates": "keep", "max_bad_share": 0.5, "holdout": None}
    data = ImageDataModule(pictures=open_faces, root=str(root), cache_dir=str(cache), **{**given, **settings})  # type: ignore[arg-type]
    data.prepare_data()
    return data


def test_attributes_and_parts_of_celeba(celeba: Path, tmp_path: Path) -> None:
    data = opened(celeba, tmp_path / "cache", vectors="auto", attributes=["Young", "Smiling"])
    train, test = data.train["image"], data.held_out["image"]
    assert list(train.every_name()) == ["000001.png", "000002.png", "000003.png"]
    assert test is not None
    assert list(test.every_name()) == ["000005.png", "000006.png"]
    assert train.vectors is not None
    assert train.vectors.tolist() == [[1, 1], [1, -1], [1, 1]]
    assert data.vector_names == ("Young", "Smiling")
    with pytest.raises(UserError, match="Bald is none of Smiling, Male, Young"):
        opened(celeba, tmp_path / "cache", vectors="auto", attributes=["Bald"])


def test_tables_in_csv_and_damaged_ones(celeba: Path, tmp_path: Path) -> None:
    rows = [line.split() for line in (celeba / "list_attr_celeba.txt").read_text().splitlines()[2:]]
    (celeba / "list_attr_celeba.txt").unlink()
    text = "\n".join(",".join(row) for row in [["image_id", *NAMES.split()], *rows])
    (celeba / "list_attr_celeba.csv").write_text(text)
    assert opened(celeba, tmp_path / "cache", vectors="auto").spec["image"].condition_dim == 3
    (celeba / "list_attr_celeba.csv").write_text(text + "\n000007.png,1\n")
    with pytest.raises(UserError, match=r"000007\.png has 1 cells instead of 3"):
        opened(celeba, tmp_path / "cache", vectors="auto")
    for content, why in (("", "has no rows"), (text + "\n000007.png,1,yes,1\n", r"is damaged .*'yes'")):
        (celeba / "list_attr_celeba.csv").write_text(content)
        with pytest.raises(UserError, match=why):
            opened(celeba, tmp_path / "cache", vectors="auto")
    (celeba / "list_attr_celeba.csv").unlink()
    with pytest.raises(UserError, match="this data has no attributes"):
        opened(celeba, tmp_path / "cache", vectors="auto")


@pytest.mark.parametrize(
    ("table", "content", "said"),
    [
        ("list_attr_celeba", b"", "has no rows"),
        ("list_attr_celeba", b"6\n", "has no rows"),
        ("list_attr_celeba", b"\xff\xfe\x00", "cannot be read"),
        ("list_attr_celeba", b"1\nSmiling\n000001.png yes\n", "is damaged .*yes"),
        ("list_attr_celeba", b"1\nSmiling\n000001.png nan\n", "is damaged .*nan is not finite"),
        ("list_attr_celeba", b"000001.png 1\n", "does not name its columns"),
        ("list_eval_partition", b"000001.png\n000002.png\n", "has no rows"),
        ("list_eval_partition", b"000009.png 0\n", "names no picture of img_align_celeba as of part 0"),
        ("list_landmarks_align_celeba", b"1\nx y\n000001.png 1 2\n", "landmarks is damaged"),
        (
            "list_landmarks_align_celeba",
            b"1\na b c d e f g h i j\n000001.png nan 1 2 3 4 5 6 7 8 9\n",
            "landmarks is damaged .*nan is not finite",
        ),
    ],
)
def test_damaged_tables_are_named(celeba: Path, tmp_path: Path, table: str, content: bytes, said: str) -> None:
    (celeba / f"{table}.txt").write_bytes(content)
    align = "landmarks" if "landmarks" in table else "none"
    with pytest.raises(UserError, match=said):
        opened(celeba, tmp_path / "cache", vectors="auto", align=align)


def test_similarity_by_hand() -> None:
    square = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    turned = np.array([[5.0, 7], [5, 9], [3, 9], [3, 7]])  # a quarter turn, twice as large, moved
    assert np.allclose(similarity(square, turned), [[0, -2, 5], [2, 0, 7]])
    with pytest.raises(BadImage, match="one point"):
        similarity(np.ones((5, 2)), TEMPLATE)


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_a_tilted_face_is_brought_upright(scale: float) -> None:
    p = {**parameters_of(0, 1), "turn": 0.0, "smile": 0.0}
    side, canvas = round(96 * scale), 96
    upright = draw_face(p, np.random.default_rng(0), side)
    tilt = cv2.getRotationMatrix2D((side / 2, side / 2), 20, 0.7)
    tilted = cv2.warpAffine(upright, tilt, (side, side), borderMode=cv2.BORDER_REPLICATE)
    points = np.column_stack([landmarks_of(p) * side, np.ones(5)]) @ tilt.T
    found = Aligned.to(points)(tilted, canvas)
    wanted = draw_face(p, np.random.default_rng(0), canvas)
    inner = np.s_[24:76, 24:72]
    apart, before = (
        np.abs(each[inner].astype(int) - wanted[inner]).mean() for each in (found, cv2.resize(tilted, (96, 96)))
    )
    assert apart < 8
    assert before > 2.5 * apart


def test_landmarks_of_tables(celeba: Path, tmp_path: Path) -> None:
    data = opened(celeba, tmp_path / "cache", align="landmarks")
    assert (data.train["image"].batch([0])[0] == (40, 0, 0)).all()
    table = tmp_path / "points.csv"
    table.write_text("file,x\n000001.png,1,2\n")
    with pytest.raises(UserError, match="table of landmarks is damaged"):
        open_faces(str(celeba), align="landmarks", landmarks=str(table))
    table.write_text("file,x\n000001.png,7,10,13,10,10,14,8,17,12,17\n")
    left = opened(celeba, tmp_path / "cache", align="landmarks", landmarks=str(table), max_bad_share=0.9, holdout=0.0)
    assert dict(left.packs[0].bad())["000002.png"] == "the table has no landmarks of it"
    with pytest.raises(UserError, match="needs the weights"):
        open_faces(str(celeba), align="detect")


def test_the_largest_face_that_is_detected_is_cut_out(monkeypatch: pytest.MonkeyPatch) -> None:
    points = TEMPLATE * 40
    faces = [np.array([0, 0, wide, wide, *(points * wide / 40).ravel(), 0.9]) for wide in (10, 40, 20)]
    found = SimpleNamespace(detect=lambda _: (1, np.array(faces)))
    monkeypatch.setattr(cv2, "FaceDetectorYN", SimpleNamespace(create=lambda *_: found))
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    assert np.abs(Detected("w.onnx")(pixels, 40).astype(int) - pixels).max() <= 1
    found.detect = lambda _: (1, None)
    with pytest.raises(BadImage, match="no face is found"):
        Detected("w.onnx")(pixels, 40)


def test_parameters_are_read_from_pixels() -> None:
    drawn = [draw_face(parameters_of(0, i), np.random.default_rng([0, i]), 32) for i in range(360)]
    pictures = torch.from_numpy(np.stack(drawn)).movedim(-1, 1)
    values = torch.tensor([list(parameters_of(0, i).values()) for i in range(360)], dtype=torch.float32)
    found = AttributeReader.fitted(pictures[:300], values[:300])(pictures[300:])
    shares = 1 - (found - values[300:]).square().mean(0) / values[300:].var(0)
    assert shares.mean() > 0.6
    assert shares[PARAMETERS.index("skin_light")] > 0.9
