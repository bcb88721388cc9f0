"""Every configuration composes, and every ``_target_`` in it takes the arguments that it is given."""

import inspect
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra.utils import get_object
from omegaconf import DictConfig, ListConfig, OmegaConf

from impasto.networks.part_settings import part_names
from impasto.run.command_line.arguments import PATHS
from impasto.run.command_line.entry import register_resolvers
from tests.training import CONF, ROOT

GIVEN = {
    "model": {"spec", "networks", "loss", "penalties", "terms", "augment", "seed", "privacy"},
    "data": {"seed"},
    "trainer": {"logger", "callbacks", "precision"},
    "callbacks.checkpoints": {"record"},
    "callbacks.adapter": {"record"},
}
"""Arguments that do not come from config but from src/impasto/run/build.py."""


def choices(group: str) -> list[str]:
    return sorted(path.stem for path in Path(CONF, group).glob("*.yaml"))


def compose_train(*overrides: str) -> DictConfig:
    register_resolvers()
    with initialize_config_dir(CONF, version_base="1.3"):
        return compose("train", ["output_dir=nowhere", "name=test", *overrides])


def targets(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every mapping with a ``_target_``, with where it is."""
    if isinstance(node, dict):
        if "_target_" in node:
            yield path, node
        for key, value in node.items():
            yield from targets(value, f"{path}.{key}".lstrip("."))
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from targets(value, f"{path}.{i}")


def check_binding(path: str, node: dict[str, Any]) -> None:
    factory = get_object(node["_target_"])
    given = {key: value for key, value in node.items() if not key.startswith("_")}
    parameters = inspect.signature(factory).parameters
    extra = GIVEN.get(path, set())
    takes_all = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
    unknown = set(given) - set(parameters) - set(getattr(factory, "roles", ()))  # networks are built apart
    unknown -= part_names(factory)  # which are put in when the network is built
    if unknown and takes_all:  # **parts go on to the base class, and what opens the pictures gets the rest
        factories = [
            get_object(each["_target_"]) for each in node.values() if isinstance(each, dict) and "_partial_" in each
        ]
        for other in [*(base.__init__ for base in factory.__mro__[1:]), *factories]:
            unknown -= set(inspect.signature(other).parameters)
    assert not unknown, f"{path}: {node['_target_']} does not take {sorted(unknown)}"
    if not node.get("_partial_"):
        required = {
            name
            for name, p in parameters.items()
            if p.default is inspect.Parameter.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
        }
        assert required <= set(given) | extra, f"{path}: {node['_target_']} also needs {sorted(required - set(given))}"


GROUPS = (
    "model",
    "loss",
    "penalty",
    "term",
    "augment",
    "privacy",
    "data",
    "trainer",
    "logger",
    "callbacks",
    "evaluation",
    "condition",
    "debug",
)
CASES = [f"{group}={name}" for group in GROUPS for name in choices(group)]
CASES += [f"experiment={name}" for name in choices("experiment")]


LAUNCHERS = [f"hydra/launcher={name}" for name in choices("hydra/launcher")]


def files_of(override: str) -> list[Path]:
    """The file of a choice, and those of its parts; not of one in whose place it names a class of its own."""
    file = Path(CONF, *override.split("=")).with_suffix(".yaml")
    content = yaml.safe_load(file.read_text())
    parts = [str(entry).partition("@")[::2] for entry in content.get("defaults", [])]
    kept = [name for name, place in parts if not (place == "_here_" and "_target_" in content)]
    return [file, *(file.parent / f"{name}.yaml" for name in kept if name.startswith("parts/"))]


def written(files: list[Path]) -> set[str]:
    """What files name as ``_target_``."""
    return {node["_target_"] for file in files for _, node in targets(yaml.safe_load(file.read_text()))}


@pytest.mark.parametrize("override", CASES)
def test_every_target_binds_to_its_signature(override: str) -> None:
    unpaired = ["data=unpaired"] if override in ("model=cut", "model=fastcut") else []
    cfg = compose_train(override, *unpaired)
    found = list(targets(OmegaConf.to_container(cfg, resolve=True)))
    assert len(found) > 10
    assert written(files_of(override)) <= {node["_target_"] for _, node in found}
    for path, node in found:
        check_binding(path, node)


@pytest.mark.parametrize("override", LAUNCHERS)
def test_every_target_around_a_run_binds_to_its_signature(override: str) -> None:
    register_resolvers()
    with initialize_config_dir(CONF, version_base="1.3"):
        cfg = compose("train", [override], return_hydra_config=True)
    found = list(targets(OmegaConf.to_container(cfg.hydra)))
    ours = written([Path(CONF, "train.yaml"), *files_of(override)])
    assert len(ours) >= 2
    assert ours <= {node["_target_"] for _, node in found}
    for path, node in found:
        if node["_target_"] in ours:  # Hydra holds those of packages against schemas of their own
            check_binding(path, node)


def test_no_target_is_left_out() -> None:
    files = [path for folder in (CONF, ROOT / "sweeps") for path in Path(folder).rglob("*.y*ml")]
    looked_at = {Path(CONF, "train.yaml"), *(file for case in [*CASES, *LAUNCHERS] for file in files_of(case))}
    assert {file for file in files if written([file])} <= looked_at


def test_the_tests_see_every_group() -> None:
    folders = {path.name for path in Path(CONF).iterdir() if path.is_dir()} - {"hydra", "sweeps", "experiment"}
    assert folders == {group for group in GROUPS if choices(group)}


def test_an_experiment_sets_the_length_and_the_command_line_has_the_last_word() -> None:
    assert compose_train("experiment=paintings_cgan").kimg == 100
    assert compose_train("experiment=paintings_cgan").callbacks.stop.kimg == 100
    assert compose_train("experiment=paintings_cgan", "kimg=3").kimg == 3


def test_schedules_follow_the_length_of_the_run() -> None:
    for choice in CASES:
        cfg = OmegaConf.to_container(compose_train(choice, "kimg=123"), resolve=True)
        for path, node in targets(cfg):
            if node["_target_"].startswith("impasto.base.schedules.") and "kimg" in node:
                assert node["kimg"] == 123, f"{choice}: {path}"


def test_penalties_combine_and_models_choose_their_loss() -> None:
    cfg = compose_train("model=wgan_gp", "penalty=[r1,lecam]")
    assert set(cfg.penalty) == {"r1", "lecam"}
    assert cfg.loss._target_.endswith("Wasserstein")
    assert set(compose_train("model=wgan_gp").penalty) == {"gradient_penalty"}
    assert compose_train("model=wgan_gp", "loss=hinge").loss._target_.endswith("Hinge")
    assert compose_train("penalty=none").penalty == {}


def call(tmp_path: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """train.py, with what is in a folder in front of the packages of that name."""
    return subprocess.run(
        [sys.executable, str(ROOT / "src" / "train.py"), *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["--help"], 0, "\nloss: hinge, "),
        (["--cfg", "job", "model=cgan", "data=wikiart"], 0, "impasto.models.noise.NoiseGAN"),
        (["model=cgam"], 1, "Error: model=cgam is not known: did you mean cgan? There are acgan, adain, adcgan, "),
        (["loss="], 1, "Error: loss= is not known: there are hinge, "),
        (["model=3"], 1, "model=3 is not known: there are acgan, adain, adcgan, article, cgan"),
        (["kigm=3"], 1, "kigm is not a setting: did you mean kimg?"),
        (["modle=cgan"], 1, "did you mean mode or model?"),
        (["model.generator.latent_dmi=3"], 1, "latent_dmi"),
        (["model=a=b"], 1, "Error: model=a=b cannot be read"),
        (["seed=1,2"], 1, "Error: seed=1,2 has several values: add -m to sweep over them"),
    ],
)
def test_the_command_line_answers_without_torch(arguments: list[str], status: int, says: str, tmp_path: Path) -> None:
    blocker = tmp_path / "torch.py"
    blocker.write_text("raise ImportError('torch is not to be imported here')")
    done = call(tmp_path, *arguments)
    assert done.returncode == status
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert status == 0 or len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("hydra/launcher=ray", "hydra/launcher=ray"),  # which conf/hydra has settings for
        ("hydra/launcher=submitit", "hydra/launcher=submitit_slurm"),
        ("hydra/launcher=joblib", "hydra/launcher=joblib"),
        ("+sweeps=optuna_lr", "hydra/sweeper=optuna"),
    ],
)
def test_a_launcher_that_is_not_installed_is_one_sentence(override: str, named: str, tmp_path: Path) -> None:
    (tmp_path / "hydra_plugins").mkdir()
    (tmp_path / "hydra_plugins" / "__init__.py").touch()  # hides the packages that share this name
    done = call(tmp_path, "-m", override, "seed=1,2", f"hydra.sweep.dir={tmp_path / 'sweep'}")
    assert done.returncode == 1
    assert done.stderr == f"Error: {named} needs the sweep extra: pip install 'impasto[sweep]'.\n"


def test_lists_in_config_are_plain(tmp_path: Path) -> None:
    """What a checkpoint keeps of its configuration must load with ``weights_only``."""
    container = OmegaConf.to_container(compose_train("model=sagan"), resolve=True)
    assert yaml.safe_load(yaml.safe_dump(container)) == container
    assert not isinstance(container, DictConfig | ListConfig)


def test_paths_that_are_quoted_are_settings() -> None:
    """A setting that is renamed would lose its quotes, and folders with umlauts with them."""
    cfgs = [compose_train(f"data={name}") for name in choices("data")]
    cfgs += [compose_train(f"experiment={name}") for name in ("distil", "personal_style")]
    with initialize_config_dir(CONF, version_base="1.3"):
        cfgs += [
            compose(name) for name in ("generate", "stylize", "evaluate", "export", "explain", "app", "live", "serve")
        ]
    known = {key for cfg in cfgs for key in PATHS if in_config(cfg, key)}
    assert known == {key for key in PATHS if not key.startswith("hydra.")}


def in_config(cfg: DictConfig, key: str) -> bool:
    parent, _, name = key.rpartition(".")
    node = OmegaConf.select(cfg, parent) if parent else cfg
    return isinstance(node, DictConfig) and name in list(node.keys())
