"""Paths and free text on the command line as people and shells write them: Hydra's grammar needs quotes around most.

Hydra reads ``label=1_000`` as a number and refuses ``label=Ölbild`` and ``label=Art_Nouveau_(Modern)``.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Quote, QuotedString
from hydra.errors import HydraException

from impasto.base.errors import UserError

LISTS: Final = frozenset({"data.content", "data.style", "data.photos", "data.paintings", "style", "teacher"})
"""Settings that take a path or several."""

PATHS: Final = LISTS | {
    *("generated", "real", "target", "content", "adapters", "calibration"),
    *("output_dir", "runs", "styles", "rate", "votes"),
    *("checkpoint", "base", "input", "output", "source", "mask", "resume", "start", "vectors", "edit", "project"),
    *("data.images", "data.labels", "data.instances", "instances"),
    *("data.root", "data.vectors", "data.captions", "data.target", "data.cache_dir", "data.pictures.repository"),
    *("evaluation.weights_path", "evaluation.cache_dir", "hydra.run.dir", "hydra.sweep.dir"),
}
"""Settings that take the name of a file or folder."""

TEXT_LISTS: Final = frozenset({"logger.wandb.tags", "prompt", "train"})
"""Settings that take several words of free text, in brackets."""

TEXTS: Final = TEXT_LISTS | {
    *("label", "name", "token", "host"),
    *("logger.wandb.project", "logger.wandb.run_name", "logger.wandb.entity", "logger.wandb.group"),
}
"""Settings that take free text."""

NULL_IS_TEXT: Final = frozenset({"label"})
"""Those that may hold the word null, as a class may be called so; in others null unsets the setting."""

ASSIGNMENT: Final = re.compile(r"(\+{0,2})([\w.]+)=(.*)", re.DOTALL)


def with_text_quoted(arguments: Sequence[str]) -> list[str]:
    """Command-line arguments in which every path and every free text is one value to Hydra, with any characters.

    Raises:
        UserError: an empty path, which would stand for the current folder.
    """
    swept = any(a in ("-m", "--multirun") or a.lower() == "hydra.mode=multirun" for a in arguments)
    return [argument(each, swept) for each in arguments]


def with_open_settings(arguments: Sequence[str], settings: Mapping[Any, Any]) -> list[str]:
    """Arguments in which keys of an open setting, ``{}`` in the YAML, get the prefix ++ that Hydra needs there.

    Args:
        arguments: of the command line.
        settings: of the script's YAML file.
    """
    names = "|".join(re.escape(str(key)) for key, value in settings.items() if value == {})
    inside = re.compile(rf"({names})\.[\w.]+=") if names else None
    return [f"++{each}" if inside is not None and inside.match(each) else each for each in arguments]


def argument(text: str, swept: bool = False) -> str:
    """One argument; all but the settings of :data:`PATHS` and :data:`TEXTS` are left as they are.

    Raises:
        UserError: an empty path.
    """
    found = ASSIGNMENT.fullmatch(text)
    if found is None or found[2] not in PATHS | TEXTS:
        return text
    sign, key, value = found.groups()
    if key in TEXTS:
        return f"{sign}{key}={free_text(key, value, swept)}"
    if value.strip() in ("", "''", '""'):
        raise UserError(f"{key}= is empty; give a path, such as {key}=FOLDER, or leave it out.")
    return f"{sign}{key}={path(key, value, swept)}"


def path(key: str, value: str, swept: bool) -> str:
    """The value of a setting that takes a path, quoted if Hydra would read something else.

    A name that exists is taken literally. Otherwise what Hydra can read stays as it is, with quotes and ``${...}``,
    except numbers and switches, which are names of folders here.
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


def free_text(key: str, value: str, swept: bool) -> str:
    """The value of a setting that takes free text, quoted if Hydra would read something else.

    What is quoted or escaped for Hydra already, and ``${...}``, stays as it is.
    """
    override = parsed(key, value)
    if swept and "," in value and not re.search(r"""["'\\\[]""", value):
        called = override is not None and "(" in value  # such as choice(a,b)
        return value if called else ",".join(literal(key, each.strip()) for each in value.split(","))
    meant = None if override is None or override.is_sweep_override() else override.value()
    if key in TEXT_LISTS and re.fullmatch(r"\[.*\]", value, re.DOTALL):
        return several(value, meant)
    return literal(key, value)


def literal(key: str, value: str) -> str:
    """One free text, quoted if needed."""
    override = parsed(key, value)
    meant = None if override is None or override.is_sweep_override() else override.value()
    if isinstance(meant, str) and (meant == value or re.search(r"""^["']|\\|\$\{""", value)):
        return value
    if value.lower() == "null" and key not in NULL_IS_TEXT:
        return value
    return quoted(value, literal=False)


def several(value: str, meant: Any) -> str:
    """A list of paths or texts: as it is if Hydra reads strings, else each one quoted."""
    if isinstance(meant, list) and all(isinstance(each, str) for each in meant):
        return value
    names = (name.strip() for name in value[1:-1].split(","))
    return f"[{','.join(quoted(name, literal=exists(name)) for name in names if name)}]"


def parsed(key: str, value: str) -> Override | None:
    """The argument as Hydra reads it; None if it cannot."""
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
