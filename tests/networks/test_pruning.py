"""Channels are taken out of networks, the least important first."""

import pytest
import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.networks.nafnet import NAFNet
from impasto.networks.pruning import pruned_weights
from impasto.networks.resnet_translation import TranslationGenerator

pytest.importorskip("torch_pruning", reason="the compress extra is not installed")


class Added(nn.Module):
    """Two layers whose outputs are added, then a third."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = (nn.Conv2d(1, width, 1, bias=False) for _ in range(2))
        self.last = nn.Conv2d(width, 1, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.first(x) + self.second(x))


def test_channels_that_are_added_go_together_and_the_smallest_norms_first() -> None:
    wide = Added(3)
    with torch.no_grad():
        wide.first.weight.copy_(torch.tensor([1.0, 2.0, 0.1]).view(3, 1, 1, 1))
        wide.second.weight.copy_(torch.tensor([3.0, 0.1, 0.2]).view(3, 1, 1, 1))
        wide.last.weight.copy_(torch.tensor([1.0, 3.0, 0.1]).view(1, 3, 1, 1))
    found = pruned_weights(wide, Added(2), (torch.zeros(1, 1, 4, 4),))
    assert found["first.weight"].flatten().tolist() == pytest.approx([1.0, 2.0])
    assert found["second.weight"].flatten().tolist() == pytest.approx([3.0, 0.1])
    assert found["last.weight"].flatten().tolist() == pytest.approx([1.0, 3.0])
    assert wide.first.weight.shape[0] == 3


def test_what_dead_channels_leave_is_the_same_painting() -> None:
    """Channels without any weight are found and taken out, through residual blocks and norms."""
    torch.manual_seed(0)
    wide, narrow = (TranslationGenerator(features=n, blocks=1, norm="none", antialias=False) for n in (6, 4))
    inner = narrow.state_dict()
    with torch.no_grad():
        for name, value in wide.state_dict().items():
            value.zero_()
            value[tuple(slice(size) for size in inner[name].shape)] = inner[name]
    picture = torch.rand(2, 3, 32, 32) * 2 - 1
    other = TranslationGenerator(features=4, blocks=1, norm="none", antialias=False)
    other.load_state_dict(pruned_weights(wide, other, (picture,)))
    assert torch.allclose(other(picture), wide(picture), atol=1e-6)


def test_layers_that_are_not_known_are_refused() -> None:
    with pytest.raises(UserError, match="NAFNet cannot be pruned"):
        pruned_weights(NAFNet(features=8), NAFNet(features=4), (torch.zeros(1, 3, 32, 32),))
