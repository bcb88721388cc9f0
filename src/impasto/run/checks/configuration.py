"""Mistakes in a configuration, found before any data is read."""

import logging
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import torch
from hydra.utils import get_object
from omegaconf import DictConfig
from torch import nn

from impasto.base.errors import UserError
from impasto.base.instantiate import make
from impasto.base.notices import notice
from impasto.base.parts import Doubt, Parts, Refusal
from impasto.base.spec import ImageSpec
from impasto.data.parts import LABELLED
from impasto.run.build import assemble_model, build_one, build_parts, build_trainer, expected_spec, wanted_roles
from impasto.run.checks.annotations import list_problems, number_problems, word_problems
from impasto.run.checks.batches import batch_problems, single_picture_problems
from impasto.run.checks.devices import precision_problems, trainer_problems
from impasto.run.checks.network_trials import moved_attention, size_problems
from impasto.run.start import source_of

Built = TypeVar("Built")


class Problems:
    """The problems so far, and the exception behind the first."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.cause: Exception | None = None

    def attempt(self, name: str, build: Callable[[], Built]) -> Built | None:
        """Build a part; if it cannot be built, note the problem and return None."""
        try:
            return build()
        except UserError as problem:
            self.found.append(str(problem))
            self.cause = self.cause or problem
        except Exception as problem:
            # A user's own network may read its weights while it is built; here they have no values.
            if "meta" in str(problem).lower():
                logging.getLogger("impasto").debug("%s is not checked: %s", name, problem)
                return None
            self.found.append(f"{name} cannot be built: {' '.join(str(problem).split()).rstrip('.')}.")
            self.cause = self.cause or problem
        return None

    def report(self) -> None:
        """Raise them all at once, if there are any.

        Raises:
            UserError: the problems.
        """
        if self.found:
            raise UserError(" ".join(dict.fromkeys(self.found))) from self.cause


def check(cfg: DictConfig) -> Parts:
    """Build every part of a run, and refuse what cannot work; every problem is named at once.

    Returns:
        The parts, to run with. Networks and model are only tried, without memory for their weights, on data of the
        shape in the configuration; the pictures' own is known only once they are read.

    Raises:
        UserError: the problems.
    """
    problems = Problems()
    problems.found += list_problems(cfg) or number_problems(cfg) or batch_problems(cfg)
    problems.found += (misfit := precision_problems(cfg) + trainer_problems(cfg))
    model, data = (problems.attempt(group, partial(located, cfg, group)) for group in ("model", "data"))
    if model is None or data is None:
        problems.report()
    if not problems.found:
        torch.manual_seed(cfg.seed)  # a user's own part may draw numbers when it is built
    parts = build_parts(cfg, problems.attempt)
    problems.found += kind_problems(model, parts.data)
    if not misfit:
        parts = replace(parts, trainer=problems.attempt("trainer", lambda: build_trainer(cfg, parts.callbacks)))
    if cfg.get("start") is not None and cfg.get("resume") is None:
        problems.attempt("start", lambda: source_of(cfg.start))
    for key in ("optimizer_g", "optimizer_d"):
        if key in cfg.model:
            problems.attempt(f"model.{key}", partial(make_optimizer, cfg.model[key]))
    spec = problems.attempt("data.image_size", lambda: expected_spec(cfg))
    tried = parts if spec is None else try_networks(cfg, spec, parts, problems)
    problems.found += refusals(tried)
    problems.found = problems.found or word_problems(cfg)
    problems.report()
    say_doubts(cfg, spec, tried)
    return parts


def make_optimizer(node: Any) -> torch.optim.Optimizer:
    """An optimiser, tried on a parameter of its own."""
    return make(node)([nn.Parameter(torch.zeros(1))])


def try_networks(cfg: DictConfig, spec: ImageSpec, parts: Parts, problems: Problems) -> Parts:
    """The parts with all networks, and the model around them, as far as they can be built, on the meta device."""
    names = ("loss", "penalties", "terms", "augment", "privacy")
    copies = Parts(**{name: deepcopy(getattr(parts, name)) for name in names})
    roles = problems.attempt("model", lambda: wanted_roles(cfg.model, parts.terms)) or {}
    names_of_parts = {part for role in roles.values() for part in (role.part, role.given) if part is not None}
    specs = {part: spec if part == LABELLED else replace(spec, class_names=()) for part in sorted(names_of_parts)}
    expected = getattr(parts.data, "expected_spec", {})
    specs = dict(expected) if specs.keys() <= expected.keys() else specs
    built: dict[str, nn.Module] = {}
    with torch.device("meta"):
        for name, role in roles.items():
            network = problems.attempt(f"model.{name}", partial(build_one, cfg.model[name], role, specs))
            built |= {name: network} if network is not None else {}
        ready = len(built) == len(roles) and not problems.found
        model = problems.attempt("model", lambda: assemble_model(cfg, specs, copies, built)) if ready else None
        if len(built) == len(roles):
            problems.found += size_problems(specs, roles, built)
        if len(built) == len(roles) and not problems.found:
            problems.found += single_picture_problems(cfg, spec, built)
    sides = ({n: m for n, m in built.items() if roles[n].optimizer == side} for side in ("g", "d"))
    return replace(parts, generators=next(sides), discriminators=next(sides), model=model)


def refusals(parts: Parts) -> list[str]:
    """Why parts cannot work with each other, by their own checks."""
    return [finding.sentence for finding in parts.findings() if isinstance(finding, Refusal)]


def say_doubts(cfg: DictConfig, spec: ImageSpec | None, parts: Parts) -> None:
    """Notices of what works but is probably not intended."""
    moved = [] if spec is None else moved_attention(cfg, spec, {**parts.generators, **parts.discriminators})
    for finding in (*parts.findings(), *moved):
        if isinstance(finding, Doubt):
            notice(finding.key, finding.sentence)


def check_data(parts: Parts) -> None:
    """As :func:`check`, for what is known only once the data has been read.

    Raises:
        UserError: measurements need held-out pictures and none could be held out, for example.
    """
    if found := refusals(parts):
        raise UserError(" ".join(found))


def located(cfg: DictConfig, group: str) -> Any:
    """The class that a group names.

    Raises:
        UserError: there is none.
    """
    target = cfg[group].get("_target_")
    try:
        return get_object(str(target))
    except Exception as problem:
        reason = " ".join(str(problem).split())
        raise UserError(
            f"{group}._target_={target} cannot be imported ({reason}): give the dotted path of a class."
        ) from problem


def kind_problems(model: Any, data: Any) -> list[str]:
    """A model that paints photographs given none, or the other way round; classes that do not declare it pass."""
    needs, gives = set(getattr(model, "needs", ())), set(getattr(data, "parts", ()))
    if not needs or not gives or needs <= gives:
        return []
    remedy = "data=unpaired" if "content" in needs else "another data=, such as image_folder"
    wanted, found = " and ".join(sorted(needs)), " and ".join(sorted(gives))
    return [f"The model learns from {wanted}, the data has {found}: set {remedy}."]
