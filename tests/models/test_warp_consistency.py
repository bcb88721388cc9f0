"""Models that paint pictures learn to paint clips steadily."""

import csv
import math
from pathlib import Path

import pytest

from tests.test_training import STYLES, TRANSLATION, sources
from tests.training import composed, make_pictures, train

TERMS = {"cut": "term=[nce,warp_consistency]", "cyclegan": "term=[cycle,warp_consistency]"}


@pytest.mark.parametrize("name", ["cut", "cyclegan", "pix2pix", "style"])
def test_the_term_is_learnt_from_in_models_of_every_kind(name: str, tmp_path: Path) -> None:
    pictures = make_pictures(tmp_path / "pictures")
    settings = STYLES["style"] if name == "style" else TRANSLATION[name]
    term = TERMS.get(name, "term=[l1,warp_consistency]")
    train(
        composed(
            tmp_path / "run", *settings, *sources(name, pictures), term, "kimg=0.008", "callbacks.log.every_kimg=0.004"
        )
    )
    with (tmp_path / "run" / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    values = [float(value) for row in rows for key, value in row.items() if key and "warp_consistency" in key and value]
    assert values
    assert all(math.isfinite(value) and value > 0 for value in values)
