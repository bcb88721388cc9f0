"""Notices: fallbacks are said once, and written to the run's summary."""

import logging

log = logging.getLogger("impasto")

_said: dict[str, str] = {}


def notice(key: str, sentence: str) -> None:
    """Say a sentence once per process and remember it.

    Args:
        key: what the notice is about (``data.source``, ``evaluation.features``, ...); a repeated
            sentence is not said twice.
        sentence: what was done, in place of what, and how to get the real thing.
    """
    if _said.get(key) != sentence:
        _said[key] = sentence
        log.warning(sentence)


def notices() -> dict[str, str]:
    """All notices so far, by key."""
    return dict(_said)


def forget_notices() -> None:
    """Forget them all: several runs of a sweep may share one process."""
    _said.clear()
