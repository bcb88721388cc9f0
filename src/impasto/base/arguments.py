"""Arguments of functions that are called from Python, checked against their annotations."""

import inspect
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, wraps
from numbers import Integral, Real
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

from impasto.base.errors import UserError

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

WORDS: Final[Mapping[Any, tuple[str, str]]] = {
    NoneType: ("None", "Nones"),
    bool: ("True or False", "switches"),
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    str: ("a string", "strings"),
    os.PathLike: ("a path", "paths"),
    Path: ("a path", "paths"),
}
"""What to give for a type, one and several."""


def typed(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """The function, which refuses arguments that are not of the annotated types before it begins.

    Numbers may be NumPy's; a string is no list; what is inside lists and mappings counts. ``Any`` is not checked.

    Raises:
        UserError: in place of what an argument of another type would raise, deep inside.
    """

    @wraps(function)
    def checked(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        signature, hints = annotations_of(function)
        for name, value in signature.bind(*args, **kwargs).arguments.items():
            if name in hints and not is_of(value, hints[name]):
                wanted = " or ".join(remedies_of(hints[name]))
                raise UserError(f"{function.__name__}({name}={value!r:.60}) does not fit: give {wanted}.")
        return function(*args, **kwargs)

    return checked


@cache
def annotations_of(function: Callable[..., Any]) -> tuple[inspect.Signature, Mapping[str, Any]]:
    """The signature, and the types of its parameters but for those that are open (``*args``, ``**kwargs``)."""
    signature, hints = inspect.signature(function), get_type_hints(function)
    known = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    named = [name for name, parameter in signature.parameters.items() if parameter.kind in known and name in hints]
    return signature, {name: hints[name] for name in named}


def is_of(value: Any, hint: Any) -> bool:
    """Whether a value is of a type."""
    kind, inside = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if kind in (Union, UnionType):
        return any(is_of(value, each) for each in inside)
    if hint in (int, float):
        return isinstance(value, Integral if hint is int else Real) and not isinstance(value, bool)
    if not isinstance(value, kind or hint):
        return False
    if kind is Sequence:
        return not isinstance(value, str | bytes) and all(is_of(each, inside[0]) for each in value)
    if kind is Mapping:
        return all(is_of(key, inside[0]) and is_of(each, inside[1]) for key, each in value.items())
    return True


def remedies_of(hint: Any, several: bool = False) -> Iterator[str]:
    """What to give for a type, in words; for several of it where it is inside a list or a mapping."""
    kind, inside = get_origin(hint), get_args(hint)
    if kind in (Union, UnionType):
        paths = any(get_origin(each) is os.PathLike or each is Path for each in inside)
        for each in inside:
            if not (each is str and paths):  # a string that is a path
                yield from remedies_of(each, several)
    elif kind in (Sequence, Mapping):
        many = " or ".join(remedies_of(inside[-1], several=True))
        yield f"a list of {many}" if kind is Sequence else f"a mapping from names to {many}"
    elif hint is Any:
        yield "values"
    else:
        own = f"{'an' if hint.__name__[:1].lower() in 'aeiou' else 'a'} {hint.__name__}"
        yield WORDS.get(kind or hint, (own, f"{hint.__name__}s"))[several]
