from functools import partial
from pathlib import Path
from typing import Any

import pytest

from impasto.base.spec import ImageSpec
from impasto.callbacks.samples import SampleSheets
from impasto.models.noise import NoiseGAN
from impasto.networks.dcgan import DCGANGenerator
from impasto.networks.multi_generator import MultiGenerator
from tests.models.test_base import make_model


@pytest.mark.parametrize(
    ("every_kimg", "batch", "sheets"),
    [
        (0.032, 1, [2, 4, 8, 16, 32, 64, 96]),
        (0.032, 4, [4, 8, 16, 32, 64, 96]),
        (0.032, 24, [24, 48, 72, 96]),
        (None, 4, []),
    ],
)
def test_sheets_come_close_together_at_first(
    model: NoiseGAN, tmp_path: Path, every_kimg: float | None, batch: int, sheets: list[int]
) -> None:
    callback = SampleSheets(tmp_path, every_kimg)
    found = []
    for _ in range(96 // batch):
        model.state.count(batch)
        if callback.is_due(model):
            found.append(model.images_seen)
    assert found == sheets


def test_a_model_of_several_generators_has_a_sheet_of_masks(trainer: Any, tmp_path: Path) -> None:
    make = partial(DCGANGenerator, latent_dim=4, features=4)
    several = MultiGenerator(3, 16, 16, generator=make, count=2, mask_features=4)
    model: Any = make_model(generator=several, spec=ImageSpec(3, 16, 16))
    model.state.count(4)
    own, trainer.datamodule = model.painter, None
    SampleSheets(tmp_path, count=4).paint(trainer, model)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000000004.png", "000000004_masks.png"]
    assert model.painter is own
    SampleSheets(tmp_path / "without", count=4, masks=False).paint(trainer, model)
    assert len(list((tmp_path / "without").iterdir())) == 1


def test_sheets_by_the_clock_come_after_seconds_of_training(model: NoiseGAN, trainer: Any, tmp_path: Path) -> None:
    def due_at(callback: SampleSheets, seconds: list[float]) -> list[float]:
        found = []
        for at in seconds:
            model.state.seconds = at
            if callback.is_due(model):
                found.append(at)
        return found

    callback = SampleSheets(tmp_path, None, first_seconds=20, every_seconds=30)
    model.state.seconds = 0.0
    callback.on_train_start(trainer, model)
    assert due_at(callback, [5, 19, 20, 21, 49, 51, 79, 140, 141]) == [20, 51, 140]
    resumed = SampleSheets(tmp_path, None, first_seconds=20, every_seconds=30)
    resumed.on_train_start(trainer, model)  # at 141 seconds
    assert due_at(resumed, [142, 169, 170]) == [170]
