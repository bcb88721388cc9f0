"""Any style on any picture: a generator told the style by a code, learnt from pictures of the same hand."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn

from impasto.base.ranges import Share
from impasto.losses.terms.term import GeneratorPass
from impasto.models.adversary import Conditioning
from impasto.models.base import AdversarialModel, Painted
from impasto.models.optimisation import BatchPart
from impasto.models.roles import Role
from impasto.networks.any_style import AnyStyleGenerator
from impasto.painters.painter import Painter
from impasto.painters.style import StylePainter

REAL: tuple[str, ...] = ("photo", "painting", "painting_other")
"""Parts of the data with real paintings: photographs, paintings, and another crop of each painting."""


class Style(AdversarialModel):
    """Paints ``batch["content"]`` in the style of ``batch["style"]``, as ``batch["target"]`` shows.

    Style and target are by the same hand. The discriminator is told the style's code, and real pictures under the
    codes of others are fakes to it. If the data has real paintings, photographs are also painted in the style of one
    crop and judged against another. Data without targets has the style pictures in their place, which show other
    content. Strokes are larger or smaller than in the style pictures, which are reduced for that, or content and target
    are; generator and discriminator are told by how much.

    Args:
        identity: share of the batch for which the style is given as content, or the content as style: a picture in its
            own style stays.
        wrong_style: show the discriminator real pictures under another style's code, as fakes.
        **parts: as for :class:`~impasto.models.base.AdversarialModel`.
    """

    needs: ClassVar[tuple[str, ...]] = ("content", "style")
    roles: ClassVar[Mapping[str, Role]] = {
        "generator": Role("g", "style", given="content"),
        "discriminator": Role("d", "style"),
    }
    offers: ClassVar[tuple[str, ...]] = ("content", "target", "style", "code", "real_scores", "fake_scores")

    def __init__(self, *, identity: Share = 0.125, wrong_style: bool = True, **parts: Any) -> None:
        super().__init__(**parts)
        self.identity, self.wrong_style = identity, wrong_style

    def make_painters(self) -> dict[str, Painter]:
        """One, from content and style to a picture in that style."""
        painted = "target" if "target" in self.spec else "style"
        gives, content = self.spec[painted], self.spec["content"]
        painter = StylePainter(
            self.generator, gives, ("content", "style"), content, given_part="content", painted_part=painted
        )
        return {"painter": painter}

    def paint(self, batch: BatchPart) -> Painted:
        """The content in the style of the style pictures; and all three, with the code."""
        content, style = batch["content"], batch["style"]
        target = batch.get("target", style)
        content, target, style = with_identities(content, target, style, self.identity)
        paired = len(content) if "target" in batch else 0
        if all(part in batch for part in REAL):
            photo, painting, other = (batch[part] for part in REAL)
            content, target, style = (
                torch.cat(pair) for pair in ((content, photo), (target, painting), (style, other))
            )
        brush = self.draw_brush()
        content, target, style, brush = at_brush(content, target, style, brush, cast(int, self.generator.stride))
        code = cast(AnyStyleGenerator, self.generator).encoder(style)
        painted = self.generator(content, code, brush) if brush else self.generator(content, code)
        given = {"content": content, "target": target, "style": style, "code": code, "paired": paired}
        return {"painted": painted, "told": told(code, brush), **given}

    def draw_brush(self) -> float:
        """Binary logarithm of the size of strokes in this batch, relative to the style pictures."""
        most = cast(AnyStyleGenerator, self.generator).brush
        return math.log2(most) * (2 * torch.rand(()).item() - 1) if most > 1 else 0.0

    def discriminator_loss(self, batch: BatchPart, painted: Painted) -> Tensor:
        """Targets against painted pictures, both under the style's code; and targets under another code."""
        target, fake, told = painted["target"], painted["painted"].detach(), painted["told"]
        right = Conditioning(condition=told)
        if not self.wrong_style:
            return self.discriminator_objective(batch, target, fake, right)
        wrong = Conditioning(condition=torch.cat([told, told.roll(1, 0)]))
        return self.discriminator_objective(batch, target, torch.cat([fake, target]), right, fake_conditioning=wrong)

    def generator_loss(self, batch: BatchPart, painted: Painted) -> Tensor:
        """The adversarial loss under the style's code, and the terms."""
        code, target = painted["code"], painted["target"]
        p = GeneratorPass(
            painted["painted"],
            self.generator,
            content=painted["content"],
            target=target,
            style=painted["style"],
            code=code,
            paired=painted["paired"],
        )
        return self.generator_objective(p, target, Conditioning(condition=painted["told"]))

    @torch.no_grad()
    def preview(self, batch: dict[str, Tensor] | None, count: int | None, columns: int | None) -> tuple[Tensor, int]:
        """Rows of held-out content, of styles, of what is painted, and of the targets if there are any."""
        if batch is None:
            raise ValueError("this model looks at pictures, and the data sets none aside")
        length = min([columns or count or 8, *map(len, batch.values())])
        shown = {part: pictures[:length] for part, pictures in batch.items()}
        if "style" not in shown:  # which is drawn independently
            drawn = next(iter(getattr(self.trainer, "datamodule").first_batches("style", length, 1)))  # noqa: B009
            shown["style"] = drawn.to(self.device)
        painted = self.painter(content=shown["content"], style=shown["style"])
        rows = [shown["content"], shown["style"], painted, *([shown["target"]] if "target" in shown else [])]
        return torch.cat(rows), length


