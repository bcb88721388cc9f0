"""Layers that are put into networks: attention, blurs and the pyramid, with numbers worked out by hand."""

import math
from copy import deepcopy

import pytest
import torch
from torch import nn

from impasto.networks.layers import attention
from impasto.networks.layers.attention import CrossAttention, SelfAttention
from impasto.networks.layers.blur import BlurAfter, BlurBefore, blurred
from impasto.networks.layers.pyramid import PyramidFusion, Remember
from impasto.networks.layers.tokens import PictureTokens, VectorTokens
from impasto.networks.layers.told import Told


@torch.no_grad()
def weights(layer: nn.Module, **values: float | list[list[float]]) -> None:
    """Set weights to one value or to a matrix, by layer."""
    for name, value in values.items():
        target = layer.get_parameter(name)
        target.copy_(torch.tensor(value).view_as(target) if isinstance(value, list) else torch.full_like(target, value))


def test_self_attention_by_hand() -> None:
    """One channel, two columns: keys and values are pooled to the largest, so each place gets that value."""
    layer = SelfAttention(1, spectral=False)
    weights(layer, **{"query.weight": 1.0, "key.weight": 1.0, "value.weight": 2.0, "out.weight": 3.0, "gamma": 0.5})
    x = torch.tensor([[[[1.0, 4.0], [2.0, 3.0]]]])
    torch.testing.assert_close(layer(x), x + 0.5 * 3 * 2 * 4)
    wide = torch.tensor([[[[0.0, 0.0, 1.0, 1.0]]]])  # keys 0 and 1, values 0 and 2
    share = torch.tensor([0.5, 0.5, math.e / (1 + math.e), math.e / (1 + math.e)])
    torch.testing.assert_close(layer(wide)[0, 0, 0], wide[0, 0, 0] + 0.5 * 3 * 2 * share)


def test_cross_attention_by_hand() -> None:
    """Four channels have one query; the vectors e1 and e2 have keys 0 and ln 3, so weights 1/4 and 3/4 where q is 1."""
    told = Told()
    layer = CrossAttention(4, 2, told)
    weights(
        layer,
        **{
            "query.weight": [[1.0, 0.0, 0.0, 0.0]],
            "key.weight": [[0.0, math.log(3.0)]],
            "value.weight": [[8.0, 4.0]],
            "out.weight": [[1.0], [0.0], [0.0], [2.0]],
            "gamma": 1.0,
        },
    )
    told.memory = torch.eye(2)[None]
    x = torch.zeros(1, 4, 1, 2)
    x[0, 0, 0, 1] = 1
    change = (layer(x) - x)[0, :, 0]
    torch.testing.assert_close(change[:, 0], torch.tensor([6.0, 0.0, 0.0, 12.0]))  # even weights: (8 + 4) / 2
    torch.testing.assert_close(change[:, 1], torch.tensor([5.0, 0.0, 0.0, 10.0]))  # 8 / 4 + 3 * 4 / 4


def test_attention_is_that_of_torch() -> None:
    query, key, value = torch.randn(2, 5, 4), torch.randn(2, 7, 4), torch.randn(2, 7, 3)
    expected = nn.functional.scaled_dot_product_attention(query, key, value, scale=1.0)
    torch.testing.assert_close(attention.attend(query, key.transpose(1, 2), value), expected)


def test_attention_in_parts_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    query, key, value = torch.randn(1, 50, 4), torch.randn(1, 4, 7), torch.randn(1, 7, 3)
    whole = attention.attend(query, key, value)
    monkeypatch.setattr(attention, "WEIGHTS", 20)
    with torch.no_grad():
        torch.testing.assert_close(attention.attend(query, key, value), whole)


def test_a_part_that_starts_from_zero_changes_nothing() -> None:
    x, told = torch.randn(2, 8, 6, 6), Told()
    told.memory = torch.randn(2, 3, 5)
    told.maps = {0: torch.randn(2, 4, 3, 3)}
    for layer in (SelfAttention(8), CrossAttention(8, 5, told), PyramidFusion([4], 8, told)):
        assert torch.equal(layer(x), x)


def test_blur_kernel_by_hand() -> None:
    x = torch.zeros(1, 2, 5, 5)
    x[0, 0, 2, 2], x[0, 1, 1, 1] = 16, 16
    expected = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]])
    found = blurred(x)
    assert torch.equal(found[0, 0, 1:4, 1:4], expected)
    assert found[0, 0].sum() == 16
    assert found[0, 1, :2, :2].tolist() == [[4, 4], [4, 4]]  # reflected: the corner has it on both sides
    assert torch.equal(blurred(x, 2)[0, 0], found[0, 0, ::2, ::2])
    assert blurred(torch.full((1, 1, 1, 1), 7.0)).item() == 7


def test_blur_takes_out_what_the_smaller_map_cannot_hold() -> None:
    """Of stripes of one pixel, a layer that leaves out every other one sees a flat field wherever it begins."""
    stripes = (torch.arange(8) % 2).float().expand(1, 1, 8, 8)
    halve = nn.AvgPool2d(1, 2)
    plain = [halve(stripes.roll(shift, 3)) for shift in (0, 1)]
    soft = [BlurBefore(halve)(stripes.roll(shift, 3)) for shift in (0, 1)]
    assert [p.unique().tolist() for p in plain] == [[0.0], [1.0]]
    assert [p.unique().tolist() for p in soft] == [[0.5], [0.5]]
    double = nn.Upsample(scale_factor=2)
    one = torch.zeros(1, 1, 1, 4)
    one[..., 1] = 4
    assert BlurAfter(double)(one)[0, 0, 0].tolist() == [0, 1, 3, 3, 1, 0, 0, 0]


def test_pyramid_fusion_by_hand() -> None:
    told = Told()
    fusion = PyramidFusion([1, 1], 1, told)
    weights(fusion, **{"lateral.0.weight": 1.0, "lateral.1.weight": 10.0})
    weights(fusion, **{"smooth.weight": [[0.0, 0, 0], [0, 2, 0], [0, 0, 0]]})
    Remember(0, told)(torch.tensor([[[[1.0, 3.0, 5.0, 5.0]] * 4]]))  # means of 2x2 pixels: 2 and 5
    Remember(1, told)(torch.tensor([[[[1.0]]]]))
    x = torch.tensor([[[[100.0, 200.0]] * 2]])
    # twice the mean of (2, 10) and of (5, 10)
    assert fusion(x)[0, 0].tolist() == [[112, 215]] * 2


def test_tokens_are_few_and_linear() -> None:
    assert PictureTokens(3, 8)(torch.randn(2, 3, 200, 20)).shape == (2, 16 * 5, 8)
    tokens = VectorTokens(6, 8, 4)
    z = torch.randn(2, 6)
    assert tokens(z).shape == (2, 4, 8)
    torch.testing.assert_close(tokens(2 * z), 2 * tokens(z))
    torch.testing.assert_close(tokens(z)[:, 1], z @ tokens.spread.weight[8:16].T)


def test_a_copy_is_told_by_itself() -> None:
    told = Told()
    network = nn.Sequential(CrossAttention(4, 2, told), CrossAttention(4, 2, told))
    told.memory = torch.ones(1, 1, 2, requires_grad=True) * 2  # with a graph, which cannot be copied
    copy = deepcopy(network)
    assert copy[0].told is copy[1].told
    assert copy[0].told is not told
    assert copy[0].told.memory is None
