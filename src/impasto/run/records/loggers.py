"""Loggers of figures and sheets: ``metrics.csv`` always, others by config.

The x axis of every logger is the number of pictures shown to the discriminator.
"""

import logging
import netrc
import os
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from lightning.pytorch.loggers import Logger, TensorBoardLogger
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig, OmegaConf

from impasto.base.errors import UserError
from impasto.base.instantiate import make
from impasto.base.notices import notice
from impasto.base.reachability import reachable
from impasto.run.records.metrics_csv import MetricsCsv

FAREWELL = 60.0
"""Seconds for W&B to upload the rest at the end of a run."""


def make_loggers(cfg: DictConfig) -> list[Logger]:
    """``metrics.csv`` in the run's folder, and the loggers of ``cfg.logger`` beside it.

    Args:
        cfg: the whole configuration; ``logger`` maps names to nodes with a ``_target_``.

    Raises:
        UserError: a logger's package is missing.
    """
    loggers: list[Logger] = [MetricsCsv(Path(cfg.output_dir) / "metrics.csv", resume=cfg.resume is not None)]
    config = OmegaConf.to_container(cfg, resolve=True)
    for node in (cfg.logger or {}).values():
        logger = make(node)
        if isinstance(logger, WandbRun):
            logger.log_hyperparams(config)
        loggers.append(logger)
    return loggers


def finish_loggers(loggers: Iterable[Logger]) -> None:
    """Close open loggers; to be called in a ``finally``, as the next run of a sweep may share this process."""
    for logger in loggers:
        if isinstance(logger, WandbRun):
            logger.finish()
        elif isinstance(logger, TensorBoardLogger):
            logger.experiment.close()


def tensorboard_logger(folder: str | Path) -> TensorBoardLogger:
    """Event files in ``folder``; ``tensorboard --logdir outputs`` shows all runs.

    Raises:
        UserError: tensorboard is not installed.
    """
    try:
        return TensorBoardLogger(str(folder), name="", version="")
    except ModuleNotFoundError:
        raise UserError(
            "logger=tensorboard needs the package tensorboard: pip install 'impasto[tensorboard]', or take logger=csv."
        ) from None


class WandbRun(Logger):
    """A run on Weights & Biases that never makes training wait.

    Without an account, or if the server cannot be reached, it is recorded offline and can be uploaded later with
    ``wandb sync``. Nothing is asked on the console.

    Args:
        project: name of the project.
        folder: the run's folder; files are kept in ``folder/wandb``.
        run_name: title of the run.
        entity: team or user; None takes the account's default.
        group: name under which runs are shown together, such as a sweep's.
        tags: labels of the run.
        mode: auto, online, offline or disabled; ``WANDB_MODE`` in the environment replaces auto.
    """

    def __init__(
        self,
        project: str,
        folder: str | Path,
        run_name: str | None = None,
        entity: str | None = None,
        group: str | None = None,
        tags: Iterable[str] = (),
        mode: str = "auto",
    ) -> None:
        self.folder = Path(folder)
        self._options: dict[str, Any] = {"project": project, "name": run_name, "entity": entity, "group": group}
        self._options["tags"] = list(tags)
        self._mode = mode
        self._run: Any = None
        self._open()

    @property
    def name(self) -> str:
        """The project's."""
        return str(self._options["project"])

    @property
    def version(self) -> str:
        """The run's identity."""
        return str(self._run.id) if self._run is not None else ""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:  # type: ignore[override]
        """Log values at a number of pictures."""
        self._run.log({**metrics, "images_seen": step})

    @rank_zero_only
    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Show the run's configuration beside its curves."""
        if isinstance(params, Mapping):
            self._run.config.update(dict(params), allow_val_change=True)

    @rank_zero_only
    def log_picture(self, key: str, path: Path, step: int) -> None:
        """Show a picture file."""
        import wandb

        self._run.log({key: wandb.Image(str(path)), "images_seen": step})

    @rank_zero_only
    def finish(self) -> None:
        """Close the run; what cannot be uploaded in a minute stays in the folder."""
        run, self._run = self._run, None
        if run is None:
            return
        # finish() waits for the upload without limit, so it is waited for here, with one.
        farewell = threading.Thread(target=run.finish, daemon=True)
        farewell.start()
        farewell.join(FAREWELL)
        if farewell.is_alive():
            notice("logger.wandb", f"W&B did not take the rest of the run; upload it with: wandb sync {run.dir}/..")

    @rank_zero_only
    def _open(self) -> None:
        import wandb

        mode: Any = choose_wandb_mode(self._mode)
        settings = wandb.Settings(console="off", init_timeout=20)
        known = self.folder / "wandb" / "id"
        options = {**self._options, "dir": str(self.folder), "settings": settings, "reinit": "finish_previous"}
        # An agent of a W&B sweep has named the run already.
        fresh = os.environ.get("WANDB_RUN_ID") or uuid4().hex[:8]
        options |= {"id": known.read_text().strip() if known.is_file() else fresh, "resume": "allow"}
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._run = wandb.init(mode=mode, **options)
        except Exception as problem:
            if mode != "online":
                raise
            logging.getLogger("impasto").debug("wandb.init: %s", problem)
            notice("logger.wandb", "W&B did not accept the run, so it is recorded offline; wandb sync uploads it.")
            self._run = wandb.init(mode="offline", **options)
        # A resumed run goes on under the same identity.
        known.parent.mkdir(parents=True, exist_ok=True)
        known.write_text(str(self._run.id))
        self._run.define_metric("images_seen", hidden=True)
        self._run.define_metric("*", step_metric="images_seen")


def choose_wandb_mode(wanted: str = "auto") -> str:
    """``online``, ``offline`` or ``disabled``: online only with an account and a server that answers."""
    if wanted == "auto":
        wanted = os.environ.get("WANDB_MODE", "online")
    if wanted != "online":
        return wanted
    server = os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")
    if not has_wandb_account(server):
        notice("logger.wandb", "No W&B account on this machine, so the run is recorded offline; see wandb login.")
        return "offline"
    if not reachable(server):
        notice("logger.wandb", f"{server} cannot be reached, so the run is recorded offline; wandb sync uploads it.")
        return "offline"
    return "online"


def has_wandb_account(server: str) -> bool:
    """Whether a key is in ``WANDB_API_KEY`` or in the netrc file."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    files = [os.environ["NETRC"]] if os.environ.get("NETRC") else ["~/.netrc", "~/_netrc"]
    for file in files:
        try:
            if netrc.netrc(str(Path(file).expanduser())).authenticators(urlsplit(server).hostname or ""):
                return True
        except (OSError, RuntimeError, netrc.NetrcParseError):  # no such file, no home to look in, another kind of file
            continue
    return False
