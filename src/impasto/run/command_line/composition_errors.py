"""Hydra's errors about a command line, as one sentence; imports neither torch nor lightning."""

import re
import shlex
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, Final

from hydra.core.override_parser.types import Quote, QuotedString
from hydra.errors import CompactHydraException, MissingConfigException, OverrideParseException
from omegaconf import OmegaConf

from impasto.base.conf import CONF, as_called

PLUGINS: Final = (
    r"Could not (?:find|load) 'hydra/(?P<kind>launcher|sweeper)/(?P<name>joblib|ray(_aws)?|submitit(_\w+)?|optuna)'",
    r"Unknown plugin class : 'hydra_plugins\.hydra_(?P<name>\w+?)_(?P<kind>launcher|sweeper)\b",
)
"""Hydra's messages if the package of a launcher or sweeper is missing: for its group, and for its class."""


def composition_sentence(problem: CompactHydraException, script: str) -> str:
    """What is wrong with the command line of an entry script, with a guess at what was meant.

    Hydra itself prints its search path, and advises to add an unknown key with ``+``, which nothing would read.
    """
    text = str(problem)
    if said := missing_plugin(text):
        return said
    if unknown := re.match(r"Could not override '(.+?)'", text):
        near = [] if "." in unknown[1] else get_close_matches(unknown[1], list(settings_of(script)), n=2)
        meant = f": did you mean {' or '.join(near)}?" if near else "."
        return f"Error: {unknown[1]} is not a setting{meant} --cfg job shows them all."
    if several := re.match(r"Ambiguous value for argument '(.+)'", text):
        return f"Error: {several[1]} has several values: add -m to sweep over them, or put a list in brackets."
    if isinstance(problem, MissingConfigException) and problem.options:
        return f"Error: {unknown_choice(str(problem.missing_cfg_file), list(problem.options))}"
    if isinstance(problem, OverrideParseException):
        reason = text.splitlines()[0].strip().rstrip(".")
        return f"Error: {problem.override} cannot be read ({reason}): write {as_text(str(problem.override), script)}."
    return "\n".join(filter(None, [text, str(problem.__cause__ or "")]))


def as_text(argument: str, script: str) -> str:
    """The command with an argument whose value is text, quoted for Hydra and for the shell."""
    key, equals, value = argument.partition("=")
    if not (equals and re.fullmatch(r"\+{0,2}[\w./@-]+", key)):
        return "KEY=VALUE"
    quoted = QuotedString(text=value, quote=Quote.double).with_quotes()
    return as_called(f"python src/{script}.py {shlex.quote(f'{key}={quoted}')}")


def missing_plugin(text: str) -> str | None:
    """Which extra to install, if the package of a launcher or sweeper is missing; else None."""
    found = next(filter(None, (re.search(pattern, text) for pattern in PLUGINS)), None)
    if found is None:
        return None
    return f"Error: hydra/{found['kind']}={found['name']} needs the sweep extra: pip install 'impasto[sweep]'."


def unknown_choice(wanted: str, options: list[str]) -> str:
    """That a group has no such choice, and which it has."""
    group, _, name = wanted.rpartition("/")
    near = get_close_matches(name, options, n=1)
    meant = f"did you mean {near[0]}? T" if near else "t"
    return f"{group}={name} is not known: {meant}here are {', '.join(options)}."


def group_sentence(arguments: Sequence[str]) -> str:
    """Which argument gives a group a number, a switch or null instead of the name of a choice."""
    for argument in arguments:
        key, _, value = argument.lstrip("+").partition("=")
        options = sorted(path.stem for path in (CONF / key).glob("*.yaml")) if re.fullmatch(r"[\w/]+", key) else []
        if options and value not in options and not value.startswith("["):
            return f"Error: {unknown_choice(f'{key}/{value}', options)}"
    return "Error: a group takes the name of one of its choices, not a number or null; --help lists them."


def settings_of(script: str) -> dict[str, Any]:
    """The plain settings of an entry script with their defaults, and its groups with their choices."""
    path = CONF / f"{script}.yaml"
    if not path.is_file():
        return {}
    node = OmegaConf.to_container(OmegaConf.load(path), resolve=False)
    assert isinstance(node, dict)
    groups = {
        str(key): choice for each in node.get("defaults", []) if isinstance(each, dict) for key, choice in each.items()
    }
    return groups | {str(key): value for key, value in node.items() if key not in ("defaults", "hydra")}
