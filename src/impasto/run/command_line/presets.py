"""Settings of presets (``experiment=``, ``debug=``) that the chosen parts do not have."""

import inspect
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final

from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf, open_dict

from impasto.base.conf import CONF
from impasto.base.notices import notice
from impasto.networks.part_settings import part_names
from impasto.run.command_line.override_checks import key_of

PRESETS: Final = ("experiment", "debug")
"""Groups whose choices set keys of other groups."""


def without_unfit_settings(cfg: DictConfig, hydra: Any) -> DictConfig:
    """A configuration without settings of a preset that the chosen part does not take; a notice names them.

    A preset may be used with other parts than it was written for: ``debug=fast`` sets ``num_real``, which the protocol
    for translations does not have. What the user has typed stays, to be refused.

    Args:
        cfg: the whole configuration.
        hydra: Hydra's own for this run: what was chosen and typed.
    """
    cfg, typed = deepcopy(cfg), {key_of(each) for each in hydra.overrides.task} - {*hydra.runtime.choices}
    for group in PRESETS:
        name = hydra.runtime.choices.get(group)
        path = CONF / group / f"{name}.yaml"
        if not path.is_file():  # none, several, or one of the user's own folders
            continue
        keys = list(keys_of(cfg, OmegaConf.to_container(OmegaConf.load(path))))
        unfit = [(key, own) for key, own in keys if not is_taken(cfg, key)]
        unfit = [(key, own) for key, own in unfit if not any(f"{key}.".startswith(f"{each}.") for each in typed)]
        with open_dict(cfg):
            for parent, _, last in (key.rpartition(".") for key, _ in unfit):
                if (node := OmegaConf.select(cfg, parent)) is not None:  # else removed with its parent
                    node.pop(last, None)
        left_out = [key for key, own in unfit if own]
        if left_out:
            parts = f"{'is' if len(left_out) == 1 else 'are'} not for the parts chosen here: left out."
            notice(group, f"{', '.join(left_out)} of {group}={name} {parts}")
    return cfg


def keys_of(cfg: DictConfig, node: Any, path: str = "") -> Iterator[tuple[str, bool]]:
    """The dotted keys that a preset sets, and whether it sets them itself.

    An object with a ``_target_`` is one value that replaces another: keys of that one that are left in ``cfg`` are not
    set by the preset.
    """
    for key, value in node.items():
        where = f"{path}{key}"
        if where == "defaults":
            continue
        if not isinstance(value, dict):
            yield where, True
        elif "_target_" not in value:
            yield from keys_of(cfg, value, f"{where}.")
        else:
            yield where, True
            merged = OmegaConf.select(cfg, where)
            yield from ((f"{where}.{name}", False) for name in merged or () if name not in value)


def is_taken(cfg: DictConfig, key: str) -> bool:
    """Whether the class beside a key has a parameter of its name; true if there is no class.

    A factory (``_partial_``) inside the node may take what the class passes to it, as ``data.pictures`` does.
    """
    parent, _, name = key.rpartition(".")
    node: Any = OmegaConf.select(cfg, parent) if parent else None
    if not isinstance(node, DictConfig) or "_target_" not in node or name not in node:
        return True
    factories = [each for each in node.values() if isinstance(each, DictConfig) and each.get("_partial_")]
    taken = [parameters_of(str(each["_target_"])) for each in (node, *factories)]
    return taken[0] is None or any(names is not None and name in names for names in taken)


def parameters_of(target: str) -> set[str] | None:
    """The parameters of a class or function, with those of base classes that ``**keywords`` are for; None is any."""
    try:
        found = get_object(target)
    except Exception:  # refused by the checks, which say why
        return None
    makers = [vars(each).get("__init__") for each in inspect.getmro(found)] if inspect.isclass(found) else [found]
    if inspect.isclass(found) and found.__init__ is object.__init__ and found.__new__ is object.__new__:
        return set()
    names = set(getattr(found, "roles", ()))  # networks, which are built apart and handed on by name
    names |= part_names(found)
    for maker in filter(inspect.isfunction, makers):
        parameters = inspect.signature(maker).parameters
        names |= set(parameters)
        if all(p.kind is not p.VAR_KEYWORD for p in parameters.values()):
            return names
    return None
