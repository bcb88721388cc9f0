from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from impasto.base.notices import forget_notices, notices
from impasto.data.module import ImageDataModule
from impasto.data.packing.pack import pack
from impasto.data.packing.packed import PackedImages
from impasto.data.packing.sizing import SizePolicy
from impasto.data.sources.opening import SAMPLES, ManifestSource
from impasto.data.sources.wikiart import open_wikiart
from impasto.evaluation.figures import copied_crops as crop_search
from impasto.evaluation.figures.copied_crops import copied_crops, measure_crops, nearest_crops
from impasto.evaluation.protocols.noise import NoiseProtocol
from tests.evaluation.conftest import TinyExtractor, random_images


@pytest.fixture(scope="module")
def paintings(tmp_path_factory: pytest.TempPathFactory) -> PackedImages:
    """The embedded paintings as training at 64 pixels has them."""
    folder = tmp_path_factory.mktemp("paintings")
    source = ManifestSource(SAMPLES / "paintings")
    return pack(source, SizePolicy(192, 192, "fit"), folder, workers=0, progress=False)


def crops(packed: PackedImages, n: int, size: int = 64) -> Tensor:
    """uint8 (n, C, size, size) from places by chance."""
    chance = np.random.default_rng(0)
    found = []
    for i in range(n):
        picture = i % len(packed)
        height, width = packed.sizes[picture]
        top, left = chance.integers(height - size + 1), chance.integers(width - size + 1)
        found.append(packed.batch([picture])[0, top : top + size, left : left + size])
    return torch.from_numpy(np.stack(found)).permute(0, 3, 1, 2)


def test_distances_are_those_of_every_place(packed: PackedImages) -> None:
    canvases = packed.subset([0, 1])
    canvases = replace(canvases, sizes=np.array([[16, 12], [6, 16]], np.int32))  # the second is less high than a crop
    generated = random_images(3, 9, 8)
    found = nearest_crops(generated, canvases)
    whole = canvases.batch([0, 1]).astype(np.float64) / 127.5 - 1
    pictures = [whole[0, :, :12], np.pad(whole[1, :6], ((0, 2), (0, 0), (0, 0)), mode="reflect")]
    for i, image in enumerate(generated.double() / 127.5 - 1):
        for j, picture in enumerate(pictures):
            places = [(t, left) for t in range(picture.shape[0] - 7) for left in range(picture.shape[1] - 7)]
            parts = [picture[top : top + 8, left : left + 8].transpose(2, 0, 1) for top, left in places]
            both = [view.numpy() for view in (image, image.flip(2))]
            wanted = min(float(np.sqrt(((part - view) ** 2).sum())) for part in parts for view in both)
            assert float(found[i, j]) == pytest.approx(wanted, rel=1e-4)


def test_the_share_by_hand() -> None:
    # 1 of 4, 1 of 3 (not less than a third), 2 of 7 from the second picture, 5 of 6
    distance = torch.tensor([[1.0, 4.0, 5.0], [1.0, 3.0, 9.0], [7.0, 2.0, 8.0], [6.0, 5.0, 9.0]])
    assert copied_crops(distance) == pytest.approx(0.5)


def test_crops_of_paintings_are_copies_and_other_paintings_are_none(paintings: PackedImages) -> None:
    exact = crops(paintings, 24)
    assert copied_crops(nearest_crops(exact, paintings)) == 1.0
    assert copied_crops(nearest_crops(exact.flip(3), paintings)) == 1.0
    faded = (exact.float() * 0.95 + 10).to(torch.uint8)
    assert copied_crops(nearest_crops(faded, paintings)) == 1.0
    others, rest = paintings.subset([0, 1]), paintings.subset(range(2, 8))
    distance = nearest_crops(crops(others, 24), rest)
    assert copied_crops(distance) == 0.0
    first, second = distance.topk(2, 1, largest=False).values.T
    assert float((first / second).min()) > 0.6


def test_a_run_that_trains_on_crops_looks_for_them_at_every_place(tmp_path: Path) -> None:
    data = ImageDataModule(pictures=open_wikiart, source="sample", label=None, image_size=64, cache_dir=str(tmp_path))
    data.prepare_data()
    copies = crops(data.train["image"], 32)

    class Copier:
        conditional, takes = False, ("latent",)

        def sample(self, n: int, *, seed: int, start: int, condition: Tensor | None) -> Tensor:
            return copies[start : start + n].float() / 127.5 - 1

    given = {"features": TinyExtractor(), "cache_dir": str(tmp_path / "f"), "metrics": ["kid", "memorisation"]}
    protocol = NoiseProtocol(num_images=32, kid_subset_size=20, **given)  # type: ignore[arg-type]
    found = protocol.measure(Copier(), data)
    figures = found.figures
    assert set(figures) == {"kid_tiny", "copied_crops"}
    assert figures["copied_crops"] == 1.0
    record = found.comparability["copied_crops"]
    assert (record["extractor"], record["generated"], record["real"]) == ("pixels", 32, 8)
    assert record["higher_is_better"] is False
    assert found.comparability["kid_tiny"]["real_pictures"] == 8
    assert "neighbours" in found.sheets


def test_where_crops_cannot_be_searched_for_a_notice_says_so(
    paintings: PackedImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = crops(paintings, 40)
    for canvases, words in ((None, "are not known"), (paintings.subset([0]), "there is 1")):
        forget_notices()
        assert measure_crops(lambda start, n: exact[start : start + n], 40, canvases) == {}
        assert words in notices()["evaluation.memorisation"]
    monkeypatch.setattr(crop_search, "USUAL", 35 * 8 * 192 * 192)
    found = measure_crops(lambda start, n: exact[start : start + n], 40, paintings)["copied_crops"]
    assert (found.value, found.protocol["generated"]) == (1.0, 35)
    monkeypatch.setattr(crop_search, "MOST", 31 * 8 * 192 * 192)
    assert measure_crops(lambda start, n: exact[start : start + n], 40, paintings) == {}
