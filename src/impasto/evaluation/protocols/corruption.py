"""The protocol that asks how far damage of the content changes a painting, beside how far it changes the content."""

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from impasto.base import distributed
from impasto.base.checks import check_between, check_list, check_number
from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.base.progress import counting
from impasto.base.ranges import Seed
from impasto.degradations.blur import gaussian_blur
from impasto.degradations.compression import jpeg
from impasto.degradations.noise import gaussian
from impasto.evaluation.figures.features import from_first
from impasto.evaluation.figures.intervals import student_interval
from impasto.evaluation.protocols.measurement import Measurement, check_fit
from impasto.evaluation.protocols.sampling import Chosen, origin_of
from impasto.evaluation.protocols.style import Paint, painting_by

DAMAGES = {"noise": gaussian, "jpeg": jpeg, "blur": gaussian_blur}
LEAST_GAINS = 2
"""Ratios that an interval needs."""


class CorruptionProtocol:
    """Root mean square change of paintings over that of their content, for kinds of damage and their strengths.

    ``gain_noise_25`` is the change of the painting over the change of the content under noise of 25 levels: the
    geometric mean over pictures. A painter that hands its content through has 1; below 1 it paints over the damage,
    above 1 it makes more of it. ``changed_noise_25`` is the change of the painting itself, in levels of 255.
    ``changed_again`` is that between two paintings of the same content, the control.

    Args:
        num_images: pictures of content.
        noise: standard deviations, in levels of 255.
        jpeg: qualities, 1 to 100.
        blur: standard deviations, in pixels.
        seed: of the noise.

    Raises:
        UserError: a number is out of range.
    """

    takes: ClassVar[str] = "content"
    parts: ClassVar[tuple[str, ...]] = ("content",)
    asks: ClassVar[tuple[str, ...]] = ("evaluation_images",)

    def __init__(
        self,
        *,
        num_images: int = 16,
        noise: Sequence[int] = (10, 25),
        jpeg: Sequence[int] = (50, 10),
        blur: Sequence[int] = (1, 2),
        seed: Seed = 0,
    ) -> None:
        check_number("evaluation.num_images", num_images, 2)
        check_number("evaluation.seed", seed, 0)
        self.num_images, self.seed = num_images, seed
        self.strengths = {"noise": noise, "jpeg": jpeg, "blur": blur}
        for name, values in self.strengths.items():
            check_list(f"evaluation.{name}", values)
            for value in values:
                check_number(f"evaluation.{name}", value, 1)
        if not any(self.strengths.values()):
            raise UserError(
                "protocol=corruption has no damage to measure: give evaluation.noise, jpeg or blur numbers."
            )
        for quality in jpeg:
            check_between("evaluation.jpeg", quality, 1, 100)

    def measure(self, painter: Any, data: Any) -> Measurement:
        """Measure a painter on the content that a data module holds out; every process must call it."""
        check_fit(self, painter.takes)
        given = painter.given_part or "content"
        content = Chosen(data.evaluation_images(given, "held_out"), self.num_images)
        part = "style" if "style" in painter.takes else given
        style = Chosen(data.evaluation_images(part, "held_out"), self.num_images)
        about = {"origin": origin_of(data, given), "split": "held_out"}
        return self.measure_pictures(painting_by(painter), content.all(), style.all(), about)

    def measure_pictures(
        self, paint: Paint, content: Tensor, style: Tensor, about: dict[str, Any] | None = None
    ) -> Measurement:
        """Measure; every process must call it and gets the figures of the first, which does the work.

        Args:
            paint: content and style, uint8 (1, C, H, W), to a painting.
            content: uint8 (N, C, H, W).
            style: uint8 (M, C, H, W), which come in turn.
            about: further entries of the records.
        """
        found = Measurement()
        if distributed.rank() == 0:
            found = self._measure(paint, content, style, about or {})
        return from_first(found)

    def _measure(self, paint: Paint, content: Tensor, style: Tensor, about: dict[str, Any]) -> Measurement:
        kinds = [(kind, strength) for kind, values in self.strengths.items() for strength in values]
        given: dict[str, list[float]] = {}
        painted: dict[str, list[float]] = {"again": []}
        with counting("painting", len(content) * (2 + len(kinds))) as tick:
            for i, picture in enumerate(content):
                style_picture = style[i % len(style)][None]
                clean = paint(picture[None], style_picture)
                painted["again"].append(change(clean, paint(picture[None], style_picture)))
                tick(2)
                for kind, strength in kinds:
                    damaged = self.damaged(picture, kind, strength, i)
                    name = f"{kind}_{strength}"
                    given.setdefault(name, []).append(change(picture[None], damaged))
                    painted.setdefault(name, []).append(change(clean, paint(damaged, style_picture)))
                    tick(1)
        figures: dict[str, float] = {}
        records: dict[str, dict[str, Any]] = {}
        about = {**about, "pictures": len(content), "seed": self.seed}
        for name, changes in given.items():
            gains = [out / into for out, into in zip(painted[name], changes, strict=True) if into and out]
            if len(gains) < LEAST_GAINS:
                notice(f"evaluation.{name}", f"gain_{name} is left out: hardly any picture or painting changed at all.")
                continue
            figures[f"gain_{name}"], records[f"gain_{name}"] = geometric_mean(gains, about)
        for name, changes in painted.items():
            figures[f"changed_{name}"] = float(np.mean(changes))
            own = {"content_changed": float(np.mean(given[name]))} if name in given else {}
            records[f"changed_{name}"] = {**about, **own, "higher_is_better": False}
        return Measurement(figures, records, next(iter(figures)))

    def damaged(self, picture: Tensor, kind: str, strength: float, number: int) -> Tensor:
        """A picture (C, H, W) under a damage: uint8 (1, C, H, W)."""
        source = np.random.default_rng([self.seed, number])
        pixels = DAMAGES[kind](np.ascontiguousarray(picture.permute(1, 2, 0).numpy()), strength, source)
        return torch.from_numpy(pixels).permute(2, 0, 1)[None]


def change(before: Tensor, after: Tensor) -> float:
    """Root mean square difference of uint8 pictures, in levels of 255."""
    return float((before.cpu().float() - after.cpu().float()).square().mean().sqrt())


def geometric_mean(values: Sequence[float], about: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    """The geometric mean of ratios, and its record with a 95% interval by Student's t of their logarithms."""
    logs = np.log(values)
    mean = float(logs.mean())
    ends = [math.exp(end) for end in student_interval(logs.tolist())]
    method = "95%, Student's t of logarithms over pictures"
    return math.exp(mean), {**about, "interval": ends, "interval_method": method, "higher_is_better": False}
