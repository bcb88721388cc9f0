"""The files in sweeps/: each composes to what it says, and W&B's agent would start what Hydra understands."""

import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf
from wandb.sdk.launch.sweeps.utils import create_sweep_command, create_sweep_command_args

from impasto.run.entry import register_resolvers

ROOT = Path(__file__).parents[2]
FILES = sorted(path.stem for path in (ROOT / "sweeps").glob("*.yaml"))
WANDB = sorted((ROOT / "sweeps" / "wandb").glob("*.yaml"))


def composed(*overrides: str) -> Any:
    register_resolvers()
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return compose("train", list(overrides), return_hydra_config=True)


@pytest.mark.parametrize("name", FILES)
def test_every_trial_of_a_sweep_composes(name: str) -> None:
    cfg = composed(f"+sweeps={name}", "hydra.job.num=0", "hydra.job.id=0")
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
    for trial in list(product(*grid))[:20]:
        composed(f"+sweeps={name}", *trial)


def test_the_search_looks_in_the_direction_of_mode() -> None:
    assert composed("+sweeps=optuna_lr").hydra.sweeper.direction == "minimize"
    assert composed("+sweeps=optuna_lr", "mode=max").hydra.sweeper.direction == "maximize"


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


def test_the_command_of_the_agent_runs(tmp_path: Path) -> None:
    command = [*agent_command(WANDB[0]), "--cfg", "job"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert shown.returncode == 0, shown.stderr
    assert "WandbRun" in shown.stdout
