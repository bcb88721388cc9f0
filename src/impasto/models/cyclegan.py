"""Unpaired translation there and back: CycleGAN (Zhu et al. 2017)."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast

import torch
from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.ranges import CountOrZero
from impasto.losses.terms.term import GeneratorPass, Term
from impasto.models.base import AdversarialModel, Painted
from impasto.models.image_pool import ImagePool
from impasto.models.optimisation import BatchPart
from impasto.models.roles import Role
from impasto.models.translation import preview_rows
from impasto.painters.painter import Painter


class CycleGAN(AdversarialModel):
    """Two generators, content to style and back, each with a discriminator; the terms ``cycle`` and ``identity``.

    All pictures are painted once for both updates, as in the published code, which updates the generators first and the
    discriminators after; here it is the other way round, as in every other model. What a generator makes of content,
    and of pictures that are in its style already, comes from one pass.

    Args:
        pool_size: pictures of each kind that the discriminators are shown again (50 as published; 0 for none).
        **parts: as for :class:`~impasto.models.base.AdversarialModel`; the generators take and return pictures.

    Raises:
        UserError: the term ``identity`` with different numbers of channels in content and style.
    """

    needs: ClassVar[tuple[str, ...]] = ("content", "style")
    roles: ClassVar[Mapping[str, Role]] = {
        "generator": Role("g", "style", given="content"),
        "generator_back": Role("g", "content", given="style"),
        "discriminator": Role("d", "style"),
        "discriminator_back": Role("d", "content"),
    }
    offers: ClassVar[tuple[str, ...]] = (
        *("content", "style", "identity", "cycled", "masks"),
        *("real_scores", "fake_scores"),
    )

    def __init__(self, *, pool_size: CountOrZero = 50, **parts: Any) -> None:
        super().__init__(**parts)
        self.pool, self.pool_back = (ImagePool(self.spec[part], pool_size) for part in ("style", "content"))
        self.keeps_identity = any(
            "identity" in term.needs and term.weight != 0 for term in cast(list[Term], self.terms.values())
        )
        if self.keeps_identity and self.spec["content"].channels != self.spec["style"].channels:
            raise UserError(
                "term=identity needs content and style with as many channels: leave it out, or set data.channels=3."
            )

    def make_painters(self) -> dict[str, Painter]:
        """Content to style, and style to content."""
        return {
            "content_to_style": self.repainter("generator"),
            "style_to_content": self.repainter("generator_back"),
        }

    def paint(self, batch: BatchPart) -> Painted:
        """Content as style and style as content; for identity also style as style, content as content."""
        content, style = batch["content"], batch["style"]
        there, back = self.networks["generator"], self.networks["generator_back"]
        if not self.keeps_identity:
            return {"style": there(content), "content": back(style)}
        painted_style, same_style = there(torch.cat([content, style])).split([len(content), len(style)])
        painted_content, same_content = back(torch.cat([style, content])).split([len(style), len(content)])
        return {
            "style": painted_style,
            "content": painted_content,
            "same_style": same_style,
            "same_content": same_content,
        }

    def discriminator_loss(self, batch: BatchPart, painted: Painted) -> Tensor:
        """Both discriminators: real pictures against painted ones, some of them from the pools."""
        style, content = self.pool.swapped(painted["style"]), self.pool_back.swapped(painted["content"])
        there = self.discriminator_objective(batch, batch["style"], style)
        return there + self.discriminator_objective(batch, batch["content"], content, name="discriminator_back")

    def generator_loss(self, batch: BatchPart, painted: Painted) -> Tensor:
        """Both directions, each with its terms."""
        there, back = self.networks["generator"], self.networks["generator_back"]
        forth = GeneratorPass(
            painted["style"],
            there,
            content=batch["content"],
            style=batch["style"],
            cycled=back(painted["style"]),
        )
        home = GeneratorPass(
            painted["content"],
            back,
            content=batch["style"],
            style=batch["content"],
            cycled=there(painted["content"]),
        )
        if self.keeps_identity:
            forth.identity, home.identity = painted["same_style"], painted["same_content"]
        total = self.generator_objective(forth, batch["style"])
        return total + self.generator_objective(home, batch["content"], name="discriminator_back")

    def preview(self, batch: dict[str, Tensor] | None, count: int | None, columns: int | None) -> tuple[Tensor, int]:
        """Rows of held-out content, each above its repainting, then of style, each above its own."""
        back = cast(Painter, self.painters["style_to_content"])
        parts = [("content", self.painter)]
        if batch and "style" in batch:
            parts.append(("style", back))
        return preview_rows(batch, parts, (), count, columns)
