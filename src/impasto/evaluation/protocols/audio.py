"""The protocol for repainted sound: SI-SDR and a spectral distance, beside the sound given and a classical method."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, ClassVar, Final

import numpy as np
import torch

from impasto.audio.scores import si_sdr, spectral_distance, spectral_subtraction
from impasto.audio.spectrograms import as_pixels, log_mel, made_anew, with_gain
from impasto.base import distributed
from impasto.base.checks import check_number
from impasto.base.errors import UserError
from impasto.base.parts import Parts, Refusal
from impasto.base.progress import counting
from impasto.base.sounds import Sound
from impasto.data.sources.audio import AudioSource, Pair
from impasto.evaluation.figures.distributions import Sample, mean_and_interval
from impasto.evaluation.figures.features import from_first
from impasto.evaluation.protocols.measurement import Measurement, Sheet, check_fit
from impasto.evaluation.protocols.sampling import known_of
from impasto.inference.audio import repainted

PAINTED: Final = "painted"
GIVEN: Final = "sound as it is given"
SUBTRACTED: Final = "spectral subtraction"
BEST: Final = "the loudness of the sound wanted"
SDR: Final = "si_sdr"
DISTANCE: Final = "spectral_distance"


class AudioProtocol:
    """Sound made of painted spectrograms against the sound that it should become.

    ``si_sdr`` (Le Roux et al. 2019) compares waves, and is left out where sound is made anew, whose phases are free;
    ``spectral_distance`` is the mean difference in decibels of 64 mel bands. The controls are the sound as it is given,
    where it is denoised also spectral subtraction (Boll 1979), and what the spectrogram of the sound wanted would give,
    which no painter can be expected to beat. Intervals are of the bootstrap over phrases or files.

    Args:
        num_images: most segments to measure.

    Raises:
        UserError: a number is out of range.
    """

    takes: ClassVar[str] = "content"
    parts: ClassVar[tuple[str, ...]] = ("content", "target")
    asks: ClassVar[tuple[str, ...]] = ("evaluation_images",)

    def __init__(self, *, num_images: int = 200) -> None:
        check_number("evaluation.num_images", num_images, 2)
        self.num_images = num_images

    def check_with(self, parts: Parts) -> Iterator[Refusal]:
        """Refuse data that is no sound."""
        where = getattr(parts.data, "where", None)
        if where is not None and "phrases" not in where:
            yield Refusal(
                "evaluation=audio measures sound, and this data is none: set evaluation=paired, or data=audio."
            )

    def measure(self, painter: Any, data: Any) -> Measurement:
        """Measure a painter on what a data module holds out; every process must call it, and gets the figures.

        Raises:
            UserError: it paints no spectrograms.
        """
        check_fit(self, painter.takes)
        form = painter.gives.sound
        if form is None:
            raise UserError("evaluation=audio measures sound, and this painter paints none: set evaluation=paired.")
        if distributed.rank() > 0:
            return from_first(Measurement())
        source = data.open_pictures(**data.where)["content"].held_out
        assert isinstance(source, AudioSource)
        pairs = list(islice((pair for pair in source.pairs() if isinstance(pair, Pair)), self.num_images))
        fingerprint = data.evaluation_images("target", "held_out").fingerprint
        made = methods(painter, form)
        found = from_first(self._measured(pairs, made, form, known_of(data, "target"), fingerprint))
        return replace(
            found, sheets={"spectrograms": partial(sheet_of_sounds, pairs, made[PAINTED], form, painter.gives.height)}
        )

    def _measured(
        self,
        pairs: list[Pair],
        made: Mapping[str, "Method"],
        form: Sound,
        known: Mapping[str, Any],
        fingerprint: str,
    ) -> Measurement:
        pieces = np.array([pair.name.rpartition("/")[0] or pair.name for pair in pairs])
        scores: dict[str, list[tuple[float, float]]] = {row: [] for row in made}
        with counting("measuring sound", len(pairs)) as tick:
            for pair in pairs:
                for row, method in made.items():
                    sound = method(pair)
                    scores[row].append((si_sdr(sound, pair.wanted), spectral_distance(sound, pair.wanted, form)))
                tick(1)
        names = (SDR, DISTANCE) if form.making == "gain" else (DISTANCE,)
        figures: dict[str, dict[str, float]] = {}
        intervals: dict[str, dict[str, tuple[float, float]]] = {}
        for row, values in scores.items():
            for name in names:
                column = np.array(values)[:, [(SDR, DISTANCE).index(name)]]
                value, ends = mean_and_interval(Sample(column, pieces))
                figures.setdefault(row, {})[name] = value
                intervals.setdefault(row, {})[name] = ends
        records = {
            name: {
                "extractor": "samples" if name == SDR else "mel bands",
                "generated": len(pairs),
                "real": len(pairs),
                "fingerprint": fingerprint,
                "split": "held_out",
                "origin": known.get("origin"),
                "higher_is_better": name == SDR,
                "interval": intervals[PAINTED][name],
                "interval_method": "95%, percentiles of the bootstrap over phrases or files",
                "controls": {row: figures[row][name] for row in figures if row != PAINTED},
                "counts_of_controls": {row: [len(pairs)] * 2 for row in figures if row != PAINTED},
            }
            for name in names
        }
        return Measurement(figures[PAINTED], records, names[0], figures, {}, intervals)


Method = Callable[[Pair], np.ndarray]
"""Gives sound (n,) for a pair."""


def methods(painter: Any, form: Sound) -> dict[str, Method]:
    """What makes sound for the rows."""
    bands = painter.gives.height

    def best(pair: Pair) -> np.ndarray:
        wanted = log_mel(pair.wanted, form, bands)
        if form.making == "anew":
            return made_anew(wanted, form)
        return with_gain(pair.given, log_mel(pair.given, form, bands), wanted, form)

    rows: dict[str, Method] = {PAINTED: lambda pair: repainted(painter, pair.given), GIVEN: lambda pair: pair.given}
    if form.making == "gain":
        rows[SUBTRACTED] = lambda pair: spectral_subtraction(pair.given, form)
    return {**rows, BEST: best}


def sheet_of_sounds(pairs: list[Pair], paint: Method, form: Sound, bands: int) -> Sheet:
    """Rows of the sound given, what is made of it, and the sound wanted, as spectrograms."""
    cells = []
    for pair in pairs[:8]:
        for wave in (pair.given, paint(pair), pair.wanted):
            pixels = as_pixels(log_mel(wave, form, bands), form).astype(np.float32)
            cells.append(torch.from_numpy(pixels / 32767.5 - 1).permute(2, 0, 1))
    return torch.stack(cells), 3
