"""What the page says of a model that repaints pictures, in one way or in any style."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from impasto.base.pixels import as_rgb, to_uint8
from impasto.explain.attribution import by_gradient, by_hiding_patches, by_leaving_out
from impasto.explain.clips import between_styles, write_clip
from impasto.explain.heat import boxes_of, marked, over, tinted
from impasto.explain.page import Section, clip, figure, paragraph, sheet
from impasto.explain.pictures import fitting
from impasto.explain.settings import Settings
from impasto.explain.style_map import style_map
from impasto.painters.painter import Painter

MIXED: Final = 6
"""Style pictures that a painting is mixed of, at most."""


@dataclass(frozen=True)
class Styles:
    """Style pictures.

    Attributes:
        codes: (S, D).
        pictures: each (1, C, h, w) in [-1, 1], as it was encoded.
        names: of them.
    """

    codes: Tensor
    pictures: Sequence[Tensor]
    names: Sequence[str]


@dataclass(frozen=True)
class Subject:
    """What is looked at.

    Attributes:
        painter: of content.
        settings: how thoroughly.
        folder: of the page.
        content: (N, C, H, W) in [-1, 1].
        styles: for a painter of any style; None for others.
    """

    painter: Painter
    settings: Settings
    folder: Path
    content: Tensor
    styles: Styles | None = None

    def paint(self, content: Tensor, code: Tensor | None = None) -> Tensor:
        """Paintings (N, C, H, W), of the mean of the styles if no code (1, D) is given; with a graph where wanted."""
        device = self.painter.device
        if self.styles is None:
            return self.painter(content=content.to(device)).cpu()
        chosen = self.styles.codes[:MIXED].mean(0, keepdim=True) if code is None else code
        return self.painter(content=content.to(device), style=chosen.to(device)).cpu()


def map_of(of: Subject) -> Section:
    """The style codes on a map."""
    assert of.styles is not None
    thumbnails = [as_image(picture) for picture in of.styles.pictures]
    told = (
        "Each picture lies where its style code is, seen along the two directions in which the codes differ most. "
        "Pictures that lie together are one style to this model."
    )
    drawn = style_map(of.styles.codes, thumbnails, of.styles.names)
    return Section("Map of the styles", figure(drawn) + paragraph(told))


def by_style(of: Subject) -> Section:
    """Which style picture drove which region: each is left out of the mix."""
    assert of.styles is not None
    styles, content = of.styles, of.content[:1]
    count = min(len(styles.codes), MIXED)
    codes = styles.codes[:count]

    def mixed(weights: Tensor) -> Tensor:
        return of.paint(content, (weights.T * codes).sum(0, keepdim=True) / weights.sum())

    with torch.no_grad():
        painted = mixed(torch.ones(1, count))
    found = by_leaving_out(mixed, count)
    share = found.mean((1, 2)) / found.mean((1, 2)).sum().clamp_min(1e-9)
    pictures = torch.cat([fitting(each, content.shape[2:]) for each in styles.pictures[:count]])
    heat = over_together(painted, found)
    images = torch.cat([rgb(content), rgb(painted), torch.stack([rgb(pictures), heat], 1).flatten(0, 1)])
    told = (
        "The photograph, its painting in the mean of the style pictures, then each style picture with the regions that "
        "change when it is left out of the mix (red: most; all maps on one scale). Shares of the change: "
        + ", ".join(f"{name} {100 * part:.0f}%" for name, part in zip(styles.names, share.tolist(), strict=False))
        + "."
    )
    body = sheet(images, 4, of.folder / "by_style.png", wide=True)
    return Section("Which style picture drove which region", body + paragraph(told))


def by_patch(of: Subject) -> Section:
    """Which patch of the first style picture drove which region, and which part of the photograph."""
    assert of.styles is not None
    encoder, content = getattr(of.painter, "generator").encoder, of.content[:1]  # noqa: B009
    picture = of.styles.pictures[0]

    def paint(style: Tensor) -> Tensor:
        return of.paint(content, encoder(style.to(of.painter.device)))

    found = by_hiding_patches(paint, picture, of.settings.patch)
    with torch.no_grad():
        painted = paint(picture)
    images = rows_of_boxes(painted, fitting(picture, content.shape[2:]), lambda box: over_region(found, box, painted))
    told = (
        f"{of.styles.names[0]} alone as the style. Framed is a region of the painting; red, in the style picture "
        f"beside it, are the patches of {of.settings.patch} pixels that change that region most when they are hidden."
    )
    body = sheet(images, 4, of.folder / "by_patch.png", wide=True)
    return Section("Which patch of a style picture drove which region", body + paragraph(told))


def by_content(of: Subject) -> Section:
    """Which part of the photograph a region depends on, by gradients."""
    content = of.content[:1]
    with torch.no_grad():
        painted = of.paint(content)
    images = rows_of_boxes(painted, content, lambda box: by_gradient(of.paint, content, box)[None])
    told = (
        "Framed is a region of the painting; red, in the picture beside it, is what the region's lightness depends on "
        "(gradients): how far around itself the model looks."
    )
    body = sheet(images, 4, of.folder / "by_content.png", wide=True)
    return Section("What a region depends on", body + paragraph(told))


def mixing(of: Subject) -> Iterator[Section]:
    """A clip that goes through all styles."""
    styles, seconds = of.styles, of.settings.seconds
    if styles is None or len(styles.codes) < 2 or not seconds:
        return
    if write_clip(between_styles(of.painter, of.content[:1], styles.codes[:MIXED], seconds), of.folder / "styles.mp4"):
        told = f"styles.mp4: one picture through {', '.join(styles.names[:MIXED])}, and to the first again"
        yield Section("From style to style", clip(of.folder / "styles.mp4", told))


def rows_of_boxes(painted: Tensor, beside: Tensor, map_of_box: Callable[[Tensor], Tensor]) -> Tensor:
    """For four regions in turn: the painting with the region framed, and a picture with what belongs to it."""
    boxes = boxes_of(*painted.shape[2:])
    framed = marked(rgb(painted).expand(len(boxes), -1, -1, -1), boxes)
    heat = torch.cat([over(beside, map_of_box(box)) for box in boxes])
    return torch.stack([framed, heat], 1).flatten(0, 1)


def over_region(found: Tensor, box: Tensor, painted: Tensor) -> Tensor:
    """Mean over a box of what patches change: (1, rows, columns) of (rows, columns, R, R)."""
    regions = found.shape[2]
    scale = torch.tensor([regions / painted.shape[2], regions / painted.shape[3]] * 2)
    top, left, bottom, right = (box * scale).round().long().tolist()
    return found[:, :, top : max(bottom, top + 1), left : max(right, left + 1)].mean((2, 3))[None]


def over_together(images: Tensor, maps: Tensor) -> Tensor:
    """A picture (1, C, H, W) under several maps (N, h, w), on one scale from their least value to their largest."""
    least, most = maps.amin(), maps.amax()
    scaled = ((maps - least) / (most - least).clamp_min(1e-12))[:, None]
    share = F.interpolate(scaled, images.shape[2:], mode="bilinear", align_corners=False)
    return tinted(images.expand(len(maps), -1, -1, -1), share)


def rgb(images: Tensor) -> Tensor:
    """Three channels."""
    return as_rgb(images) if images.shape[1] in (1, 3, 4) else images[:, :1].expand(-1, 3, -1, -1)


def as_image(picture: Tensor) -> Image.Image:
    """(1, C, h, w) in [-1, 1] as an image of Pillow."""
    return Image.fromarray(to_uint8(rgb(picture))[0].permute(1, 2, 0).cpu().numpy())
