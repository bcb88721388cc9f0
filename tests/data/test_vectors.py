"""Condition vectors: read from hand-made files, given to pictures by their names, and what goes wrong with them."""

from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from impasto.base import distributed
from impasto.base.errors import UserError
from impasto.base.notices import forget_notices, notices
from impasto.data.module import ImageDataModule
from impasto.data.sources.opening import open_folder
from impasto.data.vectors import digest_of, read_vectors
from impasto.evaluation.protocols.sampling import conditions_for


def write_npz(path: Path, files: Any, vectors: Any) -> Path:
    np.savez(path, files=files, vectors=vectors)
    return path


def write_text(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding, "surrogateescape"))
    return path


def test_a_npz_by_hand(tmp_path: Path) -> None:
    found = read_vectors(write_npz(tmp_path / "v.npz", ["b/2.png", "a.png"], np.array([[1, 2.5], [3, -4]], np.float16)))
    assert found.files == ["b/2.png", "a.png"]
    assert found.vectors.dtype == np.float32
    assert found.vectors.tolist() == [[1, 2.5], [3, -4]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_csv_by_hand(tmp_path: Path, encoding: str) -> None:
    text = 'file,warm,"how, old"\nb/2.png,1,2.5\n\n"a, ä.png",3,-4e0\n\udcff.png,0,0\n'
    found = read_vectors(write_text(tmp_path / "v.csv", text, encoding))
    assert found.files == ["b/2.png", "a, ä.png", "\udcff.png"]
    assert found.vectors.tolist() == [[1, 2.5], [3, -4], [0, 0]]


MISTAKES: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda f: f / "no.npz", r"no\.npz does not exist"),
    "folder": (lambda f: f, r"neither \.npz nor \.csv"),
    "kind": (lambda f: write_text(f / "v.txt", "file,a\n"), r"neither \.npz nor \.csv"),
    "no zip": (lambda f: write_text(f / "v.npz", "PK\x03\x04"), r"cannot be read .*numpy\.savez"),
    "text": (lambda f: write_text(f / "v.npz", "hello"), r"cannot be read .*numpy\.savez"),
    "empty": (lambda f: write_text(f / "v.npz", ""), r"cannot be read .*numpy\.savez"),
    "pickle": (lambda f: write_npz(f / "v.npz", np.array(["a", "b"], object), np.ones((2, 1))), r"Object arrays"),
    "arrays": (lambda f: np.savez(f / "v.npz", vectors=np.ones((2, 1))) or f / "v.npz", r"cannot be read .*files"),
    "bytes": (lambda f: write_npz(f / "v.npz", np.array([b"a"]), np.ones((1, 1))), r"files of \|S1 \(1,\)"),
    "flat": (lambda f: write_npz(f / "v.npz", ["a"], np.ones(1)), r"vectors of float64 \(1,\): give n strings"),
    "number": (lambda f: write_npz(f / "v.npz", ["a", "b"], np.ones((1, 1))), r"files of <U1 \(2,\) and vectors"),
    "words": (lambda f: write_npz(f / "v.npz", ["a"], np.array([["x"]])), r"vectors of <U1"),
    "complex": (lambda f: write_npz(f / "v.npz", ["a"], np.ones((1, 1), complex)), r"vectors of complex128"),
    "none": (lambda f: write_npz(f / "v.npz", np.array([], str), np.ones((0, 3))), "holds no vectors"),
    "no width": (lambda f: write_npz(f / "v.npz", ["a"], np.ones((1, 0))), "holds no vectors"),
    "infinite": (
        lambda f: write_npz(f / "v.npz", ["a", "b", "c"], np.array([[1.0], [np.nan], [1e300]])),
        r"2 of 3 vectors are not finite in float32, such as that of b",
    ),
    "nothing": (lambda f: write_text(f / "v.csv", ""), "first column is not called file"),
    "header": (lambda f: write_text(f / "v.csv", "a.png,1\n"), "first column is not called file"),
    "header alone": (lambda f: write_text(f / "v.csv", "file,a\n"), "holds no vectors"),
    "names alone": (lambda f: write_text(f / "v.csv", "file\na.png\n"), "holds no vectors"),
    "short": (lambda f: write_text(f / "v.csv", "file,a,b\nx,1,2\ny,1\n"), r"line 3: 1 numbers instead of 2; give"),
    "word": (lambda f: write_text(f / "v.csv", "file,a\nx,warm\n"), r"line 2: could not convert .*'warm'; give"),
    "blank": (lambda f: write_text(f / "v.csv", "file,a\nx,\n"), r"line 2: could not convert"),
    "nan": (lambda f: write_text(f / "v.csv", "file,a\nx,nan\n"), "1 of 1 vectors are not finite"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_in_the_file_are_one_sentence(tmp_path: Path, name: str) -> None:
    make, words = MISTAKES[name]
    with pytest.raises(UserError, match=words) as problem:
        read_vectors(make(tmp_path))
    assert str(problem.value).startswith("data.vectors=")
    assert "\n" not in str(problem.value)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Picture i is filled with level i; picture 5 repeats picture 4, and another is broken."""
    root = tmp_path / "pictures"
    for i in range(12):
        (root / f"class_{i % 2}").mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), i - (i == 5)).save(root / f"class_{i % 2}" / f"{i:02d}.png")
    (root / "class_0" / "broken.png").write_bytes(b"")
    return root


def vectors_of(i: Any) -> Any:
    return np.stack([np.asarray(i), 100 + np.asarray(i)], -1)


def table(tmp_path: Path, numbers: list[int], *others: str) -> str:
    files = [f"class_{i % 2}/{i:02d}.png" for i in numbers] + list(others)
    vectors = vectors_of([*numbers, *[-1] * len(others)]).astype(float)
    return str(write_npz(tmp_path / "vectors.npz", files, vectors))


def module(root: Path, vectors: str | None, **settings: Any) -> ImageDataModule:
    defaults: dict[str, Any] = {"image_size": 8, "resize": "crop", "batch_size": 4, "channels": 1}
    fixed = {"pictures": open_folder, "root": str(root), "vectors": vectors, "max_bad_share": 0.5}
    data = ImageDataModule(**{**defaults, **fixed, "cache_dir": str(root.parent / "cache"), **settings})
    data.prepare_data()
    data.setup("fit")
    return data


def batches(data: ImageDataModule, count: int) -> list[dict[str, Tensor]]:
    return [data.on_after_batch_transfer(batch, 0) for batch in islice(data.train_dataloader(), count)]


def levels(images: Tensor) -> Tensor:
    return ((images[:, 0, 0, 0] + 1) * 127.5).round()


def fits(batch: dict[str, Tensor]) -> bool:
    expected = torch.stack([levels(batch["image"]), 100 + levels(batch["image"])], 1)
    return torch.equal(batch["condition"], expected)


EVERY = [11, 3, 7, 0, 2, 4, 1, 8, 10, 6, 9]
"""In no order; without picture 5, which is skipped."""


def test_every_picture_has_the_vector_of_its_path(pictures: Path, tmp_path: Path) -> None:
    data = module(pictures, table(tmp_path, EVERY))
    assert (data.spec["image"].condition_dim, data.spec["image"].class_names) == (2, ())
    for batch in batches(data, 3):
        assert batch["condition"].dtype == torch.float32
        assert "label" not in batch
        assert fits(batch)
    preview = data.preview_batch(5)
    assert preview is not None
    assert fits(preview)
    vectors = data.condition_vectors(100)
    assert vectors is not None
    assert sorted(vectors[:, 0].tolist()) == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]
    record = data.provenance()["vectors"]
    assert (record["file"], record["length"], len(record["sha256"])) == ("vectors.npz", 2, 64)
    assert "data.vectors" not in notices()


def test_repeated_limited_and_held_out_pictures(pictures: Path, tmp_path: Path) -> None:
    data = module(pictures, table(tmp_path, [*EVERY, 5]), duplicates="keep", holdout=0.25)
    assert (len(data.train["image"]), len(data.held_out["image"])) == (9, 3)
    for packed in (data.train["image"], data.held_out["image"]):
        assert packed.vectors is not None
        for i in range(len(packed)):
            assert packed.vectors[i].tolist() == vectors_of(int(packed.names(i)[-6:-4])).tolist()
    limited = module(pictures, table(tmp_path, EVERY), limit=5)
    assert len(limited.train) < len(EVERY)
    assert all(fits(batch) for batch in batches(limited, 2))
    assert "vectors" in notices()["data.vectors"]
    forget_notices()


def test_crops_to_measure_with_keep_the_vectors(pictures: Path, tmp_path: Path) -> None:
    data = module(pictures, table(tmp_path, EVERY), image_size=4, pack_size=8)
    real = data.evaluation_images("image", "train")
    assert real.shape == (4, 4, 1)
    found = conditions_for(type("Told", (), {"conditional": True}), real, 2 * len(real))
    assert found is not None
    assert torch.equal(found[:, 1], 100 + found[:, 0])
    assert len(found[:50].unique(dim=0)) == len(EVERY), "any part of them is spread over all"
    assert fits(data.preview_batch(50) or {})
    assert conditions_for(type("Blind", (), {"conditional": False}), real, 5) is None


def test_a_resumed_loader_goes_on_exactly(pictures: Path, tmp_path: Path) -> None:
    file = table(tmp_path, EVERY)
    whole = batches(module(pictures, file, flip=True), 5)
    resumed = module(pictures, file, flip=True, num_workers=1)
    resumed.start_batch = 3
    for expected, batch in zip(whole[3:], batches(resumed, 2), strict=True):
        assert torch.equal(expected["image"], batch["image"])
        assert torch.equal(expected["condition"], batch["condition"])


def test_two_processes_see_the_halves_of_one_batch(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = table(tmp_path, EVERY)
    (whole,) = batches(module(pictures, file), 1)
    monkeypatch.setattr(distributed, "world_size", lambda: 2)
    parts = []
    for rank in range(2):
        monkeypatch.setattr(distributed, "rank", lambda rank=rank: rank)
        parts += batches(module(pictures, file), 1)
    assert torch.equal(whole["condition"], torch.cat([part["condition"] for part in parts]))


def test_a_picture_without_a_vector(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"2 of 11 pictures have no vector in .*, such as class_0/02\.png: add a row"):
        module(pictures, table(tmp_path, [n for n in EVERY if n not in (2, 9)]))


def test_a_picture_with_two_vectors(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"more than one vector of class_0/04\.png"):
        module(pictures, table(tmp_path, [*EVERY, 4]))


def test_vectors_of_nothing_are_left_alone_and_said(pictures: Path, tmp_path: Path) -> None:
    plain = module(pictures, table(tmp_path, EVERY)).state_dict()
    more = module(pictures, table(tmp_path, EVERY, "class_0/gone.png", "no.png"))
    assert "2 of 13 vectors" in notices()["data.vectors"]
    assert "class_0/gone.png" in notices()["data.vectors"]
    assert more.state_dict() == plain
    forget_notices()


def test_a_resumed_run_needs_the_vectors_that_it_had(pictures: Path, tmp_path: Path) -> None:
    data = module(pictures, table(tmp_path, EVERY))
    had = data.state_dict()
    rows = [f"class_{i % 2}/{i:02d}.png,{i},{100 + i}\n" for i in sorted(EVERY)]
    moved = write_text(tmp_path / "moved.csv", "file,a,b\n" + "".join(rows))
    module(pictures, str(moved)).load_state_dict(had)  # the same ones from another file
    for other in (table(tmp_path, [*EVERY[::-1], 5]), None):
        if other is not None:
            np.savez(other, files=np.load(other)["files"], vectors=np.load(other)["vectors"] + 1)
        with pytest.raises(UserError, match="other condition vectors than this run was trained with"):
            module(pictures, other, label="none").load_state_dict(had)
    old = {name: value for name, value in module(pictures, None).state_dict().items() if name != "vectors"}
    module(pictures, None).load_state_dict(old)  # of a checkpoint from before there were any
    train = data.train["image"]
    assert digest_of([train]) != digest_of([replace(train, vectors=train.vectors * 2)])  # type: ignore[operator]
    forget_notices()


def test_vectors_take_the_place_of_classes(pictures: Path, tmp_path: Path) -> None:
    data = module(pictures, table(tmp_path, EVERY), label="folder")
    assert data.provenance()["classes"] == []
    with pytest.raises(UserError, match=r"data\.balanced=true needs classes, which data\.vectors replaces"):
        module(pictures, table(tmp_path, EVERY), balanced=True)


def test_the_file_is_read_before_the_pictures(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no\.npz does not exist"):
        module(tmp_path / "nowhere", str(tmp_path / "no.npz"))
