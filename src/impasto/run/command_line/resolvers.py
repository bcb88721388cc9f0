"""Resolvers of ``conf/`` that sweeps need: the name of a trial's folder, and its GPUs; and what a personal style is
given. Imports no torch."""

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf


def trial_dir(overrides: str, *, _root_: DictConfig) -> str:
    """Name of a trial's folder, for ``hydra.sweep.subdir``: its overrides, and a hash of its whole configuration.

    The same trial of the same sweep has the same name whenever it is started; a trial whose configuration was
    changed in a file since then has another.

    Args:
        overrides: such as ``loss=hinge,seed=1``.
        _root_: filled in by OmegaConf: the configuration, of which ``hydra`` is left out.
    """
    config = OmegaConf.to_container(_root_, resolve=False)
    assert isinstance(config, dict)
    config.pop("hydra", None)
    digest = hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode()).hexdigest()[:8]
    readable = re.sub(r"[^\w.,=+-]+", "", overrides)[:100]
    return f"{readable or 'trial'}_{digest}"


def one_gpu() -> int:
    """GPUs that a trial asks Ray for: 1 where this machine shows an NVIDIA GPU, else 0; found without torch."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    return int(not hidden and any(Path("/proc/driver/nvidia/gpus").glob("*")))


def style_budget(style: Any, field: str) -> Any:
    """See :func:`impasto.data.style_budget.style_budget`, which is imported where it is asked for only."""
    from impasto.data.style_budget import style_budget as found

    return found(style, field)
