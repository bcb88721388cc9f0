"""The data module: batches as networks take them, the same however a run is cut or spread."""

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
from impasto.data.packing.pack import pack
from impasto.data.packing.sizing import SizePolicy
from impasto.data.sources.opening import Pictures, open_folder
from impasto.data.sources.source import Item
from impasto.data.split import hold_out
from impasto.data.transforms import crop, jitter, to_float


class Greys:
    """Picture i is filled with level i; labels go 0, 1, 2, 0, 1, 2, ... of four classes, the last of them empty."""

    origin = "local"
    class_names = ("a", "b", "c", "never")

    def __init__(self, count: int = 12, size: tuple[int, int] = (6, 8)) -> None:
        self.length, self.size = count, size

    def fingerprint(self) -> str:
        return f"greys {self.length} {self.size}"

    def items(self, start: int = 0) -> Any:
        for i in range(start, self.length):
            yield Item(f"{i:03d}.png", np.full((*self.size, 3), i, np.uint8), i % 3)


def greys(**_: Any) -> Pictures:
    return Pictures("greys", Greys(), label="remainder")


def module(tmp_path: Path, **settings: Any) -> ImageDataModule:
    defaults: dict[str, Any] = {"pictures": greys, "image_size": [6, 8], "resize": "crop", "batch_size": 4}
    made = ImageDataModule(**{**defaults, "cache_dir": str(tmp_path), **settings})
    made.prepare_data()
    made.setup("fit")
    return made


def batches(data: ImageDataModule, count: int) -> list[dict[str, Tensor]]:
    return [data.on_after_batch_transfer(batch, 0) for batch in islice(data.train_dataloader(), count)]


def levels(batch: dict[str, Tensor]) -> Tensor:
    return ((batch["image"][:, 0, 0, 0] + 1) * 127.5).round().long()


def test_batches_are_floats_with_their_labels(tmp_path: Path) -> None:
    data = module(tmp_path)
    for batch in batches(data, 3):
        assert batch["image"].shape == (4, 3, 6, 8)
        assert batch["image"].dtype == torch.float32
        assert batch["image"].is_contiguous(memory_format=torch.channels_last)
        assert torch.equal(batch["label"], levels(batch) % 3)
    assert sorted(torch.cat([levels(b) for b in batches(data, 3)]).tolist()) == list(range(12))


def test_the_spec_leaves_out_classes_without_pictures(tmp_path: Path) -> None:
    data = module(tmp_path)
    assert data.spec["image"].shape == (3, 6, 8)
    assert data.spec["image"].class_names == ("a", "b", "c")


def test_all_of_0_to_255_comes_out_exactly() -> None:
    pixels = torch.arange(256, dtype=torch.uint8).view(1, 16, 16, 1)
    floats = to_float(pixels)
    assert floats.min() == -1
    assert floats.max() == 1
    assert torch.equal((floats * 127.5 + 127.5).round().to(torch.uint8), pixels.permute(0, 3, 1, 2))


def test_a_resumed_loader_goes_on_exactly(tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "flip": True,
        "color_jitter": 0.2,
        "image_size": 4,
        "pack_size": [6, 8],
        "balanced": True,
    }
    whole = batches(module(tmp_path, **settings), 5)
    resumed = module(tmp_path, **settings)
    resumed.start_batch = 3
    for expected, batch in zip(whole[3:], batches(resumed, 2), strict=True):
        assert torch.equal(expected["image"], batch["image"])
        assert torch.equal(expected["label"], batch["label"])


def test_two_processes_see_the_halves_of_one_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings: dict[str, Any] = {"flip": True, "image_size": 4, "pack_size": [6, 8]}
    whole = batches(module(tmp_path, **settings), 2)
    monkeypatch.setattr(distributed, "world_size", lambda: 2)
    parts = []
    for rank in range(2):
        monkeypatch.setattr(distributed, "rank", lambda rank=rank: rank)
        parts.append(batches(module(tmp_path, **settings), 2))
    for expected, first, second in zip(whole, *parts, strict=True):
        assert torch.equal(expected["image"], torch.cat([first["image"], second["image"]]))


def test_workers_change_nothing(tmp_path: Path) -> None:
    alone, helped = (batches(module(tmp_path, flip=True, num_workers=n), 3) for n in (0, 1))
    for expected, batch in zip(alone, helped, strict=True):
        assert torch.equal(expected["image"], batch["image"])


def test_balanced_batches(tmp_path: Path) -> None:
    for batch in batches(module(tmp_path, balanced=True, batch_size=6), 2):
        assert batch["label"].bincount().tolist() == [2, 2, 2]


