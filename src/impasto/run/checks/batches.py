"""Batches that cannot be divided among processes, or are too small to be normalised over."""

import logging
from collections.abc import Mapping
from typing import Any

import torch
from omegaconf import DictConfig, ListConfig
from torch import nn

from impasto.base.spec import ImageSpec
from impasto.networks.standing_statistics import running_norms


def batch_problems(cfg: DictConfig) -> list[str]:
    """A batch that cannot be divided among processes, or a process's share that cannot be split further."""
    batch, parts, among = cfg.data.get("batch_size"), cfg.model.get("accumulate", 1), processes(cfg.get("trainer"))
    if batch is None:
        return []
    if batch % among:
        return [
            f"data.batch_size={batch} is the whole batch and cannot be divided evenly among {among} processes: "
            "choose a multiple."
        ]
    if parts > batch // among:
        shared = f" of {batch} among {among} processes" if among > 1 else ""
        return [f"model.accumulate={parts} cannot split a batch of {batch // among}{shared}; make it smaller."]
    return []


def batch_parts(cfg: DictConfig) -> tuple[int, int]:
    """(pictures in the smallest part of a batch that is computed at once, processes)."""
    among = processes(cfg.get("trainer"))
    each = cfg.data.get("batch_size", 1) // among
    return each // min(cfg.model.get("accumulate", 1), max(each, 1)), among


def processes(trainer: Any) -> int:
    """How many processes a trainer will have, as far as config and this machine show."""
    devices = (trainer or {}).get("devices", 1)
    if isinstance(devices, ListConfig):
        each = len(devices)
    elif "," in str(devices):
        each = len([device for device in str(devices).split(",") if device.strip()])
    elif str(devices).isdecimal():
        each = int(devices)
    elif trainer.get("accelerator") in ("gpu", "cuda", "auto"):
        import torch

        each = torch.cuda.device_count()
    else:
        each = 1
    return max(each, 1) * max(int((trainer or {}).get("num_nodes", 1)), 1)


def single_picture_problems(cfg: DictConfig, spec: ImageSpec, networks: Mapping[str, nn.Module]) -> list[str]:
    """Batch normalisation over one value: a batch of one picture, normalised after a dense layer.

    On feature maps one picture has enough of them.

    Args:
        cfg: the whole configuration.
        spec: of the pictures.
        networks: by name, on the meta device.
    """
    smallest, among = batch_parts(cfg)
    if smallest != 1 or among > 1:  # statistics are those of all processes
        return []
    with torch.device("meta"):
        label, picture = torch.zeros(1, dtype=torch.long), torch.zeros(1, spec.channels, spec.height, spec.width)
        refusing = []
        for name, network in networks.items():
            latent = getattr(network, "latent_dim", None)
            given = picture if latent is None else torch.zeros(1, int(latent))
            if running_norms(network) and wants_more_than(network, given, label):
                refusing.append(f"model.{name}")
    if not refusing:
        return []
    return [
        f"{' and '.join(refusing)} cannot normalise over a batch of 1 (data.batch_size={cfg.data.batch_size}, "
        f"model.accumulate={cfg.model.get('accumulate', 1)}): give 2 pictures or more, or set norm=layer."
    ]


def wants_more_than(network: nn.Module, given: torch.Tensor, label: torch.Tensor) -> bool:
    """Whether batch normalisation refuses this input in training."""
    try:
        network.train()(given, label)
    except ValueError as problem:
        return "more than 1 value per channel" in str(problem)
    except Exception as problem:  # a network of the user's own that cannot be tried like this
        logging.getLogger("impasto").debug("%s is not tried: %s", type(network).__name__, problem)
    return False
