"""The files in sweeps/: each composes to what it says, and W&B's agent would start what Hydra understands."""

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf
from wandb.sdk.launch.sweeps.utils import create_sweep_command, create_sweep_command_args

from impasto.base.instantiate import make
from impasto.base.parts import Parts
from impasto.base.spec import ImageSpec
from impasto.networks.build import build_network
from impasto.run.build import make_chosen
from impasto.run.checks.configuration import refusals
from impasto.run.command_line.entry import register_resolvers
from tests.test_config import choices
from tests.training import make_pictures

ROOT = Path(__file__).parents[3]
FILES = sorted(path.stem for path in (ROOT / "sweeps").glob("*.yaml"))
VARIANTS = ("lsgan_whole", "r1_r2_scheduled")
"""Another one of the grid with other weights, for the models that choose them."""
HEADS = ("captioning", "label", "matching", "rotation")
"""Penalties that teach a head, which a plain discriminator has not; ``adversarial`` goes beside another penalty."""
RECIPES = {"gamma": ("experiment=fashion_mnist_cgan",)}
"""What a sweep stands on, as its file says."""
WANDB = sorted((ROOT / "sweeps" / "wandb").glob("*.yml"))


def composed(*overrides: str) -> Any:
    register_resolvers()
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return compose("train", list(overrides), return_hydra_config=True)


@pytest.mark.parametrize("name", FILES)
def test_every_trial_of_a_sweep_composes(name: str) -> None:
    fixed = (f"+sweeps={name}", *RECIPES.get(name, ()))
    cfg = composed(*fixed, "hydra.job.num=0", "hydra.job.id=0")
    assert cfg.hydra.sweep.dir == f"outputs/sweeps/{name}"
    swept = OverridesParser.create().parse_overrides([f"{k}={v}" for k, v in cfg.hydra.sweeper.params.items()])
    grid = []
    for override in swept:
        key = override.get_key_element()
        if override.is_interval_sweep():
            bounds = override.value()
            grid.append([f"{key}={bounds.start}", f"{key}={bounds.end}"])  # type: ignore[union-attr]
        else:
            grid.append([f"{key}={value}" for value in override.sweep_string_iterator()])
    for i in range(max(map(len, grid))):  # every value once
        composed(*fixed, *(values[i % len(values)] for values in grid))


def test_every_loss_meets_every_penalty() -> None:
    """As the files say of themselves; all of them work with the model of a run that names none."""
    left_out = (*VARIANTS, *HEADS, "adversarial")
    losses, penalties = ([name for name in choices(group) if name not in left_out] for group in ("loss", "penalty"))
    grid = composed("+sweeps=loss_penalty").hydra.sweeper.params
    assert [sorted(grid[name].split(",")) for name in ("loss", "penalty")] == [losses, penalties]
    agent: Any = OmegaConf.load(ROOT / "sweeps" / "wandb" / "loss_penalty.yml")
    assert [sorted(agent.parameters[name]["values"]) for name in ("loss", "penalty")] == [losses, penalties]
    discriminator = build_network(make(composed().model.discriminator), ImageSpec(3, 64, 64, ("a", "b")))
    built = [make(composed(f"loss={name}").loss) for name in losses]
    chosen = [make_chosen("penalty", composed(f"penalty={name}").penalty) for name in penalties]
    for loss, penalty in product(built, chosen):
        assert not refusals(Parts(loss, penalty, discriminators={"discriminator": discriminator}))


def test_the_search_looks_in_the_direction_of_mode() -> None:
    assert composed("+sweeps=optuna_lr").hydra.sweeper.direction == "minimize"
    assert composed("+sweeps=optuna_lr", "mode=max").hydra.sweeper.direction == "maximize"
    assert composed("+sweeps=loss_penalty").mode is None


def test_a_trial_of_the_ablation_differs_from_the_whole_model_in_one_thing() -> None:
    names = composed("+sweeps=style_ablation").hydra.sweeper.params["+sweeps/style_ablation"].split(",")
    assert sorted(names) == sorted(path.stem for path in (ROOT / "sweeps" / "style_ablation").glob("*.yaml"))
    # in the order in which the sweeper gives them
    fixed = ["+sweeps=style_ablation", "name=test", "output_dir=nowhere"]
    trials = {name: composed(f"+sweeps/style_ablation={name}", *fixed) for name in names}
    found = {name: dict(differences(trials["whole"], trial)) for name, trial in trials.items()}
    assert set(found["mode_seeking"]) == {"term.mode_seeking"}
    assert {name: changes for name, changes in found.items() if name != "mode_seeking"} == {
        "whole": {},
        "no_style_code": {"term.style_code.weight": 0.0},
        "no_statistics": {"term.teacher.statistics": 0.0},
        "no_structure": {"term.teacher.structure": 0.0},
        "no_identity": {"model.identity": 0.0},
        "no_wrong_style": {"model.wrong_style": False},
        "one_scale": {"model.discriminator.scales": 1},
        "no_adversary": {"model.adversarial": 0.0},
        "predicted_filters": {"model.generator.filters": "predicted"},
        "wide_training": {"model.generator.filters": "wide"},
    }
    assert {trial.kimg for trial in trials.values()} == {8}


