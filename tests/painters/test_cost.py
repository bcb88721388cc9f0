"""Multiplications counted by hand, and time."""

import torch
from torch import Tensor, nn

from impasto.base.spec import ImageSpec
from impasto.networks.dcgan import DCGANGenerator
from impasto.networks.layers.winograd import WinogradConv2d
from impasto.painters.cost import cost_of, milliseconds
from tests.restoring import painter_of
from tests.style_painter import style_painter

PICTURE = ImageSpec(3, 64, 64)


def test_a_convolution_by_hand() -> None:
    network = nn.Conv2d(3, 5, 3, padding=1)
    cost = cost_of(network, PICTURE, PICTURE)
    assert (cost.macs, cost.height, cost.width) == (256 * 256 * 9 * 3 * 5, 256, 256)
    assert cost.parameters == 9 * 3 * 5 + 5


def test_a_depthwise_convolution_by_hand() -> None:
    network = nn.Sequential(nn.Conv2d(3, 6, 1), nn.Conv2d(6, 6, 3, padding=1, groups=6))
    assert cost_of(network, PICTURE, PICTURE).macs == 256 * 256 * (3 * 6 + 6 * 9)


def test_a_fast_algorithm_counts_as_the_sum_that_it_replaces() -> None:
    network = nn.Sequential(nn.Conv2d(3, 64, 1), WinogradConv2d(64, 64, padding=1))
    assert network[1].suits(torch.zeros(1, 64, 256, 256))  # type: ignore[operator]
    assert cost_of(network, PICTURE, PICTURE).macs == 256 * 256 * (3 * 64 + 9 * 64 * 64)
    assert network[1].suits(torch.zeros(1, 64, 256, 256))  # type: ignore[operator]


class OfOneSize(nn.Module):
    """Paints pictures of 64 pixels alone."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(64 * 64 * 3, 2)

    def forward(self, content: Tensor) -> Tensor:
        return self.dense(content.flatten(1))


def test_a_network_of_one_size_costs_that_of_its_own() -> None:
    cost = cost_of(OfOneSize(), PICTURE, PICTURE)
    assert (cost.macs, cost.height, cost.width) == (64 * 64 * 3 * 2, 64, 64)


def test_noise_with_labels_and_enlarging_and_styles_are_counted() -> None:
    gives = ImageSpec(3, 16, 16, ("a", "b"))
    noise = DCGANGenerator(8, height=16, width=16, num_classes=2, latent_dim=4, features=4)
    assert cost_of(noise, gives).macs > 0
    restorer = painter_of("super_resolution")
    assert cost_of(restorer.network, restorer.gives, restorer.content).height == 256
    styles = style_painter()
    once = cost_of(styles.network, styles.gives, styles.content).macs
    encoding = cost_of(styles.generator.encoder, styles.gives, styles.content).macs  # type: ignore[arg-type]
    assert 0 < once < encoding  # of these small ones; the style is not encoded again for each picture


def test_time_is_of_the_size_asked_for() -> None:
    styles = style_painter()
    small, large = (milliseconds(styles.network, styles.gives, styles.content, (n, n)) for n in (32, 256))
    assert 0 < small < large
