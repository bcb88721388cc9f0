"""README.md and the pages of docs/: links and pictures exist, commands compose, the site is built."""

import argparse
import ast
import importlib
import itertools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.utils import get_object
from omegaconf import OmegaConf

from impasto.run.command_line.arguments import with_open_settings, with_text_quoted
from impasto.run.command_line.composition_errors import settings_of
from impasto.run.command_line.entry import register_resolvers
from tests.benchmarks.run import ALL as BENCHMARKS
from tests.training import CONF, ROOT

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
CODE = re.compile(r"`([^`]+)`")
MAKE = re.compile(r"\bmake ([a-z]\w*)((?: [A-Z]+=(?:\"[^\"]*\"|\S+))*)")


def without_fences(page: Path) -> str:
    return FENCE.sub("", page.read_text())


def spans(page: Path) -> list[str]:
    """What is code in a line of text, on one line each."""
    return [" ".join(each.split()) for each in CODE.findall(without_fences(page))]


def commands() -> Iterator[tuple[str, ...]]:
    """The words of every command of the documentation, without what it sets in the environment."""
    for page in PAGES:
        blocks = [text.replace("\\\n", " ") for kind, text in FENCE.findall(page.read_text()) if not kind]
        for line in [*itertools.chain(*(block.splitlines() for block in blocks)), *spans(page)]:
            if re.match(r"([A-Z_]+=\S+ )*python ", line):
                words = shlex.split(line, comments=True)
                yield tuple(itertools.dropwhile(lambda word: re.match("[A-Z_]+=", word), words))


GIVEN = sorted({*commands()})
SCRIPTS = [words for words in GIVEN if words[1].startswith("src/")]
INLINE = [words[2] for words in GIVEN if words[1] == "-c"]


@pytest.fixture(scope="module")
def own_parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The YAML files of a user's own that the pages show, where a command finds them with --config-dir."""
    folder = tmp_path_factory.mktemp("mine")
    for page in PAGES:
        for kind, text in FENCE.findall(page.read_text()):
            if kind == "yaml" and (named := re.match(r"# (conf/\S+)\n", text)):
                (folder / named[1]).parent.mkdir(parents=True, exist_ok=True)
                (folder / named[1]).write_text(text)
    return folder / "conf"


