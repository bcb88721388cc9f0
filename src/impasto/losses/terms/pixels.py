"""Terms that compare pictures pixel by pixel, or depend on the painted picture alone."""

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.ranges import Count, NotNegative, Positive
from impasto.base.schedules import Schedule
from impasto.losses.terms.term import GeneratorPass, Term, given, similar

PARTS = ("target", "content")
PSNR_FLOOR = 1e-8
"""Added to the mean square of a range of 1: pictures are not better than 80 dB."""


class AgainstPicture(Term):
    """Base of the terms that compare each painted picture with one of the same place and size.

    Args:
        weight: of the term.
        against: ``target`` (of pairs) or ``content`` (what it was painted from).

    Raises:
        UserError: ``against`` is something else.
    """

    def __init__(self, weight: NotNegative | Schedule = 1.0, against: str = "target") -> None:
        super().__init__(weight)
        if against not in PARTS:
            raise UserError(f"against={against} is neither of {' and '.join(PARTS)}; give one of them.")
        self.against = against
        self.needs = (against,)  # type: ignore[misc]

    def forward(self, p: GeneratorPass) -> Tensor:
        """Scalar."""
        wanted = p.shown if self.against == "content" and p.shown is not None else given(p, self.against)
        return self.distance(*similar(p.painted, wanted))

    def distance(self, painted: Tensor, wanted: Tensor) -> Tensor:
        """Scalar from two (N, C, H, W) in [-1, 1], float32."""
        raise NotImplementedError


class L1(AgainstPicture):
    """Mean absolute difference (Isola et al. 2017, equation 3)."""

    def distance(self, painted: Tensor, wanted: Tensor) -> Tensor:
        """Scalar."""
        return (painted - wanted).abs().mean()


class L2(AgainstPicture):
    """Mean squared difference."""

    def distance(self, painted: Tensor, wanted: Tensor) -> Tensor:
        """Scalar."""
        return (painted - wanted).square().mean()


class PSNR(AgainstPicture):
    """Negative peak signal-to-noise ratio in dB, a mean over pictures (Chen et al. 2022, as their code has it).

    Pictures that are nearly right count as much as others, of which the squares are larger. Its gradient is about that
    of an L1 of weight 100 to 200, so that its weight is that much smaller.
    """

    def distance(self, painted: Tensor, wanted: Tensor) -> Tensor:
        """Scalar; the range of values is 2."""
        return 10 * ((painted - wanted).square().mean((1, 2, 3)) / 4 + PSNR_FLOOR).log10().mean()


class Charbonnier(AgainstPicture):
    """Mean of sqrt(d^2 + eps^2), an L1 that is smooth at 0 (Charbonnier et al. 1994; Lai et al. 2017).

    Args:
        weight: of the term.
        against: as for :class:`AgainstPicture`.
        eps: differences below it count as squares.
    """

    def __init__(self, weight: NotNegative | Schedule = 1.0, against: str = "target", eps: Positive = 1e-3) -> None:
        super().__init__(weight, against)
        self.eps = eps

    def distance(self, painted: Tensor, wanted: Tensor) -> Tensor:
        """Scalar."""
        return ((painted - wanted).square() + self.eps**2).sqrt().mean()


class TotalVariation(Term):
    """Mean absolute difference of neighbouring pixels, down and across (anisotropic; Rudin et al. 1992)."""

    def forward(self, p: GeneratorPass) -> Tensor:
        """Scalar."""
        down, across = gradients(p.painted.float())
        return down.abs().mean() + across.abs().mean()


class ImageGradient(AgainstPicture):
    """L1 between the differences of neighbouring pixels (gradient difference loss, alpha 1, Mathieu et al. 2016)."""

    def distance(self, painted: Tensor, wanted: Tensor) -> Tensor:
        """Scalar."""
        return sum(((a - b).abs().mean() for a, b in zip(gradients(painted), gradients(wanted), strict=True)), 0.0)  # type: ignore[return-value]


class LaplacianPyramid(AgainstPicture):
    """L1 between Laplacian pyramids (Bojanowski et al. 2018): a mean at each level, which is
    the paper's sum weighted by 2^(2j) at level j, up to a constant.

    Args:
        weight: of the term.
        against: as for :class:`AgainstPicture`.
        levels: bands, the last of which is the small picture that remains; fewer for small pictures.
    """

    def __init__(self, weight: NotNegative | Schedule = 1.0, against: str = "target", levels: Count = 4) -> None:
        super().__init__(weight, against)
        self.levels = levels

    def distance(self, painted: Tensor, wanted: Tensor) -> Tensor:
        """Scalar: the sum over levels of mean absolute differences."""
        difference, total = painted - wanted, painted.new_zeros(())  # the pyramid is linear
        for _ in range(self.levels - 1):
            if min(difference.shape[-2:]) < 4:
                break
            small = blurred(difference)[..., ::2, ::2]
            up = F.interpolate(small, difference.shape[-2:], mode="bilinear", align_corners=False)
            total = total + (difference - up).abs().mean()
            difference = small
        return total + difference.abs().mean()


class FocalFrequency(AgainstPicture):
    """Squared differences of spectra, each weighted by its own size (Jiang et al. 2021, equation 9).

    Args:
        weight: of the term.
        against: as for :class:`AgainstPicture`.
        alpha: exponent of the weights.
    """

    def __init__(self, weight: NotNegative | Schedule = 1.0, against: str = "target", alpha: NotNegative = 1.0) -> None:
        super().__init__(weight, against)
        self.alpha = alpha

    def distance(self, painted: Tensor, wanted: Tensor) -> Tensor:
        """Scalar."""
        spectrum = torch.fft.fft2(painted - wanted, norm="ortho")  # linear: the difference of the spectra
        squared = spectrum.real.square() + spectrum.imag.square()
        focus = squared.detach().sqrt() ** self.alpha
        focus = focus / focus.amax((-2, -1), keepdim=True).clamp_min(1e-8)
        return (focus * squared).mean()


def gradients(images: Tensor) -> tuple[Tensor, Tensor]:
    """Differences of neighbouring pixels: (N, C, H - 1, W) and (N, C, H, W - 1)."""
    return images[..., 1:, :] - images[..., :-1, :], images[..., 1:] - images[..., :-1]


def blurred(images: Tensor) -> Tensor:
    """Convolved with [1, 4, 6, 4, 1] / 16 along both axes (Burt and Adelson 1983), the border reflected."""
    row = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0], device=images.device) / 16
    kernel = (row[:, None] * row).expand(images.shape[1], 1, 5, 5)
    return F.conv2d(F.pad(images, (2, 2, 2, 2), mode="reflect"), kernel, groups=images.shape[1])
