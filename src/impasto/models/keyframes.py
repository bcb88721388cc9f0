"""One look, learnt from a few painted frames: few-shot patch-based training (Texler et al. 2020)."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from torch import Tensor

from impasto.base.parts import Doubt, Parts, Refusal
from impasto.losses.terms.term import GeneratorPass
from impasto.models.base import Painted
from impasto.models.optimisation import BatchPart
from impasto.models.pix2pix import Pix2Pix
from impasto.models.roles import Role
from impasto.models.translation import preview_rows
from impasto.networks.layers.norm import WholePictureStatistics


class Keyframes(Pix2Pix):
    """A generator of ``batch["target"]`` from ``batch["content"]``, learnt from patches; it paints whole frames.

    The discriminator sees painted patches alone, not what they were painted from: with a keyframe or two it would know
    every pair by heart.
    """

    roles: ClassVar[Mapping[str, Role]] = {
        "generator": Role("g", "target", given="content"),
        "discriminator": Role("d", "target"),
    }

    def discriminator_loss(self, batch: BatchPart, painted: Painted) -> Tensor:
        """Patches of the keyframes against painted ones."""
        return self.discriminator_objective(batch, batch["target"], painted["target"])

    def generator_loss(self, batch: BatchPart, painted: Painted) -> Tensor:
        """The adversarial loss, and the terms."""
        content, target = batch["content"], batch["target"]
        p = GeneratorPass(painted["target"], self.generator, content=content, target=target, style=target)
        return self.generator_objective(p, target)

    def preview(self, batch: dict[str, Tensor] | None, count: int | None, columns: int | None) -> tuple[Tensor, int]:
        """Rows of frames of the clip, and of what is made of them."""
        return preview_rows(batch, (("content", self.painter),), (), count, columns)

    def check_with(self, parts: Parts) -> Iterator[Refusal | Doubt]:
        """Refuse normalisation by the statistics of a picture: those of patches are not those of frames."""
        yield from super().check_with(parts)
        if any(isinstance(module, WholePictureStatistics) for module in self.generator.modules()):
            yield Refusal(
                "model.generator normalises each patch by its own statistics, and a frame has others: set "
                "model.generator.norm=batch."
            )
