"""The deployment on Ray Serve: each replica holds the model and the styles used last, and paints in batches."""

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from ray import serve

from impasto.base.visitors import Limits
from impasto.painters.loading import load_painter
from impasto.serve.easel import Canvas, Easel, Order, Painting
from impasto.serve.refusals import Refusal
from impasto.serve.shelf import Shelf

WAIT_SECONDS: Final = 0.01
"""That a picture waits for others to be painted with, where several are painted at once."""


@dataclass(frozen=True)
class Model:
    """What each replica loads.

    Attributes:
        checkpoint: of the painter.
        device: likewise.
        direction: likewise.
        trust: likewise.
        adapters: folder of styles; None for none.
        limits: of pictures.
        kept: most styles that are held ready.
        batch: most pictures that are painted at once.
        threads: cores that may be used.
    """

    checkpoint: Path
    device: str
    direction: str | None
    trust: tuple[str, ...]
    adapters: Path | None
    limits: Limits
    kept: int
    batch: int
    threads: int

    def easel(self) -> Easel:
        """Load the painter.

        Raises:
            UserError: as of :func:`~impasto.painters.loading.load_painter`, or it is none that can be served.
        """
        painter = load_painter(self.checkpoint, device=self.device, trust=self.trust, direction=self.direction)
        return Easel(painter, Shelf(self.adapters), self.limits, self.kept)


class Replica:
    """Paints what it is asked for.

    Args:
        model: what it loads.
    """

    def __init__(self, model: Model) -> None:
        logging.getLogger("impasto").setLevel(logging.INFO)
        torch.set_num_threads(model.threads)
        self.easel = model.easel()
        self.together.set_max_batch_size(model.batch)  # type: ignore[attr-defined]
        if model.batch == 1:  # Ray Serve would wait for others all the same
            self.together.set_batch_wait_timeout_s(0)  # type: ignore[attr-defined]

    async def __call__(self, order: Order) -> Painting | Refusal:
        """A painting, or why there is none."""
        try:
            canvas = await asyncio.to_thread(self.easel.prepare, order)
            result: int | Refusal = await self.together(canvas)
            if isinstance(result, Refusal):
                return result
            return await asyncio.to_thread(self.easel.finish, canvas, result)
        except Refusal as refusal:
            return refusal

    @serve.batch(max_batch_size=1, batch_wait_timeout_s=WAIT_SECONDS)
    async def together(self, canvases: list[Canvas]) -> list[int | Refusal]:
        """Paint several at once, see :meth:`~impasto.serve.easel.Easel.paint`."""
        return await asyncio.to_thread(self.easel.paint, canvases)
