"""Translation learnt from pairs: pix2pix (Isola et al. 2017)."""

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor

from impasto.losses.terms.term import GeneratorPass
from impasto.models.adversary import Conditioning
from impasto.models.base import AdversarialModel, Painted
from impasto.models.optimisation import BatchPart
from impasto.models.roles import Role
from impasto.models.translation import preview_rows
from impasto.painters.painter import Painter


class Pix2Pix(AdversarialModel):
    """A generator that turns ``batch["content"]`` into ``batch["target"]``, pixel for pixel.

    The discriminator sees pictures beside the content that they were made from; the term ``l1`` holds them near the
    targets. With ``model.adversarial=0`` the terms alone are left, as a control.
    """

    needs: ClassVar[tuple[str, ...]] = ("content", "target")
    roles: ClassVar[Mapping[str, Role]] = {
        "generator": Role("g", "target", given="content"),
        "discriminator": Role("d", "target", given="content"),
    }
    offers: ClassVar[tuple[str, ...]] = ("content", "target", "style", "masks", "real_scores", "fake_scores")

    def make_painters(self) -> dict[str, Painter]:
        """One, from content to target."""
        return {"painter": self.repainter("generator")}

    def paint(self, batch: BatchPart) -> Painted:
        """The content, repainted."""
        return {"target": self.generator(batch["content"])}

    def discriminator_loss(self, batch: BatchPart, painted: Painted) -> Tensor:
        """Targets against painted pictures, both beside their content."""
        return self.discriminator_objective(
            batch, batch["target"], painted["target"], Conditioning(given=batch["content"])
        )

    def generator_loss(self, batch: BatchPart, painted: Painted) -> Tensor:
        """The adversarial loss against the targets, and the terms."""
        content, target = batch["content"], batch["target"]
        p = GeneratorPass(painted["target"], self.generator, content=content, target=target, style=target)
        return self.generator_objective(p, target, Conditioning(given=content))

    def preview(self, batch: dict[str, Tensor] | None, count: int | None, columns: int | None) -> tuple[Tensor, int]:
        """Rows of held-out content, what is made of it, and the targets."""
        return preview_rows(batch, (("content", self.painter),), ("target",), count, columns)
