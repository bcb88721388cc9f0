"""Pairs: matched by name, cut from one picture or made of the embedded photographs, and drawn in step."""

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.base.errors import UserError
from impasto.base.notices import forget_notices, notices
from impasto.data.module import ImageDataModule
from impasto.data.packing.packed import write_bad_images
from impasto.data.sources.paired import edges, grey, open_paired

PARTS = {"content": "aligned", "target": "aligned"}


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(path)


def ramp(i: int, size: tuple[int, int] = (8, 12)) -> np.ndarray:
    """A picture in which every pixel of every number is another: (H, W, 3)."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    return np.stack([rows * 12 + i, columns * 8 + i, np.full(size, 9 * i)], -1)


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Any]:
    """Ten pairs: the target is the negative of the content."""
    for i in range(10):
        save(tmp_path / f"in/sub/{i}.png", ramp(i))
        save(tmp_path / f"out/sub/{i}.bmp", 255 - ramp(i))
    return {"content": str(tmp_path / "in"), "target": str(tmp_path / "out")}


def module(tmp_path: Path, **settings: Any) -> ImageDataModule:
    fixed: dict[str, Any] = {"image_size": 4, "pack_size": [8, 12], "resize": "crop", "batch_size": 3, "flip": True}
    fixed |= {"holdout": 0.2, "max_bad_share": 0.5, "duplicates": "keep", "cache_dir": str(tmp_path / "cache")}
    made = ImageDataModule(**{"pictures": open_paired, "parts": PARTS, **fixed, **settings})
    made.prepare_data()
    made.setup("fit")
    return made


def batches(data: ImageDataModule, count: int) -> list[dict[str, torch.Tensor]]:
    return [data.on_after_batch_transfer(batch, 0) for batch in islice(data.train_dataloader(), count)]


def test_pairs_share_pictures_crops_and_flips(tmp_path: Path, folders: dict[str, Any]) -> None:
    data = module(tmp_path, **folders)
    assert {name: spec.shape for name, spec in data.spec.items()} == {"content": (3, 4, 4), "target": (3, 4, 4)}
    for batch in batches(data, 4):
        assert batch["content"].shape == (3, 3, 4, 4)
        torch.testing.assert_close(batch["content"], -batch["target"], atol=1e-6, rtol=0)
    assert len({batch["content"].sum().item() for batch in batches(data, 4)}) == 4


def test_both_sides_are_held_out_and_measured_in_step(tmp_path: Path, folders: dict[str, Any]) -> None:
    data = module(tmp_path, **folders)
    assert (len(data.train["content"]), len(data.train["target"])) == (8, 8)
    for split in ("train", "held_out"):
        content, target = (data.evaluation_images(part, split) for part in PARTS)  # type: ignore[arg-type]
        assert content.shape == (4, 4, 3)
        assert np.array_equal(content.batch(range(50)), 255 - target.batch(range(50)))
        assert content.fingerprint != target.fingerprint
    preview = data.preview_batch(2)
    assert preview is not None
    torch.testing.assert_close(preview["content"], -preview["target"], atol=1e-6, rtol=0)
    found = data.provenance()
    assert (found["content"]["train"], found["target"]["held_out"]) == (8, 2)
    assert found["content"]["name"] == "folder in"


def test_a_resumed_loader_goes_on_exactly(tmp_path: Path, folders: dict[str, Any]) -> None:
    whole, resumed = batches(module(tmp_path, **folders), 4), module(tmp_path, **folders)
    resumed.start_batch = 2
    for expected, batch in zip(whole[2:], batches(resumed, 2), strict=True):
        assert all(torch.equal(expected[part], batch[part]) for part in PARTS)
    resumed.load_state_dict(module(tmp_path, **folders).state_dict())


def test_sides_may_have_different_channels(tmp_path: Path, folders: dict[str, Any]) -> None:
    data = module(tmp_path, **folders, content_channels=1)
    (batch,) = batches(data, 1)
    assert batch["content"].shape == (3, 1, 4, 4)
    weights = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    expected = -(batch["target"] * weights).sum(1, keepdim=True)
    assert (batch["content"] - expected).abs().max() < 2 / 127.5
    with pytest.raises(UserError, match=r"data\.color_jitter needs colours"):
        module(tmp_path, **folders, content_channels=1, color_jitter=0.1)


def test_names_without_a_partner_are_listed_and_left_out(tmp_path: Path, folders: dict[str, Any]) -> None:
    forget_notices()
    save(tmp_path / "in/alone.png", ramp(1))
    save(tmp_path / "out/other.png", ramp(2))
    save(tmp_path / "in/sub/3.jpg", ramp(3))
    (tmp_path / "out/sub/5.bmp").write_bytes(b"no picture")
    data = module(tmp_path, **folders, holdout=0.0)
    assert len(data.train["content"]) == 9
    assert "3 pictures in" in notices()["data.pairs"]
    path = write_bad_images(data.packs, tmp_path)
    assert path is not None
    lines = path.read_text().splitlines()
    assert len(lines) == 5
    assert f"alone.png,no picture of that name in {tmp_path / 'out'}" in lines
    assert f"other.png,no picture of that name in {tmp_path / 'in'}" in lines
    assert any(line.startswith("sub/3.p") or line.startswith("sub/3.j") for line in lines)
    assert any(line.startswith("sub/5.png,it is not a picture") for line in lines)


def test_sides_of_other_sizes_come_to_one_canvas_and_other_shapes_are_said(tmp_path: Path) -> None:
    forget_notices()
    for i in range(3):
        save(tmp_path / f"in/{i}.png", np.full((8, 12, 3), 40 * i))
        save(tmp_path / f"out/{i}.png", np.full((16, 24, 3), 40 * i))
    pair = {"content": str(tmp_path / "in"), "target": str(tmp_path / "out"), "resize": "fit", "holdout": 0.0}
    data = module(tmp_path, **pair)
    assert "data.aspect" not in notices()
    assert np.array_equal(data.train["content"].batch(range(3)), data.train["target"].batch(range(3)))
    save(tmp_path / "out/1.png", np.full((16, 16, 3), 40))
    module(tmp_path, **pair)
    assert "1 of 3 pairs differ in shape" in notices()["data.aspect"]


@pytest.mark.parametrize("direction", ["left_to_right", "right_to_left"])
def test_both_sides_in_one_picture(tmp_path: Path, direction: str) -> None:
    for i in range(4):
        save(tmp_path / f"both/{i}.png", np.concatenate([ramp(i), 255 - ramp(i)], axis=1))
    settings = {"root": str(tmp_path / "both"), "layout": "side_by_side", "direction": direction, "holdout": 0.0}
    data = module(tmp_path, **settings)
    left, right = [data.train[part].batch(range(4)) for part in PARTS][:: 1 if direction == "left_to_right" else -1]
    assert np.array_equal(left, np.stack([ramp(i) for i in range(4)]))
    assert np.array_equal(right, 255 - left)


def test_both_sides_in_one_deep_picture(tmp_path: Path) -> None:
    (tmp_path / "both").mkdir()
    samples = np.arange(8 * 24, dtype=np.uint16).reshape(8, 24) * 300
    Image.fromarray(samples).save(tmp_path / "both/a.png")
    pair = {"root": str(tmp_path / "both"), "layout": "side_by_side", "holdout": 0.0, "channels": 1}
    data = module(tmp_path, **pair)
    assert np.array_equal(data.train["content"].batch([0])[0, ..., 0], samples[:, :12])
    assert np.array_equal(data.train["target"].batch([0])[0, ..., 0], samples[:, 12:])


def test_by_default_pairs_are_made_of_the_embedded_photographs(tmp_path: Path) -> None:
    forget_notices()
    data = module(tmp_path, image_size=16, pack_size=16, limit=6, content_channels=1)
    assert "edges to colour" in notices()["data.source"]
    assert data.provenance()["content"]["name"] == "edges of the embedded photographs"
    assert data.provenance()["content"]["origin"] == "sample"
    content = data.train["content"].batch([0])
    assert content.shape == (1, 16, 16, 1)
    made = module(tmp_path, image_size=16, pack_size=16, limit=6, made="grey")
    greys, colours = (made.train[part].batch([0]).astype(int) for part in PARTS)
    assert np.abs(greys - (colours @ [0.299, 0.587, 0.114])[..., None]).max() <= 2
    assert made.packs[0].fingerprint != data.packs[0].fingerprint


def test_edges_by_hand() -> None:
    step = np.zeros((10, 12, 3), np.uint8)
    step[:, 6:] = 100
    drawn = edges(step, 12)[..., 0]
    assert drawn.shape == (10, 12)
    assert (drawn[:, 5:7] == 0).all()  # steepest on both sides of the step
    assert (drawn[:, [0, 1, 2, 9, 10, 11]] == 255).all()
    assert (edges(np.full((9, 9, 3), 77, np.uint8), 9) == 255).all()
    assert edges(np.zeros((40, 20, 3), np.uint8), 10).shape == (20, 10, 1)
    assert grey(np.full((1, 1, 3), (255, 0, 0), np.uint8), 1).tolist() == [[[76]]]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"content": "a"}, r"set data\.target to the folder"),
        ({"root": "a"}, r"data\.layout=side_by_side only"),
        ({"layout": "side_by_side"}, r"set data\.root alone"),
        ({"content": "nowhere", "target": "nowhere"}, r"nowhere does not exist: set data\.content"),
        ({"rooot": "a"}, r"data\.rooot"),
        ({"made": "lines"}, r"data\.made=lines is not known: choose one of edges, grey"),
    ],
)
def test_settings_that_do_not_go_together(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        module(tmp_path, **settings)
