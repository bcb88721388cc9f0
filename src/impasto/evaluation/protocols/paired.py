"""The protocol for data with content and target: repainted pictures are compared with their targets."""

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar, Final

import torch
from torch import Tensor

from impasto.base import distributed
from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.base.pixels import from_uint8
from impasto.base.progress import counting
from impasto.data.packing.packed import PackedImages
from impasto.evaluation.figures.distances import statistics
from impasto.evaluation.figures.features import (
    CHUNK,
    Features,
    RealFeatures,
    concatenate,
    exactly,
    extract,
    from_first,
    outputs_sha256,
)
from impasto.evaluation.figures.image_metrics import RANGE, lpips, lpips_network, ms_ssim, psnr, ssim
from impasto.evaluation.figures.intervals import mean_estimate
from impasto.evaluation.figures.metrics import Figure, measure, public_name
from impasto.evaluation.protocols.measurement import Measurement, check_fit
from impasto.evaluation.protocols.pairs import Pairs, sheet_of_pairs, with_channels
from impasto.evaluation.protocols.repainting import RepaintingProtocol
from impasto.evaluation.protocols.sampling import Chosen, known_of, repainter
from impasto.evaluation.real.features import keep
from impasto.networks.pretrained.extractor import best_device
from impasto.networks.pretrained.lpips import LPIPS, Backbone

DISTANCES: Final = ("frechet", "kid")
METRICS: Final = ("psnr", "ssim", "ms_ssim", "lpips", *DISTANCES)
PAINTED: Final = "painted"
CONTROL: Final = "input as it is"
REFERENCE: Final = "targets trained on"
EQUAL_DB: Final = 100.0
"""PSNR of a picture that equals its target: infinity has no mean, and JSON has no infinity."""
LEAST: Final = {"psnr": 1, "ssim": 11, "ms_ssim": 161, "lpips": 32}
"""Pixels in height and width that each figure by picture needs."""

Compare = Callable[[Tensor, Tensor], Tensor]
"""Two batches (n, C, H, W) in [-1, 1] to a value for each picture: (n,)."""


