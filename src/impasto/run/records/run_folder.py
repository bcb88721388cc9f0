"""Claims a folder for one run before anything is written there; imports neither torch nor lightning."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, read_write

from impasto.base.errors import UserError
from impasto.run.records.hydra_record import record_of

LOCK = ".lock"

_held: dict[Path, FileLock] = {}


class RunFolder(Callback):
    """Hydra's callback around a single run: Hydra itself would write its record into any folder.

    The trials of a sweep have their own lock (:func:`.trial_lock`), and go on in their folders.
    """

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Refuse a folder of another run, and a folder to resume that holds none."""
        HydraConfig.instance().set_config(config)  # as Hydra does a moment later; the folder's name may need it
        resume, by_time = config.get("resume"), "${now:" in str(OmegaConf.to_container(config.hydra.run))
        try:
            if resume is None and by_time and is_first_process():
                with read_write(config.hydra):
                    config.hydra.run.dir = str(claim_or_beside(Path(config.hydra.run.dir)))
            else:
                claim(Path(resume or config.hydra.run.dir), resume)
        except UserError as problem:
            sys.exit(f"Error: {problem}")

    def on_run_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Release the folder."""
        release()


def claim(folder: Path, resume: str | None) -> None:
    """Make a folder this process's own until it ends, or :func:`release`.

    Args:
        folder: of the run.
        resume: folder of the run to resume; None for a new run.

    Raises:
        UserError: another run is writing there; a new run would replace one; or there is none to resume.
    """
    if not is_first_process() or folder.resolve() in _held:
        return
    if resume is not None:
        record_of(resume)
    lock = FileLock(folder / LOCK)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(
            f"Another run is using {folder}: wait until it has ended, or give another folder (hydra.run.dir=FOLDER)."
        ) from None
    except (OSError, NotImplementedError):
        return  # a disk without locks; or one that cannot be written, which the run finds out itself
    if resume is None and (found := traces_of_a_run(folder)):
        lock.release()
        raise UserError(
            f"{folder} holds a run already ({found}), which a new one would replace: go on with it (resume={folder}), "
            "or give another folder (hydra.run.dir=FOLDER)."
        )
    _held[folder.resolve()] = lock


def claim_or_beside(folder: Path) -> Path:
    """Claim a folder that is named after the time, or one beside it if others were started in the same second.

    Raises:
        UserError: a hundred others were.
    """
    for ending in ("", *(f"_{number}" for number in range(2, 100))):
        beside = folder.with_name(folder.name + ending)
        with suppress(UserError):
            claim(beside, None)
            return beside
    raise UserError(f"{folder} and a hundred beside it are in use: give another folder (hydra.run.dir=FOLDER).")


def release() -> None:
    """Release all folders."""
    while _held:
        _held.popitem()[1].release()


def traces_of_a_run(folder: Path) -> str:
    """What a run has left in a folder; empty if nothing."""
    found = [*sorted(folder.glob("checkpoints/*.ckpt")), *folder.glob("summary.json")]
    return ", ".join(path.name for path in found)


def is_first_process() -> bool:
    """Whether this is the only process of a run, or the first of several."""
    return all(int(os.environ.get(name) or 0) == 0 for name in ("RANK", "LOCAL_RANK", "SLURM_PROCID"))