def test_a_trial_of_detail_adds_one_term_to_the_base() -> None:
    folder = ROOT / "sweeps" / "restoration_detail"
    names = composed("+sweeps=restoration_detail").hydra.sweeper.params["+sweeps/restoration_detail"].split(",")
    assert sorted([*names, "lpips"]) == sorted(path.stem for path in folder.glob("*.yaml"))
    fixed = ["+sweeps=restoration_detail", "name=test", "output_dir=nowhere"]
    trials = {name: composed(f"+sweeps/restoration_detail={name}", *fixed) for name in [*names, "lpips"]}
    found = {name: [key for key, _ in differences(trials["base"], trial)] for name, trial in trials.items()}
    terms = ("image_gradient", "laplacian_pyramid", "focal_frequency", "perceptual", "lpips")
    assert found == {"base": [], "adversarial": ["model.adversarial"], **{name: [f"term.{name}"] for name in terms}}
    assert {trial.evaluation._target_.rpartition(".")[2] for trial in trials.values()} == {"RestorationProtocol"}


def test_a_trial_of_the_network_parts_adds_one_part() -> None:
    names = composed("+sweeps=network_parts").hydra.sweeper.params["+sweeps/network_parts"].split(",")
    assert sorted(names) == sorted(path.stem for path in (ROOT / "sweeps" / "network_parts").glob("*.yaml"))
    fixed = ["+sweeps=network_parts", "name=test", "output_dir=nowhere"]
    plain = composed("+sweeps/network_parts=plain", *fixed)
    both = [f"model.{name}." for name in ("generator", "discriminator")]
    for name in set(names) - {"all"}:
        found = dict(differences(plain, composed(f"+sweeps/network_parts={name}", *fixed)))
        setting = name.partition("_")[0] if name.startswith(("norm_", "conditioning_")) else name
        one = name == "cross_attention" or name.startswith("norm_")
        assert set(found) == (set() if name == "plain" else {f"{each}{setting}" for each in both[: 1 if one else 2]})


def differences(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """What another configuration has instead, by dotted key; Hydra's own part is left out."""
    for key, value in after.items():
        where = f"{path}{key}"
        if where == "hydra" or (key in before and before[key] == value):
            continue
        if key in before and OmegaConf.is_dict(value):
            yield from differences(before[key], value, f"{where}.")
        else:
            yield where, value


def first_values(path: Path) -> dict[str, dict[str, Any]]:
    """The parameters of a run that W&B's server might choose first."""
    parameters = OmegaConf.to_container(OmegaConf.load(path).parameters)  # type: ignore[union-attr]
    assert isinstance(parameters, dict)
    found = {}
    for name, space in parameters.items():
        value = space.get("value", space.get("min"))
        found[str(name)] = {"value": space["values"][-1] if "values" in space else value}
    return found


def agent_command(path: Path) -> list[str]:
    """What ``wandb agent`` starts, put together by W&B's own functions."""
    raw = OmegaConf.to_container(OmegaConf.load(path), resolve=False)
    assert isinstance(raw, dict)
    filled: dict[str, Any] = create_sweep_command_args({"args": first_values(path)})
    filled |= {"env": ["/usr/bin/env"], "interpreter": [sys.executable], "program": [raw["program"]]}
    command: list[str] = []
    for part in create_sweep_command(raw["command"]):
        command += filled[part[2:-1]] if part.startswith("${") else [part]
    return command


@pytest.mark.parametrize("path", WANDB, ids=lambda path: path.stem)
def test_what_the_agent_starts_composes_in_every_run(path: Path) -> None:
    command = agent_command(path)
    assert command[:3] == ["/usr/bin/env", sys.executable, "src/train.py"]
    cfg = composed(*command[3:])
    assert "wandb" in cfg.logger
    assert cfg.evaluation.features in OmegaConf.load(path).metric.name  # type: ignore[union-attr]


TINY = ["data=image_folder", "data.image_size=16", "data.batch_size=4", "model.generator.features=4", "kimg=0.016"]
TINY += ["model.discriminator.features=4", "evaluation.features=efficientnet_lite0", "evaluation.metrics=[frechet]"]
TINY += ["evaluation.num_images=8", "evaluation.num_real=8", "trainer=cpu", "precision=32-true"]


def run(command: list[str], **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_command_of_the_agent_runs(tmp_path: Path) -> None:
    pictures = make_pictures(tmp_path / "pictures")
    command = [*agent_command(ROOT / "sweeps" / "wandb" / "seeds.yml"), *TINY, f"data.root={pictures}"]
    run(
        [*command, f"hydra.run.dir={tmp_path / 'run'}"],
        WANDB_MODE="offline",
        WANDB_RUN_ID="chosen1",
        WANDB_SWEEP_ID="s",
    )
    assert (tmp_path / "run" / "wandb" / "id").read_text() == "chosen1"
    with (tmp_path / "run" / "metrics.csv").open(newline="") as file:
        assert float(list(csv.DictReader(file))[-1]["eval/fd_efficientnet_lite0"]) > 0


def test_a_real_trial_that_was_killed_goes_on(tmp_path: Path) -> None:
    pictures, folder = make_pictures(tmp_path / "pictures"), tmp_path / "sweep"
    command = [sys.executable, "src/train.py", "-m", "seed=1", *TINY, f"data.root={pictures}"]
    command.append(f"hydra.sweep.dir={folder}")
    run(command)
    with (folder / "results.csv").open(newline="") as file:
        (before,) = csv.DictReader(file)
    assert before["metric"] == "fd_efficientnet_lite0"
    trial = folder / before["folder"]
    (trial / "trial.json").unlink()  # as if it had been killed just after its last checkpoint
    (trial / "summary.json").unlink()
    assert f"Going on with {trial.name}" in run(command)
    with (folder / "results.csv").open(newline="") as file:
        (after,) = csv.DictReader(file)
    assert after["value"] == before["value"]
