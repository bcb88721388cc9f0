"""How batches of the parts of a data set are put together."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from impasto.base.errors import UserError
from impasto.data.companions import CompanionSampler
from impasto.data.parts import Part
from impasto.data.sampler import BatchSampler

Drawing = Literal["independently", "aligned", "grouped", "companions"]
"""How batches of a part are put together: of any pictures; of the same pictures, crops and flips as those of all other
aligned parts; of each class equally often; or of companions of the part named before, which are others of its pictures,
of the same class, under crops and flips of their own."""


def check_parts(parts: Mapping[str, str]) -> dict[str, Drawing]:
    """How each part is drawn, checked.

    Raises:
        UserError: there is no such way, or companions are named first.
    """
    for name, drawing in parts.items():
        if drawing not in get_args(Drawing):
            known = ", ".join(get_args(Drawing))
            raise UserError(f"data.parts.{name}={drawing} is not known: choose one of {known}.")
    if next(iter(parts.values()), None) == "companions":
        raise UserError(
            f"data.parts.{next(iter(parts))}=companions has no part before it, whose pictures it could accompany: name "
            "that part first."
        )
    return dict(parts)  # type: ignore[arg-type]


def leaders_of(parts: Mapping[str, Drawing]) -> dict[str, str]:
    """By part that is drawn as companions, the part whose pictures it accompanies: the nearest before it."""
    leaders: dict[str, str] = {}
    leader = ""
    for name, drawing in parts.items():
        if drawing == "companions":
            leaders[name] = leader
        else:
            leader = name
    return leaders


def samplers_of(
    parts: Mapping[str, Part],
    aligned: Sequence[str],
    leaders: Mapping[str, str],
    sizes: Mapping[str, tuple[int, str]],
    **order: Any,
) -> dict[str, BatchSampler | CompanionSampler]:
    """What draws the batches of each part, in the order of the parts, whose places seed them.

    Args:
        parts: by name.
        aligned: those that are drawn together.
        leaders: by part of companions, the part that it accompanies.
        sizes: by part, the batch size over all processes and the setting that gives it.
        **order: seed, start, rank and world_size of :class:`~impasto.data.sampler.BatchSampler`.

    Raises:
        UserError: a batch cannot be divided among the processes, or there are no classes to balance.
    """
    names = list(parts)
    shared = dict.fromkeys(aligned, next(iter(aligned), ""))  # whose order, crops and flips a part has
    leading = {
        name: part.sampler(*sizes[name], stream=names.index(shared.get(name, name)), **order)
        for name, part in parts.items()
        if name not in leaders
    }
    return {
        name: parts[name].companion_sampler(leading[leaders[name]], names.index(name))
        if name in leaders
        else leading[name]
        for name in names
    }
