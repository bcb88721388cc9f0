"""Files of pictures for tests of the service."""

import io
from typing import Any

import numpy as np
from PIL import Image

from tests.style_painter import photo


def encoded(kind: str = "PNG", height: int = 24, width: int = 36, seed: int = 0, **options: Any) -> bytes:
    return encoded_image(Image.fromarray(photo(height, width, seed)), kind, **options)


def encoded_image(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data))).astype(int)
