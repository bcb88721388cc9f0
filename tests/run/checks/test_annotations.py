"""Plain values are held against the annotations of the parameters that they are given to."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import pytest
from annotated_types import Gt, Interval, Le, MultipleOf
from omegaconf import OmegaConf

from impasto.run.checks.annotations import list_problems, number_problems, word_problems


def test_numbers_are_all_named_at_once() -> None:
    cfg = OmegaConf.create(
        {"kimg": 0, "model": {"_target_": "impasto.models.noise.NoiseGAN", "n_critic": 0}, "seed": -1}
    )
    problems = " ".join(number_problems(cfg))
    assert "kimg is 0" in problems
    assert "model.n_critic is 0; give a whole number, 1 or more." in problems
    assert "seed is -1" in problems


class Ours:
    """A part from outside, with ranges of its own."""

    def __init__(
        self,
        strength: Annotated[float, Gt(0), Le(10)] = 1.0,
        steps: Annotated[int, MultipleOf(8)] = 8,
        size: Annotated[int, Interval(ge=1, le=4)] | Literal["auto"] | None = None,
        inner: "Ours | None" = None,
        plain: int = 0,
    ) -> None: ...


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"strength": 0}, ["loss.strength is 0; give a number above 0 and 10 or less."]),
        ({"strength": 11.5}, ["loss.strength is 11.5; give a number above 0 and 10 or less."]),
        ({"strength": True}, ["loss.strength is True; give a number above 0 and 10 or less."]),
        ({"steps": 12}, ["loss.steps is 12; give a whole number, a multiple of 8."]),
        ({"size": 5}, ["loss.size is 5; give a whole number from 1 to 4."]),
        ({"size": "large"}, ["loss.size is large; give a whole number from 1 to 4."]),
        ({"inner": {"_target_": "PATH", "steps": 3}}, ["loss.inner.steps is 3; give a whole number, a multiple of 8."]),
        ({"plain": "many"}, ["loss.plain=many is not a number."]),
        ({"strength": 10, "steps": 16.0, "size": "auto", "plain": -3}, []),
        ({"strength": "${kimg}", "size": None, "unknown": -1}, []),
        ({"strength": {"_target_": "impasto.base.schedules.Cosine", "kimg": -1}}, []),
    ],
)
def test_ranges_of_a_class_from_outside(given: dict[str, Any], says: list[str]) -> None:
    path = f"{Ours.__module__}.{Ours.__qualname__}"
    given = {
        key: {**value, "_target_": value["_target_"].replace("PATH", path)} if isinstance(value, dict) else value
        for key, value in given.items()
    }
    assert number_problems(OmegaConf.create({"kimg": 1, "seed": 0, "loss": {"_target_": path, **given}})) == says


def test_words_are_among_the_choices_of_their_parameter() -> None:
    data = {"_target_": "impasto.data.module.ImageDataModule", "duplicates": "maybe", "resize": "auto"}
    assert word_problems(OmegaConf.create({"data": data})) == [
        "data.duplicates=maybe is not known: choose one of skip, keep."
    ]


class Lists:
    """A part from outside that takes lists."""

    def __init__(
        self,
        window: tuple[float, float] | None = None,
        steps: Sequence[Annotated[int, Gt(0)]] = (),
        names: Sequence[str] = (),
        size: int | Sequence[int] = 1,
        one: Annotated[float, Gt(0)] | None = None,
        anything: Any = None,
    ) -> None: ...


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"window": 3}, ["loss.window=3 is not a list; write it in brackets."]),
        ({"window": ["a", 2]}, ["loss.window=['a', 2] is to hold numbers, and a is none."]),
        ({"steps": [1, True]}, ["loss.steps=[1, True] is to hold numbers, and True is none."]),
        ({"names": "abc"}, ["loss.names=abc is not a list; write it in brackets."]),
        ({"one": [1]}, ["loss.one=[1] is a list; give one value."]),
        ({"window": [0, 2.5], "steps": [], "names": [1, "a"], "size": 3, "one": 1, "anything": [3]}, []),
        ({"window": None, "size": [2, 3], "names": "${kimg}", "anything": 2}, []),
    ],
)
def test_lists_and_single_values(given: dict[str, Any], says: list[str]) -> None:
    path = f"{Lists.__module__}.{Lists.__qualname__}"
    assert list_problems(OmegaConf.create({"kimg": 1, "loss": {"_target_": path, **given}})) == says
