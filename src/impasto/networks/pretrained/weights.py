"""Files of weights: where they are kept, whether they can be had, and their digests."""

import hashlib
from functools import cache
from pathlib import Path

import torch

from impasto.base.reachability import reachable


def in_hub_cache(url: str) -> Path:
    """Where torch keeps the file of a download; it need not be there."""
    return Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[1]


def at_hand(url: str) -> bool:
    """Whether a file of weights is on disk or can be downloaded."""
    return in_hub_cache(url).is_file() or reachable(url)


def how_to_have(url: str) -> str:
    """What a user can do to have a file of weights without a network, for messages."""
    return f"put {url} into {in_hub_cache(url).parent}"


def file_sha256(path: Path) -> str:
    """Hex digest of a file; read once in a process while its size and time stay the same."""
    return _digest(path, state_of(path))


def state_of(path: Path) -> tuple[int, int]:
    """Size in bytes and time of the last change in nanoseconds."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns


@cache
def _digest(path: Path, _: tuple[int, int]) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
