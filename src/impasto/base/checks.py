"""Checks of single settings: whole numbers, shares, switches and paths; imports no torch."""

from pathlib import Path

from impasto.base.errors import UserError


def check_number(name: str, value: object, least: int) -> None:
    """Make sure that a setting is a whole number, and not too small or large.

    Raises:
        UserError: it is not.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 2**63:
        raise UserError(f"{name}={value} does not fit: give a whole number of {least} or more.")


def check_factor(name: str, value: object) -> None:
    """Make sure that a setting is a number from 0 to 10.

    Raises:
        UserError: it is not.
    """
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 10:
        raise UserError(f"{name}={value} is out of range; give a number from 0 to 10, such as 1.")


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
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise UserError(f"{name}={value} is out of range; give a number from 0 to 1.")


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
