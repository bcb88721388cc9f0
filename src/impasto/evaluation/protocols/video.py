"""The protocol for clips painted from noise: a distance that sees motion, and how they move."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Final, Literal

import torch
from torch import Tensor

from impasto.base import distributed
from impasto.base.checks import check_number
from impasto.base.opacity import cleaned
from impasto.base.parts import Parts, Refusal
from impasto.base.pixels import from_uint8
from impasto.base.ranges import Seed
from impasto.base.sheets import shown
from impasto.evaluation.figures.clip_motion import motion, relative_error, relative_spread_error, seam
from impasto.evaluation.figures.distances import frechet_estimate
from impasto.evaluation.figures.features import Pictures, from_first
from impasto.evaluation.figures.intervals import Estimate
from impasto.evaluation.figures.metrics import check_split
from impasto.evaluation.protocols.controlled import Values, controlled
from impasto.evaluation.protocols.measurement import Measurement, Sheet, check_fit
from impasto.evaluation.protocols.sampling import Chosen, conditions_for, known_of, pictures_of
from impasto.networks.pretrained.random_clip_features import RandomClipFeatures

PAINTED: Final = "painted"
SHUFFLED: Final = "real clips, frames shuffled"
STILL: Final = "real clips, one frame repeated"
REAL: Final = "other real clips"
CHUNK: Final = 64


class VideoProtocol:
    """Fréchet distance of clips on a named network, and errors of their motion, beside controls.

    ``fd_random_clips`` is the Fréchet distance on a small network with random weights
    (:mod:`impasto.networks.pretrained.random_clip_features`): it is not FVD. Errors of speed, of its spread over clips,
    of turning and of the change from frame to frame are shares of what real clips have; ``motion_error`` is the largest
    of the first two and the last. ``loop_seam`` is 1 for a clip without a seam. The controls are real clips with their
    frames shuffled, with one frame repeated, and other real clips, which say what can be reached.

    Args:
        num_images: clips to paint.
        num_real: real clips to compare with; as many others are the last control, or half of those there are.
        split: of the real clips: ``train`` or ``held_out``.
        seed: of the painted clips.

    Raises:
        UserError: a number is out of range, or there is no such split.
    """

    takes: ClassVar[str] = "latent"
    parts: ClassVar[tuple[str, ...]] = ("image",)
    asks: ClassVar[tuple[str, ...]] = ("evaluation_images",)

    def __init__(
        self,
        *,
        num_images: int = 512,
        num_real: int = 512,
        split: Literal["train", "held_out"] = "train",
        seed: Seed = 0,
    ) -> None:
        for name, number in (("num_images", num_images), ("num_real", num_real)):
            check_number(f"evaluation.{name}", number, 4)
        check_number("evaluation.seed", seed, 0)
        check_split(split)
        self.num_images, self.num_real, self.split, self.seed = num_images, num_real, split, seed

    def check_with(self, parts: Parts) -> Iterator[Refusal]:
        """Refuse data of single pictures."""
        if parts.data is not None and not hasattr(parts.data, "frames"):
            yield Refusal("evaluation=video measures clips, and this data has pictures: set evaluation=default.")

    def measure(self, painter: Any, data: Any) -> Measurement:
        """Measure a painter on the clips of a data module; every process must call it, and gets the figures."""
        check_fit(self, painter.takes)
        real = Chosen(data.evaluation_images("image", self.split), 2 * self.num_real)
        paint = pictures_of(painter.sample, self.seed, conditions_for(painter, real.packed, self.num_images))
        if distributed.rank() > 0:
            return from_first(Measurement())
        found = from_first(self._measured(painter, real, paint, known_of(data, "image")))
        return replace(found, sheets={"clips": partial(sheet_of_clips, paint, painter)})

    def _measured(self, painter: Any, real: Chosen, paint: Pictures, known: Mapping[str, Any]) -> Measurement:
        frames = painter.gives.frames
        finish = cleaned if painter.gives.opacity else (lambda clips: clips)

        def as_clips(pictures: Tensor) -> Tensor:
            each = pictures.unflatten(1, (frames, -1))
            return finish(each.flatten(0, 1)).unflatten(0, each.shape[:2])

        every = as_clips(real.all())
        truth, others = every[::2], every[1::2]
        painted = [paint(i, min(CHUNK, self.num_images - i)).cpu() for i in range(0, self.num_images, CHUNK)]
        seen = {
            PAINTED: as_clips(torch.cat(painted)),
            SHUFFLED: shuffled(others),
            STILL: others[:, :1].expand_as(others),
            REAL: others,
        }
        network = RandomClipFeatures()
        known_features, known_motion = features_of(network, truth), motion(truth)
        rows = {row: figures_of(network, clips, known_features, known_motion) for row, clips in seen.items()}
        record = {
            "extractor": RandomClipFeatures.name,
            "generated": self.num_images,
            "real": len(truth),
            "fingerprint": real.packed.fingerprint,
            "split": self.split,
            "origin": known.get("origin"),
            "seed": self.seed,
        }
        return controlled(rows, record, "fd_random_clips", ())


def figures_of(network: RandomClipFeatures, clips: Tensor, features: Tensor, truth: Mapping[str, Tensor]) -> Values:
    """All figures of clips uint8 (N, T, C, H, W) against features (m, d) and motion of real ones."""
    own = motion(clips)
    errors = {
        "speed_error": relative_error(own["speed"], truth["speed"]),
        "speed_spread_error": relative_spread_error(own["speed"], truth["speed"]),
        "change_error": relative_error(own["change"], truth["change"]),
    }
    found: dict[str, Tensor | Estimate] = {
        "fd_random_clips": frechet_estimate(features_of(network, clips), features),
        "motion_error": max(errors.values(), key=lambda each: each.value),
        **errors,
        "turning_error": relative_error(own["turning"], truth["turning"]),
        "speed": own["speed"],
        "loop_seam": seam(clips),
    }
    return found


def features_of(network: RandomClipFeatures, clips: Tensor) -> Tensor:
    """Of clips uint8 (N, T, C, H, W): (N, d)."""
    return torch.cat([network(from_uint8(some)) for some in clips.split(CHUNK)])


def shuffled(clips: Tensor) -> Tensor:
    """The frames of each clip in an order of its own: the same pictures without their motion."""
    source = torch.Generator().manual_seed(0)
    orders = torch.rand(clips.shape[:2], generator=source).argsort(1)
    return clips[torch.arange(len(clips))[:, None], orders]


def sheet_of_clips(paint: Pictures, painter: Any, count: int = 12) -> Sheet:
    """The first clips, one in a row."""
    return shown(from_uint8(paint(0, count).cpu()), 1, painter.gives)
