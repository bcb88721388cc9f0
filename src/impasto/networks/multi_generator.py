"""A generator made of several, each of which takes on a part of the picture by a learned soft mask."""

from collections.abc import Callable, Sequence
from colorsys import hsv_to_rgb
from functools import partial
from itertools import pairwise
from math import lcm
from typing import Annotated, Any, cast

import torch
import torch.nn.functional as F
from annotated_types import Ge
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.ranges import Count, Positive
from impasto.base.spec import ImageSpec
from impasto.networks.build import build_network
from impasto.networks.layers.condition import GeneratorConditioning, LatentInput
from impasto.networks.layers.ladder import doubling, ladder
from impasto.networks.layers.linear import conv, dense
from impasto.networks.layers.resample import UpConv, resized

Several = Annotated[int, Ge(2)]


class MultiGenerator(nn.Module):
    """K generators paint whole pictures, and a small network's masks say which one is seen where.

    The picture is the sum over k of mask k times picture k; masks are positive and sum to one at every pixel, as in
    AttentionGAN (Tang et al. 2021), which has one generator paint several pictures. From noise, all generators and the
    masks are made of the same latent vector; from pictures, of the same picture. The term ``mask_balance`` keeps every
    generator in use.

    Args:
        channels: of the pictures that it paints.
        height: of the pictures.
        width: likewise.
        num_classes: labels; 0 without.
        condition_dim: length of condition vectors; 0 without.
        given_channels: of the pictures that it repaints; None from noise.
        generator: makes one of the generators, which all have the same settings and weights of their own.
        count: of generators, 2 or more.
        mask_features: channels of the mask network at its finest size.
        temperature: divides the mask network's values before the softmax; below 1 masks are harder.

    Attributes:
        count: of generators.
    """

    def __init__(
        self,
        channels: int,
        height: int,
        width: int,
        num_classes: int = 0,
        condition_dim: int = 0,
        given_channels: int | None = None,
        *,
        generator: Callable[..., nn.Module],
        count: Several = 3,
        mask_features: Count = 16,
        temperature: Positive = 1.0,
    ) -> None:
        super().__init__()
        if count < 2:
            raise UserError(f"count={count} of model.generator: give 2 generators or more, or choose another model.")
        self.count, self.temperature = count, temperature
        spec = ImageSpec(channels, height, width, tuple(map(str, range(num_classes))), condition_dim)
        given = None if given_channels is None else ImageSpec(given_channels, height, width)
        self.generators = nn.ModuleList(build_network(generator, spec, given) for _ in range(count))
        first = self.generators[0]
        self.mask: nn.Module
        if hasattr(first, "latent_dim"):
            self.latent_dim = int(cast(int, first.latent_dim))
            self.conditional = bool(getattr(first, "conditional", False))
            told = (num_classes, condition_dim) if self.conditional else (0, 0)
            self.mask = MaskFromNoise(count, height, width, self.latent_dim, *told, features=mask_features)
        else:
            self.stride = lcm(int(getattr(first, "stride", 1)), MaskFromPicture.stride)
            self.smallest = max(int(getattr(first, "smallest", 1)), MaskFromPicture.smallest)
            self.mask = MaskFromPicture(count, given_channels or channels, mask_features)

    def forward(self, given: Tensor, condition: Tensor | None = None) -> Tensor:
        """Latent vectors (N, latent_dim) or pictures (N, given_channels, H, W) to pictures (N, C, H, W).

        Args:
            given: see above.
            condition: labels (N,) or vectors (N, condition_dim), from noise.
        """
        told = () if condition is None else (condition,)
        masks = self.masks(given, condition)
        painted = torch.stack([generator(given, *told) for generator in self.generators], 1)
        return (masks[:, :, None].to(painted.dtype) * painted).sum(1)

    def masks(self, given: Tensor, condition: Tensor | None = None) -> Tensor:
        """The masks for what :meth:`forward` takes: (N, K, H, W), positive, of sum 1 over K; float32."""
        told = () if condition is None or not hasattr(self, "latent_dim") else (condition,)
        return torch.softmax(self.mask(given, *told).float() / self.temperature, 1)

    @property
    def activations(self) -> Callable[[Tensor, Sequence[int]], list[Tensor]]:
        """What layers of all generators see, beside each other as channels; only of generators that number theirs."""
        each = [network.activations for network in self.generators]  # an AttributeError says that there are none

        def activations(images: Tensor, layers: Sequence[int]) -> list[Tensor]:
            found = [cast(Any, of)(images, layers) for of in each]
            return [torch.cat(maps, 1) for maps in zip(*found, strict=True)]

        return activations

    @property
    def widths(self) -> Callable[[Sequence[int]], list[int]]:
        """Channels of :attr:`activations`."""
        each = [network.widths for network in self.generators]

        def widths(layers: Sequence[int]) -> list[int]:
            return [sum(sizes) for sizes in zip(*(cast(Any, of)(layers) for of in each), strict=True)]

        return widths


