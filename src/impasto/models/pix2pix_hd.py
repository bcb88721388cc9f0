"""High-resolution translation learnt from pairs: pix2pixHD (Wang et al. 2018)."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, cast

import torch
from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.parts import Doubt, Parts, Refusal
from impasto.base.ranges import Positive, Share
from impasto.models.base import Painted
from impasto.models.optimisation import BatchPart
from impasto.models.pix2pix import Pix2Pix
from impasto.models.roles import Side
from impasto.networks.patchgan import halved
from impasto.networks.scores import Scores

Stage = Literal["global", "enhancer", "all"]
"""What is trained: the global generator at half size; the enhancer around it; both."""


class Pix2PixHD(Pix2Pix):
    """As pix2pix, in the stages of a coarse-to-fine generator; the discriminators go through all of them.

    In the first stage the global generator paints at half size, and everything that its losses see is halved. In the
    second the enhancer is trained around it, and it is left as it is; then both are trained. Stages follow the clock.

    Args:
        kimg: length of the run.
        global_share: share of it for the first stage; 0 leaves it out.
        fixed_share: share of it for the second.
        **parts: as for :class:`~impasto.models.pix2pix.Pix2Pix`. A generator without ``paint_coarse`` has no stages.
    """

    def __init__(
        self, *, kimg: Positive = 1000.0, global_share: Share = 0.5, fixed_share: Share = 0.05, **parts: Any
    ) -> None:
        super().__init__(**parts)
        self.kimg_in_all, self.global_share, self.fixed_share = kimg, global_share, fixed_share
        self.staged = bool(getattr(self.generator, "has_enhancer", False))
        self.stage = self.stage_now()

    def stage_now(self) -> Stage:
        """By the pictures seen so far."""
        first, both = (
            round(1000 * share * self.kimg_in_all)
            for share in (self.global_share, self.global_share + self.fixed_share)
        )
        if not self.staged or self.images_seen >= both:
            return "all"
        return "global" if self.images_seen < first else "enhancer"

    def check_with(self, parts: Parts) -> Iterator[Refusal | Doubt]:
        """As pix2pix; refuse pictures that are too small for the discriminator when they are halved, and doubt scales
        that are left out then.
        """
        yield from super().check_with(parts)
        size = getattr(parts.data, "image_size", None)
        if size is None or self.stage != "global" or not self.names("d"):
            return
        small = cast(tuple[int, int], tuple(-(-side // 2) for side in size))
        first = f"The first stage trains at half size, {small[0]}x{small[1]},"
        at_half, whole = self.scales_judging(small), self.scales_judging(size)
        if not at_half:
            yield Refusal(
                f"{first} which is too small for the discriminator: set model.global_share=0, a larger data.image_size "
                "or fewer model.discriminator.settings.layers."
            )
        elif at_half < whole:
            judging = f"{at_half} of {whole} scales of the discriminator judge; the other stages have them all."
            yield Doubt("model.global_share", f"{first} where {judging}")

    def scales_judging(self, size: tuple[int, int]) -> int:
        """How many scales of the discriminator judge pictures of a size; 0 if it refuses them."""
        device = next(self.discriminator.parameters()).device
        content, target = (
            torch.zeros(1, self.spec[part].channels, *size, device=device) for part in ("content", "target")
        )
        try:
            with torch.no_grad():
                return len(Scores.of(self.discriminator(target, None, content)).maps)
        except UserError:
            return 0

    def follow_schedules(self, optimizers: Mapping[Side, Any]) -> None:
        """As all models; and take up the stage of this step."""
        super().follow_schedules(optimizers)
        self.take_up_stage()

    def take_up_stage(self) -> None:
        """Tell the generator and its average what paints; what rests is given no gradients, so that Adam skips it."""
        self.stage = self.stage_now()  # once a step: the clock moves on between its two updates
        if not self.staged:
            return
        generator = cast(Any, self.generator)
        for network in (generator, cast(Any, self.painter.network)):
            network.alone = self.stage == "global"
        for parameter in generator.coarse_parameters():
            parameter.requires_grad_(self.stage != "enhancer")

    def paint(self, batch: BatchPart) -> Painted:
        """The content, repainted; at half size in the first stage."""
        if self.stage == "global":
            return {"target": cast(Any, self.generator).paint_coarse(halved(batch["content"]))}
        return super().paint(batch)

    def discriminator_loss(self, batch: BatchPart, painted: Painted) -> Tensor:
        """Targets against painted pictures, both beside their content."""
        return super().discriminator_loss(self.seen(batch), painted)

    def generator_loss(self, batch: BatchPart, painted: Painted) -> Tensor:
        """The adversarial loss against the targets, and the terms."""
        return super().generator_loss(self.seen(batch), painted)

    def seen(self, batch: BatchPart) -> BatchPart:
        """The batch, halved in the first stage."""
        if self.stage != "global":
            return batch
        small = BatchPart({part: halved(batch[part]) for part in self.needs})
        small.share = batch.share
        return small
