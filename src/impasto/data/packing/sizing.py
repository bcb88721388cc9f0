"""Bringing pictures of any size to one size."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from PIL import Image

from impasto.base.errors import UserError
from impasto.data.sources.decode import BadImage

Resize = Literal["crop", "stretch", "pad", "fit"]


@dataclass(frozen=True)
class SizePolicy:
    """The canvas that every picture is brought to.

    Args:
        height: rows of the canvas in pixels.
        width: columns of the canvas in pixels.
        resize: ``crop`` scales until the canvas is covered and keeps the centre; ``stretch`` ignores the aspect;
            ``pad`` scales until the picture fits and centres it on ``fill``; ``fit`` scales alike and puts it at
            the top left, so that random crops can be taken from the area it covers.
        channels: 1, 3 or as many as the pictures have.
        fill: 0..255, the grey around a picture under ``pad`` and ``fit``.
        depth: bits of a sample, 8 or 16.
        numbers: channels that hold numbers of classes or objects, which cannot be mixed: each pixel takes the nearest.

    Raises:
        UserError: a value out of range.
    """

    height: int
    width: int
    resize: Resize = "crop"
    channels: int = 3
    fill: int = 255
    depth: int = 8
    numbers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.resize not in get_args(Resize):
            raise UserError(f"data.resize={self.resize} is not known: choose one of {', '.join(get_args(Resize))}.")
        if self.channels < 1:
            raise UserError(f"Pictures have 1 channel or more, not {self.channels}: set data.channels=1 or 3.")
        if min(self.height, self.width) < 1:
            raise UserError(f"data.image_size={self.height}x{self.width} has no pixels: give positive numbers.")
        if not 0 <= self.fill <= 255:
            raise UserError(f"The fill {self.fill} is not a grey value: give 0 to 255.")

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, C) of the canvas."""
        return self.height, self.width, self.channels

    @property
    def dtype(self) -> type[np.uint8] | type[np.uint16]:
        """Of samples."""
        return np.uint8 if self.depth == 8 else np.uint16

    @property
    def row_bytes(self) -> int:
        """Of a packed picture."""
        return self.height * self.width * self.channels * self.depth // 8


def size_policy(
    image_size: tuple[int, int],
    pack_size: tuple[int, int] | None,
    resize: Resize,
    channels: int,
    depth: int = 8,
    numbers: tuple[int, ...] = (),
) -> SizePolicy:
    """The canvas to pack at.

    Raises:
        UserError: it is smaller than what networks see.
    """
    factor = 3 if resize == "fit" else 1
    height, width = pack_size or (factor * image_size[0], factor * image_size[1])
    if height < image_size[0] or width < image_size[1]:
        raise UserError(
            f"data.pack_size={height}x{width} is smaller than data.image_size={image_size[0]}x{image_size[1]}, "
            "which is cut out of it: make it as large at least."
        )
    return SizePolicy(height, width, resize, channels, depth=depth, numbers=numbers)


def to_size(pixels: np.ndarray, policy: SizePolicy) -> tuple[np.ndarray, tuple[int, int]]:
    """Bring a picture to the policy's canvas with an antialiased Lanczos filter; numbers of classes with none.

    A picture that needs no scaling is copied bit for bit.

    Args:
        pixels: (h, w, policy.channels) of the policy's type, uint8 or uint16.
        policy: the canvas.

    Returns:
        (policy.height, policy.width, policy.channels) of that type, and the (h, w) of it that hold picture, counted
        from the top left: the whole canvas except under ``fit``.
    """
    height, width = pixels.shape[:2]
    canvas = (policy.height, policy.width)
    if policy.resize == "stretch":
        return scaled(pixels, canvas, policy.numbers), canvas
    if policy.resize == "crop":
        scale = max(policy.height / height, policy.width / width)
        # The part of the picture that the canvas shows, in the picture's own pixels.
        box_height, box_width = min(height, policy.height / scale), min(width, policy.width / scale)
        top, left = (height - box_height) / 2, (width - box_width) / 2
        if scale == 1:  # half a pixel of offset would blur what can be copied
            top, left = top // 1, left // 1
        box = top, left, min(height, top + box_height), min(width, left + box_width)
        return _scale(pixels, canvas, box, policy.numbers), canvas
    scale = min(policy.height / height, policy.width / width)
    inner = max(1, round(height * scale)), max(1, round(width * scale))
    centred = policy.resize == "pad"
    top, left = ((policy.height - inner[0]) // 2, (policy.width - inner[1]) // 2) if centred else (0, 0)
    result = np.full(policy.shape, policy.fill * (1 if policy.depth == 8 else 257), policy.dtype)
    result[top : top + inner[0], left : left + inner[1]] = scaled(pixels, inner, policy.numbers)
    return result, canvas if centred else inner


def scaled(pixels: np.ndarray, size: tuple[int, int], numbers: Collection[int] = ()) -> np.ndarray:
    """A picture (H, W, C) stretched to ``size`` (h, w); ``numbers`` are channels of :attr:`SizePolicy.numbers`."""
    return _scale(pixels, size, (0.0, 0.0, *pixels.shape[:2]), numbers)


def adapt_channels(pixels: np.ndarray, channels: int) -> np.ndarray:
    """uint8 or uint16 (H, W) or (H, W, C) as (H, W, channels); colour turns grey by ITU-R 601, and grey is repeated.

    Raises:
        BadImage: the picture has another number of channels, and neither it nor the result is grey.
    """
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.shape[2] == channels:
        return pixels
    if pixels.shape[2] == 1:
        return np.repeat(pixels, channels, axis=2)
    if (pixels.shape[2], channels) != (3, 1):
        raise BadImage(f"it has {pixels.shape[2]} channels, and data.channels={channels}")
    if pixels.dtype == np.uint16:
        return np.rint(pixels @ np.array([[0.299], [0.587], [0.114]])).astype(np.uint16)
    return np.asarray(Image.fromarray(pixels).convert("L"))[..., None]


def _scale(
    pixels: np.ndarray, size: tuple[int, int], box: tuple[float, float, float, float], numbers: Collection[int] = ()
) -> np.ndarray:
    """The ``box`` (top, left, bottom, right) of a picture at ``size`` (h, w)."""
    top, left, bottom, right = box
    if (bottom - top, right - left) == size:
        return pixels[int(top) : int(bottom), int(left) : int(right)].copy()
    many = pixels.shape[2] != 1 and (pixels.shape[2] != 3 or pixels.dtype == np.uint16 or len(numbers) > 0)
    if many:
        planes = ((pixels[..., i : i + 1], (0,) if i in numbers else ()) for i in range(pixels.shape[2]))
        return np.concatenate([_scale(plane, size, box, own) for plane, own in planes], axis=2)
    plane = pixels[..., 0] if pixels.shape[2] == 1 else pixels
    deep = pixels.dtype == np.uint16  # which Pillow scales as floats only
    image = Image.fromarray(plane.astype(np.float32) if deep else plane)
    resampling = Image.Resampling.NEAREST if numbers else Image.Resampling.LANCZOS
    result = np.asarray(image.resize((size[1], size[0]), resampling, box=(left, top, right, bottom)))
    result = np.rint(result.clip(0, 65535)).astype(np.uint16) if deep else result
    return result.reshape(*size, pixels.shape[2])
