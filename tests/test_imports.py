"""Imports run one way: no package, and no folder inside one, imports what stands on it."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src"
ENTRY = "entry scripts"
NEITHER_LIGHTNING_NOR_HYDRA = ("networks", "losses", "augment", "painters")


def modules() -> dict[str, set[str]]:
    """Every module with the modules it imports: dotted names; imports inside functions and for types count too."""
    known = {".".join(path.relative_to(SRC).with_suffix("").parts) for path in SRC.rglob("*.py")}
    found = {}
    for name in known:
        imported = set()
        for node in ast.walk(ast.parse((SRC / f"{name.replace('.', '/')}.py").read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported |= {
                    full if (full := f"{node.module}.{alias.name}") in known else node.module for alias in node.names
                }
        found[name] = imported
    return found


def folder(module: str) -> str:
    """``data/packing`` of ``impasto.data.packing.pack``."""
    return "/".join(module.split(".")[1:-1]) or ENTRY


def arrows(depth: int) -> dict[str, set[str]]:
    """Folders cut to so many levels, each with those it imports from."""
    graph: dict[str, set[str]] = {}
    for module, imported in modules().items():
        here = "/".join(folder(module).split("/")[:depth])
        there = {"/".join(folder(name).split("/")[:depth]) for name in imported if name.startswith("impasto.")}
        graph.setdefault(here, set()).update(there - {here})
    return graph


@pytest.mark.parametrize("depth", [1, 2], ids=["packages", "packages and their folders"])
def test_no_import_runs_back_up(depth: int) -> None:
    TopologicalSorter(arrows(depth)).prepare()  # raises CycleError, which names the circle


def test_base_stands_on_nothing_of_ours() -> None:
    assert arrows(1)["base"] == set()


@pytest.mark.parametrize("package", ["procedural", "degradations"])
def test_what_makes_pictures_stands_on_base_alone(package: str) -> None:
    assert arrows(1)[package] == {"base"}


def test_networks_losses_augmentation_and_painters_know_neither_lightning_nor_hydra() -> None:
    imports = modules()
    for name in imports:
        if folder(name).split("/")[0] in NEITHER_LIGHTNING_NOR_HYDRA:
            reached, left = set(), [name]
            while left:
                if (module := left.pop()) not in reached:
                    reached.add(module)
                    left += [other for other in imports.get(module, ()) if other.startswith("impasto.")]
            packages = {other.split(".")[0] for module in reached for other in imports.get(module, ())}
            assert not packages & {"lightning", "hydra", "omegaconf"}, name