def test_how_often_classes_come_in_training(tmp_path: Path) -> None:
    def uneven(**_: Any) -> Pictures:
        return Pictures("greys", Greys(10), label="remainder")  # 0, 1, 2, ..., 2, 0

    assert module(tmp_path, pictures=uneven).class_weights() == [4, 3, 3]
    assert module(tmp_path, pictures=uneven, balanced=True).class_weights() == [1, 1, 1]
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    unlabelled = module(tmp_path, pictures=open_folder, root=str(tmp_path), label="none", resize="fit", image_size=8)
    assert unlabelled.class_weights() is None


def test_balance_without_classes_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    data = module(
        tmp_path, pictures=open_folder, root=str(tmp_path), label="none", balanced=True, resize="fit", image_size=8
    )
    with pytest.raises(UserError, match=r"data\.balanced=false"):
        data.train_dataloader()


def test_few_pictures_are_seen_through_crops_and_measured_so(tmp_path: Path) -> None:
    data = module(tmp_path, resize="auto", image_size=[4, 6])
    assert data.provenance()["resize"] == "fit"
    assert data.train["image"].shape == (12, 18, 3)
    assert data.train["image"].sizes[0].tolist() == [12, 16]  # 6 x 8 twice as large fits into 12 x 18
    (batch,) = batches(data, 1)
    assert batch["image"].shape == (4, 3, 4, 6)
    assert torch.equal(batch["label"], levels(batch) % 3)  # nothing of the white around the picture
    measured = data.evaluation_images("image", "train")
    assert measured.shape == (4, 6, 3)
    assert len(measured) == 1032  # 1,024 or a little more, as many of each picture
    assert measured.batch([0, 13, 1031]).max((1, 2, 3)).tolist() == [0, 1, 11]
    assert measured.labels is not None
    assert measured.labels[:6].tolist() == [0, 1, 2, 0, 1, 2]


def test_with_many_pictures_auto_is_crop(tmp_path: Path) -> None:
    data = module(tmp_path, pictures=lambda **_: Pictures("greys", Greys(100)), resize="auto")
    assert data.provenance()["resize"] == "crop"
    assert data.evaluation_images("image", "train").shape == (6, 8, 3)
    limited = module(tmp_path, pictures=lambda **_: Pictures("greys", Greys(100)), resize="auto", limit=99)
    assert limited.provenance()["resize"] == "fit"


def test_the_data_sets_own_test_part_is_held_out(tmp_path: Path) -> None:
    def opened(**_: Any) -> Pictures:
        return Pictures("greys", Greys(12), held_out=Greys(6))

    data = module(tmp_path, pictures=opened, holdout=None)
    assert (len(data.train["image"]), len(data.held_out["image"])) == (12, 6)
    assert "own test part" in data.provenance()["split"]
    shared = module(tmp_path, pictures=opened, holdout=0.25)
    assert (len(shared.train["image"]), len(shared.held_out["image"])) == (9, 3)


def test_nothing_held_out_is_said(tmp_path: Path) -> None:
    data = module(tmp_path)
    assert data.held_out["image"] is None
    with pytest.raises(UserError, match=r"data\.holdout"):
        data.evaluation_images("image", "held_out")


def test_a_share_of_each_class_is_held_out_by_name(tmp_path: Path) -> None:
    packed = pack(Greys(30), SizePolicy(6, 8), tmp_path, progress=False)
    train, held_out = hold_out(packed, 0.2)
    assert held_out is not None
    assert train.labels is not None
    assert held_out.labels is not None
    assert np.bincount(held_out.labels).tolist() == [2, 2, 2]
    names = {held_out.names(i) for i in range(len(held_out))}
    assert names.isdisjoint(train.every_name())
    # With more pictures, those that were held out mostly still are.
    _, later = hold_out(pack(Greys(33), SizePolicy(6, 8), tmp_path, progress=False), 0.2)
    assert later is not None
    assert len(names & set(later.every_name())) >= 4
    _, others = hold_out(packed, 0.2, draw=1)
    assert others is not None
    assert len(others) == 6
    assert names != set(others.every_name())


@pytest.mark.parametrize(("count", "share"), [(1, 0.9), (3, 0.1), (12, 0.0)])
def test_too_little_to_hold_out(tmp_path: Path, count: int, share: float) -> None:
    train, held_out = hold_out(pack(Greys(count), SizePolicy(6, 8), tmp_path, progress=False), share)
    assert len(train) == count
    assert held_out is None


