import os
import pickle
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from impasto.base.errors import UserError
from impasto.base.notices import forget_notices, notices
from impasto.models.state import TrainingState
from impasto.painters.checkpoints import FORMAT, read_checkpoint
from impasto.run.command_line.entry import register_resolvers
from impasto.run.records.resume import last_checkpoint, read_counts, with_resumed_config
from tests.training import CONF

Resume = Callable[..., DictConfig]


def as_hydra_composes(*overrides: str) -> DictConfig:
    register_resolvers()
    with initialize_config_dir(CONF, version_base="1.3"):
        return compose("train", list(overrides), return_hydra_config=True)


@pytest.fixture
def resume(tmp_path: Path) -> Iterator[Resume]:
    """Given overrides, the configuration that a run of model=r3gan goes on with."""
    record = tmp_path / ".hydra"
    record.mkdir()
    first = as_hydra_composes("name=a", "output_dir=b", "model=r3gan", "data.batch_size=8", "kimg=200")
    OmegaConf.save(OmegaConf.create({"hydra": first.hydra}), record / "hydra.yaml")
    OmegaConf.save(OmegaConf.masked_copy(first, [key for key in first if key != "hydra"]), record / "config.yaml")

    def resumed(*overrides: str) -> DictConfig:
        cfg = as_hydra_composes(f"resume={tmp_path}", *overrides)
        HydraConfig.instance().set_config(cfg)
        return with_resumed_config(cfg)

    forget_notices()
    yield resumed
    forget_notices()
    HydraConfig.instance().cfg = None


def test_what_may_change(resume: Resume, tmp_path: Path) -> None:
    cfg = resume("kimg=300", "trainer=cpu", "callbacks.samples.every_kimg=7", "data.root=there", "~callbacks.guard")
    assert (cfg.kimg, cfg.trainer.accelerator, cfg.callbacks.samples.every_kimg) == (300, "cpu", 7)
    assert cfg.data.root == "there"
    assert cfg.callbacks.guard is None
    assert (cfg.resume, cfg.output_dir) == (str(tmp_path), str(tmp_path))
    assert (cfg.model.generator.latent_dim, cfg.data.batch_size) == (64, 8)


@pytest.mark.parametrize(
    "override",
    [
        "model.optimizer_g.lr=1e-3",
        "seed=7",
        "data.batch_size=4",
        "data.image_size=32",
        "augment.p.end=0.5",
        "penalty.r1_r2.gamma=3",
        "name=other",
        "~model.ema_rampup",
        "+data.more=1",
    ],
)
def test_what_would_be_passed_over_is_refused(resume: Resume, override: str) -> None:
    with pytest.raises(UserError, match=r"a resumed run keeps its settings; those that may change are kimg") as problem:
        resume("model=r3gan", override)
    assert str(problem.value).startswith(override)


@pytest.mark.parametrize(
    ("override", "has"),
    [
        ("debug=fast", "debug=none"),
        ("model=cgan", "model=r3gan"),
        ("loss=hinge", "loss=relat"),
        ("penalty=[r1,lecam]", "penalty="),
    ],
)
def test_other_parts_are_refused(resume: Resume, override: str, has: str) -> None:
    with pytest.raises(UserError, match=f"{re.escape(override)}: this run has {has}.*keeps its parts"):
        resume(override)


def test_the_first_command_line_may_be_repeated(resume: Resume) -> None:
    cfg = resume("model=r3gan", "data.batch_size=8", "name=a", "kimg=200", "seed=0")
    assert (cfg.data.batch_size, cfg.kimg, cfg.seed) == (8, 200, 0)
    assert "resume" not in notices()


def test_schedules_that_are_stretched_are_named(resume: Resume) -> None:
    assert resume("kimg=400").model.lr_g.kimg == 400
    said = notices()["resume"]
    assert all(key in said for key in ("model.lr_g.kimg", "model.beta2.kimg", "augment.p.kimg"))


class Malicious:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.marker}",)


