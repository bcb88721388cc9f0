"""The protocol for restyled music: how much of it is in the style, and how much of the notes is kept."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import product
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
from impasto.music.rolls import pitches_of
from impasto.music.statistics import pitch_classes

PAINTED: Final = "painted"
CONTENT: Final = "input as it is"
MOVED: Final = "pitch classes moved by a semitone or not, as their histogram says"
STYLE: Final = "music in the style, held out"
IN_STYLE: Final = "in_style"
KEPT: Final = "notes_kept"


class MusicStyleProtocol:
    """Restyled music by three figures, none of which says enough alone.

    ``in_style`` is the share of excerpts that a classifier takes for the style: naive Bayes on the pitch classes that
    sound, which learns from the music trained on; the rows of the input and of held out music in the style say how good
    it is. ``notes_kept`` is the share of sounding steps whose note lies within a semitone of the one given.
    ``music_distance`` and the others are those of :class:`~impasto.evaluation.protocols.music.MusicProtocol`, from
    music in the style. A rule is the strongest control: each of the twelve pitch classes moves up or down by a
    semitone or stays, so that the histogram of all the music trained on comes nearest to the style's. Intervals are
    over pieces.

    Args:
        num_images: most excerpts of either kind; None takes all.
        split: ``held_out`` or ``train``.

    Raises:
        UserError: a number is out of range, or there is no such split.
    """

    takes: ClassVar[str] = "content"
    parts: ClassVar[tuple[str, ...]] = ("content", "style")
    asks: ClassVar[tuple[str, ...]] = ("evaluation_images",)

    def __init__(self, *, num_images: int | None = None, split: Literal["train", "held_out"] = "held_out") -> None:
        if num_images is not None:
            check_number("evaluation.num_images", num_images, 2)
        check_split(split)
        self.num_images, self.split = num_images, split

    def check_with(self, parts: Parts) -> Iterator[Refusal]:
        """Refuse data that is no music."""
        yield from music_alone(parts, "music_styles")

    def measure(self, painter: Any, data: Any) -> Measurement:
        """Measure a painter on what a data module holds out; every process must call it, and gets the figures.

        Raises:
            UserError: it paints no piano rolls.
        """
        check_fit(self, painter.takes)
        form = painter.gives.roll
        if form is None or painter.content is None or painter.content.roll is None:
            raise UserError("evaluation=music_styles measures piano rolls: set evaluation=translation for pictures.")
        if distributed.rank() > 0:
            return from_first(Measurement())
        held, learnt = (
            [Music.of(data.evaluation_images(part, split), form, most) for part in self.parts]
            for split, most in ((self.split, self.num_images), ("train", None))
        )
        painted = repainted_rolls(painter, held[0].rolls)
        found = from_first(self._measured(painted, held, learnt, known_of(data, "style").get("origin")))
        return replace(found, sheets={"music": partial(sheet_of_rolls, replace(held[0], rolls=painted), painter.gives)})

    def _measured(self, painted: np.ndarray, held: list[Music], learnt: list[Music], origin: Any) -> Measurement:
        content, style = held
        rule = semitones_by_rule(*learnt)
        rows = {
            PAINTED: replace(content, rolls=painted),
            CONTENT: content,
            MOVED: replace(content, rolls=moved(content.rolls, content.form, rule)),
            STYLE: style,
        }
        odds = log_odds(*learnt)
        figures, intervals = {}, {}
        for row, music in rows.items():
            figures[row], intervals[row] = distances_from(music, style)
            values = {IN_STYLE: (counts(music) @ odds > 0).astype(float)}
            if row != STYLE:
                values[KEPT] = kept(music.rolls, content.rolls, content.form)
            for name, each in values.items():
                figures[row][name], intervals[row][name] = mean_and_interval(Sample(each[:, None], music.pieces))
        record = {
            "extractor": "notes",
            "generated": len(painted),
            "real": len(style.rolls),
            "fingerprint": style.fingerprint,
            "content_fingerprint": content.fingerprint,
            "split": self.split,
            "origin": origin,
            "interval_method": METHOD,
            "counts_of_controls": {row: [len(music.rolls), len(style.rolls)] for row, music in rows.items()},
        }
        records = {
            name: {
                **record,
                "higher_is_better": name in (IN_STYLE, KEPT),
                "interval": intervals[PAINTED][name],
                "controls": {row: f[name] for row, f in figures.items() if row != PAINTED and name in f},
            }
            for name in figures[PAINTED]
        }
        said = {"the rule, in semitones from C to B": " ".join(f"{step:+d}" if step else "0" for step in rule)}
        return Measurement(figures[PAINTED], records, IN_STYLE, figures, {}, intervals, said)


def counts(music: Music) -> np.ndarray:
    """For how many steps each pitch class sounds: (N, 12)."""
    pitches = pitches_of(music.rolls, music.form)
    return pitch_classes(pitches) * (pitches >= 0).sum((1, 2))[:, None]


def log_odds(content: Music, style: Music) -> np.ndarray:
    """How much likelier each pitch class is in the style: logarithms (12,), each pitch class counted once more."""
    shares = [(total + 1) / (total.sum() + 12) for total in (counts(content).sum(0), counts(style).sum(0))]
    return np.log(shares[1] / shares[0])


def semitones_by_rule(content: Music, style: Music) -> list[int]:
    """By how many semitones each pitch class moves, -1, 0 or 1, so that the histograms differ least in sum.

    Of equally near ones, that which moves the fewest.
    """
    have, wanted = (pitch_classes(pitches_of(music.rolls, music.form)).mean(0) for music in (content, style))
    moves = np.array(list(product((-1, 0, 1), repeat=12)), np.int8)
    histograms = np.zeros((len(moves), 12), np.float32)
    for tone in range(12):
        np.add.at(histograms, (np.arange(len(moves)), (tone + moves[:, tone]) % 12), np.float32(have[tone]))
    far = np.abs(histograms - wanted).sum(1) + 1e-4 * np.abs(moves).sum(1)
    return [int(move) for move in moves[far.argmin()]]


def moved(rolls: np.ndarray, form: Roll, rule: list[int]) -> np.ndarray:
    """Rolls with pitch classes moved by a rule."""
    found = np.zeros_like(rolls)
    found[:, :, -1] = rolls[:, :, -1]
    rows = rolls.shape[2] - 1
    for row in range(rows):
        step = rule[(form.lowest + rows - 1 - row) % 12]
        target = min(max(row - step, 0), rows - 1)
        found[:, :, target] = np.maximum(found[:, :, target], rolls[:, :, row])
    return found


def kept(rolls: np.ndarray, given: np.ndarray, form: Roll) -> np.ndarray:
    """Share of the sounding steps whose note lies within a semitone of the one given: (N,)."""
    after, before = pitches_of(rolls, form), pitches_of(given, form)
    sounds = before >= 0
    near = sounds & (after >= 0) & (np.abs(after - before) <= 1)
    return near.sum((1, 2)) / np.maximum(sounds.sum((1, 2)), 1)
