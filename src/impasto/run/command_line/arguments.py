"""Paths on the command line as people and shells write them: Hydra's grammar asks for quotes around most names."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Quote, QuotedString
from hydra.errors import HydraException

from impasto.base.errors import UserError

LISTS: Final = frozenset({"data.content", "data.style"})
"""Settings that take a path or several."""

PATHS: Final = LISTS | {
    *("checkpoint", "input", "output", "resume", "generated", "real", "content", "vectors", "output_dir"),
    *("data.root", "data.vectors", "data.cache_dir", "data.pictures.repository"),
    *("evaluation.weights_path", "evaluation.cache_dir", "hydra.run.dir", "hydra.sweep.dir"),
}
"""Settings that take the name of a file or folder."""

ASSIGNMENT: Final = re.compile(r"(\+{0,2})([\w.]+)=(.*)", re.DOTALL)


def with_paths_quoted(arguments: Sequence[str]) -> list[str]:
    """Command-line arguments in which every path is one value to Hydra, whatever characters it has.

    Raises:
        UserError: an empty path, which would stand for the current folder.
    """
    swept = any(a in ("-m", "--multirun") or a.lower() == "hydra.mode=multirun" for a in arguments)
    return [argument(each, swept) for each in arguments]


def argument(text: str, swept: bool = False) -> str:
    """One argument; all but the settings of :data:`PATHS` are left as they are.

    Raises:
        UserError: an empty path.
    """
    found = ASSIGNMENT.fullmatch(text)
    if found is None or found[2] not in PATHS:
        return text
    sign, key, value = found.groups()
    if value.strip() in ("", "''", '""'):
        raise UserError(f"{key}= is empty; give a path, such as {key}=FOLDER, or leave it out.")
    return f"{sign}{key}={path(key, value, swept)}"


def path(key: str, value: str, swept: bool) -> str:
    """The value of a setting that takes a path, quoted where Hydra would not read the very path out of it.

    A name that exists is meant literally. Otherwise what Hydra can read stays as it is, quotes and ``${...}`` included,
    but for numbers and switches, which are names of folders here.
    """
    there = exists(value)
    override = parsed(key, value)
    if override is not None and override.is_sweep_override() and swept:
        return value
    meant = None if override is None or override.is_sweep_override() else override.value()
    if value.lower() == "null" or (isinstance(meant, str) and not there):
        return value
    if meant == value and "${" not in value:
        return value
    if key in LISTS and not there and re.fullmatch(r"\[.*\]", value, re.DOTALL):
        return several(value, meant)
    return quoted(value, literal=there)


def several(value: str, meant: Any) -> str:
    """A list of paths: as it is where Hydra reads strings out of it, else each one quoted."""
    if isinstance(meant, list) and all(isinstance(each, str) for each in meant):
        return value
    names = (name.strip() for name in value[1:-1].split(","))
    return f"[{','.join(quoted(name, literal=exists(name)) for name in names if name)}]"


def parsed(key: str, value: str) -> Override | None:
    """What Hydra reads; nothing where it cannot."""
    try:
        return OverridesParser.create().parse_override(f"{key}={value}")
    except (HydraException, ValueError):
        return None


def quoted(text: str, literal: bool) -> str:
    """Quoted for Hydra; if literal, ``${`` is no interpolation, for which OmegaConf wants backslashes doubled."""
    if literal:
        text = re.sub(r"(\\*)\$\{", r"\1\1\\${", text)
    return QuotedString(text=text, quote=Quote.single).with_quotes()


def exists(name: str) -> bool:
    """Whether there is such a file or folder."""
    try:
        return Path(name).expanduser().exists()
    except (OSError, RuntimeError, ValueError):  # too long a name, no such user's home, a character that none has
        return False
