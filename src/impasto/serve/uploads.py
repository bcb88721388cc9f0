"""Pictures from strangers: what is taken, found out from their first bytes, before any pixel is decoded."""

import io
from dataclasses import dataclass
from typing import Any, Final

from PIL import Image

from impasto.base.visitors import Limits
from impasto.data.sources.decode import BadImage, checked, formats
from impasto.data.sources.native_depth import is_beyond_pillow
from impasto.inference.formats import format_of
from impasto.serve.refusals import Refusal

ENDINGS: Final = {
    **{"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png", "WEBP": ".webp", "AVIF": ".avif", "GIF": ".gif"},
    **{"TIFF": ".tif", "BMP": ".bmp", "HEIF": ".heic", "JXL": ".jxl"},
}
"""Of Pillow's formats that are taken. Those whose header may promise fewer pixels than they hold, such as icons, and
those that nobody photographs in are left out."""
MOVING: Final = ("GIF", "PNG", "WEBP", "AVIF", "TIFF", "HEIF")
"""Formats of several frames or pages; those of others are previews."""


@dataclass(frozen=True)
class Upload:
    """A picture that is taken.

    Attributes:
        data: its file.
        ending: of the painting's file: as the picture's if that is written here, else ``.png``.
        kept: whether it is as the picture's.
    """

    data: bytes
    ending: str
    kept: bool = True


def inspect(data: bytes, limits: Limits) -> Upload:
    """Look at the header of a file.

    Raises:
        Refusal: 400 no file, 413 too many pixels, 415 not a picture, or in a format that is not taken, 422 damaged, or
            several frames.
    """
    if not data:
        raise Refusal(400, "The request has no body: send the picture's file as it.")
    check_size(len(data), limits)
    try:
        found = checked(data, lambda: header(data))
    except BadImage as problem:
        if "damaged" in str(problem) or "truncated" in str(problem):
            raise damaged() from None
        known = ", ".join(name for name in ENDINGS if name in formats() and name != "MPO")
        raise Refusal(415, f"This is no picture that is read here: send one of {known}.") from None
    if found is None:
        raise Refusal(415, "TIFF of many channels, or of 16 bits in several, is not taken here: send 8 bits or a PNG.")
    kind, (width, height), frames = found
    if width * height > limits.max_pixels:
        raise too_large(width, height, limits)
    if frames > 1:
        raise Refusal(422, f"The picture has {frames} frames, and one is painted: send a single picture.")
    ending = ENDINGS[kind]
    return Upload(data, ending) if format_of(f"a{ending}") else Upload(data, ".png", kept=False)


def header(data: bytes) -> tuple[str, tuple[int, int], int] | None:
    """Pillow's name of the format, width and height, and number of frames; None for what Pillow does not read."""
    if is_beyond_pillow(data):
        return None
    image: Any = Image.open(io.BytesIO(data), formats=[name for name in ENDINGS if name in formats()])
    return image.format, image.size, getattr(image, "n_frames", 1) if image.format in MOVING else 1


def check_size(size: int, limits: Limits) -> None:
    """Refuse files that are too large.

    Raises:
        Refusal: 413.
    """
    if size > limits.max_bytes:
        raise Refusal(413, f"The picture's file has more than the {limits.max_bytes:,} bytes that are taken here.")


def too_large(width: int, height: int, limits: Limits) -> Refusal:
    """That a picture has too many pixels."""
    return Refusal(
        413, f"The picture's {width} x {height} pixels are more than the {limits.max_pixels:,} that are taken here."
    )


def damaged() -> Refusal:
    """That a picture cannot be decoded."""
    return Refusal(422, "The picture's file is damaged or cut short.")
