"""Contrastive unpaired translation: pictures of one kind into another, without pairs and without a way back.

CUT and FastCUT (Park et al. 2020): an adversarial loss on the style pictures, and the term ``nce`` on the content.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from impasto.losses.terms.term import GeneratorPass
from impasto.models.base import AdversarialModel, Painted
from impasto.models.optimisation import BatchPart
from impasto.models.roles import Role
from impasto.models.translation import preview_rows
from impasto.painters.painter import Painter


class CUT(AdversarialModel):
    """A generator that repaints ``batch["content"]`` so that it passes for ``batch["style"]``.

    Args:
        flip_equivariance: every other time, repaint the mirror image and compare it with the picture (FastCUT).
        **parts: as for :class:`~impasto.models.base.AdversarialModel`; the generator takes and returns pictures.
    """

    needs: ClassVar[tuple[str, ...]] = ("content", "style")
    roles: ClassVar[Mapping[str, Role]] = {
        "generator": Role("g", "style", given="content"),
        "discriminator": Role("d", "style"),
    }
    offers: ClassVar[tuple[str, ...]] = ("content", "style", "identity", "masks", "real_scores", "fake_scores")

    def __init__(self, *, flip_equivariance: bool = False, **parts: Any) -> None:
        super().__init__(**parts)
        self.flip_equivariance = flip_equivariance

    def make_painters(self) -> dict[str, Painter]:
        """One, from content to style."""
        return {"painter": self.repainter("generator")}

    def paint(self, batch: BatchPart) -> Painted:
        """The content repainted, or its mirror image when that is drawn; and which of the two it was."""
        flipped = self.flip_equivariance and bool(torch.rand(()) < 0.5)
        content = batch["content"].flip(-1) if flipped else batch["content"]
        return {"style": self.generator(content), "flipped": flipped}

    def discriminator_loss(self, batch: BatchPart, painted: Painted) -> Tensor:
        """Style pictures against repainted content pictures."""
        return self.discriminator_objective(batch, batch["style"], painted["style"])

    def generator_loss(self, batch: BatchPart, painted: Painted) -> Tensor:
        """The adversarial loss against style, and the terms."""
        content, style = batch["content"], batch["style"]
        p = GeneratorPass(painted["style"], self.generator, content=content, flipped=painted["flipped"], style=style)
        return self.generator_objective(p, style)

    def preview(self, batch: dict[str, Tensor] | None, count: int | None, columns: int | None) -> tuple[Tensor, int]:
        """Rows of held-out content pictures, each above its repainting."""
        return preview_rows(batch, (("content", self.painter),), (), count, columns)
