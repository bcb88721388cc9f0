"""Plain values of a configuration, checked against the annotations of their parameters."""

import inspect
import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

from annotated_types import DocInfo, Ge, GroupedMetadata, Gt, Le, Lt, MultipleOf
from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf

from impasto.base.ranges import Count, Positive, Seed
from impasto.networks.part_settings import PartSettings, part_names


class Settings:
    """The numbers at the top of a configuration."""

    seed: Seed
    kimg: Positive
    minutes: Positive | None


class Optimizer:
    """The numbers of torch's optimisers."""

    lr: Positive


class Trainer:
    """The numbers of Lightning's trainer."""

    num_nodes: Count


LIBRARIES: Final = {"torch.optim.": Optimizer, "lightning.": Trainer}
"""Annotations for classes of libraries, by the beginning of their dotted path."""


PLAIN: Final = (NoneType, bool, int, float, str)
LISTS: Final = (Sequence, list, tuple)

KEPT: Final[dict[type, Callable[[float, Any], bool]]] = {
    Gt: operator.gt,
    Ge: operator.ge,
    Lt: operator.lt,
    Le: operator.le,
    MultipleOf: lambda value, step: value % step == 0,
}
"""The check of each bound."""


def number_problems(cfg: DictConfig) -> list[str]:
    """One sentence for each number out of its range; schedules and interpolations are not checked here."""
    return list(problems_in(OmegaConf.to_container(cfg), get_type_hints(Settings, include_extras=True), number_problem))


def word_problems(cfg: DictConfig) -> list[str]:
    """One sentence for each word that is not among the choices (``Literal``) of the parameter it is given to."""
    return list(problems_in(OmegaConf.to_container(cfg), {}, word_problem))


def list_problems(cfg: DictConfig) -> list[str]:
    """One sentence for each single value where a list is wanted, each list where none is, and words among numbers."""
    return list(problems_in(OmegaConf.to_container(cfg), {}, list_problem))


def problems_in(
    node: Any, hints: Mapping[str, Any], problem_of: Callable[[Any, Any], str | None], path: str = ""
) -> Iterator[str]:
    """The same for one node, given the type hints of its keys, and for all nodes inside it."""
    for key, value in node.items():
        hint, where = hints.get(str(key)), f"{path}{key}"
        if isinstance(value, dict):
            yield from problems_in(value, hints_of(value, hint), problem_of, f"{where}.")
        elif hint is not None and (problem := problem_of(value, hint)) is not None:
            yield f"{where}{problem}."


def hints_of(node: Mapping[Any, Any], hint: Any) -> dict[str, Any]:
    """What the keys of a node may be: the parameters of its ``_target_``, or the keys of a typed mapping.

    Data passes what it does not know itself on to what opens its pictures or sequences.
    """
    if "_target_" in node:
        opening = node.get("pictures") or node.get("sequences")
        passed_on = hints_of(opening, None) if isinstance(opening, Mapping) else {}
        return passed_on | parameter_hints(str(node["_target_"]))
    typed = next(filter(is_typeddict, (hint, *get_args(hint))), None)
    return {} if typed is None else get_type_hints(typed, include_extras=True)


def parameter_hints(target: str) -> dict[str, Any]:
    """The annotated parameters of a class or function; also of base classes that it passes ``**keywords`` to."""
    for beginning, annotations in LIBRARIES.items():
        if target.startswith(beginning):
            return get_type_hints(annotations, include_extras=True)
    hints: dict[str, Any] = {}
    try:
        found = get_object(target)
        makers = [vars(each).get("__init__") for each in inspect.getmro(found)] if inspect.isclass(found) else [found]
        for maker in filter(inspect.isfunction, makers):
            hints = get_type_hints(maker, include_extras=True) | hints
            if all(p.kind is not p.VAR_KEYWORD for p in inspect.signature(maker).parameters.values()):
                break
        if part_names(found):
            hints = get_type_hints(PartSettings, include_extras=True) | hints
    except Exception:  # import errors are reported elsewhere; names known to type checkers only are no hints
        return hints
    return hints


