import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.notices import forget_notices, notices
from impasto.data.packing.packed import PackedImages
from impasto.evaluation.figures import features as features_module
from impasto.evaluation.figures.metrics import public_name
from impasto.evaluation.protocols.noise import NoiseProtocol, RealPictures
from impasto.evaluation.protocols.translation import TranslationProtocol
from tests.evaluation.conftest import TinyExtractor, random_images

FAKE = random_images(90, 3, bright=220)


def generate(start: int, n: int) -> Tensor:
    return FAKE[start : start + n]


def evaluator(tmp_path: Path, **changes: Any) -> NoiseProtocol:
    given = {"features": TinyExtractor(), "num_images": 90, "kid_subset_size": 50, "cache_dir": str(tmp_path / "f")}
    return NoiseProtocol(**{**given, **changes})


def test_figures_are_named_after_the_extractor(packed: PackedImages, tmp_path: Path) -> None:
    found = evaluator(tmp_path).measure_pictures(generate, RealPictures(packed)).figures
    names = ("fd", "kid", "is", "precision", "recall", "density", "coverage", "copied", "novelty")
    assert set(found) == {f"{name}_tiny" for name in names}
    assert all(isinstance(value, float) for value in found.values())


def test_fid_is_for_inception_alone() -> None:
    names = ("frechet", "kid", "inception_score", "recall", "class_accuracy")
    assert [public_name(name, "inception") for name in names] == ["fid", *names[1:]]
    assert public_name("frechet", "inception_0123abcd") == "fd_inception_0123abcd"
    assert public_name("class_accuracy", "tiny") == "class_accuracy"


def test_every_figure_says_what_makes_it_comparable(packed: PackedImages, tmp_path: Path) -> None:
    measured = evaluator(tmp_path, num_real=60).measure_pictures(generate, RealPictures(packed, "train", "local"))
    found = measured.figures
    assert set(measured.comparability) == set(found)
    record = measured.comparability["fd_tiny"]
    known = {"extractor": "tiny", "resizer": "none", "generated": 90, "real": 60, "real_available": 80}
    known |= {"split": "train", "origin": "local", "fingerprint": packed.fingerprint, "higher_is_better": False}
    assert known.items() <= record.items()
    for name in ("fd_tiny", "kid_tiny"):
        low, high = measured.comparability[name]["interval"]
        assert low < found[name] < high
    assert measured.comparability["coverage_tiny"]["higher_is_better"]


def test_figures_do_not_depend_on_the_chunk(
    packed: PackedImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = evaluator(tmp_path / "a").measure_pictures(generate, RealPictures(packed)).figures
    monkeypatch.setattr(features_module, "CHUNK", 7)
    again = evaluator(tmp_path / "b").measure_pictures(generate, RealPictures(packed)).figures
    assert again == pytest.approx(whole, rel=1e-5)


def test_figures_do_not_depend_on_the_processes(packed: PackedImages, tmp_path: Path) -> None:
    alone = evaluator(tmp_path / "one").measure_pictures(generate, RealPictures(packed)).figures
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    runs = [context.Process(target=_process, args=(rank, packed, tmp_path, queue)) for rank in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join(90)
    assert [run.exitcode for run in runs] == [0, 0]
    assert [queue.get(), queue.get()] == [alone, alone]


def _process(rank: int, packed: PackedImages, tmp_path: Path, queue: Any) -> None:
    torch.set_num_threads(1)
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    dist.init_process_group("gloo", init_method=f"file://{tmp_path / 'meet'}", rank=rank, world_size=2)
    asked: list[int] = []

    def mine(start: int, n: int) -> Tensor:
        asked.append(start)
        return generate(start, n)

    found = evaluator(tmp_path / "two").measure_pictures(mine, RealPictures(packed))
    queue.put(found.figures)
    assert asked == ([0, 64] if rank == 0 else [32])
    assert found.main == "fd_tiny"
    dist.barrier()
    dist.destroy_process_group()


def test_kid_is_preferred_where_the_covariance_is_singular(packed: PackedImages, tmp_path: Path) -> None:
    forget_notices()
    few = evaluator(tmp_path, num_images=4).measure_pictures(generate, RealPictures(packed))
    assert few.main == "kid_tiny"
    assert "singular" in notices()["evaluation.count"]
    assert "precision_tiny" in few.comparability
    assert "density_tiny" not in few.comparability, "five neighbours need six pictures"
    enough = evaluator(tmp_path).measure_pictures(generate, RealPictures(packed))
    assert enough.main == "fd_tiny"


def test_the_main_metric_is_one_that_was_measured(packed: PackedImages, tmp_path: Path) -> None:
    nothing = evaluator(tmp_path, metrics=["classes"]).measure_pictures(generate, RealPictures(packed))
    assert nothing.figures == {}, "these pictures have no classes"
    assert nothing.main is None
    protocol = evaluator(tmp_path, metrics=["classes", "density_coverage", "memorisation"])
    some = protocol.measure_pictures(generate, RealPictures(packed))
    assert set(some.figures) >= {"coverage_tiny"}
    assert some.main == "coverage_tiny"


@pytest.mark.parametrize("metrics", [[], None, ""])
def test_no_metrics_are_refused(metrics: Any) -> None:
    for kind in (NoiseProtocol, TranslationProtocol):
        with pytest.raises(UserError, match="metrics is empty: name some of frechet"):
            kind(metrics=metrics)
    assert NoiseProtocol(metrics="kid").metrics == ("kid",)


def test_mistakes_are_named() -> None:
    with pytest.raises(UserError, match="metrics: fod not among frechet"):
        NoiseProtocol(metrics=["fod"])
    with pytest.raises(UserError, match=r"features=impasto\.Nothing"):
        NoiseProtocol(features="impasto.Nothing")
    for kind in (NoiseProtocol, TranslationProtocol):
        with pytest.raises(UserError, match=r"evaluation\.split=zzz is not known: choose one of train, held_out"):
            kind(features=TinyExtractor(), split="zzz")  # type: ignore[arg-type]
        with pytest.raises(UserError, match=r"weights_path=/nope does not exist"):
            kind(weights_path="/nope")
    with pytest.raises(UserError, match="The weights of VGG19 are neither on disk nor within reach"):
        TranslationProtocol(features=TinyExtractor(), statistics="vgg19")


COUNTS = {"num_images": 2, "kid_subsets": 1, "kid_subset_size": 2}


@pytest.mark.parametrize(
    ("kind", "name", "least"),
    [
        *((kind, *count) for kind in (NoiseProtocol, TranslationProtocol) for count in COUNTS.items()),
        (NoiseProtocol, "num_real", 2),
        (NoiseProtocol, "num_searched", 2),
        (NoiseProtocol, "precision_neighbours", 1),
        (NoiseProtocol, "density_neighbours", 1),
        (NoiseProtocol, "seed", 0),
        (TranslationProtocol, "num_style", 2),
    ],
)
def test_counts_are_whole_numbers(kind: Any, name: str, least: int) -> None:
    for wrong in (least - 1, least + 0.5, "x", True):
        with pytest.raises(UserError, match=rf"evaluation\.{name}={wrong} does not fit: give .* {least} or more"):
            kind(features=TinyExtractor(), **{name: wrong})
    kind(features=TinyExtractor(), **{name: least})
