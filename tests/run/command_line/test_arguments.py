"""Any folder's name goes through Hydra's grammar, and what was written for Hydra stays as it was."""

from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from impasto.base.errors import UserError
from impasto.run.command_line.arguments import argument, with_paths_quoted

AWKWARD = [
    *(
        "ünï",
        "my pics (2023)",
        "a,b",
        "it's",
        'say "hi"',
        "a=b",
        "[x]",
        "{y}",
        "{a:1}",
        "#1",
        "~x",
        "a b",
        "日本",
        "a;b&c",
    ),
    *(
        "2023",
        "1e5",
        "true",
        "range(1,3)",
        "back\\slash",
        "it\\'s",
        "trailing\\",
        "what?",
        "100%",
        "a:b",
        "glob(*)",
        "!",
    ),
]


def read(text: str) -> object:
    """What the configuration holds in the end."""
    override = OverridesParser.create().parse_overrides([text])[0]
    assert not override.is_sweep_override()
    return OmegaConf.create({"it": override.value()}).it


@pytest.mark.parametrize("name", AWKWARD)
@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("key", ["data.root", "input", "+data.root", "hydra.run.dir"])
def test_awkward_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, there: bool, key: str) -> None:
    monkeypatch.chdir(tmp_path)
    if there:
        (tmp_path / name).mkdir()
    if there or "\\" not in name:  # a backslash may be meant for Hydra, where nothing has such a name
        assert read(argument(f"{key}={name}")) == name
    once = argument(f"{key}={tmp_path / name}")
    assert there is False or read(once) == str(tmp_path / name)
    assert argument(once) == once  # processes of ddp are started with arguments that were quoted before


@pytest.mark.parametrize("name", ["a${b}", "${seed}", "a\\${b}c", "${b"])
def test_interpolation_is_left_alone_unless_there_is_such_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if "}" in name and "\\" not in name:
        assert argument(f"output={name}") == f"output={name}"
    (tmp_path / name).touch()
    assert read(argument(f"output={name}")) == name


@pytest.mark.parametrize(
    "text",
    [
        *("resume=null", "output=outputs/run_1", "data.root='my pics'", "data.root=my\\ pics\\ \\(1\\)"),
        *("data.content=[sample:animals,sample:faces]", "data.style=['a,b',c]", "data.content=photos"),
        *(
            "label=Ölbild",
            "--cfg",
            "-m",
            "model.generator.attention=[32]",
            "~callbacks.guard",
            "hydra.run.dir=a/${name}",
        ),
    ],
)
def test_what_hydra_reads_well_stays(text: str) -> None:
    assert argument(text) == text


def test_lists_of_folders() -> None:
    assert read(argument("data.content=[ünï, my pics (1)]")) == ["ünï", "my pics (1)"]
    assert read(argument("data.style=[2022,2023]")) == ["2022", "2023"]
    assert read(argument("input=[a.png]")) == "[a.png]"


def test_sweeps_over_folders_stay_sweeps() -> None:
    assert with_paths_quoted(["-m", "data.root=a,b", "seed=1,2"])[1:] == ["data.root=a,b", "seed=1,2"]
    assert with_paths_quoted(["data.root=a,b", "seed=1"]) == ["data.root='a,b'", "seed=1"]
    assert read(with_paths_quoted(["--multirun", "data.root=my pics (1)"])[1]) == "my pics (1)"


@pytest.mark.parametrize("text", ["data.root=", "input=''", 'resume=""', "output= ", "hydra.run.dir="])
def test_an_empty_path_is_not_the_current_folder(text: str) -> None:
    with pytest.raises(UserError, match="is empty; give a path"):
        with_paths_quoted([text])
