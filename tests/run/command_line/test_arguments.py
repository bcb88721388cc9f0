"""Any folder's name goes through Hydra's grammar, and what was written for Hydra stays as it was."""

import shlex
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import OverrideParseException
from omegaconf import OmegaConf

from impasto.base.errors import UserError
from impasto.run.command_line.arguments import NULL_IS_TEXT, TEXTS, argument, with_text_quoted
from impasto.run.command_line.composition_errors import composition_sentence, group_sentence
from tests.training import CONF

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
            *(
                "label=Baroque",
                'label="1_000"',
                "label=Art_Nouveau_\\(Modern\\)",
                "name=${model}_2",
                "name=null",
                "label=",
            ),
            *("logger.wandb.tags=[a,b c]", "logger.wandb.group=null"),
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
    assert with_text_quoted(["-m", "data.root=a,b", "seed=1,2"])[1:] == ["data.root=a,b", "seed=1,2"]
    assert with_text_quoted(["data.root=a,b", "seed=1"]) == ["data.root='a,b'", "seed=1"]
    assert read(with_text_quoted(["--multirun", "data.root=my pics (1)"])[1]) == "my pics (1)"


@pytest.mark.parametrize("text", ["data.root=", "input=''", 'resume=""', "output= ", "hydra.run.dir="])
def test_an_empty_path_is_not_the_current_folder(text: str) -> None:
    with pytest.raises(UserError, match="is empty; give a path"):
        with_text_quoted([text])


WORDS = [
    "null",
    "1_000",
    "true",
    "1e3",
    "2020_01",
    "01",
    "Art_Nouveau_(Modern)",
    "水墨",
    "Ölbild",
    "a,b",
    "it's",
    "[x]",
    "a: b",
]


@pytest.mark.parametrize(("key", "word"), [("label", w) for w in (*WORDS, *AWKWARD)] + [("name", w) for w in WORDS])
def test_free_text_stands_for_itself(key: str, word: str) -> None:
    if word == "null" and key not in NULL_IS_TEXT:
        assert read(argument(f"{key}=null")) is None
    elif "\\" not in word:  # may be meant for Hydra
        assert read(argument(f"{key}={word}")) == word
        assert argument(argument(f"{key}={word}")) == argument(f"{key}={word}")


def test_lists_of_free_text() -> None:
    assert read(argument("logger.wandb.tags=[1_000,true,Ölbild (1), a b]")) == ["1_000", "true", "Ölbild (1)", "a b"]


def test_sweeps_over_free_text_stay_sweeps() -> None:
    def swept(text: str) -> list[object]:
        override = OverridesParser.create().parse_overrides([with_text_quoted(["-m", text])[1]])[0]
        return list(override.sweep_string_iterator()) if override.is_sweep_override() else [override.value()]

    assert swept("label=1_000,水墨,Art_Nouveau_(Modern)") == ["'1_000'", "'水墨'", "'Art_Nouveau_(Modern)'"]
    assert swept("name=a,b") == ["a", "b"]
    assert swept("name=choice(a,b)") == ["a", "b"]
    assert swept("label=true") == ["true"]


OF_OTHERS = {"label": "generate", "prompt": "generate", "token": "app", "host": "app", "train": "app"}


@pytest.mark.parametrize(("key", "script"), [(key, OF_OTHERS.get(key, "train")) for key in sorted(TEXTS)])
def test_every_free_text_is_a_setting(key: str, script: str) -> None:
    with initialize_config_dir(CONF, version_base="1.3"):
        cfg = compose(script, ["logger=wandb"] if script == "train" else [])
    parent, _, name = key.rpartition(".")
    assert name in (OmegaConf.select(cfg, parent) if parent else cfg)


@pytest.mark.parametrize("given", ["model.x=a(b", "+trust=Ölbild", 'data.x=say "hi" (1)'])
def test_the_message_shows_the_argument_quoted(given: str) -> None:
    problem = OverrideParseException(override=given, message="no viable alternative")
    shown = composition_sentence(problem, "train").partition("write ")[2].rstrip(".")
    python, script, argument = shlex.split(shown)
    assert (python, script) == ("python", "src/train.py")
    override = OverridesParser.create().parse_override(argument)
    assert f"{argument.partition('=')[0]}={override.value()}" == given


@pytest.mark.parametrize("value", ["3", "null", "true"])
def test_a_group_that_is_given_a_number_is_named(value: str) -> None:
    assert group_sentence(["seed=1", f"model={value}"]).startswith(f"Error: model={value} is not known: there are ")
