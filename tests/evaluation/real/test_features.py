import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from filelock import FileLock

from impasto.base.notices import forget_notices, notices
from impasto.data.packing.packed import PackedImages
from impasto.evaluation.figures.distances import some_positions
from impasto.evaluation.real.features import cache_key, keep, read, real_features, uint8_slice, write
from impasto.networks.pretrained.chooser import choose_extractor
from tests.evaluation.conftest import TinyExtractor


def values() -> dict[str, torch.Tensor]:
    return {"a": torch.arange(4.0), "b": torch.ones(2, 2, dtype=torch.float64)}


def test_what_was_computed_is_computed_once(packed: PackedImages, tiny: TinyExtractor, tmp_path: Path) -> None:
    first = real_features(tiny, packed, folder=tmp_path / "f")
    assert first is not None
    seen: list[int] = []
    look = tiny.with_logits
    tiny.with_logits = lambda images: (seen.append(len(images)), look(images))[1]  # type: ignore[method-assign]
    second = real_features(tiny, packed, folder=tmp_path / "f")
    assert second is not None
    assert sum(seen) == 2, "two made-up pictures tell the network; none of the real ones is looked at again"
    assert torch.equal(first.values, second.values)
    assert (first.statistics["sigma"] == second.statistics["sigma"]).all()


def test_features_are_of_some_pictures_in_their_order(
    packed: PackedImages, tiny: TinyExtractor, tmp_path: Path
) -> None:
    found = real_features(tiny, packed, 4, folder=tmp_path)
    assert found is not None
    images = torch.from_numpy(packed.batch(some_positions(80, 4))).permute(0, 3, 1, 2)
    torch.testing.assert_close(found.values, tiny(images))


def test_the_key_names_all_that_matters(packed: PackedImages, tiny: TinyExtractor) -> None:
    keys = {cache_key(tiny, packed, 80, "train"), cache_key(tiny, packed, 80, "held_out")}
    keys |= {cache_key(tiny, packed, 40, "train"), cache_key(tiny, packed.subset(range(80)), 80, "train")}
    for attribute in ("name", "weights_sha256", "resizer"):
        other = TinyExtractor()
        setattr(other, attribute, "another")
        keys.add(cache_key(other, packed, 80, "train"))
    assert len(keys) == 7


class Plain:
    """A user's own, with no weights to tell it by."""

    name, dim, resizer, weights_sha256 = "plain", 3, "none", ""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        return images.float().mean((2, 3)) * self.scale


class Shuffled(Plain):
    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        return super().__call__(images).flip(1)


class Hidden(TinyExtractor):
    """A buffer that is not saved with the weights."""

    def __init__(self, shift: float) -> None:
        super().__init__()
        self.register_buffer("shift", torch.tensor(shift), persistent=False)

    def with_logits(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features, logits = super().with_logits(images)
        return features + self.get_buffer("shift"), logits


def test_a_network_that_gives_something_else_is_another(packed: PackedImages, tmp_path: Path) -> None:
    first = real_features(Plain(), packed, folder=tmp_path)
    second = real_features(Plain(2.0), packed, folder=tmp_path)
    assert first is not None
    assert second is not None
    torch.testing.assert_close(second.values, 2 * first.values)
    networks = [Plain(), Plain(2.0), Shuffled(), choose_extractor(Hidden(0.0)), choose_extractor(Hidden(0.1))]
    assert len({cache_key(network, packed, 80, "") for network in networks}) == 5
    assert cache_key(Plain(), packed, 80, "") == cache_key(Plain(1 + 1e-7), packed, 80, ""), "rounding tells nothing"


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "not one"])
def test_a_damaged_file_is_noticed_and_replaced(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "x.safetensors"
    write(path, values())
    whole = bytearray(path.read_bytes())
    whole[-3] ^= 1
    path.write_bytes({"cut": whole[:-9], "flip": whole, "empty": b"", "not one": b"{}" * 50}[damage])
    forget_notices()
    assert keep(path, values)["a"].tolist() == [0, 1, 2, 3]
    assert "damaged" in notices()["evaluation.cache"]
    assert read(path) is not None


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    forget_notices()
    assert keep(tmp_path / "file" / "x.safetensors", values)["a"].tolist() == [0, 1, 2, 3]
    assert "cannot be written" in notices()["evaluation.cache"]


def test_runs_at_the_same_time_compute_once(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    context = multiprocessing.get_context("fork")
    gate = context.Barrier(3)
    runs = [context.Process(target=_run, args=(path, gate)) for _ in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join(60)
    assert [run.exitcode for run in runs] == [0, 0, 0]
    assert len((tmp_path / "computed").read_text().split()) == 1


def _run(path: Path, gate: Any) -> None:
    def compute() -> dict[str, torch.Tensor]:
        with (path.parent / "computed").open("a") as file:
            file.write(f"{os.getpid()}\n")
        return values()

    gate.wait(30)
    assert keep(path, compute)["b"].sum() == 4


def test_a_dead_run_does_not_keep_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    context = multiprocessing.get_context("fork")
    run = context.Process(target=_die, args=(path,))
    run.start()
    run.join(30)
    assert run.exitcode == 9
    assert keep(path, values)["a"].tolist() == [0, 1, 2, 3]


def _die(path: Path) -> None:
    lock = FileLock(path.with_suffix(".lock"))
    lock.acquire()
    path.write_bytes(b"half")
    os._exit(9)


def test_pictures_come_in_channels_first_order(packed: PackedImages) -> None:
    images = uint8_slice(packed, torch.arange(80).numpy(), 3, 2)
    assert images.shape == (2, 3, 16, 16)
    assert images[1, 2, 5, 7] == packed.batch([4])[0, 5, 7, 2]
