"""Content and style, drawn independently, held out alike."""

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.base import distributed
from impasto.base.errors import UserError
from impasto.base.notices import forget_notices, notices
from impasto.data.module import ImageDataModule
from impasto.data.sources.unpaired import open_unpaired

DEFAULTS = {
    "pictures": open_unpaired,
    "parts": {"content": "independently", "style": "independently"},
    "resize": "fit",
    "holdout": 0.2,
    "batch_size": 1,
    "flip": True,
}


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Any]:
    """Twelve dark content pictures in two folders, ten bright style pictures; each 8 high, 12 wide, of one level."""
    for name, first, count in (("photos_a", 0, 6), ("photos_b", 6, 6), ("paintings", 200, 10)):
        (tmp_path / name).mkdir()
        for i in range(count):
            pixels = np.full((8, 12, 3), first + i, np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{first + i:03d}.png")
    return {
        "content": [str(tmp_path / "photos_a"), str(tmp_path / "photos_b")],
        "style": str(tmp_path / "paintings"),
        "image_size": 4,
        "pack_size": 12,
        "batch_size": 2,
        "cache_dir": str(tmp_path / "cache"),
    }


def module(settings: dict[str, Any], **more: Any) -> ImageDataModule:
    made = ImageDataModule(**{**DEFAULTS, **settings, **more})
    made.prepare_data()
    made.setup("fit")
    return made


def batches(data: ImageDataModule, count: int) -> list[dict[str, torch.Tensor]]:
    return [data.on_after_batch_transfer(batch, 0) for batch in islice(data.train_dataloader(), count)]


def levels(images: torch.Tensor) -> list[int]:
    return ((images[:, 0, 0, 0] + 1) * 127.5).round().int().tolist()


def test_batches_hold_both_sides_and_nothing_that_is_held_out(folders: dict[str, Any]) -> None:
    data = module(folders)
    assert (len(data.train["content"]), len(data.train["style"])) == (10, 8)
    assert (len(data.held_out["content"]), len(data.held_out["style"])) == (2, 2)
    seen: dict[str, set[int]] = {"content": set(), "style": set()}
    for batch in batches(data, 40):
        for side, images in batch.items():
            assert images.shape == (2, 3, 4, 4)
            assert torch.equal(images, images[:, :1, :1, :1].expand_as(images))  # no white around the picture
            seen[side] |= set(levels(images))
    held_out = {int(name[:3]) for name in data.held_out["content"].every_name()}
    assert seen["content"] == set(range(12)) - held_out
    assert len(seen["style"]) == 8
    assert min(seen["style"]) >= 200


def test_the_sides_are_independent(folders: dict[str, Any]) -> None:
    data = module(folders, holdout=0.0, batch_size=1, limit=10)
    pairs = {(levels(b["content"])[0], levels(b["style"])[0]) for b in batches(data, 100)}
    assert len(pairs) > 40  # of 100; drawn in step, they would be 10


def test_a_resumed_loader_goes_on_exactly(folders: dict[str, Any]) -> None:
    whole, resumed = batches(module(folders), 6), module(folders)
    resumed.start_batch = 4
    for expected, batch in zip(whole[4:], batches(resumed, 2), strict=True):
        assert all(torch.equal(expected[side], batch[side]) for side in ("content", "style"))


def test_two_processes_see_the_halves_of_one_batch(folders: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    (whole,) = batches(module(folders), 1)
    monkeypatch.setattr(distributed, "world_size", lambda: 2)
    parts = []
    for rank in range(2):
        monkeypatch.setattr(distributed, "rank", lambda rank=rank: rank)
        parts += batches(module(folders), 1)
    for side in ("content", "style"):
        assert torch.equal(whole[side], torch.cat([part[side] for part in parts]))


def test_measuring_is_on_crops_at_fixed_places(folders: dict[str, Any]) -> None:
    data = module(folders)
    styles = data.evaluation_images("style", "held_out")
    assert styles.shape == (4, 4, 3)
    assert len(styles) == 1024
    expected = [int(name[:3]) for name in data.held_out["style"].every_name()]
    assert styles.batch([0, 1, 2, 3])[:, 0, 0, 0].tolist() == expected * 2
    again = module(folders).evaluation_images("style", "held_out")
    assert again.fingerprint == styles.fingerprint
    preview = data.preview_batch(2)
    assert preview is not None
    assert preview["content"].shape == (2, 3, 4, 4)


def test_pictures_trained_on_that_stand_in_for_held_out_ones_are_said(folders: dict[str, Any], tmp_path: Path) -> None:
    forget_notices()
    for name in sorted((tmp_path / "paintings").iterdir())[2:]:
        name.unlink()
    data = module(folders)
    assert (
        data.evaluation_images("content", "held_out").fingerprint
        != data.evaluation_images("content", "train").fingerprint
    )
    assert not notices()
    assert (
        data.evaluation_images("style", "held_out").fingerprint == data.evaluation_images("style", "train").fingerprint
    )
    assert "No style is held out" in notices()["data.held_out.style"]
    assert "data.held_out.content" not in notices()


def test_by_default_the_embedded_photographs_and_paintings() -> None:
    data = module({"image_size": 16, "pack_size": 32})
    found = data.provenance()
    assert found["content"]["name"] == "embedded photographs"
    assert found["style"]["name"] == "embedded paintings by Van Gogh"
    assert (found["style"]["train"], found["style"]["held_out"]) == (6, 2)
    assert found["content"]["train"] + found["content"]["held_out"] == 209
    assert 0.15 < found["content"]["held_out"] / 209 < 0.25


def test_kinds_of_the_embedded_photographs() -> None:
    data = module({"content": ["sample:monuments", "sample:animals"], "image_size": 16, "pack_size": 16})
    assert len(data.packs[0]) == 69 + 29
    assert data.provenance()["content"]["name"] == "embedded photographs of monuments, embedded photographs of animals"
    with pytest.raises(UserError, match="sample:cars is not embedded: choose from sample:animals"):
        module({"content": "sample:cars"})


def test_a_missing_folder_is_named(folders: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"nowhere does not exist: set data\.style"):
        module({**folders, "style": "nowhere"})
    with pytest.raises(UserError, match=r"nowhere does not exist: set data\.content"):
        module({**folders, "content": [folders["style"], "nowhere"]})
    with pytest.raises(UserError, match=r"data.style names no folder"):
        module({**folders, "style": []})


def test_a_part_may_draw_each_of_its_folders_equally_often(folders: dict[str, Any], tmp_path: Path) -> None:
    for name, level, count in (("early", 10, 6), ("late", 240, 2)):
        (tmp_path / "styles" / name).mkdir(parents=True)
        for i in range(count):
            pixels = np.full((8, 12, 3), level + i, np.uint8)
            Image.fromarray(pixels).save(tmp_path / "styles" / name / f"{i}.png")
    settings = {**folders, "style": str(tmp_path / "styles"), "batch_size": 4, "holdout": 0.0}
    data = module(settings, parts={"content": "independently", "style": "grouped"})
    for batch in batches(data, 3):
        assert sorted(level > 127 for level in levels(batch["style"])) == [False, False, True, True]
        assert "label" not in batch  # folders of style group pictures, they are told to no network
    with pytest.raises(UserError, match="Classes of content cannot be drawn equally often"):
        module(
            folders, parts={"content": "grouped", "style": "independently"}, content=folders["style"]
        ).train_dataloader()
    with pytest.raises(UserError, match=r"data\.parts\.style=paired is not known: choose one of independently"):
        module(settings, parts={"content": "independently", "style": "paired"})
    with pytest.raises(UserError, match=r"data\.parts names image, but the pictures come as content, style"):
        module(settings, parts={"image": "independently"})
