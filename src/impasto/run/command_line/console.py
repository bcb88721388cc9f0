"""The command ``impasto``: the entry scripts by name, where the package was installed; imports no torch."""

import ast
import runpy
import sys
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import impasto

PACKAGE: Final = Path(impasto.__file__).parent
ORDER: Final = ("train", "generate", "stylize", "evaluate", "export", "app", "live")
"""In which they are listed; others follow."""


def commands() -> dict[str, Path]:
    """The scripts by name: inside the package where a wheel was installed, in ``src/`` of a checkout."""
    inside = PACKAGE / "commands"
    folder = inside if inside.is_dir() else PACKAGE.parent
    found = {path.stem: path for path in sorted(folder.glob("*.py"))}
    return {name: found[name] for name in sorted(found, key=lambda name: (name not in ORDER, place(name), name))}


def place(name: str) -> int:
    """Of a command in the list."""
    return ORDER.index(name) if name in ORDER else len(ORDER)


def main() -> None:
    """Run a command: ``impasto stylize input=photo.jpg ...`` is ``python src/stylize.py input=photo.jpg ...``."""
    known, (name, *arguments) = commands(), [*sys.argv[1:], ""][: max(len(sys.argv) - 1, 1)]
    if name in ("", "-h", "--help"):
        print(listed(known))
    elif name == "--version":
        print(f"impasto {impasto.__version__}")
    elif name not in known:
        near = get_close_matches(name, known, n=1)
        meant = f"did you mean {near[0]}? T" if near else "t"
        sys.exit(f"Error: impasto {name} is not known: {meant}here are {', '.join(known)}.")
    else:
        sys.argv = [str(known[name]), *arguments]
        runpy.run_path(str(known[name]), run_name="__main__")


def listed(known: dict[str, Path]) -> str:
    """What each command does, by the first sentence of its docstring."""
    lines = ["impasto COMMAND [KEY=VALUE ...]", ""]
    for name, path in known.items():
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        first = said.splitlines()[0].partition(":")[0].rstrip(".") if said else ""
        lines.append(f"  {name:<10} {first}")
    return "\n".join([*lines, "", "impasto COMMAND --help lists the settings of one."])
