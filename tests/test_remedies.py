"""What messages tell users to set, install or export is there, in the commands that can print them."""

import ast
import os
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf
from PIL import Image

from impasto.base.errors import UserError
from impasto.evaluation.folders import pack_folder
from impasto.run.build import build_data
from impasto.run.command_line.arguments import with_open_settings, with_text_quoted
from impasto.run.command_line.composition_errors import settings_of
from impasto.run.command_line.entry import register_resolvers
from impasto.run.fit import prepare
from tests.training import CONF, ROOT, composed, make_pictures

SCRIPTS = ("train", "generate", "stylize", "evaluate", "explain", "audit", "export", "app", "live", "serve")
SETTING = re.compile(r"(?<![\w.{}/@-])\+*([a-z_]+(?:\.[a-z_0-9]+)*)=(?!=)|\bset ([a-z_]+\.[a-z_.0-9]*[a-z_0-9])")
EXTRA = re.compile(r"pip install (?:-e '?\.|'impasto)\[([a-z,]+)\]")
VARIABLE = re.compile(r"\b((?:IMPASTO|HF|WANDB)_[A-Z_]+)\b")
OF_HYDRA = ("hydra.run.dir", "hydra.sweeper.direction")
NOT_SETTINGS = {"alt", "charset", "class", "lang", "src", "devices", "strategy", "files", "vectors", "key"}
"""Attributes of HTML; the trainer's in a sentence that quotes them; arrays of a file; any key."""


@cache
def messages(path: Path) -> tuple[str, ...]:
    """All texts of several words in a module but its docstrings; what is filled in is ``{}``."""
    tree = ast.parse(path.read_text())
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            found.append("".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts | docstrings:
            found.append(node.value)
    return tuple(text for text in found if " " in text)


def every_message() -> Iterator[tuple[Path, str]]:
    for path in sorted((ROOT / "src").rglob("*.py")):
        for text in messages(path):
            yield path, text


@cache
def imported(path: Path) -> frozenset[Path]:
    """Modules of the project that a module imports, in functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            module = ROOT / "src" / Path(*name.split("."))
            found |= {p for p in (module.with_suffix(".py"), module / "__init__.py") if p.is_file()}
    return frozenset(found)


def reached(script: str) -> set[Path]:
    """All modules that a script imports."""
    return reached_from([ROOT / "src" / f"{script}.py"])


def reached_from(left: list[Path]) -> set[Path]:
    """Modules, and all that they import."""
    found: set[Path] = set()
    while left:
        if (path := left.pop()) not in found:
            found.add(path)
            left += imported(path)
    return found


@cache
def keys(script: str) -> frozenset[str]:
    """The settings of a script, of any of its choices."""
    register_resolvers()
    found: set[str] = set(settings_of(script))
    for path in [Path(CONF) / f"{script}.yaml", *(Path(CONF).glob("*/**/*.yaml") if script == "train" else ())]:
        group = path.relative_to(CONF).parts[0] if path.parent != Path(CONF) else ""
        if "@package _global_" in path.read_text():
            group = ""
        content = OmegaConf.to_container(OmegaConf.load(path), resolve=False)
        found |= set(nested(content, group))
    return frozenset(found)


def nested(node: object, above: str) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            name = f"{above}.{key}".lstrip(".")
            yield name
            yield from nested(value, name)


def is_setting(name: str, script: str) -> bool:
    """Whether a script takes a setting, or has one whose last part is called so."""
    opened = any(name.startswith(f"{key}.") for key, value in settings_of(script).items() if value == {})
    return opened or name in keys(script) or any(key.endswith(f".{name}") for key in keys(script) if "." not in name)


def test_settings_that_messages_name_are_settings_of_the_command() -> None:
    of_script = {script: reached(script) for script in SCRIPTS}
    named = set(re.findall(r"impasto(?:\.\w+)+", "\n".join(p.read_text() for p in Path(CONF).rglob("*.yaml"))))
    modules = [ROOT / "src" / Path(*name.split(".")[:-1]).with_suffix(".py") for name in named]
    of_conf = reached_from([path for path in modules if path.is_file()])
    wrong = []
    for path, text in every_message():
        scripts = [s for s in SCRIPTS if path in of_script[s] or f"{s}.py" in text]
        if not scripts or path in of_conf:
            scripts.append("train")
        if "protocols" in path.parts or "figures" in path.parts:
            scripts.append("evaluate")
        if text.lstrip().startswith("<"):  # markup
            continue
        for found in SETTING.finditer(text):
            name = found[1] or found[2]
            told = [*scripts, "train"] if name == "model" else scripts  # which is to be trained instead
            if name not in NOT_SETTINGS and name not in OF_HYDRA and not any(is_setting(name, s) for s in told):
                wrong.append(f"{path.relative_to(ROOT)}: {name} is no setting of {' or '.join(scripts)}: {text}")
    assert not wrong, "\n".join(wrong)


def test_extras_that_messages_name_can_be_installed() -> None:
    there = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = {extra for _, text in every_message() for found in EXTRA.findall(text) for extra in found.split(",")}
    assert named
    assert named <= there.keys()


def test_variables_that_messages_name_are_read() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    named = {name for _, text in every_message() for name in VARIABLE.findall(text)}
    assert "IMPASTO_CACHE" in named
    for name in named:
        assert re.search(rf"environ(\.get\(|\[)\"{name}\"", source), name


def evaluate_config(*arguments: str) -> DictConfig:
    given = with_open_settings(with_text_quoted(arguments), settings_of("evaluate"))
    with initialize_config_dir(CONF, version_base="1.3"):
        return compose("evaluate", given)


def test_data_of_a_checkpoint_that_has_moved_is_named_as_in_training() -> None:
    assert evaluate_config("checkpoint=c", "data.root=my pics (1)").data.root == "my pics (1)"
    assert evaluate_config("checkpoint=c", "+data.root=r", "data.vectors=v").data == {"root": "r", "vectors": "v"}


@pytest.fixture
def full_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that cannot be written, because it is below a file."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path / "file" / "cache"))
    return tmp_path


def remedied(message: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do what a message says."""
    found = re.search(r"set ([A-Z_]+)=FOLDER in the environment", message)
    assert found is not None, message
    monkeypatch.setenv(found[1], str(place))


def test_a_cache_that_cannot_be_written_is_remedied_in_train(full_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = make_pictures(full_cache / "pictures")
    cfg = composed(full_cache / "run", "data=image_folder", f"data.root={pictures}", "data.image_size=16")
    with pytest.raises(UserError) as problem:
        prepare(build_data(cfg), full_cache / "run")
    remedied(str(problem.value), full_cache / "mine", monkeypatch)
    prepare(build_data(cfg), full_cache / "run")
    assert os.listdir(full_cache / "mine") == ["packed"]  # noqa: PTH208


def test_a_cache_that_cannot_be_written_is_remedied_in_evaluate(
    full_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (full_cache / "real").mkdir()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(full_cache / "real" / "a.png")
    with pytest.raises(UserError) as problem:
        pack_folder(full_cache / "real", (8, 8), "real")
    remedied(str(problem.value), full_cache / "mine", monkeypatch)
    assert len(pack_folder(full_cache / "real", (8, 8), "real")) == 1
