"""Students of trained models: trained, resumed exactly, loaded as any painter."""

from pathlib import Path

import pytest
import torch

from impasto.base.errors import UserError
from impasto.painters.loading import load_painter
from impasto.run.checks.configuration import check
from tests.test_training import CASES, same, sources
from tests.training import composed, make_pictures, train, weights


def unmeasured(small: list[str]) -> list[str]:
    """Settings of a small run, without its figures."""
    return [*(each for each in small if not each.startswith("evaluation.")), "evaluation=none"]


SMALL = {"fastcut": unmeasured(CASES["fastcut"])}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pictures(tmp_path_factory.mktemp("data") / "pictures")


@pytest.fixture(scope="module")
def teachers(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> dict[str, Path]:
    """Runs of a few steps."""
    folder = tmp_path_factory.mktemp("teachers")
    for name, small in SMALL.items():
        train(composed(folder / name, *small, *sources(name, pictures), "kimg=0.008"))
    return {name: folder / name for name in SMALL}


@pytest.mark.parametrize("name", SMALL)
def test_a_student_of_any_model_resumes_exactly(
    name: str, pictures: Path, teachers: dict[str, Path], tmp_path: Path
) -> None:
    experiment = "experiment=[distil,distil_soft]"
    overrides = [experiment, *SMALL[name], *sources(name, pictures), f"teacher={teachers[name]}", "kimg=0.016"]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(composed(whole, *overrides))
    train(composed(parts, *overrides, "callbacks.stop.kimg=0.008"))
    train(composed(parts, *overrides, f"resume={parts}"))
    a, b = weights(whole), weights(parts)
    assert same(a["state_dict"], b["state_dict"])
    assert same(a["optimizer_states"], b["optimizer_states"])
    logged = (whole / "metrics.csv").read_text().splitlines()[0]
    assert {"hard_l1", "soft_scores", "soft_features"} <= {column.split("/")[-1] for column in logged.split(",")}
    assert load_painter(whole, device="cpu").takes == load_painter(teachers[name], device="cpu").takes


def test_a_teacher_that_does_not_fit_is_refused_before_data_is_read(teachers: dict[str, Path], tmp_path: Path) -> None:
    overrides = ["experiment=distil", *SMALL["fastcut"], "data.content=nowhere", "data.style=nowhere"]
    with pytest.raises(UserError, match=r"term=distil_hard: .*style_base.* paints from content and style, the student"):
        check(composed(tmp_path, *overrides))
    with pytest.raises(UserError, match=r"teacher=.*missing does not exist"):
        check(composed(tmp_path, *overrides, f"teacher={tmp_path / 'missing'}"))


def test_a_student_of_several_teachers_is_loaded_by_its_tasks(
    pictures: Path, teachers: dict[str, Path], tmp_path: Path
) -> None:
    """Of two teachers one paints darkly and the other lightly."""
    pair = [teacher_that_adds(teachers["fastcut"], tmp_path / f"{add}", add) for add in (-0.5, 0.5)]
    small = [each for each in SMALL["fastcut"] if "nce" not in each]
    small += [*sources("fastcut", pictures), "term=none", "model.adversarial=0", "kimg=0.2"]
    small += ["model.generator.norm=none", "model.generator.init_gain=1"]
    small += ["model.optimizer_g.lr=0.003", "model.ema_half_life_kimg=0.01"]
    several = ["experiment=distil", f"teacher=[{pair[0]},{pair[1]}]"]
    with pytest.raises(UserError, match=r"there are 2 teachers and 1 tasks: .*model.generator.tasks, such as \[a,b\]"):
        check(composed(tmp_path / "run", *small, *several))
    train(composed(tmp_path / "run", *small, *several, "model.generator.tasks=[dark,light]"))
    content = torch.rand(3, 3, 32, 32) * 2 - 1
    painters = (load_painter(tmp_path / "run", device="cpu", direction=name) for name in ("dark", "light"))
    dark, light = (painter(content=content) for painter in painters)
    assert dark.mean() + 0.2 < light.mean()
    first = load_painter(tmp_path / "run", device="cpu")
    assert (first.origin.direction, first.origin.directions) == ("dark", ("dark", "light"))
    with pytest.raises(UserError, match="direction=grey is not known: choose one of dark, light"):
        load_painter(tmp_path / "run", device="cpu", direction="grey")


def teacher_that_adds(run: Path, folder: Path, value: float) -> Path:
    """A copy of a run whose generator's last bias is changed."""
    content = weights(run)
    bias = [name for name in content["state_dict"] if name.startswith("painters.") and name.endswith("bias")][-1]
    content["state_dict"] = {**content["state_dict"], bias: torch.full_like(content["state_dict"][bias], value)}
    (folder / "checkpoints").mkdir(parents=True)
    torch.save(content, folder / "checkpoints" / "last.ckpt")
    return folder
