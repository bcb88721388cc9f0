"""Discriminators that score patches, not pictures (Isola et al. 2017), at one scale or several (Wang et al. 2018)."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.parts import Doubt, Parts, Refusal
from impasto.base.ranges import Count
from impasto.base.spec import ImageSpec
from impasto.networks.build import build_network
from impasto.networks.layers.blur import BlurDown
from impasto.networks.layers.norm import NormKind
from impasto.networks.places import Place
from impasto.networks.resnet_translation import Init, initialise, normalisation, small_weights
from impasto.networks.scores import Scores


class PatchGAN(nn.Module):
    """A map of raw scores, one for each patch of the picture: of 70 x 70 pixels with the three layers published.

    Args:
        channels: of the pictures.
        given_channels: of the conditioning pictures, concatenated along the channels; 0 for none.
        projection: length of the vectors that pictures are judged by, whose projection on the last features is added to
            the scores (Miyato and Koyama 2018), such as the code of the style that they should be in; 0 for none.
        features: channels after the first convolution, doubled by each layer up to eight times as many.
        layers: layers that halve the size; a score sees 16, 34, 70 or 142 pixels a side with 1, 2, 3 or 4 of them.
        norm: instance (as published), batch, layer, pixel or none.
        spectral_norm: bound the spectral norm of every convolution by 1 (Miyato et al. 2018).
        antialias: convolve at full size, then blur and halve, as CUT's published code does, at four times the cost; a
            score then sees 18, 40, 84 or 172 pixels a side.
        init: of the weights, see :func:`~impasto.networks.resnet_translation.initialise`.
        init_gain: of the weights at the start; published code has 0.02.
        fast: norms that keep the memory format: faster on a CPU, with other rounding.
    """

    sigmoid = False
    layers_key = "model.discriminator.layers"

    def __init__(
        self,
        channels: int = 3,
        given_channels: int = 0,
        projection: int = 0,
        features: Count = 64,
        layers: int = 3,
        norm: NormKind = "instance",
        spectral_norm: bool = False,
        antialias: bool = False,
        init: Init = "xavier",
        init_gain: float = 1.0,
        fast: bool = False,
    ) -> None:
        super().__init__()
        self.given_channels = given_channels
        self.start = norm, init, init_gain
        self.smallest = 2 ** (layers + 2)
        widths = [min(features * 2**i, features * 8) for i in range(layers + 1)]
        stages: list[nn.Module] = []
        for i, (before, after) in enumerate(zip([channels + given_channels, *widths[:-1]], widths, strict=True)):
            last = i == layers
            stride = 1 if last or antialias else 2
            stages.append(nn.Conv2d(before, after, 4, stride, padding=1))
            if i and norm != "none":
                stages.append(normalisation(after, norm, fast))
            stages.append(nn.LeakyReLU(0.2, inplace=True))
            if antialias and not last:
                stages.append(BlurDown())
        stages.append(nn.Conv2d(widths[-1], 1, 4, padding=1))
        self.layers = nn.Sequential(*stages)
        initialise(self.layers, init_gain, init)
        self.project = nn.Linear(projection, widths[-1]) if projection else None
        if spectral_norm:
            for stage in stages:
                if isinstance(stage, nn.Conv2d):
                    nn.utils.parametrizations.spectral_norm(stage)

    def check_with(self, parts: Parts) -> Iterator[Refusal | Doubt]:
        """Doubt small initial weights that no normalisation makes up for; refuse codes of another length."""
        yield from small_weights(parts.key_of(self), *self.start)
        yield from other_codes(f"{parts.key_of(self)}.projection", self.project, parts)

    def places(self, height: int, width: int) -> list[Place]:
        """Before each convolution but the first; features stay what they are without parts."""
        found = []
        convolutions = [i for i, stage in enumerate(self.layers) if isinstance(stage, nn.Conv2d)]
        for number, i in enumerate(convolutions[1:], start=1):
            last = number == len(convolutions) - 1  # after the layer that keeps the size but for a pixel
            k = 2 ** (number - last)
            size = height // k - last, width // k - last
            found.append(Place(f"layers.{i}", cast(nn.Conv2d, self.layers[i]).in_channels, size, before=True))
        return found

    def forward(self, images: Tensor, condition: Tensor | None = None, given: Tensor | None = None) -> Scores:
        """Score patches.

        Args:
            images: (N, C, H, W).
            condition: (N, projection), the vectors that they are judged by; not used without ``projection``.
            given: (N, given_channels, H, W), the conditioning pictures.

        Returns:
            One map (N, 1, h, w) of raw scores, with the activations after each LeakyReLU as features.

        Raises:
            UserError: the pictures are smaller than the network's receptive field.
        """
        if min(images.shape[-2:]) < self.smallest:
            raise UserError(
                f"This PatchGAN judges pictures of at least {self.smallest}x{self.smallest} pixels, not "
                f"{images.shape[-2]}x{images.shape[-1]}: give a larger data.image_size or fewer {self.layers_key}."
            )
        x = images if given is None or not self.given_channels else torch.cat([given, images], 1)
        features = []
        for layer in self.layers:
            x = layer(x)
            if isinstance(layer, nn.LeakyReLU):
                features.append(x)
        return Scores([x if self.project is None else x + self.projected(features[-1], condition)], [features])

    def projected(self, features: Tensor, condition: Tensor | None) -> Tensor:
        """How well the last features (N, C, h, w) fit the vectors that pictures are judged by: (N, 1, h - 1, w - 1)."""
        assert self.project is not None
        if condition is None:
            raise UserError("This PatchGAN judges by a vector (projection) but got none: set projection=0.")
        direction = self.project(condition)[:, :, None, None] / features.shape[1] ** 0.5
        return F.avg_pool2d((features * direction).sum(1, keepdim=True), 2, 1)


class MultiScalePatchGAN(nn.Module):
    """PatchGANs that see the picture at full size, at half, at a quarter ... (Wang et al. 2018, section 3.2).

    Scales at which a picture is smaller than what a PatchGAN can judge are left out, all but the first.

    Args:
        channels: of the pictures.
        given_channels: of the conditioning pictures.
        scales: how many, at most.
        settings: of each PatchGAN, as for :class:`PatchGAN`, with its parts (:mod:`impasto.networks.insertions`).
        height: of the pictures.
        width: likewise.
    """

    sigmoid = False

    def __init__(
        self,
        channels: int = 3,
        given_channels: int = 0,
        scales: int = 2,
        settings: Mapping[str, Any] | None = None,
        height: int = 256,
        width: int = 256,
    ) -> None:
        super().__init__()
        make = partial(PatchGAN, **{"given_channels": given_channels, **(settings or {})})
        self.wanted, self.size = scales, (height, width)
        self.scales = nn.ModuleList()
        size = self.size
        for i in range(scales):
            if i and min(size) < self.smallest:
                break
            given = ImageSpec(given_channels, *size) if given_channels else None
            self.scales.append(build_network(make, ImageSpec(channels, *size), given))
            self.first.layers_key = "model.discriminator.settings.layers"
            size = -(-size[0] // 2), -(-size[1] // 2)

    @property
    def first(self) -> PatchGAN:
        """The one at full size."""
        return cast(PatchGAN, self.scales[0])

    @property
    def smallest(self) -> int:
        """Pixels of the shorter side that a scale judges, at least."""
        return self.first.smallest

    def check_with(self, parts: Parts) -> Iterator[Refusal | Doubt]:
        """As :meth:`PatchGAN.check_with`, all scales being alike; doubt scales that are left out."""
        key = parts.key_of(self)
        yield from small_weights(f"{key}.settings", *self.first.start)
        yield from other_codes(f"{key}.settings.projection", self.first.project, parts)
        if len(self.scales) < self.wanted:
            yield Doubt(
                f"{key}.scales",
                f"{len(self.scales)} of {self.wanted} scales judge pictures of {self.size[0]}x{self.size[1]}: the "
                f"others would see less than {self.smallest} pixels. Larger pictures or fewer {key}.settings.layers "
                "bring them back.",
            )

    def forward(self, images: Tensor, condition: Tensor | None = None, given: Tensor | None = None) -> Scores:
        """As :meth:`PatchGAN.forward`, with one map for each scale that the pictures are large enough for."""
        maps, features = [], []
        for i, network in enumerate(self.scales):
            if i:
                images, given = halved(images), None if given is None else halved(given)
                if min(images.shape[-2:]) < self.smallest:
                    break
            scores = network(images, condition, given)
            maps += scores.maps
            features += scores.features
        return Scores(maps, features)


def other_codes(key: str, project: nn.Linear | None, parts: Parts) -> Iterator[Refusal]:
    """Refuse to judge by vectors of another length than the codes that the generator is told, with the brush."""
    lengths = (getattr(generator, "code", None) for generator in parts.generators.values())
    codes = [length + 1 for length in lengths if isinstance(length, int)]
    if project is not None and codes and project.in_features not in codes:
        wanted = f"the generator's style codes and brush are {codes[0]} numbers: set {key}={codes[0]}"
        yield Refusal(f"{key}={project.in_features}, but {wanted}.")


def halved(images: Tensor) -> Tensor:
    """Half the size, as in pix2pixHD: means over 3 x 3 pixels, those outside left out."""
    return F.avg_pool2d(images, 3, 2, padding=1, count_include_pad=False)
