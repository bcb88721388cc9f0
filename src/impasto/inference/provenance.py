"""What a painting says of itself, and what of its photograph must not come along."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image
from torch import Tensor, nn

import impasto

GENERATED: Final = "trainedAlgorithmicMedia"
"""IPTC's digital source type of a picture made by a model alone, as C2PA manifests have it, too."""
REPAINTED: Final = "compositeWithTrainedAlgorithmicMedia"
"""Of a picture that a model made of another."""
TELLING: Final = ("exif", "xmp", "photoshop", "comment", "XML:com.adobe.xmp")
"""What Pillow finds in files that speaks of who took a picture, where and with what."""


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


def speaks(path: Path) -> bool:
    """Whether a picture's file holds more than the picture: place, time, camera, owner, a preview, notes.

    A file that Pillow cannot read counts as one that does.
    """
    try:
        with Image.open(path) as image:
            texts: Sequence[object] = [value for value in image.info.values() if isinstance(value, str)]
            return bool(image.getexif()) or bool(texts) or any(name in image.info for name in TELLING)
    except (OSError, ValueError, SyntaxError):
        return True
