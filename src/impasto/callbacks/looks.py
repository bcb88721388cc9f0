"""What the monitor sees of a run at one moment: a few numbers, of pictures and scores that training has made anyway."""

from dataclasses import asdict, dataclass
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.base import distributed
from impasto.base.pixels import luma
from impasto.models.adversary import Adversary
from impasto.models.base import AdversarialModel

LEAST_REAL: Final = 4
"""Different real pictures among which copies can be told from likeness."""
SAME: Final = 1e-3
"""Distance of small copies below which two real pictures are one that was shown twice."""


@dataclass(frozen=True)
class Look:
    """Numbers of one moment; those that cannot be told are None.

    Attributes:
        kimg: when.
        order: how often a real picture scores above a painted one, since the look before: 0.5 is a discriminator that
            cannot tell them apart, 1 one that always can.
        apart: energy distance of painted from real pictures, see :func:`energy_distance`.
        moved: the same of painted pictures from those of the look before; None if the guard went back in between.
        diversity: see :class:`~impasto.models.diversity.Diversity`.
        copied: share of painted pictures that are near copies of real ones.
        blotched: share of painted pictures with spots that no real picture has.
        rollbacks: of the guard so far.
    """

    kimg: float
    order: float | None = None
    apart: float | None = None
    moved: float | None = None
    diversity: float | None = None
    copied: float | None = None
    blotched: float | None = None
    rollbacks: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As a checkpoint keeps it."""
        return asdict(self)


@torch.no_grad()
def look(model: AdversarialModel, before: Tensor | None) -> tuple[Look, Tensor | None]:
    """Look at a run; a collective call. Random generators and weights are left as they are.

    Args:
        model: in training.
        before: small copies of painted pictures (n, D) at the look before; None at the first.

    Returns:
        The look, and the small copies of now.
    """
    orders = [cast_adversary(model.adversaries[name]).order.drain() for name in model.names("d")[:1]]
    order = orders[0].get("order") if orders else None
    rollbacks = len(model.state.rollbacks)
    if (kept := model.diversity.copies()) is None:
        return Look(model.kimg, order, rollbacks=rollbacks), None
    real, fake, _ = kept
    if not bool(fake.isfinite().all()):
        return Look(model.kimg, order, rollbacks=rollbacks), None
    latest = model.diversity.latest
    return (
        Look(
            model.kimg,
            order,
            energy_distance(real, fake),
            None
            if before is None or before.shape[1] != fake.shape[1]
            else energy_distance(before.to(fake.device), fake),
            model.diversity.ratio(),
            copied_share(real, fake) if "latent" in model.painter.takes else None,
            None if latest is None else blotched_share(*map(distributed.gather, latest)),
            rollbacks,
        ),
        fake,
    )


def cast_adversary(module: Any) -> Adversary:
    """A member of a ModuleDict as what it is."""
    assert isinstance(module, Adversary)
    return module


def energy_distance(first: Tensor, second: Tensor) -> float:
    """1 less the mean distance within over the mean distance between, (n, D) and (m, D): 0 for one and the same.

    The energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'| of Székely and Rizzo 2013 as a share of its first term. Pairs
    of a picture with itself are left out, so that it is 0 on average for two samples of one distribution, and may be a
    little below.
    """
    between = torch.cdist(first, second).mean()
    within = sum(torch.cdist(x, x).sum() / max(len(x) * (len(x) - 1), 1) for x in (first, second))
    return float(1 - within / (2 * between).clamp_min(1e-9))


def copied_share(real: Tensor, fake: Tensor) -> float | None:
    """Share of painted pictures less than a third as far from their nearest real picture as from the second nearest.

    The rule of Yoon et al. 2023, on small copies (n, D) and (m, D); a real picture that was shown twice counts once.
    None with fewer than 4 different ones.
    """
    apart = torch.cdist(real, real)
    twice = (apart < SAME * apart.mean()).tril(-1).any(1)
    different = real[~twice]
    if len(different) < LEAST_REAL:
        return None
    nearest = torch.cdist(fake, different).topk(2, 1, largest=False).values
    return float((nearest[:, 0] < nearest[:, 1] / 3).float().mean())


def blotched_share(real: Tensor, fake: Tensor) -> float | None:
    """Share of painted pictures (n, C, H, W) with a spot that stands out far more than spots do in the real ones.

    How far a picture's most striking spot stands out is taken over how far its places do on average. It must be a
    quarter above what 95 in 100 real pictures reach. None for pictures below 16 pixels, or of other channels than one
    or three.
    """
    if min(real.shape[2:]) < 16 or real.shape[1] not in (1, 3) or real.shape[1:] != fake.shape[1:]:
        return None
    usual, found = (striking(images) for images in (real, fake))
    return float((found > 1.25 * usual.quantile(0.95)).float().mean())


def striking(images: Tensor) -> Tensor:
    """How far the most striking spot of each picture stands out, over the root mean square of all its places: (n,).

    A place is a sixteenth of the picture wide, and stands out by its difference in luma from seven of them around it.
    """
    grey = luma(images)
    small = F.avg_pool2d(grey, max(min(grey.shape[2:]) // 16, 1))
    around = F.avg_pool2d(F.pad(small, (3,) * 4, mode="replicate"), 7, 1)
    apart = (small - around).flatten(1)
    return apart.abs().amax(1) / apart.square().mean(1).sqrt().clamp_min(0.02)
