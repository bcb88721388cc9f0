"""Pictures from noise, through the entry script's own functions."""

import csv
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig
from PIL import Image
from torch import Tensor, nn

from generate import generate
from impasto.base.spec import ImageSpec
from impasto.inference.conditions import resolve_label
from impasto.networks.dcgan import DCGANGenerator
from impasto.painters.latents import condition_taken
from tests.training import CONF
from tests.translation_run import painter_record

SMALL = {"latent_dim": 4, "features": 4, "max_features": 4}


class Own(nn.Module):
    """A user's own network: flat pictures as bright as the first number of the noise."""

    latent_dim = 2

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels, self.scale = channels, nn.Parameter(torch.ones(()))

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        return (self.scale * z[:, :1]).clamp(-1, 1)[:, :, None, None].expand(-1, self.channels, 8, 8)


def write_run(
    folder: Path, network: nn.Module, node: dict[str, Any], classes: tuple[str, ...] = (), condition_dim: int = 0
) -> Path:
    """A run's folder with one checkpoint, as train.py would have written it."""
    spec = ImageSpec(3, 8, 8, classes, condition_dim)
    weights = {f"painters.painter.network.{name}": value for name, value in network.state_dict().items()}
    config = {"model": {"generator": {"_partial_": True, **node}, "latent": "normal"}}
    takes = ("latent", *condition_taken(network, spec))
    record = {**painter_record(spec, takes), "config": config}
    (folder / "checkpoints").mkdir(parents=True)
    torch.save({"state_dict": weights, "impasto": record}, folder / "checkpoints" / "last.ckpt")
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Two classes, and a generator that is told them."""
    torch.manual_seed(0)
    network = DCGANGenerator(3, 8, 8, num_classes=2, **SMALL)
    nn.init.normal_(network.input.embed.embed.weight)  # type: ignore[union-attr,arg-type]
    node = {"_target_": "impasto.networks.dcgan.DCGANGenerator", **SMALL}
    return write_run(tmp_path / "run", network, node, ("dress", "shoe"))


@pytest.fixture
def unconditional(tmp_path: Path) -> Path:
    """Two classes, and a generator that is told none."""
    node = {"_target_": "impasto.networks.dcgan.DCGANGenerator", "conditioning": "none", **SMALL}
    network = DCGANGenerator(3, 8, 8, num_classes=2, conditioning="none", **SMALL)
    return write_run(tmp_path / "blind", network, node, ("dress", "shoe"))


def composed(*overrides: str) -> DictConfig:
    with initialize_config_dir(CONF, version_base="1.3"):
        return compose("generate", ["device=cpu", *overrides])


def painted(run: Path, output: Path, *overrides: str) -> dict[str, np.ndarray]:
    generate(composed(f"checkpoint={run}", f"output={output}", *overrides))
    return {path.name: np.asarray(Image.open(path)) for path in sorted(output.glob("*.png"))}


def labels_in(folder: Path) -> list[str]:
    with (folder / "labels.csv").open(newline="") as file:
        return [row["label"] for row in csv.DictReader(file)]


def test_pictures_and_their_labels(run: Path, tmp_path: Path) -> None:
    found = painted(run, tmp_path / "out", "num_images=5")
    assert list(found) == [f"{i:06d}.png" for i in range(5)]
    assert {picture.shape for picture in found.values()} == {(8, 8, 3)}
    assert labels_in(tmp_path / "out") == ["dress", "shoe", "dress", "shoe", "dress"]


def test_one_class_by_name_or_number(run: Path, tmp_path: Path) -> None:
    both = painted(run, tmp_path / "both", "num_images=4")
    shoes = painted(run, tmp_path / "shoes", "num_images=4", "label=shoe")
    assert labels_in(tmp_path / "shoes") == ["shoe"] * 4
    assert np.array_equal(shoes["000001.png"], both["000001.png"])
    assert not np.array_equal(shoes["000000.png"], both["000000.png"])
    numbered = painted(run, tmp_path / "numbered", "num_images=4", "label=1")
    assert all(np.array_equal(shoes[name], numbered[name]) for name in shoes)


@pytest.fixture
def numbered(tmp_path: Path) -> Path:
    """Classes named 1 to 11, in the order of their names."""
    torch.manual_seed(0)
    names = tuple(sorted(str(i + 1) for i in range(11)))
    node = {"_target_": "impasto.networks.dcgan.DCGANGenerator", **SMALL}
    return write_run(tmp_path / "numbered", DCGANGenerator(3, 8, 8, num_classes=11, **SMALL), node, names)


@pytest.mark.parametrize(("label", "index"), [("1", 0), ("10", 1), ("2", 3), (11, 2)])
def test_a_class_named_by_a_number_is_found_by_its_name(
    numbered: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, label: str | int, index: int
) -> None:
    caplog.set_level("INFO", "impasto")
    painted(numbered, tmp_path / "out", "num_images=1", f"label={label}")
    assert (tmp_path / "out" / "labels.csv").read_text().splitlines() == [
        "file,label,index",
        f"000000.png,{label},{index}",
    ]
    assert f"All pictures are of class '{label}', index {index}." in caplog.text


@pytest.mark.parametrize("label", ["0", "'01'", "12"])
def test_an_index_is_not_taken_where_classes_are_numbers(numbered: Path, tmp_path: Path, label: str) -> None:
    arguments = [f"checkpoint={numbered}", f"output={tmp_path / 'out'}", f"label={label}"]
    refused(arguments, r"is not one of the model's classes: 1, 10, .*; an index is not taken")


def test_a_picture_that_cannot_be_written_is_skipped(
    run: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "out" / "000001.png").mkdir(parents=True)
    refused([f"checkpoint={run}", f"output={tmp_path / 'out'}", "num_images=3"], "1 of 3 pictures were skipped")
    assert re.search(r"Skipped .*000001\.png: .*000001\.png: Is a directory", caplog.text)
    assert labels_in(tmp_path / "out") == ["dress", "dress"]


def test_a_picture_depends_on_the_seed_and_its_number_alone(run: Path, tmp_path: Path) -> None:
    whole = painted(run, tmp_path / "whole", "num_images=7", "seed=3")
    parts = painted(run, tmp_path / "parts", "num_images=5", "seed=3", "batch_size=2")
    other = painted(run, tmp_path / "other", "num_images=5", "seed=4")
    for name, picture in parts.items():
        assert np.abs(picture.astype(int) - whole[name]).max() <= 1, "up to the rounding of a convolution's sums"
        assert np.abs(picture.astype(int) - other[name]).max() > 1


def test_grid(run: Path, tmp_path: Path) -> None:
    found = painted(run, tmp_path / "out", "num_images=5", "grid=2")
    assert found["grid.png"].shape == (3 * 8 + 2 * 2, 2 * 8 + 2, 3)
    assert np.array_equal(found["grid.png"][10:18, 10:18], found["000003.png"])


def test_a_model_that_is_told_no_labels_gives_none(unconditional: Path, tmp_path: Path) -> None:
    painted(unconditional, tmp_path / "out", "num_images=3")
    assert not (tmp_path / "out" / "labels.csv").exists()
    refused(["label=dress", f"checkpoint={unconditional}", f"output={tmp_path / 'no'}"], "this model is unconditional")
    assert not (tmp_path / "no").exists()


def test_pictures_of_a_former_call(run: Path, unconditional: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    painted(run, out, "num_images=5")
    (out / "mine.png").write_bytes((out / "000000.png").read_bytes())
    refused([f"checkpoint={run}", f"output={out}", "num_images=2"], "already holds pictures")
    refused([f"checkpoint={run}", f"output={out}", "num_images=0", "overwrite=true"], "num_images=0")
    assert len(list(out.glob("*.png"))) == 6, "a mistake costs no pictures"
    found = painted(unconditional, out, "num_images=2", "overwrite=true")
    assert list(found) == ["000000.png", "000001.png", "mine.png"]
    assert not (out / "labels.csv").exists()


def test_the_output_must_be_a_folder(run: Path, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    refused([f"checkpoint={run}", f"output={tmp_path / 'notes'}"], "is a file; give a folder")
    refused([f"checkpoint={run}", f"output={tmp_path / 'a.png'}"], "named like a picture, and a folder is wanted")
    refused([f"checkpoint={run}", "output=null"], "Give output=")
    refused(["checkpoint=/nope", f"output={tmp_path / 'out'}"], "checkpoint=/nope does not exist")
    assert (tmp_path / "notes").read_text() == "mine"


def test_home_is_found(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    generate(composed(f"checkpoint={run}", "output='~/pictures'", "num_images=1"))
    assert (tmp_path / "home" / "pictures" / "000000.png").is_file()


def test_a_network_of_ones_own(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", Own(3), {"_target_": "tests.inference.test_generate.Own"}, ("dress", "shoe"))
    refused([f"checkpoint={run}", f"output={tmp_path / 'out'}"], r"trust=\[package\]")
    found = painted(run, tmp_path / "out", "num_images=2", "trust=[tests]")
    assert found["000000.png"].shape == (8, 8, 3)
    assert not (tmp_path / "out" / "labels.csv").exists(), "its constructor takes no classes"


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("num_images=many", "num_images=many does not fit"),
        ("num_images=null", "num_images=None does not fit"),
        ("batch_size=0", "batch_size=0 does not fit"),
        ("grid=0", "grid=0 does not fit"),
        ("seed=-1", "seed=-1 does not fit"),
        ("label=hat", "is not one of the model's classes: dress, shoe"),
        ("label=2", "is not one of the model's classes"),
    ],
)
def test_mistakes_are_one_sentence(run: Path, tmp_path: Path, override: str, words: str) -> None:
    refused([f"checkpoint={run}", f"output={tmp_path / 'out'}", override], words)


def test_models_that_paint_something_else(run_dir: Path, tmp_path: Path) -> None:
    refused([f"checkpoint={run_dir}", f"output={tmp_path / 'out'}"], r"src/stylize\.py")


def test_labels_where_there_are_none(tmp_path: Path) -> None:
    node = {"_target_": "impasto.networks.dcgan.DCGANGenerator", **SMALL}
    run = write_run(tmp_path / "run", DCGANGenerator(3, 8, 8, **SMALL), node)
    refused([f"checkpoint={run}", f"output={tmp_path / 'out'}", "label=dress"], "trained without labels")


@pytest.fixture
def of_vectors(tmp_path: Path) -> Path:
    """A generator that is told vectors of two numbers."""
    torch.manual_seed(0)
    network = DCGANGenerator(3, 8, 8, condition_dim=2, **SMALL)
    nn.init.normal_(network.input.embed.embed.weight)  # type: ignore[union-attr,arg-type]
    node = {"_target_": "impasto.networks.dcgan.DCGANGenerator", **SMALL}
    return write_run(tmp_path / "told", network, node, condition_dim=2)


def test_vectors_in_turn(of_vectors: Path, tmp_path: Path) -> None:
    (tmp_path / "three.csv").write_text("file,warm,old\nred,1,0\nblue,-1,0\nred,0,1\n")
    (tmp_path / "blue.csv").write_text("file,warm,old\nblue,-1,0\n")
    three, blue = (
        painted(of_vectors, tmp_path / name, "num_images=5", "batch_size=2", f"vectors={tmp_path / name}.csv")
        for name in ("three", "blue")
    )
    same = [np.abs(three[name].astype(int) - blue[name]).max() <= 1 for name in three]
    assert same == [False, True, False, False, True]
    assert not (tmp_path / "three" / "labels.csv").exists()


def test_vectors_that_do_not_fit(run: Path, of_vectors: Path, tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text("file,warm\nx,1\n")
    given, out = f"vectors={tmp_path / 'v.csv'}", f"output={tmp_path / 'out'}"
    refused([f"checkpoint={of_vectors}", out], r"conditioned on vectors of 2 numbers: set vectors=FILE")
    refused([f"checkpoint={of_vectors}", out, given], r"vectors of 1 numbers, and this model was trained with 2")
    refused([f"checkpoint={of_vectors}", out, "vectors=no.csv"], r"vectors=no\.csv does not exist")
    refused([f"checkpoint={of_vectors}", out, given, "label=1"], "trained without labels")
    refused([f"checkpoint={run}", out, given], "is not conditioned on vectors; leave vectors= out")
    assert not (tmp_path / "out").exists()


def refused(overrides: list[str], words: str) -> None:
    with pytest.raises(SystemExit, match=words) as problem:
        generate(composed(*overrides))
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize(
    ("label", "names", "found"), [("null", ("a", "null"), 1), ("null", ("a",), None), ("", (), None)]
)
def test_null_is_a_class_where_one_is_called_so(label: str, names: tuple[str, ...], found: int | None) -> None:
    painter: Any = SimpleNamespace(gives=ImageSpec(3, 8, 8, names), conditional=True)
    assert resolve_label(label, painter) == found
