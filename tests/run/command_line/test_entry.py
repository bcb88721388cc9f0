"""What is given on the command line fits its setting, or is refused in a sentence before a task runs."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from impasto.base.errors import UserError
from impasto.run.command_line.arguments import with_text_quoted
from impasto.run.command_line.entry import register_resolvers, report_user_errors
from impasto.run.command_line.override_checks import added_problems, group_problems, misfits, refuse_misfits
from tests.training import CONF, ROOT

GROUPS = ("loss", "penalty", "logger", "data")

SCRIPT = """
import sys
import hydra
from impasto.run.command_line.entry import checked, report_user_errors, run

@report_user_errors
@checked
def task(cfg):
    assert "torch" not in sys.modules
    print("ran", cfg.get("input"), cfg.get("data", {}).get("root"), cfg.get("overwrite"))

@hydra.main(version_base="1.3", config_path=CONF, config_name=NAME)
def main(cfg):
    task(cfg)

run(main)
"""


def call(tmp_path: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A script with the configuration of an entry script and a task that only prints."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.replace("CONF", repr(CONF)).replace("NAME", repr(name)))
    return subprocess.run(
        [sys.executable, str(script), *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )


def looked_at(name: str, *arguments: str) -> DictConfig:
    """The configuration of an entry script after what happens to it before the task, in this process."""
    register_resolvers()
    with initialize_config_dir(CONF, version_base="1.3"):
        cfg = compose(name, with_text_quoted(arguments), return_hydra_config=True)
        HydraConfig.instance().set_config(cfg)
        try:
            refuse_misfits(cfg)
        finally:
            HydraConfig.instance().cfg = None
    return cfg


def test_a_name_that_is_not_utf_8_is_logged_like_any_other(tmp_path: Path) -> None:
    handler = looked_at("train").hydra.job_logging.handlers.file
    file = logging.FileHandler(tmp_path / "train.log", encoding=handler.encoding, errors=handler.errors)
    file.emit(logging.makeLogRecord({"msg": os.fsdecode(b"caf\xe9.jpg is \xc3\xa9")}))
    file.close()
    assert (tmp_path / "train.log").read_text("utf-8") == "caf\\udce9.jpg is é\n"


NEEDED = ("checkpoint=c", "output=o")
STYLIZE = ("stylize", *NEEDED)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((*STYLIZE, "input=i", "overwrite=no", "preserve_color=x"), "overwrite=no is neither true nor false"),
        (("generate", *NEEDED, "overwrite=0"), "overwrite=0 is neither true nor false"),
        (("train", "data=mnist", "data.flip=no"), "data.flip=no is neither true nor false"),
        (("train", "compile=off", "model.discriminator.sigmoid=null"), "model.discriminator.sigmoid=null is neither"),
        (
            ("train", "experiment=paintings_cgan", "model.generator.features=lots"),
            "model.generator.features=lots is not a num",
        ),
        (("train", "data.batch_size=[8]"), "data.batch_size=[8] is not a number"),
        (("train", "kimg={a:1}"), "is not a number"),
        (("train", "data.image_size=true"), "data.image_size=true is not a number"),
        (("train", "model.optimizer_g.betas=0.5"), "write it in brackets, such as 'model.optimizer_g.betas=[0.5]'"),
        (("train", "penalty=[r1,lecam]", "penalty.r1.gamma=x"), "penalty.r1.gamma=x is not a number"),
        (("train", "loss=[hinge,lsgan]"), "loss=[hinge,lsgan]: only one can be chosen"),
        (("train", "penalty=[]"), "penalty=[] chooses nothing"),
        (("evaluate", "checkpoint=c", "+data.flip=no"), "+data.flip=no: write true or false"),
        ((*STYLIZE, "input=null"), "input=null gives nothing, and input is needed"),
        (("generate", "checkpoint=null", "output=o"), "checkpoint=null gives nothing"),
        ((*STYLIZE, "input=i", "trust=null"), "trust=null is not a list"),
        ((*STYLIZE, "input=i", "trust=mine"), "such as 'trust=[mine]'"),
        ((*STYLIZE, "input="), "input= is empty"),
        (("train", "data.root="), "data.root= is empty"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(arguments: tuple[str, ...], says: str) -> None:
    with pytest.raises(UserError) as problem:
        looked_at(*arguments)
    assert says in str(problem.value)


@pytest.mark.parametrize(
    "arguments",
    [
        (*STYLIZE, "input=[a.png]", "trust=[mine]", "tile=0", "overwrite=true"),
        (
            "train",
            "data.image_size=[16,24]",
            "trainer.devices=auto",
            "model=wgan",
            "model.lr_g=2",
            "penalty=[r1,lecam]",
            "term=[total_variation,image_gradient]",
        ),
        ("train", "callbacks.samples.every_kimg=null", "callbacks.guard=null", "data=unpaired", "logger=[csv,wandb]"),
        ("train", "data.pictures={_target_:my.own,_partial_:true}", "model.beta2=0.9", "seed=${oc.env:SHLVL,1}"),
        (
            "train",
            "data=unpaired",
            "data.content=[a,ö]",
            "data.pack_size=null",
            "data.holdout=null",
            "trainer.devices=auto",
        ),
        ("evaluate", "generated=g h", "real=r", "evaluation.metrics=[kid]", "image_size=64"),
    ],
)
def test_what_fits_passes(arguments: tuple[str, ...]) -> None:
    looked_at(*arguments)


def test_a_number_is_the_name_of_a_folder() -> None:
    assert looked_at("train", "data=image_folder", "data.root=2023").data.root == "2023"


def test_a_script_says_it_and_does_not_run_its_task(tmp_path: Path) -> None:
    done = call(tmp_path, *STYLIZE, "input=i", "overwrite=no", "trust=null")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: overwrite=no is neither true nor false")
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_script_takes_any_name(tmp_path: Path) -> None:
    done = call(tmp_path, *STYLIZE, "input=Fotos (2023), ünï's", "overwrite=true")
    assert not done.stderr
    assert done.stdout.startswith("ran Fotos (2023), ünï's None True")


def test_trials_of_a_sweep_are_looked_at_too(tmp_path: Path) -> None:
    done = call(tmp_path, "generate", "-m", *NEEDED, "seed=1,x", "hydra.sweep.dir=swept", "hydra.sweep.subdir=s")
    assert "ran" in done.stdout
    assert "seed=x is not a number" in done.stderr


def test_lists_of_choices() -> None:
    assert not group_problems(["penalty=[r1,lecam]", "loss=hinge", "data.image_size=[]", "logger=[csv,wandb]"], GROUPS)
    assert len(group_problems(["loss=[hinge]", "data=[a,b]", "penalty=[ ]"], GROUPS)) == 3


def test_words_for_settings_without_default() -> None:
    assert added_problems(["+a.b=Off", "+c=true", "d=no"]) == ["+a.b=Off: write true or false."]


def test_additions_that_nothing_refers_to_are_refused() -> None:
    with pytest.raises(UserError, match=r"^\+nope is used by nothing: leave it out\.$"):
        looked_at("train", "+nope=1")
    with pytest.raises(UserError, match=r"^\+nope is used"):
        looked_at("train", "+nope.a=1")
    looked_at("train", "+wide=32", "model.generator.features=${wide}")
    looked_at("train", "+model.generator.more=1", "++kimg=3", "+sweeps=seeds", "+callbacks.mine._target_=my.Callback")


def test_a_class_of_ones_own_may_take_anything() -> None:
    default = {"m": {"_target_": "a.B", "residual": True}, "kimg": 1.0}
    assert not list(misfits(default, {"m": {"_target_": "c.D", "residual": "sometimes"}, "kimg": 2}))
    assert len(list(misfits(default, {"m": {"_target_": "a.B", "residual": "sometimes"}, "kimg": "2"}))) == 2


def test_a_user_without_a_home_is_told_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    @report_user_errors
    def task(path: str) -> Path:
        return Path(path).expanduser()

    with pytest.raises(SystemExit, match=r"^Error: There is no home folder .* set HOME=FOLDER in the environment\.$"):
        task("~nobody-of-that-name/pictures")
    monkeypatch.setenv("HOME", "/home/me")
    assert task("~/pictures") == Path("/home/me/pictures")


def test_an_error_that_is_not_the_users_keeps_its_traceback() -> None:
    @report_user_errors
    def task(_: object) -> None:
        raise RuntimeError("of torch")

    with pytest.raises(RuntimeError, match="of torch"):
        task(None)