def test_a_pickle_with_code_in_it_is_not_run(tmp_path: Path) -> None:
    marker, path = tmp_path / "run", tmp_path / "model.ckpt"
    torch.save({"impasto": Malicious(marker)}, path)
    with pytest.raises(UserError, match="was not opened"):
        read_checkpoint(path)
    assert not marker.exists()
    path.write_bytes(pickle.dumps(Malicious(marker)))
    with pytest.raises(UserError):
        read_checkpoint(path)
    assert not marker.exists()


def test_a_file_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "model.ckpt"
    torch.save({"impasto": {"version": FORMAT, "weights": torch.zeros(1000)}}, path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(UserError, match="damaged or cut short"):
        read_checkpoint(path)


def test_bits_that_flipped_in_a_tensor(tmp_path: Path) -> None:
    path = tmp_path / "model.ckpt"
    torch.save({"impasto": {"version": FORMAT, "weights": torch.full((1000,), 0.5)}}, path)
    read_checkpoint(path)
    content = bytearray(path.read_bytes())
    content[content.index(torch.full((8,), 0.5).numpy().tobytes()) + 4] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match="damaged or cut short"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    "content",
    ["", "- a\n- list\n", "kimg: [1", "kimg: 1\n", "text", "kimg: \x00", "a: !!python/object:x {}\n"],
)
@pytest.mark.parametrize("name", ["config.yaml", "hydra.yaml"])
def test_a_damaged_record_is_one_sentence(resume: Resume, tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / ".hydra" / name).write_text(content)
    with pytest.raises(UserError, match=rf"{name} is damaged \(it .*\): restore a copy of it, or start a new run"):
        resume()


def test_a_record_cut_short_or_gone_is_one_sentence(resume: Resume, tmp_path: Path) -> None:
    record = tmp_path / ".hydra" / "config.yaml"
    record.write_text("".join(record.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(UserError, match=r"config\.yaml is damaged \(it lacks mode\)"):
        resume()
    (tmp_path / ".hydra" / "hydra.yaml").unlink()
    with pytest.raises(UserError, match=r"is damaged"):
        resume()


def whole() -> dict[str, Any]:
    parts: dict[str, Any] = {"state_dict": {}, "optimizer_states": [], "callbacks": {}, "loops": {}, "Data": {}}
    counts = {**TrainingState(batches_drawn=3).to_dict(), "version": FORMAT}
    return {**parts, "pytorch-lightning_version": "2", "impasto": counts}


def test_the_counts_of_a_checkpoint_to_go_on_from(tmp_path: Path) -> None:
    torch.save(whole(), tmp_path / "last.ckpt")
    assert read_counts(tmp_path / "last.ckpt", "Data")["batches_drawn"] == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[(name, None) for name in ("optimizer_states", "callbacks", "Data", "state_dict")],
        *[("images_seen", None), ("batches_drawn", -1), ("d_updates", 0.5), ("seconds", float("nan")), ("rng", None)],
        ("rollbacks", 3),
        ("factors", 0.5),
        ("factors", {"lr_g": 1.0}),
        ("factors", {"lr_g": float("nan"), "lr_d": 1.0, "penalty": 1.0}),
    ],
)
def test_a_checkpoint_that_lacks_something_is_one_sentence(tmp_path: Path, name: str, value: Any) -> None:
    content = whole()
    part = content if name in content else content["impasto"]
    part[name] = value
    if value is None:
        del part[name]
    torch.save(content, tmp_path / "last.ckpt")
    with pytest.raises(UserError, match=f"cannot be resumed from: {name} missing or wrong"):
        read_counts(tmp_path / "last.ckpt", "Data")


def test_not_ours_and_not_there(tmp_path: Path) -> None:
    path = tmp_path / "model.ckpt"
    torch.save({"weights": torch.zeros(3)}, path)
    with pytest.raises(UserError, match="not a checkpoint of this project"):
        read_checkpoint(path)
    with pytest.raises(UserError, match="does not exist"):
        read_checkpoint(tmp_path / "none.ckpt")
    with pytest.raises(UserError, match=r"last\.ckpt is missing"):
        last_checkpoint(tmp_path)
