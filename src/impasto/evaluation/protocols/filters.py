"""The protocol for pairs beside classical methods that learn from the same pairs."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from impasto.base.checks import check_number
from impasto.base.errors import UserError
from impasto.base.progress import counting
from impasto.data.packing.packed import PackedImages
from impasto.evaluation.figures.features import Pictures
from impasto.evaluation.protocols.learnt_controls import LEARNERS, Restore
from impasto.evaluation.protocols.measurement import Measurement
from impasto.evaluation.protocols.paired import PairedProtocol
from impasto.evaluation.protocols.pairs import CONTROL, with_channels
from impasto.evaluation.protocols.sampling import Chosen

VERSION: Final = 1
"""Raised when a control makes something else of the same settings."""


class FilterProtocol(PairedProtocol):
    """As :class:`~impasto.evaluation.protocols.paired.PairedProtocol`, beside filters that learn from pairs.

    The filters are given pairs that were trained on, and take the strength of the least mean square error there, or
    weights by least squares; see :mod:`~impasto.evaluation.protocols.learnt_controls`. Every row has an interval, and
    the gain in PSNR over each is taken picture by picture.

    Args:
        filters: names of :data:`~impasto.evaluation.protocols.learnt_controls.LEARNERS`.
        num_learnt: pairs that the filters learn from.
        truth: part of the data that is the truth; None takes ``clean`` where there is one, since targets may be noisy
            themselves, else ``target``.
        metrics: as of PairedProtocol.
        **settings: likewise.

    Raises:
        UserError: there is no such filter, or a number is out of range.
    """

    of_each_row = True

    def __init__(
        self,
        *,
        filters: Sequence[str] = ("gaussian", "total_variation", "non_local_means", "linear_filter"),
        num_learnt: int = 48,
        truth: str | None = None,
        metrics: Sequence[str] = ("psnr", "ssim"),
        **settings: Any,
    ) -> None:
        super().__init__(metrics=metrics, **settings)
        if unknown := [name for name in filters if name not in LEARNERS]:
            raise UserError(f"evaluation.filters={unknown[0]} is not known: choose of {', '.join(LEARNERS)}.")
        check_number("evaluation.num_learnt", num_learnt, 1)
        self.filters, self.num_learnt = tuple(filters), num_learnt
        self.truth = truth

    def measure(self, painter: Any, data: Any) -> Measurement:
        """As of PairedProtocol, against the truth."""
        has_clean = "clean" in getattr(data, "parts", ())
        self.parts = ("content", self.truth or ("clean" if has_clean else "target"))  # type: ignore[misc]
        return super().measure(painter, data)

    def controls(self, data: Any, content: PackedImages) -> tuple[Mapping[str, Pictures], dict[str, Any]]:
        """The content as it is, and what each filter makes of it; and what they learnt."""
        pairs = [Chosen(data.evaluation_images(part, "train"), self.num_learnt) for part in self.parts]
        given, goal = (each.all().permute(0, 2, 3, 1).numpy() for each in pairs)
        learnt: dict[str, Restore] = {}
        settings: dict[str, Any] = {}
        with counting("learning the controls", len(self.filters)) as tick:
            for name in self.filters:
                row, learn = LEARNERS[name]
                learnt[row], settings[row] = learn(_like(given, goal) if name in SAME_CHANNELS else given, goal)
                tick(1)
        inputs, channels = Chosen(content, self.num_images), goal.shape[3]
        same = {LEARNERS[name][0] for name in SAME_CHANNELS}
        rows: dict[str, Pictures] = {CONTROL: lambda start, n: with_channels(inputs(start, n), channels)}
        rows |= {
            row: partial(_restored, method, inputs, channels if row in same else None) for row, method in learnt.items()
        }
        key = [VERSION, *(pair.packed.fingerprint for pair in pairs), self.num_learnt, list(self.filters)]
        return rows, {"controls_learnt": settings, "control_settings": key}


SAME_CHANNELS: Final = ("gaussian", "median", "non_local_means", "total_variation", "unsharp_mask")
"""Filters that give as many channels as they get."""


def _like(given: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """Pictures (n, H, W, c) with the channels of their targets."""
    return with_channels(torch.from_numpy(given).permute(0, 3, 1, 2), goal.shape[3]).permute(0, 2, 3, 1).numpy()


def _restored(method: Restore, inputs: Chosen, channels: int | None, start: int, n: int) -> Tensor:
    pictures = inputs(start, n) if channels is None else with_channels(inputs(start, n), channels)
    made = [method(np.ascontiguousarray(picture)) for picture in pictures.permute(0, 2, 3, 1).numpy()]
    return torch.from_numpy(np.stack(made)).permute(0, 3, 1, 2)
