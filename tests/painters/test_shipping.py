"""The base that the package ships, and how it is made."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.base.errors import UserError
from impasto.base.pixels import from_uint8
from impasto.painters.checkpoints import SHIPPED
from impasto.painters.shipping import mean_code
from impasto.painters.style_base import card_of, load_base
from tests.style_painter import style_painter


def test_the_neutral_code_is_the_mean_of_photographs(tmp_path: Path) -> None:
    painter, codes = style_painter(), []
    with pytest.raises(UserError, match="no photographs"):
        mean_code(painter, [])
    files = [tmp_path / "a.jpg", tmp_path / "b.jpg"]
    for file, colour in zip(files, ("red", "blue"), strict=True):
        Image.new("RGB", (300, 256), colour).save(file, quality=100, subsampling=0)
        pixels = from_uint8(torch.from_numpy(np.array(Image.open(file))).permute(2, 0, 1)[None])
        codes.append(painter.encode([pixels]).code)
    assert torch.allclose(mean_code(painter, files), (codes[0] + codes[1]) / 2, atol=1e-5)


def test_the_shipped_base_is_there_and_small() -> None:
    assert SHIPPED.stat().st_size < 12_000_000
    assert load_base(device="cpu").neutral is not None
    assert {"git_revision", "seed", "overrides", "seconds", "data"} <= card_of().keys()
