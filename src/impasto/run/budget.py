"""The widest generator within a budget: its settings of channels are scaled together until a picture costs no more."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from omegaconf import DictConfig, OmegaConf

from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.base.spec import DataSpec
from impasto.data.parts import LABELLED
from impasto.models.roles import Role
from impasto.painters.checkpoints import read_checkpoint
from impasto.painters.cost import cost_of, milliseconds
from impasto.run.build import build_data, build_one, expected_spec, roles_of

WIDTHS: Final = ("features", "max_features", "last")
"""Settings of generators that are numbers of channels."""


def within_budget(cfg: DictConfig) -> DictConfig:
    """The configuration with generators as wide as ``budget`` allows; as it is if there is none.

    A resumed run keeps the widths that were found when it began.

    Raises:
        UserError: there is no such width, or the generator has no settings of channels.
    """
    budget = {name: value for name, value in (cfg.get("budget") or {}).items() if value is not None}
    if not budget:
        return cfg
    if len(budget) > 1:
        raise UserError("budget.mmacs and budget.ms are both given: give one of them.")
    (unit, most), *_ = budget.items()
    if isinstance(most, bool | str) or not isinstance(most, int | float):
        raise UserError(f"budget.{unit}={most} is not a number.")
    cfg = deepcopy(cfg)
    node: Any = OmegaConf.to_container(cfg.model, resolve=True)
    names = [name for name, role in roles_of(node).items() if role.optimizer == "g"]
    if cfg.resume is not None:
        known = read_checkpoint(Path(cfg.resume) / "checkpoints" / "last.ckpt")["impasto"]["config"]["model"]
        set_widths(cfg, {name: widths_of(known[name]) for name in names})
        return cfg
    name = names[0]
    cost = cost_by_width(cfg, node[name], roles_of(node)[name], unit)
    found = widest(widths_of(node[name], name), cost, float(most), f"budget.{unit}")
    set_widths(cfg, {each: scaled(widths_of(node[each], each), *found) for each in names})
    return cfg


def widths_of(node: Mapping[str, Any], name: str = "generator") -> dict[str, Any]:
    """The settings of channels of a network.

    Raises:
        UserError: it has none.
    """
    found = {key: node[key] for key in WIDTHS if node.get(key) is not None}
    if not found:
        raise UserError(
            f"budget= scales {', '.join(WIDTHS)}, of which model.{name} has none: set its size by its own settings."
        )
    return found


def scaled(widths: Mapping[str, Any], part: int, whole: int) -> dict[str, Any]:
    """Widths times ``part / whole``, rounded down to whole numbers of at least 1."""

    def narrow(value: Any) -> Any:
        return [narrow(each) for each in value] if isinstance(value, list) else max(value * part // whole, 1)

    return {key: narrow(value) for key, value in widths.items()}


def widest(
    widths: Mapping[str, Any], cost: Callable[[Mapping[str, Any]], float], most: float, key: str
) -> tuple[int, int]:
    """The largest share of the widths, as two numbers, whose cost is within a budget; found by bisection.

    Args:
        widths: of the whole network.
        cost: of a network with other widths; grows with them.
        most: that it may be.
        key: of the setting that says so.

    Raises:
        UserError: even the narrowest costs more.
    """
    whole = max(value for each in widths.values() for value in (each if isinstance(each, list) else [each]))
    full = cost(widths)
    if full <= most:
        notice("budget", f"{key}={most:g} asks for nothing: the whole generator costs {full:.4g}.")
        return whole, whole
    if (least := cost(scaled(widths, 1, whole))) > most:
        raise UserError(f"{key}={most:g} is too little: the narrowest generator costs {least:.4g}; give more.")
    fits, costs_more = 1, whole
    while costs_more - fits > 1:
        middle = (fits + costs_more) // 2
        if (found := cost(scaled(widths, middle, whole))) <= most:
            fits, least = middle, found
        else:
            costs_more = middle
    told = ", ".join(f"{name}={value}" for name, value in scaled(widths, fits, whole).items())
    notice("budget", f"{key}={most:g}: {told}, which costs {least:.4g}; the whole generator costs {full:.4g}.")
    return fits, whole


def cost_by_width(
    cfg: DictConfig, node: Mapping[str, Any], role: Role, unit: str
) -> Callable[[Mapping[str, Any]], float]:
    """What a picture costs by the widths of the network that paints it.

    Args:
        cfg: the whole configuration.
        node: of the network.
        role: of the network.
        unit: ``mmacs`` (millions of multiplications) or ``ms`` (milliseconds on this machine).
    """
    specs = specs_before_data(cfg, role)
    gives, content = specs[role.part], specs[role.given] if role.given is not None else None

    def cost(widths: Mapping[str, Any]) -> float:
        network = build_one({**node, **widths}, role, specs)
        if unit == "mmacs":
            return cost_of(network, gives, content).macs / 1e6
        return milliseconds(network, gives, content)

    return cost


def specs_before_data(cfg: DictConfig, role: Role) -> DataSpec:
    """The shapes of the parts that a network is for, as far as they are known before pictures are read."""
    known = getattr(build_data(cfg), "expected_spec", {})
    spec = expected_spec(cfg)
    parts = {part for part in (role.part, role.given) if part is not None}
    if parts <= known.keys():
        return dict(known)
    return {part: spec if part == LABELLED else replace(spec, class_names=()) for part in parts}


def set_widths(cfg: DictConfig, widths: Mapping[str, Mapping[str, Any]]) -> None:
    """Write widths of networks, by name, into a configuration."""
    for name, settings in widths.items():
        for key, value in settings.items():
            OmegaConf.update(cfg, f"model.{name}.{key}", value, merge=False)
