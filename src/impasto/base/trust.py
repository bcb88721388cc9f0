"""What a checkpoint may name: classes of trusted packages and plain values, nothing else."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from types import NoneType
from typing import Any

from impasto.base.errors import UserError


def trusted(name: str, packages: Sequence[str], what: str) -> Any:
    """The class or function of a dotted name that a checkpoint gives, if one of the packages itself defines it.

    A module may have imported anything, so what counts is the module that the object names. Nothing outside of the
    packages is imported.

    Args:
        name: dotted.
        packages: that may be named.
        what: its kind, for messages.

    Raises:
        UserError: it is not from one of the packages, or not there.
    """
    module, _, attribute = name.rpartition(".")
    if not is_within(module, packages) or attribute.startswith("_"):
        raise refusal(name, packages, what)
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError):
        raise UserError(
            f"The checkpoint's {what} {name} is not in this version and was not opened; use the version that made it."
        ) from None
    if not callable(found) or not is_within(str(getattr(found, "__module__", "")), packages):
        raise refusal(name, packages, what)
    return found


def refusal(name: str, packages: Sequence[str], what: str) -> UserError:
    """The error that names what a checkpoint holds and how to allow it."""
    return UserError(
        f"The checkpoint names {name} as its {what}, which is not of {' or '.join(packages)}, and was not opened; "
        "if it is your own, say so with trust=[package]."
    )


def check_targets(node: Any, packages: Sequence[str], what: str) -> None:
    """Make sure that Hydra may instantiate a configuration from a checkpoint.

    Every ``_target_`` must be :func:`trusted`. Interpolations are refused, for they could turn into a target after this
    check; the records that train.py writes are resolved and have none.

    Args:
        node: plain values.
        packages: that may be named.
        what: the part that is configured, for messages.

    Raises:
        UserError: it is not safe.
    """
    if isinstance(node, Mapping):
        if "_target_" in node:
            trusted(str(node["_target_"]), packages, what)
        for key, value in node.items():
            check_targets(key, packages, what)
            check_targets(value, packages, what)
    elif isinstance(node, list | tuple):
        for value in node:
            check_targets(value, packages, what)
    elif (isinstance(node, str) and "${" in node) or not isinstance(node, str | int | float | bool | NoneType):
        raise UserError(f"The checkpoint has {node!r} in its {what}, which train.py never writes; it was not opened.")


def is_within(module: str, packages: Sequence[str]) -> bool:
    """Whether a module is one of the packages or inside one."""
    return any(module == package or module.startswith(f"{package}.") for package in packages)
