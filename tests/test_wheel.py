"""The wheel: what is in it, that it is the same each time, and that it works where it is installed."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from tests.style_painter import photo
from tests.training import ROOT

PARTS = (
    "src",
    "conf",
    "sweeps",
    "setup.py",
    "pyproject.toml",
    "MANIFEST.in",
    "README.md",
    "LICENSE",
    "constraints.txt",
)
ONE = "import setuptools.build_meta as b, sys; print(getattr(b, 'build_' + sys.argv[1])(sys.argv[2]))"


def built(kind: str, source: Path, target: Path, **environment: str) -> Path:
    command = [sys.executable, "-c", ONE, kind, str(target)]
    done = subprocess.run(command, cwd=source, env={**os.environ, **environment}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return target / done.stdout.splitlines()[-1]


def copied(folder: Path) -> Path:
    """The files that a build reads, so that it leaves nothing in this checkout."""
    folder.mkdir()
    for name in PARTS:
        if (ROOT / name).is_dir():
            left_out = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=left_out)
        else:
            shutil.copyfile(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    return built("wheel", copied(folder / "source"), folder)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, and with the packages of this one behind it; gives its folder of programs."""
    folder = tmp_path_factory.mktemp("elsewhere") / "venv"
    venv.create(folder, with_pip=False)
    (site,) = folder.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(site)
    ours = next(Path(path) for path in sys.path if (Path(path) / "torch").is_dir())
    # As a line of plain text: the .pth of an editable installation in there is not followed.
    (site / "behind.pth").write_text(f"{ours}\n")
    entry = (next(site.glob("impasto-*.dist-info")) / "entry_points.txt").read_text()
    ((name, target),) = re.findall(r"^(\w+) = (\S+)$", entry, re.M)
    module, function = target.split(":")
    program = folder / "bin" / name
    program.write_text(f"#!{folder}/bin/python\nfrom {module} import {function}\n{function}()\n")
    program.chmod(0o755)
    return folder / "bin"


def impasto(installed: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    cwd = installed.parent
    command = [str(installed / "impasto"), *arguments]
    return subprocess.run(command, cwd=cwd, env={**inherited, **environment}, capture_output=True, text=True)


def files_of(folder: str, suffix: str) -> set[str]:
    return {str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob(f"*{suffix}")}


def test_it_holds_code_configuration_samples_and_weights(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"impasto/{name}" for name in files_of("conf", ".yaml")} <= names
    assert {f"impasto/conf/{name}" for name in files_of("sweeps", ".yaml")} <= names
    assert {name.removeprefix("src/") for name in files_of("src/impasto", ".py")} <= names
    assert {f"impasto/commands/{path.name}" for path in (ROOT / "src").glob("*.py")} <= names
    samples = {name.removeprefix("src/") for name in files_of("src/impasto/data/samples", "")}
    assert {name for name in samples if (ROOT / "src" / name).is_file()} <= names
    assert "impasto/painters/shipped/style_base.safetensors" in names
    assert not [name for name in names if re.search(r"__pycache__|^tests|\.ckpt$", name)]


def test_the_command_lists_what_there_is_and_guesses(installed: Path) -> None:
    listed = impasto(installed).stdout
    assert [line.split()[0] for line in listed.splitlines() if line.startswith("  ")][:4] == [
        *("train", "generate", "stylize", "evaluate"),
    ]
    assert "train      Train a model\n" in listed
    unknown = impasto(installed, "stylise")
    assert unknown.returncode == 1
    assert "did you mean stylize?" in unknown.stderr
    assert impasto(installed, "--version").stdout == "impasto 0.1.0\n"
    told = impasto(installed, "train", "--help").stdout
    assert "impasto train model=cgan data=wikiart" in told
    assert "src/train.py" not in told
    assert "loss_penalty" in told  # of sweeps/


def test_a_picture_is_painted_where_the_wheel_is_installed(installed: Path, tmp_path: Path) -> None:
    Image.fromarray(photo(64, 96)).save(tmp_path / "photo.png")
    done = impasto(installed, "stylize", f"input={tmp_path}/photo.png", "style=van_gogh", f"output={tmp_path}/out")
    assert done.returncode == 0, done.stderr
    assert Image.open(tmp_path / "out" / "photo.png").size == (96, 64)
    wrong = impasto(installed, "stylize", f"input={tmp_path}/none.png", "style=van_gogh", f"output={tmp_path}/out")
    assert wrong.stderr.startswith("Error: input=")
    composed = impasto(installed, "train", "-m", "+sweeps=seeds", "modle=cgan")
    assert "did you mean mode or model?" in composed.stderr


@pytest.mark.nightly
def test_the_same_files_make_the_same_archives(wheel: Path, tmp_path: Path) -> None:
    again = copied(tmp_path / "again")
    for path in again.rglob("*"):
        if not path.is_symlink():
            os.utime(path, (1_700_000_000, 1_700_000_000))
    assert digest(built("wheel", again, tmp_path)) == digest(wheel)
    first = built("sdist", again, tmp_path)
    before = digest(first)
    assert digest(built("sdist", copied(tmp_path / "third"), tmp_path)) == before
    stamped = built("sdist", again, tmp_path, SOURCE_DATE_EPOCH="1700000000")
    assert digest(stamped) != before
    with tarfile.open(first) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (source,) = (tmp_path / "unpacked").iterdir()
    assert contents(built("wheel", source, tmp_path / "unpacked")) == contents(wheel)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def contents(wheel: Path) -> Mapping[str, int]:
    return {info.filename: info.CRC for info in zipfile.ZipFile(wheel).infolist() if "dist-info" not in info.filename}
