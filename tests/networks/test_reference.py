"""The generator that attends to a reference: codes, mixtures, none at all, and what is refused."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.networks.build import build_network
from impasto.networks.layers.attention import CrossAttention
from impasto.networks.layers.modulated import StyleInput
from impasto.networks.reference import ReferenceGenerator
from impasto.networks.unet import UNetGenerator


def make(**settings: Any) -> ReferenceGenerator:
    torch.manual_seed(0)
    inner = partial(UNetGenerator, features=4, levels=3, init="xavier", init_gain=1.0, **settings)
    network = build_network(partial(ReferenceGenerator, generator=inner), ImageSpec(3, 16, 24), ImageSpec(1, 16, 24))
    assert isinstance(network, ReferenceGenerator)
    for layer in network.modules():
        if isinstance(layer, CrossAttention):
            nn.init.constant_(layer.gamma, 2.0)
    return network.eval()


def pictures(seed: int, channels: int, *size: int) -> Tensor:
    return torch.rand(2, channels, *size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_a_reference_of_any_size_and_other_channels_than_the_content_changes_the_painting() -> None:
    network, content = make(cross_attention=[4]), pictures(0, 1, 16, 24)
    first, second = (network(content, pictures(seed, 3, 40, 20)) for seed in (1, 2))
    assert first.shape == (2, 3, 16, 24)
    assert (first - second).abs().mean() > 1e-3
    assert torch.equal(first, network(content, network.encoder(pictures(1, 3, 40, 20))))


def test_without_a_reference_attention_adds_nothing() -> None:
    network, content = make(cross_attention=[4]), pictures(0, 1, 16, 24)
    alone = network(content)
    for layer in network.modules():
        if isinstance(layer, CrossAttention):
            nn.init.zeros_(layer.gamma)
    torch.testing.assert_close(alone, network(content, pictures(1, 3, 16, 24)))


def test_a_copy_keeps_one_reference_and_the_network_does_not() -> None:
    network, content = make(cross_attention=[4]), pictures(0, 1, 16, 24)
    reference = pictures(1, 3, 64, 64)[:1]
    copy = network.fixed(StyleInput(network.encoder(reference)))
    assert torch.equal(copy(content), network(content, reference))
    assert not torch.equal(copy(content), network(content))
    with pytest.raises(UserError, match="takes no adapters"):
        network.fixed(StyleInput(network.encoder(reference), {"x.up": torch.zeros(1)}))


def test_where_things_are_in_the_reference_does_not_count() -> None:
    network, content = make(cross_attention=[4]), pictures(0, 1, 16, 24)
    code = network.encoder(pictures(1, 3, 64, 64))
    turned = code.unflatten(1, (256, -1)).flip(1).flatten(1)
    torch.testing.assert_close(network(content, code), network(content, turned))


@pytest.mark.parametrize("settings", [{}, {"cross_attention": [4], "cross_attention_to": "learned"}])
def test_a_network_that_looks_at_no_reference_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"model\.generator\.generator attends to no reference: give cross_attention="):
        make(**settings)


def test_a_reference_that_is_wanted_and_not_given_is_named() -> None:
    network = make(cross_attention=[4])
    with pytest.raises(UserError, match="UNetGenerator attends to the picture beside, and got none"):
        network.network(pictures(0, 1, 16, 24))