class MaskView(nn.Module):
    """Masks as pictures: a colour for each generator, as saturated as it is alone.

    Args:
        network: with masks, called as it is.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        for name in ("latent_dim", "conditional", "stride", "smallest"):
            if hasattr(network, name):
                setattr(self, name, getattr(network, name))

    def forward(self, *given: Tensor) -> Tensor:
        """What the network takes to (N, 3, H, W) in [-1, 1]."""
        masks: Tensor = cast(Any, self.network).masks(*given)
        return torch.einsum("nkhw,kc->nchw", masks, colours(masks.shape[1]).to(masks.device)) * 2 - 1


def colours(count: int) -> Tensor:
    """Hues evenly around the circle, from red: (count, 3) in [0, 1]."""
    return torch.tensor([hsv_to_rgb(k / count, 0.9, 1.0) for k in range(count)])


class MaskFromNoise(nn.Module):
    """A latent vector to K values at every pixel: a small map that is doubled up to half of the size.

    Args:
        count: values at every pixel.
        height: of the pictures.
        width: likewise.
        latent_dim: length of the latent vector.
        num_classes: labels; 0 without.
        condition_dim: length of condition vectors; 0 without.
        features: channels at the finest size, doubled at coarser ones up to four times as many.
    """

    def __init__(
        self,
        count: int,
        height: int,
        width: int,
        latent_dim: int,
        num_classes: int = 0,
        condition_dim: int = 0,
        *,
        features: Count = 16,
    ) -> None:
        super().__init__()
        *self.sizes, self.size = ladder(height, width)
        widths = doubling(len(self.sizes), features, 4 * features)
        concat: GeneratorConditioning = "concat"
        self.input = LatentInput(latent_dim, num_classes, condition_dim, concat, 32)
        self.base = (widths[0], *self.sizes[0])
        self.project = dense(self.input.width, widths[0] * self.sizes[0][0] * self.sizes[0][1])
        self.levels = nn.ModuleList(UpConv(before, after) for before, after in pairwise(widths))
        self.decide = conv(widths[-1], count)

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """(N, latent_dim) to (N, K, H, W)."""
        z, _ = self.input(z, condition)
        x = F.relu(self.project(z).unflatten(1, self.base))
        for level, size in zip(self.levels, self.sizes[1:], strict=True):
            x = F.relu(level(x, size))
        return resized(self.decide(x), self.size)


class MaskFromPicture(nn.Module):
    """A picture to K values at every pixel: seen at a quarter of the size, where masks are smooth and cheap.

    Args:
        count: values at every pixel.
        channels: of the pictures.
        features: channels of the first convolution; twice as many in the others.
    """

    stride, smallest = 4, 16

    def __init__(self, count: int, channels: int, features: int = 16) -> None:
        super().__init__()
        make = partial(nn.Conv2d, padding_mode="reflect")  # zeros around a picture would show in the masks
        self.layers = nn.Sequential(
            make(channels, features, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            make(features, 2 * features, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            make(2 * features, 2 * features, 3, padding=2, dilation=2),
            nn.LeakyReLU(0.2),
            make(2 * features, count, 3, padding=1),
        )

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) to (N, K, H, W)."""
        return resized(self.layers(images), (images.shape[2], images.shape[3]))
