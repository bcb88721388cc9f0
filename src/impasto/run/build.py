"""From configuration to objects: the one place where config is read."""

import importlib.util
import inspect
import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import torch
from hydra.utils import get_object
from lightning import Callback, Trainer
from omegaconf import DictConfig, OmegaConf
from torch import nn

from impasto.base.errors import UserError
from impasto.base.instantiate import make
from impasto.base.notices import notice
from impasto.base.parts import Parts
from impasto.base.spec import LABEL, DataSpec, ImageSpec
from impasto.base.vocabulary import Vocabulary
from impasto.data.module import ImageDataModule
from impasto.data.transforms import as_size
from impasto.models.base import SCORES, AdversarialModel
from impasto.models.roles import Role
from impasto.networks.build import build_network
from impasto.run.precision import choose_precision
from impasto.run.start import begin_with

Built = TypeVar("Built")


def build_parts(cfg: DictConfig, attempt: Callable[[str, Callable[[], Any]], Any] = lambda _, build: build()) -> Parts:
    """All parts of a run except its model, which needs the pictures first, and the trainer.

    Args:
        cfg: the whole configuration.
        attempt: given a key and a function that builds the part, calls it; returns None if that fails.
    """
    return Parts(
        data=attempt("data", lambda: build_data(cfg)),
        loss=attempt("loss", lambda: make(cfg.loss)),
        penalties=attempt("penalty", lambda: make_chosen("penalty", cfg.penalty)) or {},
        terms=attempt("term", lambda: make_chosen("term", cfg.term)) or {},
        augment=attempt("augment", lambda: make(cfg.augment)),
        callbacks=attempt("callbacks", lambda: build_callbacks(cfg)) or {},
        privacy=attempt("privacy", lambda: build_privacy(cfg)),
    )


def build_privacy(cfg: DictConfig) -> Any:
    """What makes the run differentially private; None for ``privacy=none``.

    Raises:
        UserError: the package that it needs is not installed.
    """
    node = cfg.get("privacy")
    if not node:
        return None
    if cfg.get("compile"):
        raise UserError(
            "privacy=dp takes the gradient of each picture by hooks, which compiling drops: set compile=false."
        )
    if importlib.util.find_spec("opacus") is None:
        raise UserError("privacy=dp needs Opacus: pip install 'impasto[privacy]'.")
    return make(node)


def build_data(cfg: DictConfig) -> ImageDataModule:
    """The data module of ``cfg.data``; it is told the run's seed.

    A LightningDataModule of a user's own has ``parts``, and once it is set up ``spec`` and endless batches by part,
    float32 (N, C, H, W) in [-1, 1]. A resumed run sets ``start_batch``, the number of the first batch. Ways of training
    and protocols may ask it for more, see :class:`~impasto.data.module.ImageDataModule`.
    """
    return make(cfg.data, seed=cfg.seed)


def expected_spec(cfg: DictConfig) -> ImageSpec:
    """The expected shape of the data by the configuration; two classes, or two words, stand for any number.

    Raises:
        UserError: ``data.image_size`` is not a size.
    """
    wanted = cfg.data.get("image_size")
    if isinstance(wanted, bool):
        raise UserError(f"data.image_size={str(wanted).lower()} is not a size: give pixels, such as 64.")
    height, width = as_size(wanted or 64, "data.image_size")
    channels = cfg.data.get("channels") or 3
    if cfg.data.get("captions") is not None:
        beside = tuple(cfg.data.get("beside") or ())
        classes = ("a", "b") if LABEL in beside else ()
        words = Vocabulary(("a", "b"), 8)
        return ImageSpec(channels, height, width, classes, condition_dim=8, vocabulary=words, beside=beside)
    frames = cfg.data.get("frames") or 1  # of clips to be made
    return ImageSpec(channels * frames, height, width, ("a", "b"), frames=frames)


def build_model(cfg: DictConfig, spec: DataSpec, parts: Parts) -> AdversarialModel:
    """The model of ``cfg.model`` with its networks and parts, for data of this shape; the seed decides its weights."""
    node: Any = OmegaConf.to_container(cfg.model, resolve=True)
    torch.manual_seed(cfg.seed)
    roles = wanted_roles(node, parts.terms)
    networks = {name: build_one(node[name], role, spec) for name, role in roles.items()}
    if cfg.get("start") is not None and cfg.get("resume") is None:
        begin_with(cfg.start, networks, roles, spec)
    return assemble_model(cfg, spec, parts, networks)


