"""A user's own package, outside of this project: every kind of part works by its ``_target_`` alone."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig
from rich.console import Console

from impasto.base.errors import UserError
from impasto.callbacks.evaluation import in_short
from impasto.evaluation.command import measure_checkpoint
from impasto.evaluation.table import show
from impasto.inference.generate import generate
from impasto.inference.stylize import stylize
from impasto.painters.loading import load_painter
from impasto.run.command_line.presets import parameters_of
from tests.test_training import same
from tests.training import CONF, ROOT, composed, make_pictures, train, weights

NETWORKS = '''
import torch
from torch import nn


class Generator(nn.Module):
    """From noise: has latent_dim, takes (z, condition), gives (N, C, H, W) in [-1, 1]."""

    def __init__(self, channels: int, height: int, width: int, latent_dim: int = 8) -> None:
        super().__init__()
        self.latent_dim, self.shape = latent_dim, (channels, height, width)
        self.paint = nn.Linear(latent_dim, channels * height * width)

    def forward(self, z, condition=None):
        return self.paint(z).tanh().unflatten(1, self.shape)


class Brush(nn.Module):
    """From pictures: given_channels are those of the content, channels those of what it paints."""

    def __init__(self, channels: int, given_channels: int) -> None:
        super().__init__()
        self.paint = nn.Sequential(nn.Conv2d(given_channels, channels, 3, padding=1), nn.BatchNorm2d(channels))

    def forward(self, content):
        return self.paint(content).tanh()


class Critic(nn.Module):
    """Takes (images, condition), gives raw scores: one tensor, or a list of them, one for each scale."""

    def __init__(self, channels: int, features: int = 4) -> None:
        super().__init__()
        self.fine, self.coarse = (nn.Conv2d(channels, features, 4, 2, 1) for _ in range(2))
        self.score = nn.Conv2d(features, 1, 1)

    def forward(self, images, condition=None):
        small = nn.functional.avg_pool2d(images, 2)
        return [self.score(layer(x).relu()) for layer, x in ((self.fine, images), (self.coarse, small))]
'''

PARTS = '''
from typing import Annotated

import torch
from annotated_types import Gt, Le
from impasto.losses.penalties import Penalty
from impasto.losses.terms.term import Term
from torch import nn


class Squares:
    """An adversarial loss: two verbs on raw scores, each a scalar."""

    uses_real = False  # whether the generator's verb needs the scores of real pictures

    def discriminator(self, real, fake):
        return (real - 1).square().mean() + fake.square().mean()

    def generator(self, fake, real=None):
        return (fake - 1).square().mean()


class SmallScores(Penalty):
    """A penalty: a scalar of one DiscriminatorPass, added to the discriminator's loss."""

    def __init__(self, weight: Annotated[float, Gt(0), Le(10)] = 0.1, every: int = 1) -> None:
        super().__init__(every)
        self.weight = weight

    def forward(self, p):
        return self.weight * (p.real_scores.mean().square() + p.fake_scores.mean().square())


class SameGrey(Term):
    """A term: a scalar of one GeneratorPass, times its weight added to the generator's loss."""

    needs = ("content",)  # fields of GeneratorPass without which it cannot be computed

    def forward(self, p):
        return (p.painted.mean(1) - p.content.mean(1)).square().mean()


class MeanColor(Term):
    """Painted pictures have the mean colour of real ones."""

    needs = ("style",)

    def forward(self, p):
        return (p.painted.mean((0, 2, 3)) - p.style.mean((0, 2, 3))).abs().mean()


class Darken(nn.Module):
    """An augmentation: what the discriminator sees of pictures, with gradients."""

    def forward(self, images):
        return images - torch.rand(len(images), 1, 1, 1, device=images.device)
'''

MODEL = '''
from impasto.losses.terms.term import GeneratorPass
from impasto.models.base import AdversarialModel
from impasto.models.roles import Role
from impasto.models.translation import preview_rows
from impasto.painters.painter import Painter


class Glaze(Painter):
    """What the brush makes of the content, laid over it."""

    def __init__(self, *args, opacity: float = 0.5, **keywords) -> None:
        super().__init__(*args, **keywords)
        self.opacity = opacity

    def forward(self, *, content, **others):
        return content.lerp(super().forward(content=content), self.opacity)

    def record(self):
        return {**super().record(), "opacity": self.opacity}


