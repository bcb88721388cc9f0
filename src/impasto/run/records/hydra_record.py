"""Hydra's record of a run's configuration, which may have been damaged since."""

from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from omegaconf import DictConfig, OmegaConf

from impasto.base.errors import UserError

CONFIG: Final = ("loss", "model", "data", "trainer", "callbacks", "seed", "kimg", "output_dir", "mode")
"""Keys of every run's ``config.yaml``; the last is its last line."""

HYDRA: Final = ("hydra.overrides.task", "hydra.runtime.choices")
"""Keys of its ``hydra.yaml`` that resuming needs."""


def record_of(run_dir: str) -> Path:
    """The file of the configuration that a run was started with.

    Raises:
        UserError: the folder holds no run.
    """
    record = Path(run_dir) / ".hydra" / "config.yaml"
    with suppress(OSError):  # such as a name that is too long
        if record.is_file():
            return record
    raise UserError(f"resume={run_dir} is not the folder of a run: {record} is missing.")


def read_record(path: Path, keys: tuple[str, ...]) -> DictConfig:
    """A configuration that Hydra has written.

    Args:
        path: of the YAML file.
        keys: that it must hold.

    Raises:
        UserError: it is missing or not complete.
    """
    try:
        content = OmegaConf.load(path)
    except OSError as problem:
        reason = problem.strerror or "it is neither keys nor a list"
    except Exception:  # of yaml, of OmegaConf, of Unicode
        reason = "it is no YAML"
    else:
        plain = OmegaConf.to_container(content)
        lacking = [key for key in keys if not holds(plain, key)]
        if isinstance(content, DictConfig) and not lacking:
            return content
        reason = f"it lacks {', '.join(lacking)}"
    raise UserError(f"{path} is damaged ({reason}): restore a copy of it, or start a new run.")


def holds(content: Any, key: str) -> bool:
    """Whether a dotted key is in nested plain values."""
    for name in key.split("."):
        if not isinstance(content, dict) or name not in content:
            return False
        content = content[name]
    return True