def test_few_of_each_class_are_trained_on_and_all_held_out_stay(tmp_path: Path) -> None:
    whole, few = (module(tmp_path, holdout=0.25, per_class=most) for most in (None, 2))
    kept = set(few.train["image"].every_name())
    assert np.bincount(few.train["image"].labels).tolist() == [2, 2, 2]
    assert kept < set(whole.train["image"].every_name())
    one = module(tmp_path, holdout=0.25, per_class=1)
    assert set(one.train["image"].every_name()) < kept, "more are added to the same ones"
    assert list(few.held_out["image"].every_name()) == list(whole.held_out["image"].every_name())
    assert few.provenance()["per_class"] == 2
    Image.new("L", (6, 8)).save(tmp_path / "a.png")
    with pytest.raises(UserError, match="needs pictures in classes"):
        module(tmp_path, pictures=open_folder, root=str(tmp_path), label="none", per_class=2)


def test_provenance_is_plain_and_complete(tmp_path: Path) -> None:
    found = module(tmp_path, holdout=0.25, limit=12).provenance()
    assert found["name"] == "greys"
    assert found["origin"] == "local"
    assert (found["train"], found["held_out"], found["limit"]) == (9, 3, 12)
    assert found["fingerprint"] != found["held_out_fingerprint"]
    assert found["image_size"] == [6, 8]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"image_size": [6, 8, 3]}, "data.image_size"),
        ({"image_size": 0}, "data.image_size=0 is not a size"),
        ({"pack_size": 4}, "data.pack_size=4x4 is smaller than data.image_size=6x8"),
        ({"resize": "squash"}, "data.resize=squash"),
        ({"holdout": 1.0}, "data.holdout=1.0"),
    ],
)
def test_settings_that_make_no_sense(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        module(tmp_path, **settings)


def test_crops_by_hand() -> None:
    image = torch.arange(12, dtype=torch.uint8).view(1, 3, 4, 1)
    valid = torch.tensor([[3, 4]])

    def cut(chances: tuple[float, float, float], flip: bool = False) -> list[list[int]]:
        return crop(image, valid, torch.tensor([chances]), (2, 2), flip=flip)[0, ..., 0].tolist()

    assert cut((0.0, 0.0, 0.9)) == [[0, 1], [4, 5]]
    assert cut((0.99, 0.99, 0.9)) == [[6, 7], [10, 11]]  # 2 places vertically, 3 horizontally
    assert cut((0.49, 0.5, 0.9)) == [[1, 2], [5, 6]]
    assert cut((0.0, 0.0, 0.4), flip=True) == [[1, 0], [5, 4]]
    assert cut((0.0, 0.0, 0.4)) == [[0, 1], [4, 5]]


def test_a_picture_smaller_than_the_crop_goes_on_as_its_mirror_image() -> None:
    image = torch.tensor([[9, 8, 7, 255], [6, 5, 4, 255], [255, 255, 255, 255]], dtype=torch.uint8).view(1, 3, 4, 1)
    result = crop(image, torch.tensor([[2, 3]]), torch.tensor([[0.7, 0.7, 0.9]]), (3, 4))[0, ..., 0]
    assert result.tolist() == [[9, 8, 7, 8], [6, 5, 4, 5], [9, 8, 7, 8]]


def test_colour_jitter_by_hand() -> None:
    image = torch.tensor([-0.5, 0.0, 0.1]).view(1, 3, 1, 1)
    half = torch.tensor([[0.5, 0.5, 0.5]])
    torch.testing.assert_close(jitter(image, half, 0.5), image)
    # Brightness alone: (x + 1) * 1.5 - 1.
    bright = jitter(image, torch.tensor([[1.0, 0.5, 0.5]]), 0.5)
    torch.testing.assert_close(bright.flatten(), torch.tensor([-0.25, 0.5, 0.65]))
    # Saturation alone, halved: half way to the mean of the channels, which contrast leaves where it is.
    pale = jitter(image, torch.tensor([[0.5, 0.5, 0.0]]), 0.5)
    mean = -0.4 / 3
    torch.testing.assert_close(pale.flatten(), (image.flatten() + mean) / 2)


def test_a_resumed_run_needs_the_pictures_that_it_had(tmp_path: Path) -> None:
    had = module(tmp_path, holdout=0.25).state_dict()
    module(tmp_path, holdout=0.25).load_state_dict(had)
    assert "data.resumed" not in notices()
    fewer = module(tmp_path, limit=5)
    with pytest.raises(UserError, match=r"trained on 12 pictures, and now there are 5: .*data\.root=FOLDER"):
        fewer.load_state_dict(had)
    module(tmp_path, image_size=[3, 4]).load_state_dict(had)
    assert "times are others" in notices()["data.resumed"]
    forget_notices()
