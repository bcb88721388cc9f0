"""``--help`` answers from the file of the script alone, without Hydra, which would take seconds."""

from pathlib import Path
from typing import NoReturn

import pytest

from impasto.run.command_line.entry import run
from tests.training import CONF, ROOT


def composes() -> NoReturn:
    raise AssertionError("Hydra was asked")


@pytest.mark.parametrize("script", sorted(path.stem for path in (ROOT / "src").glob("*.py")))
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_script_says_what_it_takes(
    script: str, flag: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", [f"src/{script}.py", "seed=3", flag])
    with pytest.raises(SystemExit) as ended:
        run(composes)
    shown = capsys.readouterr().out
    assert ended.value.code == 0
    assert shown.startswith(f"python src/{script}.py ")
    assert "$" not in shown
    if script == "train":
        choices = ", ".join(sorted(path.stem for path in Path(CONF, "model").glob("*.yaml")))
        assert f"\nmodel: {choices}\n" in shown


@pytest.mark.parametrize("arguments", [["--hydra-help"], ["--help", "--config-dir", "mine"], ["label=--help"]])
def test_the_rest_is_left_to_hydra(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["src/train.py", *arguments])
    with pytest.raises(AssertionError, match="Hydra was asked"):
        run(composes)
