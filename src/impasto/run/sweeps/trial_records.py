"""The record of a sweep's trials: one folder each, with ``trial.json`` once it has ended. Light enough for start-up."""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

RECORD = "trial.json"


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


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Write ``trial.json`` in one step."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{RECORD}.{os.getpid()}"
    temporary.write_text(json.dumps(record, indent=2, default=str) + "\n")
    temporary.replace(folder / RECORD)


def one_gpu() -> int:
    """GPUs that a trial asks Ray for: 1 where this machine shows an NVIDIA GPU, else 0; found without torch."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    return int(not hidden and any(Path("/proc/driver/nvidia/gpus").glob("*")))
