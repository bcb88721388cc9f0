"""Checks of overrides against the types of the defaults in ``conf/``; imports neither torch nor lightning.

Otherwise any word given for a switch would count as true, and a word given for a number would fail deep inside.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from hydra import compose
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from impasto.base.errors import UserError
from impasto.run.command_line.arguments import LISTS, PATHS

MERGING: Final = ("penalty", "term", "logger", "callbacks", "debug", "experiment", "sweeps")
"""Groups that take several choices; in the others the last choice would hide the earlier ones."""

SIZES: Final = ("data.image_size", "data.pack_size", "data.painting_pack_size")
"""Numbers, or lists of two."""

NOT_ONLY_NUMBERS: Final = ("trainer.devices",)
"""A number by default that may be a word or a list as well."""


def refuse_misfits(cfg: DictConfig) -> None:
    """Refuse values of another type than their defaults.

    Raises:
        UserError: all such settings, in one message.
    """
    if not (HydraConfig.initialized() and GlobalHydra.instance().is_initialized()):
        return
    overrides = list(HydraConfig.get().overrides.task)
    groups = GlobalHydra.instance().config_loader().list_groups("")
    problems = group_problems(overrides, groups)
    chosen = of_groups(overrides, groups)
    if not problems and (settings := [each for each in overrides if each not in chosen]):
        defaults = OmegaConf.to_container(compose(HydraConfig.get().job.config_name, chosen))
        given = OmegaConf.to_container(cfg)
        problems = [*misfits(defaults, given), *added_problems(overrides), *unused(settings, defaults, given)]
    if problems:
        raise UserError(" ".join(problems))


def key_of(override: str) -> str:
    """``+model.lr_g`` of ``+model.lr_g=1``; ``penalty`` of ``penalty@here=r1``."""
    return override.lstrip("+~").partition("=")[0].partition("@")[0]


def of_groups(overrides: Sequence[str], groups: Sequence[str]) -> list[str]:
    """Those that choose a part, rather than set a value."""
    return [each for each in overrides if "/" in key_of(each) or key_of(each) in groups]


def group_problems(overrides: Sequence[str], groups: Sequence[str]) -> list[str]:
    """Lists of choices in groups that take one, and lists of none."""
    problems = []
    for override in of_groups(overrides, groups):
        key, value = key_of(override), override.partition("=")[2].replace(" ", "")
        if value == "[]":
            problems.append(f"{key}=[] chooses nothing; leave it out, or choose one that --help lists, such as none.")
        elif value.startswith("[") and key not in MERGING:
            problems.append(f"{key}={value}: only one can be chosen; give {key}=NAME.")
    return problems


def added_problems(overrides: Sequence[str]) -> list[str]:
    """Words for yes and no in settings that have no default to tell whether they are switches."""
    words = ("yes", "no", "on", "off")
    added = [each.partition("=")[::2] for each in overrides if each.startswith("+")]
    return [f"{key.removeprefix('++')}={word}: write true or false." for key, word in added if word.lower() in words]


def unused(settings: Sequence[str], default: Any, given: Any) -> list[str]:
    """Additions at the top that no other setting refers to, and so do nothing."""
    added = {key_of(each).partition(".")[0] for each in settings if each.startswith("+")} - {*default}
    return [f"+{name} is used by nothing: leave it out." for name in sorted(added) if f"${{{name}" not in str(given)]


def misfits(default: Any, value: Any, key: str = "") -> Iterator[str]:
    """One sentence for each value of another type than its default."""
    if isinstance(default, dict) and isinstance(value, dict):
        if default.get("_target_") == value.get("_target_"):  # a class of the user's own may take anything
            for name in [name for name in default if name in value]:
                yield from misfits(default[name], value[name], f"{key}.{name}".lstrip("."))
    elif "${" not in str(value) and (wanted := wanted_instead(default, value, key)):
        yield f"{key}={as_typed(value)} {wanted}."


def wanted_instead(default: Any, value: Any, key: str) -> str | None:
    """What is wrong with a value, and what to give; nothing if it may be right."""
    if default == "???" and value is None:
        return f"gives nothing, and {key} is needed; --help says what it is"
    if key in PATHS:
        named = value is None or isinstance(value, str) or (key in LISTS and isinstance(value, list))
        return None if named and value != "" else "is not a path; give the name of a file or folder"
    if isinstance(default, bool) and not isinstance(value, bool):
        return "is neither true nor false; write one of the two"
    if isinstance(default, int | float) and not isinstance(default, bool) and not may_be_number(value, key):
        return "is not a number"
    if isinstance(default, list) and not isinstance(value, list):
        return f"is not a list; write it in brackets, such as '{key}=[{'a,b' if value is None else as_typed(value)}]'"
    return None


def may_be_number(value: Any, key: str) -> bool:
    """Whether a value may replace a number; null, auto and schedules are left to the parts to check."""
    if isinstance(value, list):
        return key in SIZES or key in NOT_ONLY_NUMBERS
    if isinstance(value, dict):
        return "_target_" in value
    return value == "auto" or key in NOT_ONLY_NUMBERS or not isinstance(value, bool | str)


def as_typed(value: Any) -> str:
    """As it is written on the command line."""
    return {"None": "null", "True": "true", "False": "false"}.get(str(value), str(value))
