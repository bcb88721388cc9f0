"""The protocol for data with content and target: repainted pictures are compared with their targets."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Final

import torch
from torch import Tensor

from impasto.base import distributed
from impasto.base.environment import package_versions
from impasto.base.errors import UserError
from impasto.base.parts import Parts, Refusal
from impasto.base.pixels import from_uint8
from impasto.base.progress import counting
from impasto.data.packing.packed import PackedImages
from impasto.evaluation.figures.by_picture import (
    FIGURES,
    WITHOUT_TARGET,
    Compare,
    available,
    check_independent,
    gains_of,
    in_words,
    means,
    measured_with,
)
from impasto.evaluation.figures.distances import statistics
from impasto.evaluation.figures.features import (
    CHUNK,
    Features,
    Pictures,
    RealFeatures,
    concatenate,
    exactly,
    extract,
    from_first,
    outputs_sha256,
)
from impasto.evaluation.figures.intervals import Estimate
from impasto.evaluation.figures.metrics import Figure, measure, public_name
from impasto.evaluation.protocols.measurement import Measurement, check_fit
from impasto.evaluation.protocols.pairs import CONTROL, Pairs, sheet_of_pairs, visible, with_channels
from impasto.evaluation.protocols.repainting import RepaintingProtocol
from impasto.evaluation.protocols.sampling import Chosen, known_of, repainter
from impasto.evaluation.real.features import keep
from impasto.networks.pretrained.extractor import best_device
from impasto.networks.pretrained.lpips import LPIPS, Backbone

DISTANCES: Final = ("frechet", "kid")
METRICS: Final = ("psnr", "ssim", "ms_ssim", "lpips", *DISTANCES)
PAINTED: Final = "painted"
REFERENCE: Final = "targets trained on"
CLEAN: Final = "targets themselves"
ROWS: Final = 1
"""Raised when a control makes something else of its pictures."""


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
        metrics: any of ``psnr``, ``psnr_y``, ``ssim``, ``ms_ssim``, ``lpips``, ``brisque``, ``sharpness``, ``frechet``
            and ``kid``. One that needs larger pictures or is not at hand is left out, and a notice says so.
        **settings: as for :class:`~impasto.evaluation.protocols.repainting.RepaintingProtocol`.
    """

    parts: ClassVar[tuple[str, ...]] = ("content", "target")
    known: ClassVar[tuple[str, ...]] = (*FIGURES, *DISTANCES)
    of_each_row = False
    """Whether intervals are given of every row, not of the painted pictures alone."""

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

    def check_with(self, parts: Parts) -> Iterator[Refusal]:
        """Refuse targets that are no pictures."""
        if getattr(parts.data, "label_part", None) == "target":
            yield Refusal(
                "evaluation=paired compares pictures, and the target is a label map: set evaluation=segmentation."
            )

    def measure(self, painter: Any, data: Any) -> Measurement:
        """Measure a painter on what a data module holds out; every process must call it, and gets the figures."""
        check_fit(self, painter.takes)
        check_independent(self.metrics, self.backbone, painter.trained_against)
        content, target = (data.evaluation_images(part, self.split) for part in self.parts)
        truth = self.parts[1]
        known = known_of(data, truth)
        split = "held_out" if self.split == "held_out" and known.get("held_out", 1) else "train"
        about = {"origin": known.get("origin"), "split": split}
        if (degradation := known_of(data, "content").get("degradation")) is not None:
            about["degradation"] = degradation  # of content that was damaged on the fly, with its strengths
        reference = data.evaluation_images(truth, "train") if split == "held_out" else None
        made, told = self.controls(data, content)
        about |= told
        return self.measure_pairs(repainter(painter), content, target, reference=reference, made=made, about=about)

    def controls(self, data: Any, content: PackedImages) -> tuple[Mapping[str, Pictures] | None, dict[str, Any]]:
        """What other methods make of the content, as of :meth:`measure_pairs`, and what the records say of them."""
        return None, {}

    def measure_pairs(
        self,
        paint: Callable[[Tensor], Tensor] | PackedImages,
        content: PackedImages | None,
        target: PackedImages,
        *,
        reference: PackedImages | None = None,
        made: Mapping[str, Pictures] | None = None,
        about: dict[str, Any] | None = None,
        num_images: int | None = None,
    ) -> Measurement:
        """Measure; every process must call it and gets the figures of the first, which does the work.

        Args:
            paint: repaints uint8 content (n, C, H, W); or the repainted pictures, in the order of the content.
            content: what is repainted; None if only the repainted pictures are known: there is no control then.
            target: what it should become, in the same order.
            reference: other targets.
            made: what other methods make of the content, by the names of their rows; None has the content as it is.
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
        inputs, made_with = None if content is None else Chosen(content, count), (about or {}).get("control_settings")
        chosen = Pairs(inputs, Chosen(target, count), painted, made, made_with)
        found = from_first(self._measure(chosen, reference, about or {}))
        return replace(found, sheets={"pairs": partial(sheet_of_pairs, chosen)})

    def _measure(self, pairs: Pairs, reference: PackedImages | None, about: dict[str, Any]) -> Measurement:
        figures, gains = self._rows(pairs, reference)
        names = {name: self._public(name) for name in figures[PAINTED]}
        records = self._records(figures, pairs, about)
        if "psnr" in records:
            records["psnr"]["gains"] = {row: gain.value for row, gain in gains.items()}
        rows: dict[str, dict[str, float]] = {row: {} for row in figures}
        intervals: dict[str, dict[str, tuple[float, float]]] = {row: {} for row in figures}
        for row, found in figures.items():
            for name, figure in found.items():
                rows[row][names[name]] = figure.value
                if self.of_each_row and (ends := figure.protocol["interval"]) is not None:
                    intervals[row][names[name]] = (ends[0], ends[1])
        return Measurement(
            rows[PAINTED],
            {names[name]: record for name, record in records.items()},
            names["psnr"] if "psnr" in names else next(iter(names.values()), None),
            rows,
            intervals={row: ends for row, ends in intervals.items() if ends},
            conclusions={"PSNR": "; ".join(map(in_words, gains.items()))} if gains else {},
        )

    def _rows(
        self, pairs: Pairs, reference: PackedImages | None
    ) -> tuple[dict[str, dict[str, Figure]], dict[str, Estimate]]:
        """Figures by row; and by how much the painted pictures exceed each control in PSNR, picture by picture."""
        channels = pairs.target.packed.shape[2]
        compare = available(self.metrics, min(pairs.target.packed.shape[:2]), self.backbone)
        figures: dict[str, dict[str, Figure]] = {}
        psnrs: dict[str, Tensor] = {}
        real = self._real(pairs.target, channels) if self._wants_distances else None
        for row, pictures in {PAINTED: pairs.painted, **pairs.controls}.items():
            values, features = self._compare(row, pictures, pairs, compare)
            figures[row] = means(values, pairs.target.cut_from)
            psnrs |= {row: values["psnr"]} if "psnr" in values else {}
            if real is not None:
                seen = features if features is not None else self._described(pairs.inputs, channels)
                figures[row] |= self._distances(seen, real, pairs.target)
        if real is not None and reference is not None and reference.fingerprint != pairs.target.packed.fingerprint:
            others = Chosen(reference, len(pairs.target))
            figures[REFERENCE] = self._distances(self._described(others, channels), real, others)
        if alone := {name: function for name, function in compare.items() if name in WITHOUT_TARGET}:
            values, _ = self._compare(CLEAN, pairs.target, pairs, alone)
            figures[CLEAN] = means(values, pairs.target.cut_from)
        gains = gains_of(psnrs.pop(PAINTED), psnrs, pairs.target.cut_from) if psnrs else {}
        return figures, gains

    @property
    def _wants_distances(self) -> bool:
        return bool(set(DISTANCES) & set(self.metrics))

    def _compare(
        self, row: str, pictures: Pictures, pairs: Pairs, compare: dict[str, Compare]
    ) -> tuple[dict[str, Tensor], Features | None]:
        """Values of each picture by name; and features, if distances are wanted and are not known from the inputs.

        Values of controls that a data set makes are read from disk if they are known.
        """
        known = row == CLEAN or (pairs.made is None and row == CONTROL)
        look = self._wants_distances and not known
        parts: list[Features] = []

        def compute() -> dict[str, Tensor]:
            values: dict[str, list[Tensor]] = {name: [] for name in compare}
            n = len(pairs.target)
            with counting(f"measuring {'repainted pictures' if row == PAINTED else row}", n) as tick:
                for start in range(0, n, CHUNK):
                    count = min(CHUNK, n - start)
                    images, target = (of(start, count).to(best_device()) for of in (pictures, pairs.target))
                    with exactly():
                        for name, function in compare.items():
                            values[name].append(function(from_uint8(images), from_uint8(target)).double().cpu())
                        if look:
                            parts.append(extract(self.extractor, images))
                    tick(count)
            return {name: torch.cat(found) for name, found in values.items()}

        if row == PAINTED or pairs.made is None or look:
            values = compute()
        else:
            values = keep(self.folder / f"{self._key(row, pairs, list(compare))}.safetensors", compute)
        values = {name: values[name] for name in compare}  # a file has them in the order of their names
        return values, concatenate(parts) if look else None

    def _key(self, row: str, pairs: Pairs, names: list[str]) -> str:
        """Of the values of a control, in all that they depend on."""
        measured = {name: measured_with(name, self.backbone) for name in names}
        packs = [pairs.inputs.packed.fingerprint, pairs.target.packed.fingerprint, len(pairs.target)]
        settings = [] if pairs.made_with is None else [pairs.made_with]
        what = json.dumps(["row", ROWS, row, packs, measured, package_versions(), *settings], sort_keys=True)
        return hashlib.sha256(what.encode()).hexdigest()[:32]

    def _described(self, chosen: Chosen, channels: int) -> Features:
        """Features of real pictures with this number of channels; read from disk if known."""
        network = self.extractor
        label_map, shape = chosen.packed.label_map, (*chosen.packed.shape[:2], channels)
        about = [network.name, network.weights_sha256, network.resizer, outputs_sha256(network, shape)]
        about += [] if label_map is None else [repr(label_map)]
        key = json.dumps(["paired 1", chosen.packed.fingerprint, len(chosen), channels, *about])

        def compute() -> dict[str, Tensor]:
            parts = []
            with counting("measuring real pictures", len(chosen)) as tick:
                for start in range(0, len(chosen), CHUNK):
                    images = with_channels(visible(chosen, start, min(CHUNK, len(chosen) - start)), channels)
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
        self, figures: dict[str, dict[str, Figure]], pairs: Pairs, about: dict[str, Any]
    ) -> dict[str, dict[str, Any]]:
        """The record that makes each figure comparable, with the values of the other rows."""
        records: dict[str, dict[str, Any]] = {}
        count = len(pairs.target)
        for name, figure in figures[PAINTED].items():
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
            controls = {row: found[name].value for row, found in figures.items() if row != PAINTED and name in found}
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
        return measured_with(name, self.backbone)