def word_problem(value: Any, hint: Any) -> str | None:
    """The choice of words, if a hint is one and the value is not among them; else None."""
    words = [word for choice in choices_of(hint) if get_origin(choice) is Literal for word in get_args(choice)]
    only_words = all(get_origin(choice) is Literal or choice is NoneType for choice in choices_of(hint))
    if not only_words or not isinstance(value, str) or "${" in value or value in words:
        return None
    return f"={value} is not known: choose one of {', '.join(map(str, words))}"


def list_problem(value: Any, hint: Any) -> str | None:
    """What is wrong with a value that is a list where none is wanted, or the other way round; None if nothing is."""
    choices = [bare(choice) for choice in choices_of(hint)]
    lists = [choice for choice in choices if get_origin(choice) in LISTS]
    others = [choice for choice in choices if get_origin(choice) not in LISTS]
    known = hint is not NoneType and all(choice in PLAIN or get_origin(choice) is Literal for choice in others)
    if value is None or not known or "${" in str(value):
        return None
    if not isinstance(value, list):
        return f"={value} is not a list; write it in brackets" if lists and all(o is NoneType for o in others) else None
    if not lists:
        return f"={value} is a list; give one value"
    inside = [bare(each) for choice in lists for each in get_args(choice) if each is not ...]
    if not inside or not all(each in (int, float) for each in inside):
        return None
    odd = next((each for each in value if isinstance(each, bool) or not isinstance(each, int | float)), ...)
    return None if odd is ... else f"={value} is to hold numbers, and {odd} is none"


def bare(hint: Any) -> Any:
    """A hint without its bounds."""
    return get_args(hint)[0] if hasattr(hint, "__metadata__") else hint


def number_problem(value: Any, hint: Any) -> str | None:
    """What is wrong with a plain value, and what to give; None if nothing is."""
    choices = choices_of(hint)
    ranges = [choice for choice in choices if bounds_of(choice)]
    passed_on = isinstance(value, list) or (isinstance(value, str) and "${" in value)
    numbers = hint is not NoneType and all(choice in (int, float, NoneType) for choice in choices)
    if numbers and isinstance(value, str) and not passed_on:
        return f"={value} is not a number"
    if not ranges or passed_on or any(fits(value, choice) for choice in choices):
        return None
    return f" is {'null' if value is None else value}; give {' or '.join(map(remedy_of, ranges))}"


def choices_of(hint: Any) -> tuple[Any, ...]:
    """The members of a union; the hint itself if it is none."""
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def bounds_of(hint: Any) -> list[Any]:
    """The bounds of an annotated number."""
    metadata = getattr(hint, "__metadata__", ())
    flat = [each for entry in metadata for each in (entry if isinstance(entry, GroupedMetadata) else [entry])]
    return [each for each in flat if type(each) in KEPT]


def fits(value: Any, hint: Any) -> bool:
    """Whether a value fits a member of a union: a number within its bounds, a word, or None."""
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if not bounds_of(hint):
        return hint in (NoneType, str, bool, int, float) and isinstance(value, hint)
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return False
    if get_args(hint)[0] is int and not (math.isfinite(value) and value == int(value)):
        return False
    return all(KEPT[type(bound)](value, astuple(bound)[0]) for bound in bounds_of(hint))


def remedy_of(hint: Any) -> str:
    """What to give, such as "a whole number, 1 or more"."""
    for entry in hint.__metadata__:
        if isinstance(entry, DocInfo):
            return entry.documentation
    kind = "a whole number" if get_args(hint)[0] is int else "a number"
    words = {
        "Gt": "above {}",
        "Ge": "{} or more",
        "Lt": "below {}",
        "Le": "{} or less",
        "MultipleOf": "a multiple of {}",
    }
    bounds = {type(bound).__name__: astuple(bound)[0] for bound in bounds_of(hint)}
    if kind == "a number" and bounds == {"Gt": 0}:
        return "a positive number"
    if set(bounds) == {"Ge", "Le"}:
        return f"{kind} from {bounds['Ge']} to {bounds['Le']}"
    said = " and ".join(words[name].format(bound) for name, bound in bounds.items())
    if kind == "a whole number":
        return f"{kind}, {said}"
    return said if "Ge" in bounds else f"{kind} {said}"