class PairedProtocol(RepaintingProtocol):
    """How close each repainted picture is to its target, and how close the sets of both are.

    PSNR, SSIM, MS-SSIM and LPIPS compare each picture with its own target, and their means are given, with intervals
    over pictures. Pictures are rounded to 8 bits, as they are when written, and compared in [-1, 1], a range of 2. The
    Fréchet distance and KID compare the set of painted pictures with the set of targets. Checkpoints are chosen by
    PSNR, or by the first figure that was measured; ``optimized_metric=`` names another, such as ``lpips_alex``.

    The control is the input as it is, with as many channels as its target. The targets that were trained on show which
    distances real pictures reach.

    Args:
        lpips_backbone: network of LPIPS: alex, vgg or squeeze. Without its weights LPIPS is left out,
            and a notice says so.
        num_images: pairs to measure.
        metrics: any of ``psnr``, ``ssim``, ``ms_ssim``, ``lpips``, ``frechet`` and ``kid``. One that needs larger
            pictures is left out, and a notice says so.
        **settings: as for :class:`~impasto.evaluation.protocols.repainting.RepaintingProtocol`.
    """

    parts: ClassVar[tuple[str, ...]] = ("content", "target")
    known: ClassVar[tuple[str, ...]] = METRICS

    def __init__(
        self,
        *,
        lpips_backbone: Backbone = "alex",
        num_images: int = 1024,
        metrics: Sequence[str] = METRICS,
        **settings: Any,
    ) -> None:
        super().__init__(num_images=num_images, metrics=metrics, **settings)
        LPIPS.check(lpips_backbone)
        self.backbone = lpips_backbone

    def measure(self, painter: Any, data: Any) -> Measurement:
        """Measure a painter on what a data module holds out; every process must call it, and gets the figures."""
        check_fit(self, painter.takes)
        content, target = (data.evaluation_images(part, self.split) for part in self.parts)
        known = known_of(data, "target")
        split = "held_out" if self.split == "held_out" and known.get("held_out", 1) else "train"
        about = {"origin": known.get("origin"), "split": split}
        if (degradation := known_of(data, "content").get("degradation")) is not None:
            about["degradation"] = degradation  # of content that was damaged on the fly, with its strengths
        reference = data.evaluation_images("target", "train") if split == "held_out" else None
        return self.measure_pairs(repainter(painter), content, target, reference=reference, about=about)

    def measure_pairs(
        self,
        paint: Callable[[Tensor], Tensor] | PackedImages,
        content: PackedImages | None,
        target: PackedImages,
        *,
        reference: PackedImages | None = None,
        about: dict[str, Any] | None = None,
        num_images: int | None = None,
    ) -> Measurement:
        """Measure; every process must call it and gets the figures of the first, which does the work.

        Args:
            paint: repaints uint8 content (n, C, H, W); or the repainted pictures, in the order of the content.
            content: what is repainted; None if only the repainted pictures are known: there is no control then.
            target: what it should become, in the same order.
            reference: other targets.
            about: further entries of the records.
            num_images: pairs to measure; None takes the protocol's own number.

        Raises:
            UserError: numbers of pictures that differ.
        """
        if content is not None and len(content) != len(target):
            raise UserError(f"There are {len(content)} inputs and {len(target)} targets: pairs need as many of each.")
        if distributed.rank() > 0:
            return from_first(Measurement())
        count = num_images or self.num_images
        painted = Chosen(paint, count) if isinstance(paint, PackedImages) else paint
        chosen = Pairs(None if content is None else Chosen(content, count), Chosen(target, count), painted)
        rows, estimates = self._rows(chosen, reference)
        names = {name: self._public(name) for name in rows[PAINTED]}
        records = self._records(estimates, rows, chosen, about or {})
        found = Measurement(
            {names[name]: value for name, value in rows[PAINTED].items()},
            {names[name]: record for name, record in records.items()},
            names["psnr"] if "psnr" in names else next(iter(names.values()), None),
            {row: {names[name]: value for name, value in figures.items()} for row, figures in rows.items()},
        )
        found = from_first(found)
        return Measurement(
            found.figures, found.comparability, found.main, found.rows, {"pairs": partial(sheet_of_pairs, chosen)}
        )

    def _rows(
        self, pairs: Pairs, reference: PackedImages | None
    ) -> tuple[dict[str, dict[str, float]], dict[str, Figure]]:
        """Figures by row, and those of the painted pictures with their protocols."""
        compare, channels = self._comparisons(pairs.target), pairs.target.packed.shape[2]
        sets = {PAINTED: pairs.painted, **({CONTROL: pairs.control} if pairs.has_control else {})}
        figures: dict[str, dict[str, Figure]] = {}
        real = self._real(pairs.target, channels) if self._wants_distances else None
        for row, pictures in sets.items():
            values, features = self._compare(pictures, pairs, compare, row == PAINTED)
            figures[row] = {name: self._mean(name, value, pairs.target) for name, value in values.items()}
            if real is not None:
                seen = features if features is not None else self._described(pairs.inputs, channels)
                figures[row] |= self._distances(seen, real, pairs.target)
        if real is not None and reference is not None and reference.fingerprint != pairs.target.packed.fingerprint:
            others = Chosen(reference, len(pairs.target))
            figures[REFERENCE] = self._distances(self._described(others, channels), real, others)
        rows = {row: {name: figure.value for name, figure in found.items()} for row, found in figures.items()}
        return rows, figures[PAINTED]

    @property
    def _wants_distances(self) -> bool:
        return bool(set(DISTANCES) & set(self.metrics))

    def _comparisons(self, target: Chosen) -> dict[str, Compare]:
        """What compares each picture with its target; what cannot be used is left out, with a notice."""
        side = min(target.packed.shape[:2])
        known: dict[str, Compare] = {"psnr": _psnr, "ssim": ssim, "ms_ssim": ms_ssim}
        found = {}
        for name in self.metrics:
            if name in DISTANCES:
                continue
            title = name.upper().replace("_", "-")
            if side < LEAST[name]:
                notice(
                    f"evaluation.{name}",
                    f"{title} is left out: it needs pictures of {LEAST[name]} pixels or more, and these have {side}.",
                )
            elif name == "lpips" and not LPIPS.at_hand(self.backbone):
                remedy = f"{LPIPS.how_to_have(self.backbone)} to have it"
                notice(
                    "evaluation.lpips", f"LPIPS is left out: the weights of its backbone cannot be reached ({remedy})."
                )
            else:
                found[name] = known.get(name) or partial(lpips, backbone=self.backbone)
        return found

    def _compare(
        self, pictures: Callable[[int, int], Tensor], pairs: Pairs, compare: dict[str, Compare], look: bool
    ) -> tuple[dict[str, Tensor], Features | None]:
        """Values of each picture by name, and features of the pictures if ``look``."""
        values: dict[str, list[Tensor]] = {name: [] for name in compare}
        parts = []
        n = len(pairs.target)
        with counting("measuring repainted pictures" if look else "measuring inputs", n) as tick:
            for start in range(0, n, CHUNK):
                count = min(CHUNK, n - start)
                images, target = pictures(start, count).to(best_device()), pairs.target(start, count).to(best_device())
                with exactly():
                    for name, function in compare.items():
                        values[name].append(function(from_uint8(images), from_uint8(target)).double().cpu())
                    if look and self._wants_distances:
                        parts.append(extract(self.extractor, images))
                tick(count)
        return {name: torch.cat(found) for name, found in values.items()}, concatenate(parts) if parts else None

    def _mean(self, name: str, values: Tensor, target: Chosen) -> Figure:
        method = "95%, Student's t, over pictures; crops of one picture count together"
        return Figure.of(mean_estimate(values, target.cut_from, method), name != "lpips")

    def _described(self, chosen: Chosen, channels: int) -> Features:
        """Features of real pictures with this number of channels; read from disk if known."""
        network = self.extractor
        about = [network.name, network.weights_sha256, network.resizer, outputs_sha256(network, chosen.packed.shape)]
        key = json.dumps(["paired 1", chosen.packed.fingerprint, len(chosen), channels, *about])

        def compute() -> dict[str, Tensor]:
            parts = []
            with counting("measuring real pictures", len(chosen)) as tick:
                for start in range(0, len(chosen), CHUNK):
                    images = with_channels(chosen(start, min(CHUNK, len(chosen) - start)), channels)
                    with exactly():
                        parts.append(extract(network, images.to(best_device())))
                    tick(len(images))
            return {"values": concatenate(parts).values}

        path = self.folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.safetensors"
        return Features(keep(path, compute)["values"])

    def _real(self, target: Chosen, channels: int) -> RealFeatures:
        """The targets that all rows are compared with."""
        values = self._described(target, channels).values
        return RealFeatures(values, statistics(values), target.cut_from)

    def _distances(self, seen: Features, real: RealFeatures, cut_from: Chosen) -> dict[str, Figure]:
        return measure(self.metrics, Features(seen.values, pictures=cut_from.cut_from), real, self.settings)

    def _public(self, name: str) -> str:
        if name == "lpips":
            return f"lpips_{self.backbone}"
        return public_name(name, self.extractor.name) if name in DISTANCES else name

    def _records(
        self, figures: dict[str, Figure], rows: dict[str, dict[str, float]], pairs: Pairs, about: dict[str, Any]
    ) -> dict[str, dict[str, Any]]:
        """The record that makes each figure comparable, with the values of the other rows."""
        records: dict[str, dict[str, Any]] = {}
        count = len(pairs.target)
        for name, figure in figures.items():
            records[name] = {
                **self._measured_with(name),
                "generated": count,
                "real": count,
                "fingerprint": pairs.target.packed.fingerprint,
                "content_fingerprint": None if pairs.content is None else pairs.content.packed.fingerprint,
                **about,
                **figure.protocol,
                "higher_is_better": figure.higher_is_better,
            }
            controls = {row: found[name] for row, found in rows.items() if row != PAINTED and name in found}
            records[name] |= {"controls": controls, "counts_of_controls": {row: [count, count] for row in controls}}
        return records

    def _measured_with(self, name: str) -> dict[str, Any]:
        """The network of a figure, or the range of values that it compares."""
        if name in DISTANCES:
            network = self.extractor
            return {
                "extractor": network.name,
                "weights_sha256": network.weights_sha256,
                "resizer": network.resizer,
            }
        values: dict[str, Any] = {"value_range": [-1, 1], "data_range": RANGE, "bits": 8}
        if name == "psnr":
            values["equal_pictures_db"] = EQUAL_DB
        extractor = lpips_network(self.backbone).name if name == "lpips" else "pixels"
        return {"extractor": extractor, **values}


def _psnr(images: Tensor, target: Tensor) -> Tensor:
    return psnr(images, target).clamp_max(EQUAL_DB)
