"""BRISQUE: that the package works with ours, and what it says of pictures that get worse."""

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from skimage.color import rgb2gray

from impasto.base.errors import UserError
from impasto.base.pixels import from_uint8
from impasto.evaluation.figures import brisque

PHOTO = next((Path(brisque.__file__).parents[2] / "data" / "samples" / "photos" / "monuments").glob("chateaude*.jpg"))


def of(*pictures: np.ndarray) -> list[float]:
    return brisque.brisque(from_uint8(torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2))).tolist()


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    pytest.importorskip("brisque")
    return np.asarray(Image.open(PHOTO).convert("RGB"))[100:292, 100:292]


def test_worse_pictures_score_higher(photo: np.ndarray) -> None:
    noise = np.random.default_rng(0).normal(size=photo.shape)
    noisy = [(photo + sigma * noise).clip(0, 255).round().astype(np.uint8) for sigma in (0, 15, 40)]
    assert (scores := of(*noisy)) == sorted(scores)
    assert (scores := of(photo, *(cv2.GaussianBlur(photo, (0, 0), sigma) for sigma in (1, 2)))) == sorted(scores)
    assert scores[0] < 40 < scores[-1]


def test_it_is_the_packages_own_score(photo: np.ndarray) -> None:
    """Worked out from the package's features and its file of support vectors, without its code for either."""
    scorer = brisque._scorer()
    grey = rgb2gray(np.ascontiguousarray(photo))
    halved = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_CUBIC)
    features = [np.asarray(f).item() for x in (grey, halved) for f in scorer.calculate_brisque_features(x, 7, 7 / 6)]
    low, high = (np.array(scorer.scale_params[end], float) for end in ("min_", "max_"))
    scaled = -1 + 2 * (np.array(features) - low) / (high - low)
    import brisque as package

    lines = (Path(package.__file__).parent / "models" / "svm.txt").read_text().splitlines()
    begin = lines.index("SV")
    settings = dict(line.split(maxsplit=1) for line in lines[:begin])
    total = -float(settings["rho"])
    for line in lines[begin + 1 :]:
        weight, *entries = line.split()
        vector = np.zeros(len(scaled))
        for entry in entries:
            place, value = entry.split(":")
            vector[int(place) - 1] = float(value)
        total += float(weight) * math.exp(-float(settings["gamma"]) * ((scaled - vector) ** 2).sum())
    assert of(photo)[0] == pytest.approx(total, abs=1e-3)


def test_a_picture_without_texture_has_no_score(photo: np.ndarray) -> None:
    flat, textured = of(np.full_like(photo, 90), photo)
    assert math.isnan(flat)
    assert textured == pytest.approx(of(photo)[0])


def test_grey_is_scored_like_its_colours(photo: np.ndarray) -> None:
    grey = photo.mean(2, keepdims=True).round().astype(np.uint8)
    assert of(grey)[0] == pytest.approx(of(grey.repeat(3, 2))[0])


def test_small_pictures_are_named() -> None:
    with pytest.raises(UserError, match="brisque needs pictures of at least 32 x 32 pixels; these have 16 x 40"):
        brisque.brisque(torch.zeros(1, 3, 16, 40))


def test_without_the_package_it_says_how_to_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brisque, "at_hand", lambda: False)
    brisque._scorer.cache_clear()
    with pytest.raises(UserError, match="BRISQUE needs its package: pip install brisque"):
        brisque.brisque(torch.rand(1, 3, 40, 40))
