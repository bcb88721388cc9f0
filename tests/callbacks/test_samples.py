from pathlib import Path

import pytest

from impasto.callbacks.samples import SampleSheets
from impasto.models.noise import NoiseGAN


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
