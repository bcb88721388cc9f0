"""Translation after a reference, learnt from pairs by giving each its own target in disguise (Lee et al. 2020)."""

from typing import Any, cast

import torch
from torch import Tensor

from impasto.base.ranges import NotNegative, Share
from impasto.losses.terms.term import GeneratorPass
from impasto.losses.terms.warp_consistency import random_way, warped
from impasto.models.adversary import Conditioning
from impasto.models.base import Painted
from impasto.models.optimisation import BatchPart
from impasto.models.pix2pix import Pix2Pix
from impasto.networks.any_style import AnyStyleGenerator
from impasto.painters.painter import Painter
from impasto.painters.style import StylePainter


class Reference(Pix2Pix):
    """As pix2pix, and the generator is shown a reference, such as the picture whose colours it should take.

    Pairs have no references, so that each gets its own target, in other colours that content cannot tell, and its
    reference is that target bent, shifted and mirrored, so that places cannot tell either ("augmented self-reference",
    Lee et al. 2020, section 3.1). A share of the pictures is painted without any, in the target's own colours.

    Args:
        recolor: most by which the mean of each channel is moved, of values from -1 to 1, and half as much its contrast.
        bend: most by which parts of the reference move, as a share of its sides; the whole moves half as far.
        alone: share of pictures without reference.
        **parts: as for :class:`~impasto.models.pix2pix.Pix2Pix`.
    """

    def __init__(self, *, recolor: NotNegative = 0.5, bend: Share = 0.2, alone: Share = 0.125, **parts: Any) -> None:
        super().__init__(**parts)
        self.recolor, self.bend, self.alone = recolor, bend, alone

    def make_painters(self) -> dict[str, Painter]:
        """One, from content and a reference to the target."""
        gives, content = self.spec["target"], self.spec["content"]
        takes = ("content", "style")
        painter = StylePainter(self.generator, gives, takes, content, given_part="content", painted_part="target")
        return {"painter": painter}

    def paint(self, batch: BatchPart) -> Painted:
        """The content, repainted after a reference; with the target in the same colours, and the reference's code."""
        target = batch["target"]
        alone = torch.rand(len(target), device=target.device) < self.alone
        wanted = torch.where(alone[:, None, None, None], target, recolored(target, self.recolor))
        code = cast(AnyStyleGenerator, self.generator).encoder(disguised(wanted, self.bend)) * ~alone[:, None]
        return {"target": self.generator(batch["content"], code), "wanted": wanted, "code": code}

    def discriminator_loss(self, batch: BatchPart, painted: Painted) -> Tensor:
        """Targets in their colours against painted pictures, both beside their content."""
        shown = Conditioning(given=batch["content"])
        return self.discriminator_objective(batch, painted["wanted"], painted["target"], shown)

    def generator_loss(self, batch: BatchPart, painted: Painted) -> Tensor:
        """The adversarial loss against the targets in their colours, and the terms."""
        content, wanted = batch["content"], painted["wanted"]
        pictures = {"content": content, "target": wanted, "style": wanted}
        p = GeneratorPass(painted["target"], self.generator, code=painted["code"], **pictures)
        return self.generator_objective(p, wanted, Conditioning(given=content))

    def preview(self, batch: dict[str, Tensor] | None, count: int | None, columns: int | None) -> tuple[Tensor, int]:
        """As of pix2pix, without a reference; below, references, which are the other targets, and what they make."""
        rows, length = super().preview(batch, count, columns)
        assert batch is not None
        content, references = batch["content"][:length], batch["target"][:length].roll(1, 0)
        with torch.no_grad():
            after = self.painter(content=content, style=references)
        return torch.cat([rows, *(row.expand(-1, rows.shape[1], -1, -1) for row in (references, after))]), length


def recolored(images: Tensor, most: float) -> Tensor:
    """Pictures (N, C, H, W) in [-1, 1], each channel brighter or darker by up to ``most`` and of other contrast."""
    count, channels = images.shape[:2]
    up, contrast = (torch.rand(2, count, channels, 1, 1, device=images.device) * 2 - 1) * most
    return ((1 + contrast / 2) * images + up).clamp(-1, 1)


def disguised(images: Tensor, bend: float) -> Tensor:
    """Pictures (N, C, H, W) bent and shifted by up to shares of their sides, and every other one mirrored."""
    count, _, height, width = images.shape
    sides = torch.tensor([width, height], device=images.device).view(1, 2, 1, 1)
    way = random_way(count, height, width, bend / 2, bend, images.device) * sides
    mirrored = torch.rand(count, 1, 1, 1, device=images.device) < 0.5
    return warped(torch.where(mirrored, images.flip(-1), images), way)[0]
