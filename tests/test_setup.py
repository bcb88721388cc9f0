"""The set-up files agree with each other; nothing here installs anything."""

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
REQUIREMENTS = [Requirement(text) for text in [*PROJECT["dependencies"], *(r for rs in EXTRAS.values() for r in rs)]]
LINES = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
PINS = dict(line.split("==") for line in LINES)


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=str)
def test_each_dependency_is_pinned_inside_its_range(requirement: Requirement) -> None:
    assert PINS[canonicalize_name(requirement.name)] in requirement.specifier


def test_each_dependency_says_why_it_is_needed() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    for requirement in REQUIREMENTS:
        (line,) = re.findall(rf'^.*"{re.escape(requirement.name)}[<>=!].*$', text, re.MULTILINE)
        assert re.search(r"# .{4,}", line), line


def test_pins_resolve_anywhere() -> None:
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][a-z0-9.]*", line) for line in LINES)  # no local versions, no addresses
    assert not [name for name in PINS if name.startswith(("nvidia", "cuda", "triton"))]


def test_releases_with_malware_are_excluded() -> None:
    (lightning,) = (r for r in REQUIREMENTS if r.name == "lightning")
    assert "2.6.2" not in lightning.specifier
    assert "2.6.3" not in lightning.specifier


def make(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    inherited = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=ROOT, env={**inherited, **environment}, capture_output=True, text=True)


def test_make_lists_its_targets() -> None:
    listed = make().stdout
    assert [line.split("\t")[0] for line in listed.splitlines()] == [
        f"make {t}" for t in ("help", "demo", "test", "lint", "bench", "gallery", "docs", "dist")
    ]


def test_make_sets_up_the_environment_before_anything_else(tmp_path: Path) -> None:
    for target in ("demo", "test", "lint", "bench", "dist"):
        commands = make("-n", target, f"VENV={tmp_path / 'venv'}").stdout
        assert commands.index("-m venv") < commands.index("-c constraints.txt")
        assert commands.splitlines()[-1].startswith(f"{tmp_path / 'venv'}/bin/python ")


def test_an_old_python_is_named(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    fake = 'import sys; sys.version_info, sys.version = (3, 9, 2), "3.9.2 (x)"; exec(sys.argv[1])'
    old.write_text(f"#!/bin/sh\nexec python3 -c '{fake}' \"$2\"\n")
    old.chmod(0o755)
    done = make("lint", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}")
    assert done.returncode != 0
    assert (
        f"Error: Python 3.11 or newer is needed, and {old} is 3.9.2; name another: make PYTHON=python3.12"
        in done.stderr
    )
    assert not (tmp_path / "venv").exists()


def test_ci_and_hooks_run_what_make_runs() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text().startswith("#!/usr/bin/env bash\n")
    assert "set -euo pipefail" in script.read_text()
    assert re.findall(r"^make .*", script.read_text(), re.MULTILINE) == ["make lint", "make test"]
    assert (ROOT / ".github" / "workflows" / "ci.yml").read_text().endswith("- run: .ci/run\n")
    hooks = OmegaConf.load(ROOT / ".pre-commit-config.yaml").repos[0].hooks  # type: ignore[union-attr]
    assert [hook.entry for hook in hooks] == ["make lint", "make test"]


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert PROJECT["license"] == "Apache-2.0"
