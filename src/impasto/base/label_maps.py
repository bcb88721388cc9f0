"""Label maps as they are packed, as networks see them, and as people do.

Packed, a map is a channel of numbers: the position of each pixel's class, :data:`UNLABELLED` for none; and where there
are objects a second channel, the number of the object. Networks see a channel for each class, 1 where the pixel is of
it and 0 elsewhere (Luc et al. 2016; Wang et al. 2018), all 0 where it is of none; and with objects one more channel, 1
on both sides of their boundaries. People see colours.
"""

from typing import Final

import torch
from torch import Tensor

from impasto.base.pixels import from_uint8, to_uint8
from impasto.base.rolls import shown
from impasto.base.spec import Color, ImageSpec, LabelMap

UNLABELLED: Final = 255
"""The number of a pixel without a class."""
VOID: Final[Color] = (224, 224, 192)
"""Colour of pixels without a class, as Pascal VOC has it."""


def as_channels(packed: Tensor, label_map: LabelMap) -> Tensor:
    """What networks see of packed maps.

    Args:
        packed: whole numbers (N, 1 or 2, H, W): positions of classes, and numbers of objects.
        label_map: the classes.

    Returns:
        float32 (N, label_map.channels, H, W), 0 or 1, channels last in memory.
    """
    classes = torch.arange(len(label_map.class_names), device=packed.device)
    channels = packed[:, 0, :, :, None] == classes
    if label_map.boundaries:
        channels = torch.cat([channels, boundaries(packed[:, 1])[..., None]], 3)
    return channels.float().permute(0, 3, 1, 2)


def boundaries(objects: Tensor) -> Tensor:
    """Pixels one of whose four neighbours is of another object (Wang et al. 2018, section 3.3).

    Args:
        objects: (N, H, W), the number of each pixel's object.

    Returns:
        bool (N, H, W).
    """
    found = torch.zeros_like(objects, dtype=torch.bool)
    across, down = objects[..., 1:] != objects[..., :-1], objects[:, 1:] != objects[:, :-1]
    found[..., 1:] |= across
    found[..., :-1] |= across
    found[:, 1:] |= down
    found[:, :-1] |= down
    return found


def positions(channels: Tensor, label_map: LabelMap) -> Tensor:
    """The class of each pixel, by the largest of its channels.

    Args:
        channels: (N, label_map.channels, H, W), such as what networks see, or probabilities.
        label_map: the classes.

    Returns:
        uint8 (N, 1, H, W), :data:`UNLABELLED` where no channel is above 0.
    """
    largest, found = channels[:, : len(label_map.class_names)].max(1, keepdim=True)
    return torch.where(largest > 0, found, UNLABELLED).to(torch.uint8)


def coloured(classes: Tensor, label_map: LabelMap) -> Tensor:
    """Positions of classes, whole numbers (N, 1, H, W), as colours: uint8 (N, 3, H, W)."""
    table = torch.tensor([VOID] * 256, dtype=torch.uint8)
    table[: len(label_map.colors)] = torch.tensor(label_map.colors, dtype=torch.uint8)
    return table.to(classes.device)[classes[:, 0].long()].permute(0, 3, 1, 2)


CELL: Final = 6
"""Pixels of a side of a token, in a picture of a sequence."""


def as_picture(values: Tensor, spec: ImageSpec) -> Tensor:
    """What networks see, to be looked at: label maps and piano rolls in colours, (N, 3, H, W); pictures as they are.

    Of sequences each token is a square of :data:`CELL` pixels in its colour.
    """
    if spec.roll is not None:
        return shown(values)
    if spec.alphabet is not None:
        colors = torch.tensor(usual_colors(spec.channels + 1)[1:], dtype=torch.uint8, device=values.device)
        picture = colors[values.argmax(1)].permute(0, 3, 1, 2)
        return from_uint8(picture.repeat_interleave(CELL, 2).repeat_interleave(CELL, 3))
    if spec.label_map is None:
        return values
    return from_uint8(coloured(positions(values, spec.label_map), spec.label_map))


def from_packed(packed: Tensor, label_map: LabelMap | None) -> Tensor:
    """uint8 (N, C, H, W) as packed, to what networks see; pictures without a label map by their range."""
    return from_uint8(packed) if label_map is None else as_channels(packed, label_map)


def to_packed(painted: Tensor, label_map: LabelMap | None) -> Tensor:
    """What networks paint, to uint8 as packed: (N, 1, H, W) of a label map, (N, C, H, W) of pictures."""
    return to_uint8(painted) if label_map is None else positions(painted, label_map)


def usual_colors(count: int) -> tuple[Color, ...]:
    """Colours that differ: those of Pascal VOC, whose bits are taken from the bits of the number."""
    found = []
    for number in range(count):
        color, rest = [0, 0, 0], number
        for bit in range(7, -1, -1):
            color = [value | ((rest >> channel) & 1) << bit for channel, value in enumerate(color)]
            rest >>= 3
        found.append((color[0], color[1], color[2]))
    return tuple(found)
