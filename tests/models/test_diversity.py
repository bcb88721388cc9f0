"""Collapses as they happen, told from generators that are well."""

import numpy as np
import pytest
import torch
from torch import Tensor

from impasto.base.pixels import from_uint8
from impasto.data.sources.idx import IdxSource
from impasto.data.sources.opening import SAMPLES
from impasto.models.diversity import Diversity


def test_distances_worked_out_by_hand() -> None:
    watch = Diversity()
    real = torch.tensor([0.0, 3.0, 4.0, 10.0]).reshape(4, 1, 1, 1)  # nearest of the same class: 4, 7, 4, 7
    fake = torch.tensor([0.0, 1.0, 1.0, 2.0]).reshape(4, 1, 1, 1)  # 1, 1, 1, 1
    watch.add(real, fake, torch.tensor([0, 1, 0, 1]))
    assert watch.ratio() == pytest.approx(1 / 5.5)
    watch.clear()
    assert watch.ratio() is None
    watch.add(real, fake, torch.randn(4, 7))  # vectors make no classes: 3, 1, 1, 6 and 1, 0, 0, 1
    assert watch.ratio() == pytest.approx(0.5 / 2.75)


@pytest.fixture(scope="module")
def clothes() -> tuple[Tensor, Tensor]:
    """1,000 pictures of clothes (N, 1, 28, 28), mixed, and their labels."""
    source = IdxSource(SAMPLES / "fashion_mnist", "train", [str(label) for label in range(10)])
    assert source.labels is not None
    chosen = np.random.default_rng(0).permutation(len(source.images))[:1000]
    return from_uint8(torch.from_numpy(source.images[chosen]))[:, None], torch.from_numpy(source.labels[chosen]).long()


def ratio(real: Tensor, fake: Tensor, labels: Tensor | None, batch: int = 64) -> float:
    watch = Diversity()
    for first in range(0, len(real), batch):
        part = slice(first, first + batch)
        watch.add(real[part], fake[part], None if labels is None else labels[part])
    value = watch.ratio()
    assert value is not None
    return value


@pytest.mark.parametrize("batch", [1, 64])
def test_collapses_are_told_from_pictures_as_different_as_the_real_ones(
    clothes: tuple[Tensor, Tensor], batch: int
) -> None:
    images, labels = clothes
    order = torch.argsort(labels[:500] * 1000 + torch.arange(500))  # others of the same classes, class by class
    others = torch.argsort(labels[500:] * 1000 + torch.arange(500))
    same = labels[:500][order] == labels[500:][others]
    mixed = torch.randperm(int(same.sum()), generator=torch.Generator().manual_seed(0))
    real, fake = images[:500][order][same][mixed], images[500:][others][same][mixed]
    of = labels[:500][order][same][mixed]
    assert len(of) > 250
    noise = 0.03 * torch.randn(real.shape, generator=torch.Generator().manual_seed(1))
    one_per_class = torch.stack([images[labels == label][0] for label in range(10)])[of]
    two_in_turn = images[torch.arange(len(of)) % 2]
    assert 0.8 < ratio(real, fake, of, batch) < 1.25
    assert 0.8 < ratio(real, fake, None, batch) < 1.25
    assert ratio(real, one_per_class + noise, of, batch) < 0.1
    assert ratio(real, two_in_turn + noise, None, batch) < 0.1
    # Pictures of half the contrast lie half as far apart.
    assert ratio(real, fake / 2, of, batch) == pytest.approx(ratio(real, fake, of, batch) / 2)


def test_real_pictures_that_repeat_themselves_do_not_hide_a_collapse(clothes: tuple[Tensor, Tensor]) -> None:
    few = clothes[0][:8].repeat(32, 1, 1, 1)
    varied = few + 0.2 * torch.randn(256, 1, 1, 1, generator=torch.Generator().manual_seed(0))
    assert ratio(few, varied, None) > 0.1
    assert ratio(few, few[:1].repeat(256, 1, 1, 1), None) == 0
    assert ratio(few[:1].repeat(256, 1, 1, 1), varied, None) > 0.1


def test_the_last_pictures_count(clothes: tuple[Tensor, Tensor]) -> None:
    images = clothes[0][:512]
    once = images[:1].repeat(512, 1, 1, 1)
    assert ratio(images, torch.cat([once[:256], images[256:]]), None) == pytest.approx(1)
    assert ratio(images, torch.cat([images[:256], once[256:]]), None) == 0
    assert ratio(images, torch.cat([images[:256], once[256:]]), None, batch=100) == 0
