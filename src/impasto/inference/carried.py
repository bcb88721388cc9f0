"""What a network is told of the frames before: where its noise is drawn, and statistics by which it normalises."""

from contextlib import ExitStack
from typing import Any, Final

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from impasto.networks.layers.norm import Statistics, WholeInputStatistics, WholePictureStatistics
from impasto.networks.layers.placed import Drift
from impasto.video.motion import Motion, sampled

COARSE: Final = 4
"""Pixels to a side for which the way of the noise is kept."""
STRETCHED: Final = 1.5
"""Factor by which noise may be drawn out or squeezed before it is drawn anew."""
SLOWNESS: Final = 0.8
"""Share of the statistics before that stays."""


class CarriedNoise:
    """Where noise is drawn as a scene moves on; anew where motion is not known, and where it was stretched too far."""

    def __init__(self) -> None:
        self._way: np.ndarray | None = None

    def moved(self, found: Motion | None, height: int, width: int) -> Drift:
        """Where noise is drawn for the next frame.

        Args:
            found: how it moved; None for another scene, where noise begins anew.
            height: of the frame in pixels.
            width: likewise.
        """
        size = -(-height // COARSE), -(-width // COARSE)
        if found is None or self._way is None or stretch(self._way) > STRETCHED:
            self._way = np.zeros((*size, 2), np.float32)
        else:
            parts = cv2.resize(found.flow, size[::-1], interpolation=cv2.INTER_AREA) / (width, height)
            known = cv2.resize(found.known.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA) > 0.5
            carried = sampled(self._way, parts * size[::-1], cv2.INTER_NEAREST)
            # Noise along a motion that is not known would be torn, and what is painted from it no stroke.
            self._way = np.where(known[..., None], parts + carried, 0).astype(np.float32)
        return Drift(torch.from_numpy(self._way.transpose(2, 0, 1)[None].copy()))


def stretch(way: np.ndarray) -> float:
    """By how much a field is stretched or squeezed in one place of twenty, and less in the others: a factor from 1 on.

    Args:
        way: (h, w, 2), in parts of width and height, from each place to another.
    """
    height, width = way.shape[:2]
    if min(height, width) < 2:
        return 1.0
    steps = way * (width, height)
    (xx, yx), (xy, yy) = (
        np.moveaxis(steps[:-1, 1:] - steps[:-1, :-1], -1, 0),
        np.moveaxis(np.diff(steps, axis=0), -1, 0)[..., :-1],
    )
    area = np.abs((1 + xx) * (1 + yy) - xy * yx)
    return float(np.exp(np.quantile(np.abs(np.log(area.clip(0.01, 100))), 0.95) / 2))


class CarriedStatistics:
    """Within the block, statistics by which a network normalises change slowly from frame to frame.

    They are those of frames that are painted whole; where a frame is painted in tiles, its own are used.

    Args:
        network: any.
    """

    def __init__(self, network: nn.Module) -> None:
        kinds = (WholePictureStatistics, WholeInputStatistics)
        self._layers: list[Any] = [part for part in network.modules() if isinstance(part, kinds)]
        self._known: dict[tuple[int, int], Statistics] = {}
        self._calls: dict[int, int] = {}
        self._hooks = ExitStack()
        self._ours: set[int] = set()

    def __enter__(self) -> "CarriedStatistics":
        for layer in self._layers:
            self._hooks.callback(layer.register_forward_pre_hook(self._before).remove)
            self._hooks.callback(layer.register_forward_hook(self._after).remove)
        return self

    def __exit__(self, *_: object) -> None:
        self._hooks.close()

    def next_frame(self, afresh: bool) -> None:
        """Begin the next frame; ``afresh`` forgets what was carried."""
        self._calls = {}
        if afresh:
            self._known = {}

    def _before(self, layer: Any, inputs: tuple[Any, ...]) -> None:
        if layer.statistics is not None:
            return
        call = self._calls[id(layer)] = self._calls.get(id(layer), 0) + 1  # of several at different sizes of brush
        own = layer.measure(inputs[0]) if isinstance(layer, WholePictureStatistics) else layer.measure_parts(inputs[:1])
        before = self._known.get((id(layer), call))
        if before is not None:
            own = tuple(torch.lerp(new, old, SLOWNESS) for new, old in zip(own, before, strict=True))
        self._known[id(layer), call] = layer.statistics = own
        self._ours.add(id(layer))

    def _after(self, layer: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        if id(layer) in self._ours:
            layer.statistics = None
            self._ours.discard(id(layer))
