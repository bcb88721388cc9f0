"""The protocol for predicted frames: how far they are from what came, by how many frames ahead they are."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Final, Literal

import numpy as np
import torch
from torch import Tensor

from impasto.base import distributed
from impasto.base.checks import check_number
from impasto.base.errors import UserError
from impasto.base.parts import Parts, Refusal
from impasto.base.pixels import from_uint8, to_uint8
from impasto.base.progress import counting
from impasto.evaluation.figures.by_picture import available, means, measured_with
from impasto.evaluation.figures.features import from_first
from impasto.evaluation.figures.metrics import Figure, check_split
from impasto.evaluation.protocols.measurement import Measurement, Sheet, check_fit
from impasto.evaluation.protocols.sampling import Chosen, known_of
from impasto.networks.half_unet import moved
from impasto.networks.pretrained.lpips import LPIPS, Backbone
from impasto.painters.painter import Painter
from impasto.painters.prediction import ahead
from impasto.video.motion import flow, grey

METRICS: Final = ("psnr", "ssim", "lpips")
PREDICTED: Final = "predicted"
REPEATED: Final = "last frame repeated"
MOVED: Final = "moved on by its flow"
CHUNK: Final = 16
"""Sequences at a time."""
SHOWN: Final = 4
"""Sequences on the sheet."""

Values = dict[str, Tensor]
"""By figure, (sequences, frames ahead)."""


class NextFrameProtocol:
    """PSNR, SSIM and LPIPS of predicted frames against those that came, for each number of frames ahead.

    A model predicts the next frame, then the one after it from that, and so on. ``psnr``, ``ssim`` and ``lpips_*`` are
    means over all frames ahead, ``ahead_1_psnr`` and so on those of the first. Frames are rounded to 8 bits before they
    are compared, in [-1, 1]. Intervals are over clips.

    Two controls: the last frame given, repeated; and that frame moved on in a straight line by the optical flow between
    it and the one before (DIS, Kroeger et al. 2016).

    Args:
        ahead: frames to predict.
        num_sequences: to measure, evenly spread over all that there are.
        metrics: any of ``psnr``, ``ssim``, ``ms_ssim`` and ``lpips``; one that cannot be had is left out, and a notice
            says so.
        lpips_backbone: alex, vgg or squeeze.
        split: ``held_out`` clips or those of ``train``.

    Raises:
        UserError: a metric does not exist, or a number is out of range.
    """

    takes: ClassVar[str] = "content"
    parts: ClassVar[tuple[str, ...]] = ("content", "target")
    asks: ClassVar[tuple[str, ...]] = ("sequences",)

    def __init__(
        self,
        *,
        ahead: int = 8,
        num_sequences: int = 64,
        metrics: Sequence[str] = METRICS,
        lpips_backbone: Backbone = "alex",
        split: Literal["train", "held_out"] = "held_out",
    ) -> None:
        check_number("evaluation.ahead", ahead, 1)
        check_number("evaluation.num_sequences", num_sequences, 1)
        check_split(split)
        LPIPS.check(lpips_backbone)
        if unknown := set(metrics) - {"ms_ssim", *METRICS}:
            names = ", ".join(sorted(unknown))
            raise UserError(f"evaluation.metrics: {names} is none of psnr, ssim, ms_ssim and lpips.")
        self.ahead, self.num_sequences, self.metrics = ahead, num_sequences, tuple(metrics)
        self.backbone, self.split = lpips_backbone, split

    def check_with(self, parts: Parts) -> Iterator[Refusal]:
        """Refuse to look farther ahead than clips go, once they are read; at the end of training it is too late."""
        given, longest = getattr(parts.data, "given", 0), getattr(parts.data, "longest", lambda _: 0)(self.split)
        if 0 < longest < given + self.ahead:
            yield Refusal(
                f"evaluation.ahead={self.ahead} looks farther ahead than the clips go, of which the longest "
                f"has {longest} frames, {given} of them given: set evaluation.ahead={longest - given} or less."
            )

    def measure(self, painter: Painter, data: Any) -> Measurement:
        """Measure a painter of next frames; every process must call it, and gets the figures of the first."""
        check_fit(self, painter.takes)
        if distributed.rank() > 0:
            return from_first(Measurement())
        assert painter.content is not None
        given = painter.content.frames
        packed = data.sequences(self.split, given + self.ahead)
        chosen = Chosen(packed, self.num_sequences)
        compare = available(self.metrics, min(painter.gives.height, painter.gives.width), self.backbone)
        values: dict[str, dict[str, list[Tensor]]] = {}
        with counting("measuring predicted frames", len(chosen)) as tick:
            for start in range(0, len(chosen), CHUNK):
                count = min(CHUNK, len(chosen) - start)
                frames = self._frames(chosen, start, count, painter)
                came = torch.stack(frames[given:], 1)
                for row, predicted in self._rows(painter, frames[:given]):
                    for name, function in compare.items():
                        of_each = function(predicted.flatten(0, 1), came.flatten(0, 1)).double().cpu()
                        values.setdefault(row, {}).setdefault(name, []).append(of_each.view(count, self.ahead))
                tick(count)
        clips = None if packed.labels is None else torch.from_numpy(packed.labels[chosen.positions].astype(np.int64))
        known = known_of(data, "target")
        about = {"origin": known.get("origin"), "split": self._split(known), "fingerprint": packed.fingerprint}
        joined = {row: {name: torch.cat(parts) for name, parts in of.items()} for row, of in values.items()}
        found = from_first(self._measurement(joined, clips, about))
        sheet = partial(self._sheet, painter, chosen)
        return Measurement(
            found.figures, found.comparability, found.main, found.rows, {"ahead": sheet}, found.intervals
        )

    def _split(self, known: Mapping[str, Any]) -> str:
        return "held_out" if self.split == "held_out" and known.get("held_out", 1) else "train"

    def _frames(self, chosen: Chosen, start: int, count: int, painter: Painter) -> list[Tensor]:
        """The frames of some sequences, the middle of each at the size that the painter was trained at, on its device:
        (n, C, H, W) in [-1, 1] each.
        """
        height, width = painter.gives.height, painter.gives.width
        images = chosen(start, count)
        top, left = (images.shape[2] - height) // 2, (images.shape[3] - width) // 2
        images = images[..., top : top + height, left : left + width].to(painter.device)
        return list(from_uint8(images).split(painter.gives.channels, 1))

    def _rows(self, painter: Painter, given: Sequence[Tensor]) -> Iterator[tuple[str, Tensor]]:
        """By row, frames ahead (n, frames, C, H, W) in [-1, 1], rounded to 8 bits."""
        yield PREDICTED, _rounded(list(ahead(painter, torch.cat(list(given), 1), self.ahead)))
        yield REPEATED, _rounded([given[-1]] * self.ahead)
        yield MOVED, _rounded(moved_on(given, self.ahead))

    def _measurement(self, values: Mapping[str, Values], clips: Tensor | None, about: dict[str, Any]) -> Measurement:
        rows = {row: self._figures(of_row, clips) for row, of_row in values.items()}
        plain = {row: {name: figure.value for name, (_, figure) in found.items()} for row, found in rows.items()}
        records = {}
        for name, (kind, figure) in rows[PREDICTED].items():
            controls = {row: found[name] for row, found in plain.items() if row != PREDICTED}
            count = len(values[PREDICTED][kind])
            records[name] = {
                **measured_with(kind, self.backbone),
                **about,
                "ahead": self.ahead,
                "generated": count,
                "real": count,
                **figure.protocol,
                "higher_is_better": figure.higher_is_better,
                "controls": controls,
                "counts_of_controls": {row: [count, count] for row in controls},
            }
        intervals = {
            row: {
                name: tuple(figure.protocol["interval"]) for name, (_, figure) in found.items() if has_interval(figure)
            }
            for row, found in rows.items()
        }
        return Measurement(plain[PREDICTED], records, next(iter(records), None), plain, {}, intervals)

    def _figures(self, values: Values, clips: Tensor | None) -> dict[str, tuple[str, Figure]]:
        """By public name, what kind of figure it is and the figure: means over all frames ahead, then by frame."""
        found = {}
        for prefix, at in [("", slice(None)), *((f"ahead_{i + 1}_", slice(i, i + 1)) for i in range(self.ahead))]:
            for kind, figure in means({kind: of[:, at].mean(1) for kind, of in values.items()}, clips).items():
                name = f"lpips_{self.backbone}" if kind == "lpips" else kind
                found[prefix + name] = (kind, figure)
        return found

    def _sheet(self, painter: Painter, chosen: Chosen) -> Sheet:
        """For each sequence a row of what came, and one of what was predicted; the last frame given comes first."""
        places = np.linspace(0, len(chosen) - 1, min(SHOWN, len(chosen))).round().astype(int)
        each = [self._frames(chosen, int(place), 1, painter) for place in places]
        frames = [torch.cat(of_all) for of_all in zip(*each, strict=True)]
        given, came = frames[: -self.ahead], frames[-self.ahead :]
        predicted = list(ahead(painter, torch.cat(given, 1), self.ahead))
        both = torch.stack([torch.stack([given[-1], *row], 1) for row in (came, predicted)], 1)
        return both.flatten(0, 2).cpu(), self.ahead + 1


def has_interval(figure: Figure) -> bool:
    """Whether there were clips enough for one."""
    return figure.protocol.get("interval") is not None


def _rounded(frames: Sequence[Tensor]) -> Tensor:
    return from_uint8(to_uint8(torch.stack(list(frames), 1)))


def moved_on(given: Sequence[Tensor], count: int) -> list[Tensor]:
    """The last frame, moved on in a straight line by its optical flow to the one before it.

    Args:
        given: frames (n, C, H, W) in [-1, 1], one at least; a single one stays where it is.
        count: frames ahead.
    """
    last = given[-1]
    if len(given) < 2:
        return [last] * count
    pairs = zip(*(to_uint8(frames).permute(0, 2, 3, 1).cpu().numpy() for frames in (last, given[-2])), strict=True)
    back = [flow(*(np.ascontiguousarray(x[..., 0]) if x.shape[2] != 3 else grey(x) for x in pair)) for pair in pairs]
    field = torch.from_numpy(np.stack(back)).permute(0, 3, 1, 2).to(last.device)
    # What is at x came from x + field; if it moves on evenly, in k frames it is what is k times as far away now.
    return [moved(last, (step + 1) * field) for step in range(count)]
