import math

import pytest
import torch

from impasto.callbacks.guard import Guard
from impasto.models.noise import NoiseGAN
from tests.callbacks.conftest import FakeTrainer
from tests.models.test_base import batch


def step(guard: Guard, trainer: FakeTrainer, model: NoiseGAN) -> None:
    model.training_step(batch(), 0)
    guard.on_train_batch_end(trainer, model, None, batch(), 0)  # type: ignore[arg-type]


def make_guard(trainer: FakeTrainer, model: NoiseGAN, **settings: object) -> Guard:
    guard = Guard(every_kimg=0.004, **settings)  # type: ignore[arg-type]
    guard.on_train_start(trainer, model)  # type: ignore[arg-type]
    return guard


def test_a_weight_that_is_not_a_number_takes_the_run_back(trainer: FakeTrainer, model: NoiseGAN) -> None:
    guard = make_guard(trainer, model, factors={"lr_g": 0.5, "penalty": 3.0})
    step(guard, trainer, model)
    good = model.generator.value.item(), model.discriminator.weight.item(), model.images_seen
    model.tracker.drain()
    with torch.no_grad():
        model.generator.value.fill_(math.nan)
    step(guard, trainer, model)
    assert (model.generator.value.item(), model.discriminator.weight.item(), model.images_seen) == good
    assert model.state.factors == {"lr_g": 0.5, "lr_d": 1.0, "penalty": 3.0}
    assert model.state.attempt == 1
    assert "not finite" in model.state.rollbacks[0]
    assert not trainer.should_stop


def test_the_data_goes_on_after_a_roll_back(trainer: FakeTrainer, model: NoiseGAN) -> None:
    guard = make_guard(trainer, model)
    step(guard, trainer, model)
    model.generator.value.data.fill_(math.inf)
    step(guard, trainer, model)
    assert model.state.batches_drawn == 2
    assert model.images_seen == 4


def test_it_gives_up_after_so_many(trainer: FakeTrainer, model: NoiseGAN) -> None:
    guard = make_guard(trainer, model, max_rollbacks=2)
    for _ in range(3):
        model.generator.value.data.fill_(math.nan)
        step(guard, trainer, model)
    assert trainer.should_stop
    assert "not finite" in guard.verdict
    assert model.is_finite()


def test_a_run_never_ends_with_weights_that_went_wrong_since_the_last_look(
    trainer: FakeTrainer, model: NoiseGAN
) -> None:
    guard = make_guard(trainer, model)
    step(guard, trainer, model)
    guard.on_train_end(trainer, model)  # type: ignore[arg-type]
    assert (guard.verdict, model.state.rollbacks) == ("", [])
    good = model.generator.value.item(), model.images_seen
    guard.every_kimg = 99
    step(guard, trainer, model)
    model.generator.value.data.fill_(math.nan)
    guard.on_train_end(trainer, model)  # type: ignore[arg-type]
    assert (model.generator.value.item(), model.images_seen) == good
    assert guard.verdict == "At 0.0 kimg weights are not finite at the end; the model of 0.0 kimg is kept"


class Measured:
    """Stands in for the diversity of a model."""

    def __init__(self, value: float) -> None:
        self.value = value

    def ratio(self) -> float:
        return self.value

    def add(self, *_: object) -> None: ...

    clear = add


def test_collapse_is_a_fall_from_the_highest_diversity(trainer: FakeTrainer, model: NoiseGAN) -> None:
    guard = make_guard(trainer, model, collapse=0.3)
    for diversity, verdict in ((0.05, None), (3.0, None), (0.9, None), (0.31, None), (0.2, "diversity")):
        model.diversity = Measured(diversity)  # type: ignore[assignment]
        found = guard.diagnose(model)
        assert (found is None) if verdict is None else (found is not None and verdict in found)


def test_a_collapse_is_noticed_again_after_a_roll_back(trainer: FakeTrainer, model: NoiseGAN) -> None:
    guard = make_guard(trainer, model, collapse=0.3)
    for diversity, rollbacks in ((0.9, 0), (0.2, 1), (0.2, 2), (0.8, 2), (0.1, 3)):
        model.training_step(batch(), 0)
        model.diversity = Measured(diversity)  # type: ignore[assignment]
        guard.on_train_batch_end(trainer, model, None, batch(), 0)  # type: ignore[arg-type]
        assert len(model.state.rollbacks) == rollbacks


def test_a_generator_that_never_becomes_diverse_is_noticed(trainer: FakeTrainer, model: NoiseGAN) -> None:
    guard = make_guard(trainer, model, grace_kimg=1, collapse=0.3)
    model.diversity = Measured(0.001)  # type: ignore[assignment]
    assert guard.diagnose(model) is None
    model.state.images_seen = 2000
    assert "diversity" in str(guard.diagnose(model))


@pytest.mark.parametrize(
    ("settings", "every"),
    [
        ({"kimg": 1000, "evaluation_every_kimg": 50}, 10),
        ({"kimg": 1000, "evaluation_every_kimg": 5}, 5),
        ({"kimg": 4, "evaluation_every_kimg": None}, 0.2),
        ({"kimg": 4, "every_kimg": 3}, 3),
    ],
)
def test_it_looks_no_less_often_than_pictures_are_evaluated(settings: dict[str, float], every: float) -> None:
    assert Guard(**settings).every_kimg == every  # type: ignore[arg-type]
