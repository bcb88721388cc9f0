"""Where packed pictures, statistics and weights are kept between runs."""

import os
from pathlib import Path


def cache_dir() -> Path:
    """``$IMPASTO_CACHE``, or ``~/.cache/impasto``; not created here."""
    return Path(os.environ.get("IMPASTO_CACHE") or "~/.cache/impasto").expanduser()
