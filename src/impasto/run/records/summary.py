"""``summary.json``: what came out of a run, and all that makes its figures comparable."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning import Callback, Trainer
from omegaconf import DictConfig

from impasto.base.environment import device_name, git_revision, overrides, package_versions
from impasto.base.files import read_json
from impasto.base.notices import notices
from impasto.callbacks.checkpoints import higher_is_better
from impasto.models.base import AdversarialModel


def summarise(
    cfg: DictConfig, trainer: Trainer, model: AdversarialModel, callbacks: Mapping[str, Callback]
) -> dict[str, Any]:
    """Collect the summary of a run that has just ended."""
    evaluation = callbacks.get("evaluation")
    history: list[dict[str, float]] = getattr(evaluation, "history", [])
    interrupted = getattr(callbacks.get("checkpoints"), "interrupted", "")
    verdict = getattr(callbacks.get("guard"), "verdict", "")
    if not verdict and not model.is_finite():  # without a guard
        verdict = "the weights are not finite"
    modes: dict[str, str | None] = {str(cfg.optimized_metric or model.main_metric): cfg.mode}
    return {
        "status": "interrupted" if interrupted else "diverged" if verdict else "complete",
        "cause": interrupted or verdict or None,
        "metrics": metric_table(history, getattr(evaluation, "comparability", {}), modes),
        "main_metric": model.main_metric,
        "best_checkpoint": getattr(callbacks.get("checkpoints"), "best", None) or None,
        "images_seen": model.images_seen,
        "images_per_second": images_per_second(cfg, callbacks),
        "seconds": round(model.state.seconds, 1),
        "rollbacks": model.state.rollbacks,
        "parameters": {
            "generator": sum(p.numel() for p in model.generator.parameters()),
            "discriminator": sum(p.numel() for p in model.discriminator.parameters()),
        },
        "conditional": bool(getattr(model, "conditional", False)),
        "data": getattr(trainer, "datamodule").provenance(),  # noqa: B009
        "device": device_name(model.device),
        "processes": trainer.world_size,
        "precision": str(trainer.precision),
        "versions": package_versions(),
        "git_revision": git_revision(),
        "seed": cfg.seed,
        "overrides": list(overrides()),
        "notices": notices(),
    }


def outcome(summary: Mapping[str, Any]) -> str:
    """How a run ended, and why where it was not at its end."""
    cause = summary["cause"]
    return f"{summary['status']}: {str(cause).rstrip('.')}" if cause else str(summary["status"])


def images_per_second(cfg: DictConfig, callbacks: Mapping[str, Callback]) -> float:
    """The rate of training; that of before where a run was gone on with that had nothing left to learn."""
    rate: float = getattr(callbacks.get("progress"), "images_per_second", 0.0)
    before = read_json(Path(cfg.output_dir) / "summary.json") if cfg.resume is not None and not rate else {}
    return round(float(before.get("images_per_second") or rate), 2)


def metric_table(
    history: list[dict[str, float]], comparability: Mapping[str, Any], modes: Mapping[str, str | None] | None = None
) -> dict[str, Any]:
    """Final and best value of each metric with the protocol beside it.

    Args:
        history: the figures of every time, with ``images_seen``.
        comparability: the protocols by metric.
        modes: ``min`` or ``max`` for a metric whose best is not to be what its protocol says.
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
