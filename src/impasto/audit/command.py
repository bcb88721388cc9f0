"""What ``src/audit.py`` does with a checkpoint: attack it, and put what was found where others see it."""

from pathlib import Path
from typing import Any, Final

import torch
from omegaconf import DictConfig

from impasto.audit.membership import nearest_attack, score_attack
from impasto.audit.shadows import shadow_attack
from impasto.base.checks import as_path
from impasto.base.errors import UserError
from impasto.base.files import read_json, write_json
from impasto.base.notices import notice
from impasto.data.state import provenance_of
from impasto.evaluation.command import build_data, read_data
from impasto.evaluation.figures.copied_patches import measure_copies
from impasto.painters.checkpoints import find_checkpoint, run_folder
from impasto.painters.loading import load_painter, of_pictures
from impasto.painters.painter import Painter
from impasto.painters.teachers import teacher_in

FEWEST: Final = 20
"""Pictures of each kind, with fewer of which no attack says anything."""


def audit(cfg: DictConfig) -> tuple[Path, dict[str, Any]]:
    """Attack a model by the settings of ``conf/audit.yaml``.

    Returns:
        (where the record is, the record).

    Raises:
        UserError: the data of its run cannot be had, or holds nothing back.
    """
    path = find_checkpoint(cfg.checkpoint)
    painter = load_painter(path, device=cfg.device, trust=list(cfg.trust), direction=cfg.direction)
    data = build_data(of_pictures(painter, "audit.py"), cfg)
    read_data(painter, data)
    of_noise = "latent" in painter.takes
    found = attacks_on(painter, path, data, cfg) if of_noise else copies_in(painter, data, cfg)
    if not found:
        raise UserError(
            f"Nothing could be measured of {path}: its pictures are smaller than a patch, or too few are held out."
        )
    folder = run_folder(path)
    record = {**found, "checkpoint": path.name, "images_seen": painter.origin.images_seen, "data": provenance_of(data)}
    target = as_path("output", cfg.output) if cfg.output is not None else folder / "audit.json"
    write_json(target, record)
    if (summary := folder / "summary.json").is_file():
        write_json(summary, {**read_json(summary), "audit": found})
    return target, record


def attacks_on(painter: Painter, path: Path, data: Any, cfg: DictConfig) -> dict[str, Any]:
    """Attacks on a painter from noise by name, each with its figures.

    Raises:
        UserError: too few pictures are held out, or nothing is.
    """
    members, others = (data.evaluation_images("image", split) for split in ("train", "held_out"))
    if min(len(members), len(others)) < FEWEST:
        raise UserError(
            f"{min(len(members), len(others))} pictures are too few to attack: hold out at least {FEWEST} "
            "(data.holdout=0.1, before training)."
        )
    found = {}
    with torch.device("cpu"):
        judge = teacher_in(path).discriminator if path.suffix == ".ckpt" else None
    if judge is None and cfg.shadows:
        raise UserError(f"shadows= is for a checkpoint with its discriminator, and {path.name} holds none.")
    if judge is None:
        notice("audit.discriminator", f"{path.name} holds no discriminator: only what anyone can paint is attacked.")
    else:
        found["discriminator"] = score_attack(judge, members, others, cfg.num_pictures, painter.device).to_dict()
        if cfg.shadows:
            taught = shadow_attack(judge, list(cfg.shadows), data, cfg.num_pictures, painter.device)
            found["shadow_models"] = taught.to_dict()
    near = nearest_attack(painter, members, others, cfg.num_pictures, cfg.num_generated, cfg.seed)
    return {"attacks": {**found, "nearest_neighbour": near.to_dict()}}


@torch.no_grad()
def copies_in(painter: Painter, data: Any, cfg: DictConfig) -> dict[str, Any]:
    """How near patches of repainted pictures come to those of the pictures of its style."""
    part, given = painter.painted_part, painter.given_part
    if part is None or given is None or not hasattr(data, "whole") or set(painter.takes) != {"content"}:
        raise UserError("This painter is told the style with each picture: audit the adapter's run instead.")
    painted = [painter(content=photo.to(painter.device)).cpu() for photo in data.whole(given, "held_out", cfg.photos)]
    copies = measure_copies(painted, list(data.whole(part)), patches=cfg.patches)
    return {"copies": {name: round(value, 4) for name, value in copies.items()}} if copies else {}


def sentences(record: dict[str, Any]) -> list[str]:
    """What was found, in words."""
    told = []
    for name, figures in record.get("attacks", {}).items():
        low, high = figures["interval"]
        verdict = (
            "no better than a guess" if low <= 0.5 else "a little better than a guess" if low < 0.6 else "it tells"
        )
        told.append(
            f"{name.replace('_', ' ')}: AUC {figures['auc']:.3f} ({low:.3f} to {high:.3f}; control "
            f"{figures['control_auc']:.3f}), {figures['hits_at_1_percent']:.1%} of members found at 1% false alarms "
            f"({figures['hits_interval'][0]:.1%} to {figures['hits_interval'][1]:.1%}): "
            f"{verdict}"
        )
    if copies := record.get("copies"):
        told.append(
            f"nearest patches: {copies['copied_patches']:.1%} of painted patches lie nearer to a style picture than "
            "all but 5% of real patches lie to each other (chance gives 5%)"
        )
    return told
