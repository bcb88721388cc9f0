"""What a painting says of itself, and what of its photograph must not come along."""

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import ExifTags, Image
from torch import Tensor, nn

import impasto

GENERATED: Final = "trainedAlgorithmicMedia"
"""IPTC's digital source type of a picture made by a model alone, as C2PA manifests have it, too."""
REPAINTED: Final = "compositeWithTrainedAlgorithmicMedia"
"""Of a picture that a model made of another."""
TELLING: Final = ("exif", "xmp", "photoshop", "comment", "XML:com.adobe.xmp")
"""What Pillow finds in files that speaks of who took a picture, where and with what."""


HARMLESS: Final = frozenset({0x0112, 0x011A, 0x011B, 0x0128})
"""EXIF tags that say how to show a picture: orientation and resolution."""
DROPPED: Final = (0xE1, 0xED, 0xFE, *range(0xE3, 0xED))
"""Segments of a JPEG that hold EXIF and XMP, IPTC, a comment, and what cameras and programs add."""


def made_with(painter: nn.Module, kind: str) -> str:
    """Generator, model and source type in one line, for EXIF's Software.

    Args:
        painter: whose weights are hashed.
        kind: :data:`GENERATED` or :data:`REPAINTED`.
    """
    return f"Impasto {impasto.__version__}, model sha256:{weights_hash(painter)}, {kind}"


def weights_hash(painter: nn.Module) -> str:
    """The first 16 digits of a hash of all weights, which is the same wherever the model is loaded."""
    found = hashlib.sha256()
    for name, value in sorted(painter.state_dict().items()):
        if isinstance(value, Tensor):
            found.update(name.encode())
            found.update(value.detach().cpu().contiguous().flatten().numpy().tobytes())
    return found.hexdigest()[:16]


def silent_jpeg(content: bytes) -> bytes:
    """A JPEG without what it says beside its picture, which stays as it is, bit for bit, and as it was turned.

    Raises:
        ValueError: it is no JPEG, or damaged.
    """
    if content[:2] != b"\xff\xd8":
        raise ValueError("no JPEG")
    with Image.open(io.BytesIO(content)) as image:
        turned = image.getexif().get(ExifTags.Base.Orientation, 1)
    kept = [content[:2]]
    if turned != 1:
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = turned
        body = exif.tobytes()
        kept.append(b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body)
    position = 2
    while content[position : position + 1] == b"\xff" and (marker := content[position + 1]) != 0xDA:
        end = position + 2 + int.from_bytes(content[position + 2 : position + 4], "big")
        previews = marker == 0xE2 and content[position + 4 : position + 8] == b"MPF\0"
        if marker not in DROPPED and not previews:
            kept.append(content[position:end])
        if end > len(content) or end < position + 4:
            raise ValueError("a damaged JPEG")
        position = end
    end = content.find(b"\xff\xd9", position)  # pictures behind the picture, such as previews, are left out
    return b"".join([*kept, content[position : end + 2 if end >= 0 else len(content)]])


def speaks(path: Path | io.BytesIO) -> bool:
    """Whether a picture's file holds more than how to show it: place, time, camera, owner, a preview, notes.

    A file that Pillow cannot read counts as one that does.
    """
    try:
        with Image.open(path) as image:
            texts: Sequence[object] = [value for value in image.info.values() if isinstance(value, str)]
            telling = {name for name in TELLING if name in image.info} - {"exif"}
            return bool(set(image.getexif()) - HARMLESS) or bool(texts) or bool(telling)
    except (OSError, ValueError, SyntaxError):
        return True
