"""The protocol for voices painted to a melody: against those of the composer, beside what is simple to say."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Final, Literal

import numpy as np

from impasto.base import distributed
from impasto.base.checks import check_number
from impasto.base.errors import UserError
from impasto.base.parts import Parts, Refusal
from impasto.base.rolls import Roll
from impasto.evaluation.figures.distributions import Sample, mean_and_interval
from impasto.evaluation.figures.features import from_first
from impasto.evaluation.figures.metrics import check_split
from impasto.evaluation.protocols.measurement import Measurement, check_fit
from impasto.evaluation.protocols.music import (
    METHOD,
    Music,
    distances_from,
    music_alone,
    repainted_rolls,
    sheet_of_rolls,
)
from impasto.evaluation.protocols.sampling import known_of
from impasto.music.rolls import FULL, pitches_of

PAINTED: Final = "painted"
USUAL: Final = "the usual note below each note of the melody"
NEAREST: Final = "the voices of the most similar melody trained on"
ACCURACY: Final = "note_accuracy"


class AccompanimentProtocol:
    """How many notes are the composer's, and how far the whole is from music held out.

    ``note_accuracy`` is the share of steps and voices at which the pitch, or the silence, is that of the target; a
    melody can be set in many good ways, so that no one reaches 1. The distances are those of
    :class:`~impasto.evaluation.protocols.music.MusicProtocol`, of melody and voices together. The controls learn from
    the music trained on: the note that each voice has most often below a note of the melody, and the voices of the
    excerpt whose melody is most similar. Intervals are over pieces.

    Args:
        num_images: most excerpts to measure; None takes all.
        split: ``held_out`` or ``train``.

    Raises:
        UserError: a number is out of range, or there is no such split.
    """

    takes: ClassVar[str] = "content"
    parts: ClassVar[tuple[str, ...]] = ("content", "target")
    asks: ClassVar[tuple[str, ...]] = ("evaluation_images",)

    def __init__(self, *, num_images: int | None = None, split: Literal["train", "held_out"] = "held_out") -> None:
        if num_images is not None:
            check_number("evaluation.num_images", num_images, 2)
        check_split(split)
        self.num_images, self.split = num_images, split

    def check_with(self, parts: Parts) -> Iterator[Refusal]:
        """Refuse data that is no music."""
        yield from music_alone(parts, "accompaniment")

    def measure(self, painter: Any, data: Any) -> Measurement:
        """Measure a painter on what a data module holds out; every process must call it, and gets the figures.

        Raises:
            UserError: it paints no piano rolls.
        """
        check_fit(self, painter.takes)
        if painter.gives.roll is None or painter.content is None or painter.content.roll is None:
            raise UserError("evaluation=accompaniment measures piano rolls: set evaluation=paired for pictures.")
        if distributed.rank() > 0:
            return from_first(Measurement())
        forms = painter.content.roll, painter.gives.roll
        held, learnt = (
            tuple(
                Music.of(data.evaluation_images(part, split), form, most)
                for part, form in zip(self.parts, forms, strict=True)
            )
            for split, most in ((self.split, self.num_images), ("train", None))
        )
        painted = repainted_rolls(painter, held[0].rolls)
        found = from_first(self._measured(painted, held, learnt, known_of(data, "target").get("origin")))
        return replace(found, sheets={"music": partial(sheet_of_rolls, replace(held[1], rolls=painted), painter.gives)})

    def _measured(
        self, painted: np.ndarray, held: tuple[Music, ...], learnt: tuple[Music, ...], origin: Any
    ) -> Measurement:
        melody, target = held
        rows = {PAINTED: painted, USUAL: usual_voices(melody, *learnt), NEAREST: nearest_voices(melody, *learnt)}
        together, both = (together_form(melody.form, target.form), partial(np.concatenate, axis=1))
        real = Music(both([melody.rolls, target.rolls]), target.pieces, together)
        figures, intervals = {}, {}
        for row, rolls in rows.items():
            same = (pitches_of(rolls, target.form) == pitches_of(target.rolls, target.form)).mean((1, 2))
            figures[row], intervals[row] = distances_from(
                Music(both([melody.rolls, rolls]), target.pieces, together), real
            )
            accuracy, ends = mean_and_interval(Sample(same[:, None], target.pieces))
            figures[row], intervals[row] = {ACCURACY: accuracy, **figures[row]}, {ACCURACY: ends, **intervals[row]}
        record = {
            "extractor": "notes",
            "generated": len(painted),
            "real": len(target.rolls),
            "pieces": len(np.unique(target.pieces)),
            "fingerprint": target.fingerprint,
            "split": self.split,
            "origin": origin,
            "interval_method": METHOD,
            "counts_of_controls": {row: [len(painted)] * 2 for row in (USUAL, NEAREST)},
        }
        records = {
            name: {
                **record,
                "higher_is_better": name == ACCURACY,
                "interval": intervals[PAINTED][name],
                "controls": {row: figures[row][name] for row in (USUAL, NEAREST)},
            }
            for name in figures[PAINTED]
        }
        return Measurement(figures[PAINTED], records, ACCURACY, figures, {}, intervals)


def together_form(melody: Roll, others: Roll) -> Roll:
    """The form of rolls of a melody and other voices."""
    return replace(others, voices=(*melody.voices, *others.voices), programs=(*melody.programs, *others.programs))


def usual_voices(melody: Music, melodies: Music, voices: Music) -> np.ndarray:
    """Below each note of a melody, what each voice has there most often: uint8 (N, voices, H, W).

    Args:
        melody: to set.
        melodies: to learn from.
        voices: below those.
    """
    known, given = pitches_of(melodies.rolls, melodies.form)[:, 0], pitches_of(melody.rolls, melody.form)[:, 0]
    made = np.zeros((len(given), *voices.rolls.shape[1:]), np.uint8)
    n, _, height, width = made.shape
    rows, steps = np.mgrid[:n, :width]
    for voice, played in enumerate(pitches_of(voices.rolls, voices.form).swapaxes(0, 1)):
        often = np.zeros(129, np.int64)  # a pitch that is not known gets the note that is the most frequent of all
        often[:] = np.bincount(played[played >= 0]).argmax()
        for pitch in np.unique(known):
            often[pitch] = np.bincount(played[known == pitch] + 1).argmax() - 1
        pitches = often[given]
        row = height - 2 - (pitches - voices.form.lowest)
        made[rows, voice, np.where(pitches >= 0, row, 0), steps] = np.where(pitches >= 0, FULL, 0)
    made[:, :, -1] = melody.rolls[:, :, -1]  # they begin with the melody's notes
    return made


def nearest_voices(melody: Music, melodies: Music, voices: Music) -> np.ndarray:
    """The voices of the excerpt whose melody has the most steps in common: uint8 (N, voices, H, W)."""
    known, given = pitches_of(melodies.rolls, melodies.form)[:, 0], pitches_of(melody.rolls, melody.form)[:, 0]
    nearest = [int((known == line).sum(1).argmax()) for line in given]
    return voices.rolls[nearest]
