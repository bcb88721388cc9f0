"""One style, learnt from a few pictures by moving a base of any style a little."""

from collections.abc import Mapping
from typing import ClassVar, cast

import torch
from torch import Tensor

from impasto.losses.terms.term import GeneratorPass
from impasto.models.adversary import Conditioning
from impasto.models.base import AdversarialModel, Painted
from impasto.models.optimisation import BatchPart
from impasto.models.roles import Role
from impasto.models.style import told
from impasto.networks.style_adapter import StyleAdapter
from impasto.painters.painter import Painter


class PersonalStyle(AdversarialModel):
    """An adapter that repaints ``batch["content"]`` so that it passes for ``batch["style"]``.

    The discriminator is told the adapter's code. Terms get the style's pictures as ``style``, and as ``target`` of
    which none shows the content.

    Args:
        **parts: as for :class:`~impasto.models.base.AdversarialModel`; the generator is a
            :class:`~impasto.networks.style_adapter.StyleAdapter`.
    """

    needs: ClassVar[tuple[str, ...]] = ("content", "style")
    roles: ClassVar[Mapping[str, Role]] = {
        "generator": Role("g", "style", given="content"),
        "discriminator": Role("d", "style"),
    }
    offers: ClassVar[tuple[str, ...]] = ("content", "style", "target", "unmoved", "code", "real_scores", "fake_scores")

    @property
    def adapter(self) -> StyleAdapter:
        """What is trained."""
        return cast(StyleAdapter, self.generator)

    def make_painters(self) -> dict[str, Painter]:
        """One, from content to style."""
        return {"painter": self.repainter("generator")}

    def on_train_start(self) -> None:
        """Begin at the mean code of the style's pictures, unless the run is resumed."""
        super().on_train_start()
        if self.images_seen == 0:
            code = self.code_of_style()
            for adapter in (self.adapter, cast(StyleAdapter, self.painter.network)):
                adapter.start_at(code)

    @torch.no_grad()
    def code_of_style(self) -> Tensor:
        """The mean code (D,) of the pictures to train on, each of them whole."""
        pictures = getattr(self.trainer, "datamodule").whole("style")  # noqa: B009
        return torch.cat([self.adapter.encoder(picture.to(self.device)) for picture in pictures]).mean(0)

    def paint(self, batch: BatchPart) -> Painted:
        """The content repainted."""
        return {"painted": self.adapter(batch["content"])}

    def told(self, count: int) -> Conditioning:
        """What the discriminator is told of so many pictures."""
        return Conditioning(condition=told(self.adapter.code).expand(count, -1))

    def discriminator_loss(self, batch: BatchPart, painted: Painted) -> Tensor:
        """Pictures in the style against repainted content, both under the adapter's code."""
        style = batch["style"]
        return self.discriminator_objective(batch, style, painted["painted"].detach(), self.told(len(style)))

    def generator_loss(self, batch: BatchPart, painted: Painted) -> Tensor:
        """The adversarial loss, and the terms."""
        content, style, made = batch["content"], batch["style"], painted["painted"]
        right = self.told(len(made))
        code = self.adapter.code.detach().expand(len(made), -1)
        p = GeneratorPass(made, self.adapter, content=content, style=style, target=style, paired=0, code=code)
        return self.generator_objective(p, style, right)

    @torch.no_grad()
    def preview(self, batch: dict[str, Tensor] | None, count: int | None, columns: int | None) -> tuple[Tensor, int]:
        """Rows of whole held-out photographs, of what the base makes of them, and of what is painted."""
        length = columns or count or 6
        whole = getattr(self.trainer, "datamodule").whole("content", "held_out", length)  # noqa: B009
        network = cast(StyleAdapter, self.painter.network)
        shown = [
            (photo, network.unmoved(photo), self.painter(content=photo)) for photo in (p.to(self.device) for p in whole)
        ]
        return torch.cat([torch.cat(row) for row in zip(*shown, strict=True)]), len(shown)
