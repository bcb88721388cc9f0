"""Ray for the time of a block: the cluster that is named, or one on this machine that ends with the block."""

import logging
import os
import re
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from impasto.base.errors import UserError

WITHIN: Final = 10.0
"""Seconds in which a cluster must answer."""
ATTEMPTS: Final = 3
"""Ray gives its own helpers 15 seconds to start, which a busy machine may exceed (ray-project/ray#65983); the next time
their files are in memory."""


@contextmanager
def ray_session(cores: int, store_megabytes: int = 100) -> Iterator[None]:
    """Ray runs within the block.

    The environment variable ``RAY_ADDRESS`` names a cluster (HOST:PORT) to join. Without it Ray is started on this
    machine, for this process alone, without its web page, and ended after the block. A Ray that this process
    has started already is used and left running. Nothing is reported to Ray's makers.

    Args:
        cores: how many Ray may give away, of a Ray that is started here; may be more than the machine has.
        store_megabytes: of memory for what processes pass to each other, likewise; the rest goes to disk.

    Raises:
        UserError: Ray is not installed, or does not start.
    """
    prepare()
    try:
        import ray
    except ImportError:
        raise missing_ray() from None
    if ray.is_initialized():
        yield
        return
    try:
        if address := os.environ.get("RAY_ADDRESS"):
            join(ray, address)
        else:
            start(ray, cores, store_megabytes)
        yield
    finally:
        ray.shutdown()


def prepare() -> None:
    """Tell Ray, before it is imported, to report nothing and, where it is alone, to keep other machines out."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if "RAY_ADDRESS" not in os.environ:
        # On Linux as by default on others: its parts then use 127.0.0.1, and _node_ip_address= does not do it.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
        # A port of each replica of Ray Serve is open all the same, and unpickles what it is sent: it asks for a token.
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))


def refuse_silence(address: str) -> None:
    """Find out in seconds, where Ray takes minutes, that nobody listens at HOST:PORT; other forms are left to Ray.

    Raises:
        UserError: nobody does.
    """
    found = re.fullmatch(r"(?:ray://)?([\w.-]+):(\d{1,5})", address)
    if found is None:
        return
    try:
        socket.create_connection((found[1], int(found[2])), timeout=WITHIN).close()
    except (OSError, OverflowError) as problem:
        raise UserError(
            f"RAY_ADDRESS={address} does not answer ({problem}): start Ray there, or unset it to stay on this machine."
        ) from None


def join(ray: Any, address: str) -> None:
    """Join a cluster.

    Raises:
        UserError: it does not answer.
    """
    refuse_silence(address)
    try:
        ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False)
    except Exception as problem:
        raise UserError(
            f"No Ray answers at RAY_ADDRESS={address} ({first_line(problem)}): start one there with ray start --head, "
            "or unset RAY_ADDRESS to use this machine alone."
        ) from None


def start(ray: Any, cores: int, store_megabytes: int) -> None:
    """Start Ray on this machine.

    Raises:
        UserError: it does not start.
    """
    os.environ.setdefault("RAY_worker_niceness", "0")  # else its workers give way to everything else here
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # its worries about Ray Data, on the terminal
    for attempt in range(ATTEMPTS):
        try:
            ray.init(
                address="local",
                num_cpus=cores,
                object_store_memory=store_megabytes * 2**20,
                include_dashboard=False,
                logging_level=logging.ERROR,
                log_to_driver=False,
            )
            return
        except Exception as problem:
            ray.shutdown()
            if attempt == ATTEMPTS - 1:
                raise UserError(
                    f"Ray did not start here ({first_line(problem)}); this machine may be too busy: try again."
                ) from None


def require_ray_serve() -> None:
    """Make sure that Ray Serve is installed.

    Raises:
        UserError: it is not.
    """
    prepare()
    try:
        from ray import serve  # noqa: F401
    except ImportError:
        raise missing_ray() from None


def missing_ray() -> UserError:
    """That Ray is needed, and how to get it."""
    return UserError("Ray is not installed here, and this needs it: pip install 'impasto[serve]'.")


def first_line(problem: Exception) -> str:
    """What an error says, in short."""
    lines = str(problem).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(problem).__name__
