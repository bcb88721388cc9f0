"""The discriminator that judges patches, not pictures (Isola et al. 2017)."""

from typing import Literal

from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.networks.layers.norm import InstanceNorm
from impasto.networks.resnet_translation import BlurDown, initialise


class PatchGAN(nn.Module):
    """A map of raw scores, one for each patch of the picture: of 70 x 70 pixels with the three layers published.

    Args:
        channels: of the pictures.
        features: channels after the first convolution, doubled by each layer up to eight times as many.
        layers: layers that halve the size; a score sees 16, 34, 70 or 142 pixels a side with 1, 2, 3 or 4 of them.
        norm: instance (as published) or none.
        spectral_norm: bound the spectral norm of every convolution by 1 (Miyato et al. 2018).
        antialias: convolve at full size, then blur and halve, as CUT's published code does, at four times the cost; a
            score then sees 18, 40, 84 or 172 pixels a side.
        init_gain: of the weights at the start (Xavier); CUT's published code has 0.02.
    """

    sigmoid = False

    def __init__(
        self,
        channels: int = 3,
        features: int = 64,
        layers: int = 3,
        norm: Literal["instance", "none"] = "instance",
        spectral_norm: bool = False,
        antialias: bool = False,
        init_gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.smallest = 2 ** (layers + 2)
        widths = [min(features * 2**i, features * 8) for i in range(layers + 1)]
        stages: list[nn.Module] = []
        for i, (before, after) in enumerate(zip([channels, *widths[:-1]], widths, strict=True)):
            last = i == layers
            stride = 1 if last or antialias else 2
            stages.append(nn.Conv2d(before, after, 4, stride, padding=1))
            if i and norm == "instance":
                stages.append(InstanceNorm())
            stages.append(nn.LeakyReLU(0.2, inplace=True))
            if antialias and not last:
                stages.append(BlurDown())
        stages.append(nn.Conv2d(widths[-1], 1, 4, padding=1))
        self.layers = nn.Sequential(*stages)
        initialise(self.layers, init_gain)
        if spectral_norm:
            for stage in stages:
                if isinstance(stage, nn.Conv2d):
                    nn.utils.parametrizations.spectral_norm(stage)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """(N, C, H, W) to raw scores (N, 1, h, w); the condition is not used.

        Raises:
            UserError: a picture smaller than the network's reach.
        """
        if min(images.shape[-2:]) < self.smallest:
            raise UserError(
                f"This PatchGAN judges pictures of at least {self.smallest}x{self.smallest} pixels, not "
                f"{images.shape[-2]}x{images.shape[-1]}: give a larger data.image_size or fewer "
                "model.discriminator.layers."
            )
        return self.layers(images)
