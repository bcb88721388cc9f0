"""Checks of single settings: whole numbers, shares, switches and paths; imports no torch."""

from collections.abc import Sequence
from pathlib import Path

from impasto.base.errors import UserError


def check_number(name: str, value: object, least: int) -> None:
    """Make sure that a setting is a whole number, and not too small or large.

    Raises:
        UserError: it is not.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 2**63:
        raise UserError(f"{name}={value} does not fit: give a whole number of {least} or more.")


def check_between(name: str, value: object, least: float, most: float, example: str = "") -> None:
    """Make sure that a setting is a number from ``least`` to ``most``.

    Args:
        name: of the setting.
        value: of the setting.
        least: the smallest that is let through.
        most: the largest.
        example: added to the remedy.

    Raises:
        UserError: it is not.
    """
    if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
        raise UserError(f"{name}={value} is out of range; give a number from {least:g} to {most:g}{example}.")


def check_factor(name: str, value: object) -> None:
    """Make sure that a setting is a number from 0 to 10.

    Raises:
        UserError: it is not.
    """
    check_between(name, value, 0, 10, ", such as 1")


def check_list(name: str, value: object) -> None:
    """Make sure that a setting is a list: a text is none, though it can be run through.

    Raises:
        UserError: it is not.
    """
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise UserError(f"{name}={value} is not a list; write it in brackets, such as '{name}=[{value}]'.")


def check_port(value: object) -> None:
    """Make sure that a setting is the number of a port; 0 takes a free one.

    Raises:
        UserError: it is not.
    """
    check_number("port", value, 0)
    if isinstance(value, int) and value > 65535:
        raise UserError(f"port={value} does not fit: give a number from 0 to 65535.")


def check_share(name: str, value: object) -> None:
    """Make sure that a setting is a number from 0 to 1.

    Raises:
        UserError: it is not.
    """
    check_between(name, value, 0, 1)


def check_switch(name: str, value: object) -> None:
    """Make sure that a setting is true or false: the words yes and no are text to Hydra, and text counts as true.

    Raises:
        UserError: it is not.
    """
    if not isinstance(value, bool):
        raise UserError(f"{name}={value} is neither true nor false; give one of them.")


def as_path(name: str, value: object) -> Path:
    """The path that a setting holds; one made of digits comes from the command line as a number.

    Raises:
        UserError: nothing was given.
    """
    if value is None or value == "":
        raise UserError(f"Give {name}=; --help says what it is.")
    return Path(str(value)).expanduser()
