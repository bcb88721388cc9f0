"""What a page shows when a picture is brought while another is being painted."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

from impasto.app.easel import Easel
from impasto.app.paint import opened
from impasto.inference.events import Progress


def test_a_new_picture_ends_the_painting_of_the_one_before_on_the_same_page(tmp_path: Path) -> None:
    for name in ("sample", "mine"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (8, 6)).save(tmp_path / name / "shown.jpg")
    studio: Any = SimpleNamespace(
        preview=lambda picture, wish: np.zeros((6, 8, 3), np.uint8),
        paint=lambda source, target, wish: (Progress(source, done=done, total=9) for done in range(9)),
    )
    album: Any = SimpleNamespace(original=lambda token: tmp_path / token / "photo.jpg", shelf=None, uploads=tmp_path)
    results: Any = SimpleNamespace(new=lambda: tmp_path)
    easel = Easel(studio, album, results, results)
    wish = {"chosen": ["shipped/harvest"], "strength": 1.0, "brush": 1.0}
    first = opened(easel, "a page", {}, wish, lambda: tmp_path / "sample")
    elsewhere = opened(easel, "another page", {}, wish, lambda: tmp_path / "sample")
    assert next(first)["picture"] == next(elsewhere)["picture"] == "sample"
    second = opened(easel, "a page", {}, wish, lambda: tmp_path / "mine")
    assert next(second)["picture"] == "mine"
    assert list(first) == []
    assert [len(list(second)), len(list(elsewhere))] == [9, 9]
