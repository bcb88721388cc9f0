"""Presets go with every model, data and evaluation: what the chosen parts do not have is left out and said."""

import json
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf, open_dict

from impasto.base.errors import UserError
from impasto.base.notices import forget_notices, notices
from impasto.run.checks.configuration import check
from impasto.run.command_line.entry import register_resolvers
from impasto.run.command_line.presets import without_unfit_settings
from tests.test_config import check_binding, choices, targets
from tests.test_training import CASES, STYLES, sources
from tests.training import CONF, make_pictures, train

PRESETS = [f"{group}={name}" for group in ("experiment", "debug") for name in choices(group)]
DATA = {
    "image_folder": {"image"},
    "unpaired": {"content", "style"},
    "paired": {"content", "target"},
    "restoration": {"content", "target"},
    "segmentation": {"content", "target"},
    "label_maps": {"content", "target"},
    "style": {"content", "target", "style"},
    "personal": {"content", "style"},
}


def composed(folder: Path, *overrides: str) -> DictConfig:
    """The configuration of a run as train.py gets it, without what its presets set for other parts."""
    register_resolvers()
    fixed = [f"output_dir={folder}", "name=test", "trainer=cpu", "precision=32-true"]
    with initialize_config_dir(CONF, version_base="1.3"):
        cfg = compose("train", [*fixed, *overrides], return_hydra_config=True)
    hydra = cfg.hydra
    with open_dict(cfg):
        del cfg["hydra"]
    return without_unfit_settings(cfg, hydra)


@cache
def needs(model: str) -> set[str]:
    with initialize_config_dir(CONF, version_base="1.3"):
        return set(get_class(compose("train", [f"model={model}"]).model._target_).needs)


def cases(presets: list[str]) -> list[tuple[str, ...]]:
    """Every preset with every model, and the data that it learns from."""
    register_resolvers()
    fitting = [(f"model={m}", f"data={d}") for m in choices("model") for d, gives in DATA.items() if needs(m) <= gives]
    return [(preset, *fit) for preset, fit in product(presets, fitting)]


@pytest.mark.parametrize("case", cases(["debug=fast"]), ids=",".join)
def test_debug_goes_with_every_model(case: tuple[str, ...], tmp_path: Path) -> None:
    check_every_target(composed(tmp_path, *case))


@pytest.mark.nightly
@pytest.mark.parametrize("case", cases(PRESETS), ids=",".join)
def test_every_preset_goes_with_every_model(case: tuple[str, ...], tmp_path: Path) -> None:
    for evaluation in choices("evaluation"):  # in a loop: 100,000 tests would take longer to collect than others to run
        check_every_target(composed(tmp_path, *case, f"evaluation={evaluation}"))


def check_every_target(cfg: DictConfig) -> None:
    for path, node in targets(OmegaConf.to_container(cfg, resolve=True)):
        check_binding(path, node)


@pytest.mark.parametrize("name", choices("experiment"))
def test_an_experiment_is_whole_with_its_own_parts(name: str, tmp_path: Path) -> None:
    forget_notices()
    composed(tmp_path, f"experiment={name}")
    assert "experiment" not in notices()


def test_what_is_left_out_is_said_and_what_was_typed_is_refused(tmp_path: Path) -> None:
    forget_notices()
    translation = ["debug=fast", "model=fastcut", "data=unpaired", "data.content=nowhere"]
    cfg = composed(tmp_path, *translation)
    assert "num_real" not in cfg.evaluation
    assert cfg.evaluation.num_images == 16
    assert notices()["debug"] == "evaluation.num_real of debug=fast is not for the parts chosen here: left out."
    forget_notices()
    typed = composed(tmp_path, *translation, "evaluation.num_real=3")
    assert typed.evaluation.num_real == 3
    with pytest.raises(UserError, match="num_real"):
        check(typed)
    assert "debug" not in notices()
    assert composed(tmp_path, "debug=fast", "model=cgan").evaluation.num_real == 64
    assert "debug" not in notices()


def two_steps(preset: str, model: str, measured: bool, folder: Path, may_be_refused: bool = False) -> None:
    """Train on pictures of a few pixels, with the sizes of the networks that tests/test_training.py has.

    A term or a callback of a preset may be refused, before any data is read, for a model that has nothing for it.
    """
    pictures = make_pictures(folder / "pictures")
    small = {**CASES, **STYLES}[model]
    small = [each for each in small if measured or not each.startswith("evaluation.")]
    small = [f"++{each}" if each.startswith("term.") else each for each in small]  # of a term that a preset replaces
    if "van_gogh" in preset:  # whose term looks through a network that halves pictures five times
        small += ["data.image_size=64", "++data.pack_size=72"]
    overrides = [preset, *small, *sources(model, pictures), "kimg=0.008", *([] if measured else ["evaluation=none"])]
    cfg = composed(folder / "run", *overrides)
    if may_be_refused and (sentence := refused(cfg)) is not None:
        pytest.skip(sentence)
    train(cfg)
    summary = json.loads((folder / "run" / "summary.json").read_text())
    assert summary["status"] == "complete"
    assert bool(summary["metrics"]) == measured


def refused(cfg: DictConfig) -> str | None:
    """The sentence with which a term or a callback is refused; None if none is."""
    try:
        check(cfg)
    except UserError as problem:
        if not str(problem).startswith(("term=", "callbacks.")):
            raise
        return str(problem)
    return None


@pytest.mark.parametrize("model", ["cgan", "fastcut"])
def test_debug_trains(model: str, tmp_path: Path) -> None:
    two_steps("debug=fast", model, True, tmp_path)


@pytest.mark.parametrize("model", STYLES)
def test_debug_trains_models_of_any_style(model: str, tmp_path: Path) -> None:
    two_steps("debug=fast", model, False, tmp_path)


@pytest.mark.nightly
@pytest.mark.parametrize("model", STYLES)
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_trains_models_of_any_style(preset: str, model: str, tmp_path: Path) -> None:
    two_steps(preset, model, False, tmp_path, may_be_refused=True)


@pytest.mark.nightly
@pytest.mark.parametrize("measured", [True, False])
@pytest.mark.parametrize("model", CASES)
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_trains_every_model(preset: str, model: str, measured: bool, tmp_path: Path) -> None:
    two_steps(preset, model, measured, tmp_path, may_be_refused=True)


def test_an_object_of_a_preset_takes_the_place_of_another(tmp_path: Path) -> None:
    cfg = composed(tmp_path, "experiment=fashion_mnist_cgan", "model=cut", "data=unpaired")
    assert cfg.model.lr_g == {"_target_": "impasto.base.schedules.Cosine", "kimg": 280, "warmup_kimg": 14}