class Overpainting(AdversarialModel):
    """Photographs glazed until a critic takes them for paintings."""

    needs = ("content", "style")
    roles = {"brush": Role("g", "style", given="content"), "critic": Role("d", "style")}
    offers = ("content", "style", "real_scores", "fake_scores")

    def __init__(self, *, opacity: float = 0.5, **parts) -> None:
        self.opacity = opacity
        super().__init__(**parts)

    def make_painters(self):
        brush, spec = self.networks["brush"], self.spec
        return {"glaze": Glaze(brush, spec["style"], ("content",), spec["content"], opacity=self.opacity)}

    def paint(self, batch):
        return {"style": self.live["glaze"](content=batch["content"])}

    def discriminator_loss(self, batch, painted):
        return self.discriminator_objective(batch, batch["style"], painted["style"])

    def generator_loss(self, batch, painted):
        brush = self.networks["brush"]
        p = GeneratorPass(painted["style"], brush, content=batch["content"], style=batch["style"])
        return self.generator_objective(p, batch["style"])

    def preview(self, batch, count, columns):
        return preview_rows(batch, (("content", self.painter),), (), count, columns)
'''

DATA = '''
from collections.abc import Iterator
from itertools import count

import numpy as np
import torch
from impasto.base.spec import ImageSpec
from impasto.data.sources.opening import Pictures
from impasto.data.sources.source import Item
from lightning import LightningDataModule


class Stripes:
    """A source: a sequence of pictures that can be read again from any position."""

    origin = "sample"  # hub, local or sample
    class_names = ("rows", "columns")

    def __init__(self, count: int) -> None:
        self.length = count

    def fingerprint(self) -> str:
        return f"stripes {self.length}"

    def items(self, start: int = 0) -> Iterator[Item]:
        for i in range(start, self.length):
            lines = np.random.default_rng(i).integers(0, 256, (16, 1, 3), dtype=np.uint8).repeat(16, 1)
            yield Item(f"{i}", lines if i % 2 == 0 else lines.swapaxes(0, 1), i % 2)


def open_stripes(count: int = 12) -> Pictures:
    """For data.pictures: takes the settings of data that it names, such as data.count."""
    return Pictures(f"{count} pictures of stripes", Stripes(count), label="direction")


class Shades(LightningDataModule):
    """A data module: parts, spec, and endless batches by part, float32 (N, C, H, W) in [-1, 1]."""

    parts = {"content": "independently", "style": "independently"}
    spec = {name: ImageSpec(channels=3, height=16, width=16) for name in parts}
    start_batch = 0  # number of the first batch; a resumed run sets it

    def __init__(self, *, batch_size: int = 4, image_size: int = 16, seed: int = 0) -> None:
        super().__init__()
        self.batch_size, self.seed = batch_size, seed

    def train_dataloader(self):
        return map(self.batch, count(self.start_batch))

    def preview_batch(self, count=None):
        return self.batch(0)  # what sample sheets are made of

    def batch(self, i):
        random = torch.Generator().manual_seed(1000 * self.seed + i)
        return {name: torch.rand(self.batch_size, 3, 16, 16, generator=random) for name in self.parts}
'''

EVALUATION = '''
import torch
from impasto.evaluation.protocols.measurement import Measurement


class Brightness:
    """An evaluation protocol: every process calls measure, and all get the result."""

    def measure(self, painter, data) -> Measurement:
        painted = painter.sample(4) if "latent" in painter.takes else painter(content=torch.zeros(4, 3, 16, 16))
        return Measurement({"brightness": float(painted.mean())}, main="brightness")
