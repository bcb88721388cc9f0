"""Cycles, identity and feature matching against numbers worked out by hand."""

import pytest
import torch
from torch import nn

from impasto.losses.terms.term import GeneratorPass
from impasto.losses.terms.translation import Cycle, FeatureMatching, Identity
from impasto.networks.scores import Scores


class Halves(nn.Module):
    """Halves what it is given, and counts how often."""

    calls = 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return images / 2


def test_cycle_and_identity() -> None:
    generator, content, style = Halves(), torch.full((2, 3, 4, 4), 0.5), torch.full((2, 3, 4, 4), -0.8)
    p = GeneratorPass(content, generator, content=content, style=style, cycled=content - 0.25)
    assert Cycle()(p).item() == pytest.approx(0.25)
    assert Identity()(p).item() == pytest.approx(0.4)
    Identity()(p)
    assert generator.calls == 1  # two terms that need it share it


def test_feature_matching_with_and_without_pairs() -> None:
    real = Scores([torch.zeros(2)], [[torch.tensor([[0.0], [2.0]]), torch.tensor([[1.0], [1.0]])]])
    fake = Scores([torch.zeros(2)], [[torch.tensor([[2.0], [0.0]]), torch.tensor([[4.0], [4.0]])]])
    images = torch.zeros(2, 3, 4, 4)
    paired = GeneratorPass(images, nn.Identity(), target=images, real_scores=real, fake_scores=fake)
    assert FeatureMatching()(paired).item() == pytest.approx((2 + 3) / 2)
    apart = GeneratorPass(images, nn.Identity(), real_scores=real, fake_scores=fake)
    assert FeatureMatching()(apart).item() == pytest.approx((0 + 3) / 2)  # the first layer has the same mean


def test_a_discriminator_without_features_is_named() -> None:
    scores, images = Scores([torch.zeros(2)]), torch.zeros(2, 3, 4, 4)
    with pytest.raises(ValueError, match="no features"):
        FeatureMatching()(GeneratorPass(images, nn.Identity(), real_scores=scores, fake_scores=scores))
