from itertools import combinations

import pytest
import torch
from torch import Tensor

from impasto.evaluation.figures.intervals import bootstrap, mean_estimate
from impasto.evaluation.figures.structure import structure_change
from impasto.evaluation.figures.style_descriptions import VIEWS, StyleDescription, StyleNetwork
from impasto.evaluation.figures.style_sets import (
    StyleSet,
    direction_held_back,
    far_from_content,
    held_back,
    is_nearest,
)
from impasto.networks.pretrained.random_features import RandomFeatures


def pictures(n: int, seed: int, grain: int) -> Tensor:
    """Noise of a grain in pixels: uint8 (n, 3, 64, 64)."""
    source = torch.Generator().manual_seed(seed)
    coarse = torch.randint(0, 256, (n, 3, 64 // grain, 64 // grain), generator=source)
    return coarse.repeat_interleave(grain, 2).repeat_interleave(grain, 3).to(torch.uint8)


@pytest.fixture(scope="module")
def network() -> StyleNetwork:
    return StyleNetwork(RandomFeatures())


def test_descriptions_do_not_depend_on_what_they_are_described_with(network: StyleNetwork) -> None:
    images = pictures(10, 0, 2)
    whole, alone = network.describe(images), network.describe(images[9:])
    assert len(whole) == 10
    for name, tensor in whole.some([9]).tensors.items():
        torch.testing.assert_close(tensor, alone[name], rtol=1e-3, atol=1e-3)
    assert torch.equal(whole.without(0)["grid"], whole["grid"][1:])


def test_a_set_is_at_no_distance_from_itself(network: StyleNetwork) -> None:
    one = network.describe(pictures(1, 0, 2))
    repeated = one.some([0, 0, 0])
    for view in VIEWS:
        assert StyleSet(repeated).distance(view, one).item() == pytest.approx(0.0, abs=1e-6)


def test_pictures_of_a_grain_are_nearest_to_that_grain(network: StyleNetwork) -> None:
    fine, coarse = (network.describe(pictures(4, 1, grain)) for grain in (1, 4))
    ours = network.describe(pictures(3, 2, 4))
    far = torch.full((3,), torch.inf, dtype=torch.float64)
    assert is_nearest(ours, StyleSet(coarse), {"fine": StyleSet(fine)}, far).tolist() == [1.0] * 3
    assert is_nearest(ours, StyleSet(fine), {"coarse": StyleSet(coarse)}, far).tolist() == [0.0] * 3
    assert is_nearest(ours, StyleSet(coarse), {}, torch.zeros(3).double()).tolist() == [0.0] * 3, "content is nearer"


def test_a_picture_is_not_compared_with_its_own_content(network: StyleNetwork) -> None:
    content = network.describe(torch.cat([pictures(1, 0, grain) for grain in (1, 2, 4)]))
    assert (far_from_content(content, content) > 0.01).all()
    alone = StyleDescription({name: tensor[:1] for name, tensor in content.tensors.items()})
    assert far_from_content(alone, alone).tolist() == [torch.inf]


def test_what_is_held_back() -> None:
    assert held_back(8, 2) == list(combinations(range(8), 2))
    drawn = held_back(20, 5)
    assert (len(drawn), drawn) == (28, held_back(20, 5))
    assert all(len(set(chosen)) == 5 for chosen in drawn)
    # One scale, two values: pictures at 0 and 1 against each other, half the area between their cumulative shares.
    coherence = torch.tensor([[[1.0, 1.0]], [[0.0, 1.0]]])
    assert direction_held_back(coherence) == 0.5


def test_structure_change_by_hand() -> None:
    # Two places: similarities 1 on the diagonal; 0 for features at right angles, 1 for parallel ones.
    apart = torch.tensor([[1.0, 0.0], [0.0, 1.0]]).view(1, 2, 1, 2)
    alike = torch.tensor([[1.0, 2.0], [0.0, 0.0]]).view(1, 2, 1, 2)
    assert structure_change(apart, alike).tolist() == [0.5]
    assert structure_change(5 * apart, apart).tolist() == [0.0], "strength is no structure"


def test_bootstrap_agrees_with_the_interval_of_a_mean() -> None:
    torch.manual_seed(0)
    values = torch.randn(200).double() + 3
    ours, wanted = bootstrap([values], torch.Tensor.flatten), mean_estimate(values, None, "")
    assert ours.value == pytest.approx(wanted.value)
    assert ours.low == pytest.approx(wanted.low, abs=0.03)
    assert ours.high == pytest.approx(wanted.high, abs=0.03)
    assert ours == bootstrap([values], torch.Tensor.flatten), "the same every time"


def test_bootstrap_keeps_values_of_a_picture_together_and_needs_some() -> None:
    values = torch.rand(10, 3)
    difference = bootstrap([values, values], lambda a, b: (a - b).abs().sum(1))
    assert (difference.value, difference.low, difference.high) == (0.0, 0.0, 0.0)
    few = bootstrap([values[:7, 0]], torch.Tensor.flatten)
    assert few.value == pytest.approx(float(values[:7, 0].mean()))
    assert (few.low, few.high) == (None, None)
    assert "7 pictures are too few" in few.method
