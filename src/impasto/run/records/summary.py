"""``summary.json``: the results of a run, and all that makes its figures comparable."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lightning import Trainer
from omegaconf import DictConfig

from impasto.base.environment import device_name, git_revision, overrides, package_versions
from impasto.base.files import read_json
from impasto.base.notices import notice, notices
from impasto.callbacks.checkpoints import Checkpoints, higher_is_better
from impasto.callbacks.clock import StopAt
from impasto.callbacks.evaluation import Evaluation
from impasto.callbacks.find import find_callback
from impasto.callbacks.guard import Guard
from impasto.callbacks.monitor import Monitor
from impasto.callbacks.progress import TrainingProgress
from impasto.data.state import provenance_of
from impasto.evaluation.protocols.figure_records import share_records
from impasto.evaluation.protocols.measurement import Measurement
from impasto.models.base import AdversarialModel
from impasto.painters.cost import cost_of


def summarise(cfg: DictConfig, trainer: Trainer, model: AdversarialModel) -> dict[str, Any]:
    """Collect the summary of a run that has just ended."""
    evaluation, checkpoints = find_callback(trainer, Evaluation), find_callback(trainer, Checkpoints)
    monitor = find_callback(trainer, Monitor)
    guard, stop = find_callback(trainer, Guard), find_callback(trainer, StopAt)
    interrupted = checkpoints.interrupted if checkpoints is not None else ""
    verdict = guard.verdict if guard is not None else ""
    if not verdict and not model.is_finite():  # without a guard
        verdict = "the weights are not finite"
    latest = (evaluation.latest if evaluation is not None else None) or Measurement()
    modes: dict[str, str | None] = {str(cfg.optimized_metric or latest.main): cfg.mode}
    return {
        "status": "interrupted" if interrupted else "diverged" if verdict else "complete",
        "cause": interrupted or verdict or None,
        **share_records(
            metric_table(evaluation.history if evaluation is not None else [], latest.comparability, modes)
        ),
        "main_metric": latest.main,
        "best_checkpoint": (checkpoints.best or None) if checkpoints is not None else None,
        "images_seen": model.images_seen,
        "planned_kimg": cfg.kimg,
        "cut_short": stop.cut_short if stop is not None else None,
        "images_per_second": images_per_second(cfg, trainer, model),
        "seconds": round(model.state.seconds, 1),
        "rollbacks": model.state.rollbacks,
        "findings": [asdict(finding) for finding in monitor.findings.values()] if monitor is not None else [],
        "parameters": {name: sum(p.numel() for p in network.parameters()) for name, network in model.networks.items()},
        "cost": cost(model),
        "conditional": model.painter.conditional,
        "privacy": None if model.privacy is None else model.privacy.record(),
        "data": provenance_of(getattr(trainer, "datamodule")),  # noqa: B009
        "device": device_name(model.device),
        "processes": trainer.world_size,
        "precision": str(trainer.precision),
        "versions": package_versions(),
        "git_revision": git_revision(),
        "seed": cfg.seed,
        "overrides": list(overrides()),
        "notices": notices(),
    }


def cost(model: AdversarialModel) -> dict[str, int] | None:
    """What a picture costs, see :class:`~impasto.painters.cost.Cost`; None for a network that cannot be counted."""
    painter = model.painter
    try:
        return cost_of(painter.network, painter.gives, painter.content).to_dict()
    except Exception as problem:  # a network of the user's own may be called otherwise; the run is complete without
        notice("cost", f"The multiplications of {type(painter.network).__name__} were not counted: {problem}")
        return None


def outcome(summary: Mapping[str, Any]) -> str:
    """How a run ended, after which length, and why if it ended early."""
    status, cause = summary["status"], str(summary["cause"]).rstrip(".")
    if status == "complete":
        return f"complete: {summary['cut_short'] or length(summary)}"
    return f"interrupted: {cause} at {length(summary)}" if status == "interrupted" else f"{status}: {cause}"


def length(summary: Mapping[str, Any]) -> str:
    """How far a run came, of how far it was to go."""
    return f"{summary['images_seen'] / 1000:.4g} of {summary['planned_kimg']:g} kimg"


def images_per_second(cfg: DictConfig, trainer: Trainer, model: AdversarialModel) -> float:
    """The rate of training; a resumed run with nothing left to train keeps the earlier one.

    Without the callback that tells training from measuring, it is that of the whole run.
    """
    progress = find_callback(trainer, TrainingProgress)
    rate = model.images_seen / max(model.state.seconds, 1e-9) if progress is None else progress.images_per_second
    before = read_json(Path(cfg.output_dir) / "summary.json") if cfg.resume is not None and not rate else {}
    return round(float(before.get("images_per_second") or rate), 2)


def metric_table(
    history: list[dict[str, float]], comparability: Mapping[str, Any], modes: Mapping[str, str | None] | None = None
) -> dict[str, Any]:
    """Final and best value of each metric with the protocol beside it.

    Args:
        history: the figures of every measurement, with ``images_seen``.
        comparability: the protocols by metric.
        modes: ``min`` or ``max`` for metrics whose best is not what their protocols say.
    """
    table: dict[str, Any] = {}
    for name in sorted({key for row in history for key in row} - {"images_seen"}):
        values = [(row["images_seen"], row[name]) for row in history if name in row and math.isfinite(row[name])]
        if not values:
            continue
        protocol = dict(comparability.get(name, {}))
        high = higher_is_better(name, comparability, (modes or {}).get(name))
        best = (max if high else min)(values, key=lambda pair: pair[1])
        table[name] = {
            "final": values[-1][1],
            "best": best[1],
            "best_at_images": int(best[0]),
            **protocol,
        }
    return table