def told(code: Tensor, brush: float = 0.0) -> Tensor:
    """What the discriminator is told: codes (N, D), detached, and the brush; (N, D + 1)."""
    return nn.functional.pad(code.detach(), (0, 1), value=brush)


def at_brush(
    content: Tensor, target: Tensor, style: Tensor, brush: float, stride: int
) -> tuple[Tensor, Tensor, Tensor, float]:
    """Pictures at sizes between which strokes differ by a factor, and the factor that there is after rounding.

    Args:
        content: (N, C, H, W).
        target: likewise, reduced as the content is.
        style: (N, C, h, w).
        brush: binary logarithm of the factor; above 0, the style is reduced, so that the target's strokes are larger.
        stride: of which reduced sides are multiples.
    """
    if not brush:
        return content, target, style, brush
    height, width = content.shape[-2:]
    factor = 2 ** -abs(brush)
    size = tuple(max(round(side * factor / stride), 1) * stride for side in (height, width))
    brush = math.copysign(math.log2(height * width / (size[0] * size[1])) / 2, brush)
    if brush > 0:
        style_size = tuple(round(side * 2**-brush) for side in style.shape[-2:])
        return content, target, reduced(style, style_size), brush
    return reduced(content, size), reduced(target, size), style, brush


def reduced(images: Tensor, size: tuple[int, ...]) -> Tensor:
    """Pictures (N, C, H, W) at a smaller size, without aliases."""
    return nn.functional.interpolate(images, size, mode="bilinear", antialias=True)


def with_identities(content: Tensor, target: Tensor, style: Tensor, share: float) -> tuple[Tensor, Tensor, Tensor]:
    """For a share of the batch, rounded up to two pictures: the target as content, and the content as style and target.

    Args:
        content: (N, C, H, W).
        target: likewise.
        style: likewise.
        share: of the batch, 0 for none.
    """
    count = min(round(len(content) * share / 2), len(content) // 2)
    if not count:
        return content, target, style
    kept, painted, photo = slice(0, -2 * count), slice(-2 * count, -count), slice(-count, None)
    return (
        torch.cat([content[kept], target[painted], content[photo]]),
        torch.cat([target[kept], target[painted], content[photo]]),
        torch.cat([style[kept], style[painted], content[photo]]),
    )
