"""A model of two numbers and a trainer that remembers what it was asked."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from impasto.models.noise import NoiseGAN
from tests.models.test_base import make_model


class FakeTrainer(SimpleNamespace):
    """As much of a trainer as callbacks touch."""

    def save_checkpoint(self, path: Path, weights_only: bool = False) -> None:
        if self.full_disk:
            Path(path).write_bytes(b"half of it")
            raise OSError(28, "No space left on device", str(path))
        torch.save({"weight": self.model.generator.value.item()}, path)


@pytest.fixture
def model() -> NoiseGAN:
    return make_model()


@pytest.fixture
def trainer(model: NoiseGAN) -> FakeTrainer:
    optimizers: Any = model.optimizers()
    return FakeTrainer(
        model=model,
        optimizers=optimizers,
        should_stop=False,
        is_global_zero=True,
        loggers=[],
        full_disk=False,
        strategy=SimpleNamespace(checkpoint_io=None),
    )