def arguments(words: tuple[str, ...]) -> Any:
    """Hydra's options, apart from overrides; any other ends the test."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--multirun", "-m", action="store_true")
    parser.add_argument("--help", action="store_true")
    parser.add_argument("--config-dir")
    parser.add_argument("--cfg", choices=["job"])
    parser.add_argument("overrides", nargs="*")
    return parser.parse_intermixed_args(words)


def trials(overrides: list[str]) -> Iterator[list[str]]:
    """Overrides with every combination of the values that are swept over."""
    parsed = OverridesParser.create().parse_overrides(overrides)
    yield from map(
        list,
        itertools.product(
            *(
                [f"{each.get_key_element()}={value}" for value in each.sweep_string_iterator()]
                if each.is_sweep_override()
                else [str(each.input_line)]
                for each in parsed
            )
        ),
    )


@pytest.mark.parametrize("words", SCRIPTS, ids=lambda words: " ".join(words[1:]))
def test_a_command_names_what_exists(words: tuple[str, ...], own_parts: Path) -> None:
    script = Path(words[1])
    assert (ROOT / script).is_file()
    given = arguments(words[2:])
    register_resolvers()
    swept = ["--multirun"] if given.multirun else []
    overrides = with_text_quoted([*swept, *given.overrides])[len(swept) :]
    overrides = with_open_settings(overrides, settings_of(script.stem))
    search = [f"hydra.searchpath=[file://{own_parts}]"] if given.config_dir else []
    with initialize_config_dir(CONF, version_base="1.3"):
        for trial in trials(overrides) if given.multirun else [overrides]:
            cfg = compose(script.stem, [*search, *trial], return_hydra_config=True)
            cfg.hydra = None  # has values of its own that only a run fills in
            assert given.help or given.cfg or "???" not in str(OmegaConf.to_container(cfg))


@pytest.mark.parametrize("text", INLINE)
def test_a_line_of_python_imports_what_exists(text: str) -> None:
    tree = ast.parse(text)
    names = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert names
    for node in names:
        module = importlib.import_module(str(node.module))
        assert all(hasattr(module, alias.name) for alias in node.names)


def test_make_has_the_targets_that_are_named() -> None:
    targets = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.M))
    text = [(page.name, found) for page in PAGES for found in MAKE.findall("\n".join(code(page)))]
    assert {target for _, (target, _) in text} >= {"demo", "test", "bench", "docs"}
    for page, (target, settings) in text:
        assert target in targets, f"{page}: make {target}"
        for word in shlex.split(settings.partition("ARGS=")[2]) if target == "bench" else []:
            assert word.partition(":")[0] in BENCHMARKS, f"{page}: make {target}{settings}"


def code(page: Path) -> list[str]:
    return [*spans(page), *(text for _, text in FENCE.findall(page.read_text()))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_exist(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", CODE.sub("", without_fences(page)))
    for target in (each for each in targets if not re.match(r"\w+:", each)):
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.is_file(), f"{page.name}: {target}"
        assert page.parent == ROOT or path.is_relative_to(DOCS), f"{page.name}: {target} is not in the site"
        assert not anchor or anchor in anchors(path), f"{page.name}: {target}"


def anchors(page: Path) -> set[str]:
    """Of the headings of a page, as both Git hosts and MkDocs make them."""
    titles = re.findall(r"^#+ (.+)$", without_fences(page), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_choices_and_classes_that_are_named_exist(page: Path) -> None:
    groups = {path.name for path in Path(CONF).iterdir() if path.is_dir()}
    for span in spans(page):
        if re.fullmatch(r"(src|sweeps|tests|docs)/[\w./*-]+", span):
            assert list(ROOT.glob(span)), f"{page.name}: {span}"
        elif re.fullmatch(r"impasto(\.\w+)+", span):
            assert named(span), f"{page.name}: {span}"
        elif (choice := re.fullmatch(r"(\w+)=(\w+)", span)) and choice[1] in groups and choice[2] != "NAME":
            assert Path(CONF, choice[1], f"{choice[2]}.yaml").is_file(), f"{page.name}: {span}"


def named(name: str) -> Any:
    """A module, or what is in one."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        return get_object(name)


def test_the_table_of_choices_names_what_exists() -> None:
    rows = re.findall(r"^\| `(\w+)=` \| (.*) \|$", (DOCS / "choices.md").read_text(), re.M)
    assert {group for group, _ in rows} >= {"model", "loss", "penalty", "term", "augment", "data", "experiment"}
    for group, text in rows:
        missing = {name for name in re.findall(r"`(\w+)`", text) if not Path(CONF, group, f"{name}.yaml").is_file()}
        assert not missing, f"{group}: {missing}"


def places(node: Any) -> list[str]:
    """The pages of a navigation, at any depth."""
    if isinstance(node, str):
        return [node]
    return [name for each in (node.values() if isinstance(node, dict) else node) for name in places(each)]


def test_every_page_has_a_place() -> None:
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    in_navigation, apart = places(site["nav"]), site.get("not_in_nav", "").split()
    pages = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}
    assert len(in_navigation) == len({*in_navigation, *apart}) - len(apart)
    assert {*in_navigation} <= pages
    assert pages <= {*in_navigation, *apart}


def test_the_site_is_built_without_a_warning_or_a_foreign_font(tmp_path: Path) -> None:
    pytest.importorskip("material", reason="the docs extra is not installed")
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(tmp_path), strict=True))  # raises at a warning
    page = (tmp_path / "index.html").read_text()
    assert "pictures/styles.jpg" in page
    assert not re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", page)
