"""The protocol for damaged pictures: restored ones are compared with the clean ones, beside classical methods."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np
from torch import Tensor

from impasto.base.checks import check_number
from impasto.base.errors import UserError
from impasto.base.parts import Parts, Refusal
from impasto.data.packing.packed import PackedImages
from impasto.evaluation.figures.by_picture import check_independent
from impasto.evaluation.protocols.measurement import Measurement, check_fit
from impasto.evaluation.protocols.paired import PairedProtocol
from impasto.evaluation.protocols.restoration_controls import Case, control_pictures
from impasto.evaluation.protocols.sampling import Chosen, known_of, repainter
from impasto.evaluation.protocols.strength_curves import Curve, strengths_plot

METRICS: Final = ("psnr", "psnr_y", "ssim", "ms_ssim", "lpips", "brisque", "sharpness")
ON_CURVES: Final = ("psnr", "ssim", "sharpness")
"""Figures that are drawn over the strength of the damage."""
TOLD: Final = 64
"""Clean pictures to train on of which controls are told the mean colour and brightness."""


class RestorationProtocol(PairedProtocol):
    """How close each restored picture is to the clean one, beside the input and classical methods.

    The pictures, their damage and its random numbers are the same in every run. The table is of all measured strengths
    and kinds, which come in turns; curves show each strength alone. Controls are told the true strength of the damage,
    which the painter is not, see :mod:`~impasto.evaluation.protocols.classical`. By how much the painter exceeds each
    of them in PSNR is taken picture by picture, and given with an interval.

    Args:
        num_images: pictures in the table.
        curve_images: pictures for each strength on the curves; 0 draws none.
        metrics: as for :class:`~impasto.evaluation.protocols.paired.PairedProtocol`.
        **settings: likewise.
    """

    of_each_row = True

    def __init__(
        self,
        *,
        num_images: int = 256,
        curve_images: int = 64,
        metrics: Sequence[str] = METRICS,
        **settings: Any,
    ) -> None:
        super().__init__(num_images=num_images, metrics=metrics, **settings)
        check_number("evaluation.curve_images", curve_images, 0)
        self.curve_images = curve_images
        self.on_curves = PairedProtocol(
            num_images=max(curve_images, 2),
            metrics=[name for name in ON_CURVES if name in self.metrics] or ["psnr"],
            cache_dir=settings.get("cache_dir"),
        )
        self.on_curves.of_each_row = True

    def check_with(self, parts: Parts) -> Iterator[Refusal]:
        """Refuse data that is not damaged on the fly, before it is read."""
        if parts.data is not None and not hasattr(parts.data, "degradation"):
            yield Refusal(NOT_DAMAGED)

    def measure(self, painter: Any, data: Any) -> Measurement:
        """Measure a painter on what a data module holds out; every process must call it, and gets the figures.

        Raises:
            UserError: the data is not damaged on the fly.
        """
        check_fit(self, painter.takes)
        if not hasattr(data, "degradation"):
            raise UserError(NOT_DAMAGED)
        check_independent(self.metrics, self.backbone, painter.trained_against)
        clean = data.evaluation_images("target", "train")
        case = Case.of(data.degradation, clean.batch(np.unique(np.linspace(0, len(clean) - 1, TOLD).astype(int))))
        known = known_of(data, "target")
        split = "held_out" if self.split == "held_out" and known.get("held_out", 1) else "train"
        about = {"origin": known.get("origin"), "split": split, "damage": data.provenance()["content"]["degradation"]}
        found = self._measured(self, repainter(painter), data, case, about)
        curves = self._curves(repainter(painter), data, case, about)
        if not curves:
            return found
        records = {name: dict(record) for name, record in found.comparability.items()}
        for name in curves.keys() & records.keys():
            records[name]["by_strength"] = curves[name].record()
        # Only the first process has sheets.
        plot = {"strengths": partial(strengths_plot, curves, data.degradation.unit)} if found.sheets else {}
        return replace(found, comparability=records, sheets={**found.sheets, **plot})

    def _measured(
        self,
        protocol: PairedProtocol,
        paint: Callable[[Tensor], Tensor],
        data: Any,
        case: Case,
        about: Mapping[str, Any],
        strength: float | None = None,
    ) -> Measurement:
        """One table, of all strengths or of one."""
        chosen = {} if strength is None else {"strength": strength}
        content: PackedImages = data.evaluation_images("content", self.split, **chosen)
        target: PackedImages = data.evaluation_images("target", self.split)
        made = control_pictures(case, Chosen(content, protocol.num_images), data.damages(self.split, **chosen))
        return protocol.measure_pairs(paint, content, target, made=made, about=dict(about))

    def _curves(
        self, paint: Callable[[Tensor], Tensor], data: Any, case: Case, about: Mapping[str, Any]
    ) -> dict[str, Curve]:
        """By figure, its values over the strength; empty if there is one strength."""
        strengths = sorted(set(data.degradation.measured_at))
        if len(strengths) < 2 or not self.curve_images:
            return {}
        found = {s: self._measured(self.on_curves, paint, data, case, about, s) for s in strengths}
        return {name: Curve.of(name, found) for name in found[strengths[0]].figures}


NOT_DAMAGED: Final = (
    "evaluation=restoration measures pictures that data=restoration damages: set that, or evaluation=paired for pairs."
)