def assemble_model(
    cfg: DictConfig, spec: DataSpec, parts: Parts, networks: Mapping[str, nn.Module]
) -> AdversarialModel:
    """The way of training of ``cfg.model`` around its networks, loss, penalties, terms and augmentation."""
    node: Any = OmegaConf.to_container(cfg.model, resolve=True)
    for name in roles_of(node):
        del node[name]
    for network in networks.values():
        network.to(memory_format=getattr(network, "memory_format", torch.channels_last))
    # As a partial, because instantiate would convert the objects in its arguments.
    factory = make(node, _partial_=True, _convert_="all")
    return factory(
        spec=spec,
        networks=networks,
        loss=parts.loss,
        penalties=parts.penalties,
        terms=parts.terms,
        augment=parts.augment,
        seed=cfg.seed,
        **({} if parts.privacy is None else {"privacy": parts.privacy}),
    )


def roles_of(node: Mapping[Any, Any]) -> Mapping[str, Role]:
    """The roles of a model's networks, as its class declares them."""
    kind: Any = get_object(str(node["_target_"]))
    roles: Mapping[str, Role] = kind.roles
    return roles


def wanted_roles(node: Mapping[Any, Any], terms: Mapping[str, Any]) -> dict[str, Role]:
    """The roles of the networks that are built: no discriminators where nothing would look at their scores.

    Args:
        node: of the model.
        terms: by name.
    """
    roles = roles_of(node)
    needed = {field for term in terms.values() for field in getattr(term, "needs", ())}
    judged = node.get("adversarial", 1) != 0 or bool(SCORES & needed)
    return {name: role for name, role in roles.items() if judged or role.optimizer == "g"}


def build_one(node: Any, role: Role, spec: DataSpec) -> nn.Module:
    """A network for the parts of the data in its role."""
    return build_network(make(node), spec[role.part], spec[role.given] if role.given is not None else None)


def make_chosen(group: str, nodes: Mapping[Any, Any]) -> dict[str, Any]:
    """The penalties or terms that were chosen, by name.

    An experiment sets numbers of the one that it chooses; if the command line chooses another, they are left without a
    ``_target_``, and a notice says that they do nothing.
    """
    chosen = {str(name): node for name, node in nodes.items() if node is not None and "_target_" in node}
    if idle := sorted({str(name) for name, node in nodes.items() if node is not None} - chosen.keys()):
        notice(group, f"{group}={','.join(idle)} has numbers in this experiment but was not chosen: they are unused.")
    return {name: make(node) for name, node in chosen.items()}


def build_callbacks(cfg: DictConfig) -> dict[str, Callback]:
    """The callbacks by name; those set to null are left out. One that takes ``record`` gets the configuration."""
    record = OmegaConf.to_container(cfg, resolve=True)
    nodes = {str(name): node for name, node in cfg.callbacks.items() if node is not None}
    return {
        # As a partial, because instantiate would make objects of the record.
        name: make(node, _partial_=True)(record=record) if takes(node, "record") else make(node)
        for name, node in nodes.items()
    }


def takes(node: Mapping[Any, Any], argument: str) -> bool:
    """Whether the class of a node has a parameter of this name."""
    return argument in inspect.signature(get_object(str(node.get("_target_")))).parameters


def build_trainer(cfg: DictConfig, callbacks: Mapping[str, Callback]) -> Trainer:
    """Lightning's trainer, counting pictures instead of its own steps; it gets its loggers when training starts."""
    # Under Hydra, Lightning's messages on devices appear twice.
    for name in ("lightning", "lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return make(
        cfg.trainer,
        logger=False,
        callbacks=list(callbacks.values()),
        precision=choose_precision(cfg.precision, cfg.trainer.accelerator),
        max_epochs=-1,
        max_steps=-1,
        use_distributed_sampler=False,  # our sampler knows its share of the global batch
        enable_checkpointing=False,  # ours count pictures
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=cfg.output_dir,
        log_every_n_steps=1,
    )
