"""From configuration to objects: the one place where config is read."""

import inspect
import logging
from collections.abc import Callable, Mapping
from typing import Any

import torch
from lightning import Callback, Trainer
from omegaconf import DictConfig, OmegaConf
from torch import nn

from impasto.data.base import PackedDataModule
from impasto.data.spec import ImageSpec
from impasto.losses.penalties import Penalty
from impasto.models.base import AdversarialModel
from impasto.run.instantiate import make
from impasto.run.loggers import make_loggers
from impasto.run.notices import notice
from impasto.run.precision import choose_precision


def build_data(cfg: DictConfig) -> PackedDataModule:
    """The data module of ``cfg.data``."""
    return make(cfg.data, seed=cfg.seed)


def build_network(partial: Callable[..., nn.Module], spec: ImageSpec) -> nn.Module:
    """Call a network's factory with what it wants to know of the data.

    Args:
        partial: a class or partial that takes any of ``channels``, ``height``, ``width``, ``num_classes`` and
            ``condition_dim`` by name.
        spec: the data's.
    """
    # Of the class, since that of a partial with an argument too many is an error that does not name it.
    parameters = inspect.signature(getattr(partial, "func", partial)).parameters
    takes_all = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
    given = {k: v for k, v in spec.network_arguments().items() if takes_all or k in parameters}
    return partial(**given)


def build_model(cfg: DictConfig, spec: ImageSpec) -> AdversarialModel:
    """The model of ``cfg.model`` with its loss, penalties and augmentation, for data of this shape."""
    node = OmegaConf.to_container(cfg.model, resolve=True)
    assert isinstance(node, dict)
    torch.manual_seed(cfg.seed)
    networks = {name: build_network(make(node.pop(name)), spec) for name in ("generator", "discriminator")}
    for network in networks.values():
        network.to(memory_format=torch.channels_last)
    # As a partial, because instantiate would take the objects apart that it is given as arguments.
    factory = make(node, _partial_=True, _convert_="all")
    return factory(
        spec=spec,
        **networks,
        loss=make(cfg.loss),
        penalties=make_penalties(cfg.penalty),
        augment=make(cfg.augment),
        seed=cfg.seed,
    )


def make_penalties(nodes: Mapping[Any, Any]) -> dict[str, Penalty]:
    """The penalties that were chosen, by name.

    An experiment sets numbers of the penalty that it chooses; where the command line chooses another, they are left
    over without a ``_target_``, and a notice says that they do nothing.
    """
    chosen = {str(name): node for name, node in nodes.items() if node is not None and "_target_" in node}
    if idle := sorted({str(name) for name, node in nodes.items() if node is not None} - chosen.keys()):
        notice(
            "penalty", f"penalty={','.join(idle)} has numbers in this experiment but was not chosen: they are unused."
        )
    return {name: make(node) for name, node in chosen.items()}


def build_callbacks(cfg: DictConfig) -> dict[str, Callback]:
    """The callbacks by name; those set to null are left out."""
    record = OmegaConf.to_container(cfg, resolve=True)
    assert isinstance(record, Mapping)
    callbacks: dict[str, Callback] = {}
    for name, node in cfg.callbacks.items():
        if node is not None:
            callbacks[str(name)] = make(node, _partial_=True)(record=record) if name == "checkpoints" else make(node)
    return callbacks


def build_trainer(cfg: DictConfig, callbacks: Mapping[str, Callback]) -> Trainer:
    """Lightning's trainer, counting pictures instead of its own steps."""
    # What it says of devices, and of its makers' other products, is said twice under Hydra and helps nobody.
    for name in ("lightning", "lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    precision = choose_precision(cfg.precision, cfg.trainer.accelerator)
    return make(
        cfg.trainer,
        logger=make_loggers(cfg),
        callbacks=list(callbacks.values()),
        precision=precision,
        max_epochs=-1,
        max_steps=-1,
        use_distributed_sampler=False,  # our sampler knows its share of the global batch
        enable_checkpointing=False,  # ours count pictures
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=cfg.output_dir,
        log_every_n_steps=1,
    )
