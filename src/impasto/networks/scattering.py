"""A discriminator that is linear in fixed features: wavelet scattering, then random Fourier features.

Only its last layer is trained, so that noise for privacy disturbs few weights, and what they multiply was made without
private pictures (Tramer and Boneh 2021: differentially private learning needs better features). Its best scores are the
witness of the maximum mean discrepancy under Gaussian kernels on the scattering (Gretton et al. 2012, section 2.3), as
in DP-MERF (Harder et al. 2021), which releases the mean features once where a discriminator learns them step by step.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.ranges import Count
from impasto.networks.layers.condition import ConditionEmbedding, DiscriminatorConditioning, has_condition
from impasto.networks.layers.ladder import positive

TAPS = 5
"""Height and width of the wavelets."""
MODULI = 4.0
"""Weight of the moduli in S, so that they differ between pictures about as much as pixels do."""
SIGMA, FREQUENCY = 0.8, 0.75 * math.pi
"""Of the Morlet wavelet at the finest octave, in pixels and in radians per pixel (Bruna and Mallat 2013)."""


class ScatteringDiscriminator(nn.Module):
    """Scores by one weight vector over fixed features, or by one for each class.

    The features are ``cos(w . S(x) + b)``, where S is the scattering of first order: the picture, what passes low
    between octaves, and moduli of wavelets at each octave and orientation, smoothed over 2 ** ``octaves`` pixels. w is
    normal, over a bandwidth, and b uniform (Rahimi and Recht 2007). All features of a picture have a norm of about 1.

    Args:
        channels: of the pictures.
        height: of the pictures.
        width: of the pictures.
        num_classes: labels 0 to ``num_classes`` - 1; 0 without.
        condition_dim: length of condition vectors, which take precedence over labels; 0 without.
        octaves: of wavelets; each halves the picture.
        orientations: of wavelets.
        features: random Fourier features, that is weights for each class.
        bandwidths: least and largest, drawn evenly in their logarithm, of the kernel; in root mean square over S.
        conditioning: ``projection`` (a weight vector for each class) or ``none``.
        seed: of w and b.

    Raises:
        UserError: a setting is out of range.
    """

    wavelets: Tensor
    frequencies: Tensor
    phases: Tensor

    def __init__(
        self,
        channels: int,
        height: int,
        width: int,
        num_classes: int = 0,
        condition_dim: int = 0,
        *,
        octaves: Count = 2,
        orientations: Count = 8,
        features: Count = 1024,
        bandwidths: Sequence[float] = (0.2, 1.0),
        conditioning: DiscriminatorConditioning = "projection",
        seed: int = 0,
    ) -> None:
        super().__init__()
        positive(octaves=octaves, orientations=orientations, features=features)
        if len(bandwidths) != 2 or not 0 < bandwidths[0] <= bandwidths[1]:
            raise UserError(f"bandwidths={list(bandwidths)} are not the least and the largest: give [0.2,1.0].")
        if min(height, width) < 2**octaves:
            raise UserError(f"Pictures of {height}x{width} pixels cannot be halved {octaves} times: set octaves lower.")
        if conditioning == "concat":
            raise UserError("This discriminator has weights for each class: set conditioning=projection or none.")
        self.octaves = octaves
        device = torch.empty(0).device
        self.register_buffer("wavelets", morlet(orientations).to(device))
        count = count_of(channels, height, width, octaves, orientations)
        source = torch.Generator().manual_seed(seed)
        with torch.device("cpu"):
            low, high = (math.log(end) for end in bandwidths)
            scales = torch.exp(low + (high - low) * torch.rand(features, 1, generator=source))
            frequencies = torch.randn(features, count, generator=source) / scales / count**0.5
            phases = torch.rand(features, generator=source) * 2 * math.pi
        self.register_buffer("frequencies", frequencies.to(device))
        self.register_buffer("phases", phases.to(device))
        given = has_condition(num_classes, condition_dim, conditioning, DiscriminatorConditioning)
        self.embed = ConditionEmbedding(num_classes, condition_dim, features, nn.init.zeros_) if given else None
        self.score = None if given else nn.Linear(features, 1)

    def scattering(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, features of the scattering)."""
        found = [x]
        for left in range(self.octaves, 0, -1):
            found.append(MODULI * smoothed(self.moduli(x), left))
            x = F.avg_pool2d(x, 2, ceil_mode=True, count_include_pad=False)
            found.append(x)
        return torch.cat([each.flatten(1) for each in found], 1)

    def moduli(self, x: Tensor) -> Tensor:
        """How strong each wavelet is at each pixel: (N, C, H, W) to (N, C * orientations, H, W)."""
        each = F.pad(x.flatten(0, 1)[:, None], (TAPS // 2,) * 4, mode="replicate")
        real, imaginary = F.conv2d(each, self.wavelets).chunk(2, 1)
        return (real.square() + imaginary.square() + 1e-6).sqrt().unflatten(0, x.shape[:2]).flatten(1, 2)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """(N, C, H, W) and labels (N,) or vectors (N, condition_dim) to scores (N,).

        Raises:
            UserError: the condition is missing or does not fit.
        """
        found = torch.cos(F.linear(self.scattering(x), self.frequencies, self.phases)) * (2 / len(self.phases)) ** 0.5
        if self.embed is not None:
            return (found * self.embed(condition)).sum(1)
        assert self.score is not None
        return self.score(found).squeeze(1)


def morlet(orientations: int) -> Tensor:
    """Morlet wavelets of mean 0 and absolute sum 1: (2 * orientations, 1, taps, taps), real parts before imaginary."""
    at = torch.arange(TAPS, device="cpu").float() - TAPS // 2
    y, x = torch.meshgrid(at, at, indexing="ij")
    waves = []
    for k in range(orientations):
        angle = math.pi * k / orientations
        along, across = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
        envelope = torch.exp(-(along**2 + (4 / orientations * across) ** 2) / (2 * SIGMA**2))
        wave = envelope * torch.exp(1j * FREQUENCY * along)
        wave = wave - envelope * (wave.sum() / envelope.sum())
        waves.append(wave / wave.abs().sum())
    both = torch.stack(waves)
    return torch.cat([both.real, both.imag])[:, None].float()


def smoothed(x: Tensor, octaves: int) -> Tensor:
    """Every 2 ** octaves-th pixel, of means over squares twice as wide: squares side by side would show as a grid."""
    step = 2**octaves
    return F.avg_pool2d(x, 2 * step, step, step // 2, ceil_mode=True, count_include_pad=False)


def count_of(channels: int, height: int, width: int, octaves: int, orientations: int) -> int:
    """Features of the scattering."""
    total = channels * height * width
    for left in range(octaves, 0, -1):
        total += channels * orientations * math.ceil(height / 2**left) * math.ceil(width / 2**left)
        height, width = math.ceil(height / 2), math.ceil(width / 2)
        total += channels * height * width
    return total
