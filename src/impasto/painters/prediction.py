"""Frames ahead: what comes next is given back, and so on."""

from collections.abc import Iterator

import torch
from torch import Tensor

from impasto.painters.painter import Painter


@torch.no_grad()
def ahead(painter: Painter, given: Tensor, count: int) -> Iterator[Tensor]:
    """Predict frames, each from those given and those predicted before.

    Args:
        painter: of the next frame; its content has several frames.
        given: (N, K C, H, W) in [-1, 1], K frames, the earliest first.
        count: frames to predict.

    Yields:
        (N, C, H, W) in [-1, 1], the next frame, then the one after it.
    """
    channels = painter.gives.channels
    for _ in range(count):
        following = painter(content=given)
        yield following
        given = torch.cat([given[:, channels:], following], 1)
