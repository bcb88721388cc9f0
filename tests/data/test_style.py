"""The data of a style model: hands that paint photographs, painted once, and real paintings beside them."""

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.base import distributed
from impasto.base.errors import UserError
from impasto.data.module import ImageDataModule
from impasto.data.packing.pack import pack
from impasto.data.packing.sizing import SizePolicy
from impasto.data.sources import procedural
from impasto.data.sources.procedural import Painting, open_procedural, square
from impasto.data.style import StyleDataModule
from impasto.run.build import build_data
from impasto.run.checks.annotations import number_problems
from tests.test_config import compose_train

HANDS, EACH, CANVAS = 6, 4, 200
"""So large a canvas that a chunk is 8 pictures: 2 MB."""


class Painter:
    """In place of the renderer: a flat picture of the photograph's level in red and the hand's in blue; counts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls = 0
        self.stop_at: int | None = None
        self.seeds: set[int] = set()
        monkeypatch.setattr(procedural, "render", self.render)
        monkeypatch.setattr(procedural, "draw_hand", lambda seed: seed % 251)

    def render(self, photo: np.ndarray, hand: int, seed: int) -> np.ndarray:
        if self.calls == self.stop_at:
            raise KeyboardInterrupt
        self.calls += 1
        self.seeds.add(seed)
        assert photo.shape == (CANVAS, CANVAS, 3)
        return np.full(photo.shape, (photo[0, 0, 0], 0, hand), np.uint8)


@pytest.fixture
def painter(monkeypatch: pytest.MonkeyPatch) -> Painter:
    return Painter(monkeypatch)


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Any]:
    """Nine flat photographs of level 20 i; four paintings, 400 wide, of level 200 + i and without green on the left."""
    for name in ("photos", "paintings"):
        (tmp_path / name).mkdir()
    for i in range(9):
        Image.fromarray(np.full((40, 60, 3), 20 * i, np.uint8)).save(tmp_path / f"photos/{i}.png")
    for i in range(4):
        pixels = np.full((300, 400, 3), 200 + i, np.uint8)
        pixels[:, :200, 1] = 0
        Image.fromarray(pixels).save(tmp_path / f"paintings/{i}.png")
    return {"photos": str(tmp_path / "photos"), "cache_dir": str(tmp_path / "cache")}


def module(folders: dict[str, Any], **settings: Any) -> ImageDataModule:
    given = {"hands": HANDS, "photos_per_hand": EACH, "pack_size": CANVAS, "image_size": 16, "batch_size": 8}
    given |= {"holdout": 0.34, **folders, **settings}
    cfg = compose_train("data=style", "seed=3")
    for key, value in given.items():
        cfg.data[key] = value
    made = build_data(cfg)
    made.prepare_data()
    made.setup("fit")
    return made


def batches(data: ImageDataModule, count: int) -> list[dict[str, torch.Tensor]]:
    return [data.on_after_batch_transfer(batch, 0) for batch in islice(data.train_dataloader(), count)]


def channel(images: torch.Tensor, which: int) -> list[int]:
    return ((images[:, which, 0, 0] + 1) * 127.5).round().int().tolist()


@pytest.mark.usefixtures("painter")
def test_a_batch_holds_a_photograph_its_painting_and_another_by_the_same_hand(folders: dict[str, Any]) -> None:
    data = module(folders)
    assert isinstance(data, StyleDataModule)
    for batch in batches(data, 5):
        assert {part: images.shape for part, images in batch.items()} == dict.fromkeys(data.parts, (8, 3, 16, 16))
        assert list(batch) == ["content", "target", "style"]
        assert channel(batch["content"], 0) == channel(batch["target"], 0)
        assert channel(batch["target"], 2) == channel(batch["style"], 2)
        pairs = zip(channel(batch["target"], 0), channel(batch["style"], 0), strict=True)
        assert all(a != b for a, b in pairs)  # a hand paints different photographs


@pytest.mark.usefixtures("painter")
def test_whole_hands_are_held_out_and_shown(folders: dict[str, Any]) -> None:
    data = module(folders)
    hands = {
        split: {name.split("/")[0] for name in data._packed["style"].__dict__[split].every_name()}
        for split in ("train", "held_out")
    }
    assert (len(hands["train"]), len(hands["held_out"])) == (4, 2)  # 0.34 of six
    assert not hands["train"] & hands["held_out"]
    preview = data.preview_batch(6)
    assert preview is not None
    assert list(preview) == ["content", "target", "style"]
    assert channel(preview["target"], 2) == channel(preview["style"], 2)
    assert channel(preview["target"], 0) != channel(preview["style"], 0)
    found = data.provenance()
    assert found["split"] == "0.34 of each class by name; whole classes of content, target, style"
    assert (found["content"]["name"], found["style"]["train"]) == ("folder photos", 16)
    assert found["target"]["name"] == "folder photos, painted by 6 procedural hands"


def test_pictures_are_painted_once_and_again_only_if_they_change(
    folders: dict[str, Any], painter: Painter, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = module(folders)
    assert painter.calls == len(painter.seeds) == HANDS * EACH
    assert [len(packed) for packed in first.packs] == [HANDS * EACH]  # one pack for the three parts
    again = module(folders)
    assert painter.calls == HANDS * EACH
    assert again.state_dict() == first.state_dict()
    assert [path.name for path in Path(folders["cache_dir"], "packed").iterdir() if path.is_dir()] == [
        first.packs[0].folder.name
    ]
    changes: list[dict[str, Any]] = [{"hands": HANDS - 1}, {"photos_per_hand": EACH - 1}, {"hand_seed": 1}]
    for i, change in enumerate(changes, 1):
        module(folders, **change)
        assert painter.calls > HANDS * EACH * i * 0.7, change
    before = painter.calls
    monkeypatch.setattr(procedural, "RENDERER_VERSION", 10**6)
    module(folders)
    assert painter.calls == before + HANDS * EACH
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(Path(folders["photos"], "new.png"))
    module(folders)
    assert painter.calls == before + 2 * HANDS * EACH


def test_interrupted_painting_goes_on(folders: dict[str, Any], painter: Painter) -> None:
    painter.stop_at = 19  # two chunks of eight are on the disk
    with pytest.raises(KeyboardInterrupt):
        module(folders)
    painter.stop_at = None
    data = module(folders)
    assert painter.calls == 19 + HANDS * EACH - 16
    assert len(data.packs[0]) == HANDS * EACH
    assert batches(data, 1)[0]["style"].shape == (8, 3, 16, 16)


@pytest.mark.usefixtures("painter")
def test_a_resumed_loader_and_two_processes_agree(
    folders: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders["paintings"] = str(tmp_path / "paintings")
    whole, resumed = batches(module(folders), 4), module(folders)
    resumed.start_batch = 2
    for expected, batch in zip(whole[2:], batches(resumed, 2), strict=True):
        assert all(torch.equal(expected[part], batch[part]) for part in resumed.parts)
    monkeypatch.setattr(distributed, "world_size", lambda: 2)
    halves = []
    for rank in range(2):
        monkeypatch.setattr(distributed, "rank", lambda rank=rank: rank)
        halves += batches(module(folders), 1)
    for part, images in whole[0].items():
        assert torch.equal(images, torch.cat([half[part] for half in halves]))
    with pytest.raises(UserError, match=r"data\.painting_batch_size=3 .* 2 processes: choose a multiple"):
        batches(module(folders, painting_batch_size=3), 1)


@pytest.mark.usefixtures("painter")
def test_real_paintings_add_three_parts(folders: dict[str, Any], tmp_path: Path) -> None:
    alone = batches(module(folders), 3)
    data = module(folders, paintings=str(tmp_path / "paintings"))
    found = batches(data, 3)
    for batch, same in zip(found, alone, strict=True):
        assert list(batch) == ["content", "target", "style", "photo", "painting", "painting_other"]
        assert [len(images) for images in batch.values()] == [8, 8, 8, 2, 2, 2]
        assert all(torch.equal(batch[part], same[part]) for part in same)  # the other parts are drawn as before
        assert channel(batch["painting"], 0) == channel(batch["painting_other"], 0)
    assert any((batch["painting"] != batch["painting_other"]).any() for batch in found)
    assert data.train["painting"].shape == (32, 32, 3)
    assert data.train["painting"].sizes[0].tolist() == [24, 32]  # whole, not cut to a square
    assert (len(data.train["photo"]), len(data.held_out["photo"])) == (6, 3)  # 0.34 of nine
    other = module(folders, paintings=[str(tmp_path / "paintings")], painting_batch_size=5, painting_pack_size=20)
    assert len(batches(other, 1)[0]["photo"]) == 5
    assert other.train["painting_other"].shape == (20, 20, 3)


def test_more_hands_leave_the_earlier_ones_as_they_are(folders: dict[str, Any]) -> None:
    opened = [open_procedural(folders["photos"], hands=hands, photos_per_hand=3) for hands in (2, 3)]
    few, more = ([list(pictures.source.items()) for pictures in each.values()] for each in opened)
    assert [item.name for item in more[0][:6]] == [item.name for item in few[0]] == [item.name for item in few[1]]
    assert [item.load for item in more[1][:6]] == [item.load for item in few[1]]
    assert [item.label for item in more[1]] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert len({item.name for item in more[0]}) == 9  # different photographs
    paintings = opened[1]["target"].source
    assert paintings.class_names == ("hand-0000", "hand-0001", "hand-0002")
    assert [item.name for item in paintings.items(5)] == [item.name for item in more[1][5:]]


def test_worker_processes_paint_the_same(folders: dict[str, Any], tmp_path: Path) -> None:
    source, policy = open_procedural(folders["photos"], hands=2, photos_per_hand=2)["target"].source, SizePolicy(32, 32)
    here, there = (pack(source, policy, tmp_path / str(workers), workers=workers, progress=False) for workers in (0, 1))
    assert np.array_equal(here.batch(range(4)), there.batch(range(4)))
    assert not np.array_equal(here.batch([0]), here.batch([2]))


def test_a_photograph_is_cut_to_a_square_in_the_middle() -> None:
    pixels = np.zeros((10, 30, 3), np.uint8)
    pixels[:, 10:20] = 200
    assert (square(pixels, 10) == 200).all()
    assert (square(pixels.astype(np.uint16) * 257, 10) == 200).all()
    assert square(pixels, 25).shape == (25, 25, 3)
    assert repr(Painting(1, 2, 3)) == "Painting(hand=1, seed=2, version=3)"  # tells it from others in the cache


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"photos_per_hand": 10}, r"only 9: set data\.photos_per_hand=9 or fewer, or name more folders"),
        ({"hands": 0}, r"data\.hands=0 leaves nothing"),
        ({"photos": "nowhere"}, r"nowhere does not exist: set data\.photos"),
        ({"photos": []}, r"data\.photos and data\.paintings name no folder"),
        ({"paintings": "nowhere"}, r"nowhere does not exist: set data\.paintings"),
        ({"painting_pack_size": 8, "paintings": "nowhere"}, r"data\.painting_pack_size=8x8 is smaller"),
        ({"image_size": 300}, r"data\.pack_size=200x200 is smaller"),
    ],
)
def test_settings_that_cannot_work(folders: dict[str, Any], settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        module(folders, **settings)


def test_numbers_of_hands_are_checked_before_pictures_are_read() -> None:
    cfg = compose_train("data=style", "data.hands=2.5", "data.photos_per_hand=0", "data.hand_seed=-1")
    assert number_problems(cfg) == [
        "data.hands is 2.5; give a whole number, 1 or more.",
        "data.photos_per_hand is 0; give a whole number, 1 or more.",
        "data.hand_seed is -1; give a whole number, 0 or more and below 2^63.",
    ]
