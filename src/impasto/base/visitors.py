"""Who a server of ours answers, its own machine or those who know a token; and how much it takes from them."""

import ipaddress
import secrets
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from impasto.base.errors import UserError

LOOPBACK: Final = "127.0.0.1"
SHORTEST: Final = 16
"""Characters of a token that is given."""
EVERYWHERE: Final = ("0.0.0.0", "::")
"""Addresses that stand for all of a machine's."""


@dataclass(frozen=True)
class Limits:
    """How large pictures may be that visitors bring.

    Attributes:
        max_bytes: of a file.
        max_pixels: of a picture, all frames together.
    """

    max_bytes: int
    max_pixels: int


def token_for(token: object, reached_by_others: bool) -> str | None:
    """The token that visitors need: the one given, or one made anew where others than this machine are let in.

    Raises:
        UserError: it is too short to be kept from others.
    """
    if token is None:
        return secrets.token_urlsafe(24) if reached_by_others else None
    text = str(token)
    if len(text) < SHORTEST or not (text.isascii() and text.isprintable()):
        raise UserError(f"token= is no text of {SHORTEST} letters and digits or more: give one, or leave it out.")
    return text


def same(given: str, token: str) -> bool:
    """Whether two texts are the same, in a time that does not tell how far they are."""
    return secrets.compare_digest(given.encode(), token.encode())


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address, or a name stands for it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def name_asked_for(host: str | None) -> str:
    """The name in a request's ``Host`` header, without the port; empty if there is none, or it cannot be read.

    Where no token is needed, any but a name of this machine is refused: a page of somebody else's may point a name of
    its own at this machine (DNS rebinding).
    """
    return parts_of(f"//{host or ''}").hostname or ""


def parts_of(address: str) -> SplitResult:
    """The parts of an address; of one that cannot be read all are empty."""
    try:
        found = urlsplit(address)
        found.hostname  # noqa: B018 - a malformed one is found out only now
        return found
    except ValueError:
        return SplitResult("", "", "", "", "")


def address_of(host: str, port: int) -> str:
    """Where a browser on this machine finds a server that listens on a host and a port."""
    host = LOOPBACK if host in EVERYWHERE else host
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
