"""Whether a server can be reached: found out within five seconds, and remembered.

With ``IMPASTO_OFFLINE=1`` in the environment no server is asked, and ``auto`` takes what is on this machine.
"""

import os
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from impasto.base.cache import cache_dir
from impasto.base.files import read_json, write_json

PATIENCE = 4.5
"""Seconds to wait for an answer."""
REMEMBERED = 3600.0
"""Seconds that an answer on disk is trusted."""


def _answers(url: str) -> bool:
    request = urllib.request.Request(url, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE):
            return True
    except urllib.error.HTTPError:
        return True  # a server that refuses is a server that answers
    except (OSError, ValueError):
        return False


def _probe(url: str) -> bool:
    # The socket timeout does not bound name look-up, so a thread is waited for instead and left behind.
    pool = ThreadPoolExecutor(max_workers=1)
    try:
        return pool.submit(_answers, url).result(timeout=PATIENCE)
    except FutureTimeoutError:
        return False
    finally:
        pool.shutdown(wait=False)


def _memory() -> Path:
    return cache_dir() / "reach.json"


def _remembered() -> dict[str, list[float]]:
    return read_json(_memory())


def _remember(answers: dict[str, list[float]]) -> None:
    with suppress(OSError):  # a cache that cannot be written costs the next run five seconds, no more
        write_json(_memory(), answers)


def _wished(variable: str) -> bool:
    return os.environ.get(variable, "0").upper() in {"1", "ON", "YES", "TRUE"}


@cache
def reachable(url: str) -> bool:
    """Whether the server of ``url`` answers.

    The answer comes within five seconds and is remembered for an hour on disk, and for good in this process.
    ``IMPASTO_OFFLINE=1`` in the environment means no, and ``HF_HUB_OFFLINE=1`` no for Hugging Face alone.
    """
    host = urlsplit(url).netloc
    if _wished("IMPASTO_OFFLINE") or (_wished("HF_HUB_OFFLINE") and f".{host}".endswith(".huggingface.co")):
        return False
    known = _remembered()
    if host in known and time.time() - known[host][1] < REMEMBERED:
        return bool(known[host][0])
    answer = _probe(url)
    _remember({**known, host: [float(answer), time.time()]})
    return answer
