"""Feature matching against numbers worked out by hand."""

import pytest
import torch
from torch import nn

from impasto.losses.terms.feature_matching import FeatureMatching
from impasto.losses.terms.term import GeneratorPass
from impasto.networks.scores import Scores


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