'''

FILES = {"networks": NETWORKS, "parts": PARTS, "model": MODEL, "data": DATA, "evaluation": EVALUATION}

CONFIGS = {
    "model/overpainting": """
defaults:
  - parts/adam@optimizer_g
  - parts/adam@optimizer_d
_target_: mypackage.model.Overpainting
opacity: 0.75
brush: { _target_: mypackage.networks.Brush, _partial_: true }
critic: { _target_: mypackage.networks.Critic, _partial_: true }
""",
    "model/from_noise": """
defaults:
  - parts/noise@_here_
  - parts/adam@optimizer_g
  - parts/adam@optimizer_d
generator: { _target_: mypackage.networks.Generator, _partial_: true }
discriminator: { _target_: mypackage.networks.Critic, _partial_: true }
""",
    "data/stripes": """
defaults:
  - parts/images@_here_
pictures: { _target_: mypackage.data.open_stripes, _partial_: true }
count: 12
""",
    "data/shades": """
_target_: mypackage.data.Shades
batch_size: 4
""",
}

OWN = (
    *("loss._target_=mypackage.parts.Squares", "penalty=none", "+penalty.small._target_=mypackage.parts.SmallScores"),
    *("term=none", "+term.color._target_=mypackage.parts.MeanColor", "augment._target_=mypackage.parts.Darken"),
)
"""A loss, a penalty, a term and an augmentation."""
MEASURED = ("evaluation=none", "+evaluation._target_=mypackage.evaluation.Brightness")
NOISE = (*OWN, "model=from_noise", "data=stripes", "data.image_size=16", "data.batch_size=4")
PAINTING = (*OWN, "+term.grey._target_=mypackage.parts.SameGrey", "model=overpainting")
FOLDERS = ("data=unpaired", "data.image_size=16", "data.batch_size=4")
RUNS = {"noise": NOISE, "folders": (*PAINTING, *FOLDERS), "data_module": (*PAINTING, "data=shades")}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the package and of its configurations, on Python's path."""
    folder = tmp_path_factory.mktemp("own")
    for name, text in {**FILES, "__init__": '"""Mine."""\n'}.items():
        (folder / "mypackage").mkdir(exist_ok=True)
        (folder / "mypackage" / f"{name}.py").write_text(text)
    for name, text in CONFIGS.items():
        path = folder / "conf" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.split(".")[0] == "mypackage"]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = make_pictures(tmp_path_factory.mktemp("data") / "pictures")
    return [f"data.content={folder / 'class_0'}", f"data.style={folder / 'class_1'}"]


def config(package: Path, run_dir: Path, *overrides: str) -> DictConfig:
    """As ``--config-dir`` of the command line gives it."""
    return composed(run_dir, f"hydra.searchpath=[file://{package / 'conf'}]", "kimg=0.008", *overrides)


@pytest.fixture(scope="module")
def runs(package: Path, pictures: list[str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each of :data:`RUNS`, trained for two steps."""
    folders = {name: tmp_path_factory.mktemp(name) for name in RUNS}
    for name, folder in folders.items():
        train(config(package, folder, *overrides_of(name, pictures)))
    return folders


def overrides_of(name: str, pictures: list[str]) -> list[str]:
    return [*RUNS[name], *MEASURED, *(pictures if name == "folders" else [])]


@pytest.mark.parametrize("name", RUNS)
def test_n_plus_m_images_are_n_and_m_images(
    name: str, runs: dict[str, Path], package: Path, pictures: list[str], tmp_path: Path
) -> None:
    overrides = overrides_of(name, pictures)
    train(config(package, tmp_path, *overrides, "callbacks.stop.kimg=0.004"))  # as if stopped half-way
    train(config(package, tmp_path, *overrides, f"resume={tmp_path}"))
    a, b = weights(runs[name]), weights(tmp_path)
    assert a["impasto"]["images_seen"] == b["impasto"]["images_seen"] == 8
    assert same(a["state_dict"], b["state_dict"])
    assert same(a["optimizer_states"], b["optimizer_states"])


@pytest.mark.parametrize("name", RUNS)
def test_every_part_has_taken_part(name: str, runs: dict[str, Path]) -> None:
    summary = json.loads((runs[name] / "summary.json").read_text())
    assert (summary["status"], summary["main_metric"]) == ("complete", "brightness")
    networks = {"generator", "discriminator"} if name == "noise" else {"brush", "critic"}
    assert set(summary["parameters"]) == networks
    known = {"noise": "12 pictures of stripes", "data_module": "mypackage.data.Shades"}
    assert summary["data"].get("name") == known.get(name)
    logged = (runs[name] / "metrics.csv").read_text().splitlines()[0].split(",")
    terms = {"train/color"} if name == "noise" else {"train/color", "train/grey"}
    assert {"train/penalty_small", "eval/brightness", *terms} <= set(logged)
    assert (runs[name] / "checkpoints" / "best.ckpt").is_file()
    assert (runs[name] / "samples" / "000000008.png").is_file()


def test_presets_leave_out_what_a_class_without_arguments_does_not_take(package: Path) -> None:
    assert parameters_of("mypackage.evaluation.Brightness") == set()


def test_figures_of_any_name_are_told_of() -> None:
    assert in_short({"brightness": 0.25, "hue": 3.0}) == "brightness 0.25, hue 3"


def test_a_painter_of_ones_own_is_loaded_with_trust(runs: dict[str, Path]) -> None:
    with pytest.raises(UserError, match=r"names mypackage\.networks\.Brush as its network.*trust=\[package\]"):
        load_painter(runs["folders"])
    painter: Any = load_painter(runs["folders"], device="cpu", trust=["mypackage"])
    assert (type(painter).__name__, painter.opacity) == ("Glaze", 0.75)
    content = torch.full((1, 3, 16, 16), 0.5)
    painted = painter(content=content)
    assert torch.allclose(painted, 0.25 * content + 0.75 * painter.network(content).clamp(-1, 1))


def test_pictures_are_painted(runs: dict[str, Path], pictures: list[str], tmp_path: Path) -> None:
    from_noise = load_painter(runs["noise"], device="cpu", trust=["mypackage"])
    done = [*generate(from_noise, tmp_path / "new", 3)][-1]
    assert (done.painted, done.skipped) == (3, 0)
    glaze = load_painter(runs["data_module"], device="cpu", trust=["mypackage"])
    done = [*stylize(glaze, pictures[0].removeprefix("data.content="), tmp_path / "painted")][-1]
    assert (done.painted, done.skipped) == (6, 0)


@pytest.mark.parametrize("name", ["noise", "data_module"])
def test_a_checkpoint_is_measured_by_its_own_protocol(name: str, runs: dict[str, Path]) -> None:
    with initialize_config_dir(CONF, version_base="1.3"):
        cfg = compose("evaluate", [f"checkpoint={runs[name]}", "device=cpu", "trust=[mypackage]"])
        strange = compose("evaluate", [f"checkpoint={runs[name]}", "device=cpu", "trust=[]"])
    result = measure_checkpoint(cfg, Path(CONF, "evaluation"))
    summary = json.loads((runs[name] / "summary.json").read_text())
    assert result.measurement.figures["brightness"] == pytest.approx(summary["metrics"]["brightness"]["final"])
    console = Console(record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    show(result, console)
    assert "brightness" in console.export_text()
    with pytest.raises(UserError, match=r"trust=\[package\]"):
        measure_checkpoint(strange, Path(CONF, "evaluation"))


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ([*NOISE, *MEASURED, "+penalty.small.weight=11"], r"penalty\.small\.weight is 11; give a number"),
        (
            [*NOISE, *MEASURED, "+term.grey._target_=mypackage.parts.SameGrey"],
            "term=grey needs content, which NoiseGAN does not provide",
        ),
        (
            [*PAINTING, "data=shades", "evaluation=translation"],
            "TranslationProtocol asks the data for evaluation_images, which Shades does not have",
        ),
    ],
    ids=["range", "term", "evaluation"],
)
def test_what_cannot_work_is_refused_in_a_sentence(
    overrides: list[str], sentence: str, package: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=sentence) as problem:
        train(config(package, tmp_path, *overrides))
    assert "\n" not in str(problem.value)
    assert not (tmp_path / "checkpoints").exists()


def test_the_documentation_shows_these_very_parts() -> None:
    text = (ROOT / "docs" / "extending.md").read_text()
    blocks = re.findall(r"^```(?:python|yaml)\n# (\S+)\n(.*?)^```", text, re.M | re.S)
    assert len(blocks) == 6
    for path, text in blocks:
        if path.startswith("conf/"):
            assert text.strip() == CONFIGS[path.removeprefix("conf/").removesuffix(".yaml")].strip()
            continue
        for part in text.split("\n\n\n")[1:]:  # what follows the imports
            assert part.strip() in FILES[Path(path).stem]
