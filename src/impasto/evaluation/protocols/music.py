"""The protocol for music from noise: how far its statistics are from those of pieces held out, beside Markov chains."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, ClassVar, Final, Literal

import numpy as np
import torch

from impasto.base import distributed
from impasto.base.checks import check_number
from impasto.base.errors import UserError
from impasto.base.label_maps import as_picture
from impasto.base.parts import Parts, Refusal
from impasto.base.pixels import from_uint8, to_uint8
from impasto.base.progress import counting
from impasto.base.ranges import Seed
from impasto.base.rolls import Roll
from impasto.data.packing.packed import PackedImages
from impasto.evaluation.figures.distributions import Sample, distances, interval
from impasto.evaluation.figures.features import CHUNK, from_first
from impasto.evaluation.figures.metrics import check_split
from impasto.evaluation.protocols.measurement import Measurement, Sheet, check_fit
from impasto.evaluation.protocols.sampling import Chosen, known_of
from impasto.music.markov import markov_rolls
from impasto.music.statistics import bars_of, statistics_of

GENERATED: Final = "generated"
VOICES: Final = "Markov chain of order 2 for each voice"
CHORDS: Final = "Markov chain of order 2 of chords"
TRAINED_ON: Final = "the music trained on"
MAIN: Final = "music_distance"
COPIED: Final = "copied_bars"
METHOD: Final = "95%, 1.96 standard errors of the bootstrap over generated excerpts and over pieces"


class MusicProtocol:
    """Distances of what music is like from music held out: see :mod:`impasto.music.statistics` for what is counted.

    Each is the Wasserstein-1 distance of the statistic's distribution over excerpts, in standard deviations of the
    music held out; ``music_distance`` is their mean. ``copied_bars`` is the share of bars that are in the music
    trained on, note by note. The controls are Markov chains that learn the music trained on, once each voice by
    itself and once all together, which mostly repeats it; and the music trained on itself, whose distance no model
    can be expected to beat.

    Args:
        num_images: excerpts to generate.
        num_real: most excerpts held out, and most of those trained on for the last control; None takes all.
        split: what is compared with: pieces ``held_out``, or those of ``train``.
        order: of the Markov chains.
        seed: of the generated excerpts and of the chains.

    Raises:
        UserError: a number is out of range, or there is no such split.
    """

    takes: ClassVar[str] = "latent"
    parts: ClassVar[tuple[str, ...]] = ("image",)
    asks: ClassVar[tuple[str, ...]] = ("evaluation_images",)

    def __init__(
        self,
        *,
        num_images: int = 1000,
        num_real: int | None = None,
        split: Literal["train", "held_out"] = "held_out",
        order: int = 2,
        seed: Seed = 0,
    ) -> None:
        check_number("evaluation.num_images", num_images, 2)
        check_number("evaluation.order", order, 0)
        check_split(split)
        self.num_images, self.num_real, self.split, self.order, self.seed = num_images, num_real, split, order, seed

    def check_with(self, parts: Parts) -> Iterator[Refusal]:
        """Refuse data that is no music."""
        yield from music_alone(parts, "music")

    def measure(self, painter: Any, data: Any) -> Measurement:
        """Measure a painter on a data module; every process must call it, and gets the figures.

        Raises:
            UserError: it paints no piano rolls.
        """
        check_fit(self, painter.takes)
        form = painter.gives.roll
        if form is None:
            raise UserError(
                "evaluation=music measures piano rolls, and this painter paints none: set evaluation=default."
            )
        if distributed.rank() > 0:
            return from_first(Measurement())
        held = Music.of(data.evaluation_images("image", self.split), form, self.num_real)
        trained = Music.of(data.evaluation_images("image", "train"), form, None)
        generated = Music.alone(painted_rolls(painter, self.num_images, self.seed), form)
        found = from_first(self._measured(generated, held, trained, known_of(data, "image")))
        return replace(found, sheets={"music": partial(sheet_of_rolls, generated, painter.gives)})

    def _measured(self, generated: "Music", held: "Music", trained: "Music", known: Mapping[str, Any]) -> Measurement:
        n, form = self.num_images, held.form
        rows = {GENERATED: generated}
        for row, together in ((VOICES, "voices"), (CHORDS, "chords")):
            made = markov_rolls(trained.rolls, form, n, together, self.seed, self.order)  # type: ignore[arg-type]
            rows[row] = Music.alone(made, form)
        rows[TRAINED_ON] = trained.some(self.num_real)
        figures, intervals = {}, {}
        for row, music in rows.items():
            figures[row], intervals[row] = distances_from(music, held)
            figures[row][COPIED] = music.copied_from(trained)
        del figures[TRAINED_ON][COPIED]
        record = {
            "extractor": "notes",
            "generated": n,
            "real": len(held.rolls),
            "pieces": len(np.unique(held.pieces)),
            "fingerprint": held.fingerprint,
            "split": self.split,
            "origin": known.get("origin"),
            "seed": self.seed,
            "interval_method": METHOD,
            "higher_is_better": False,
        }
        own = figures[GENERATED]
        controls = {
            name: {row: f[name] for row, f in figures.items() if row != GENERATED and name in f} for name in own
        }
        counts = {row: [len(music.rolls), len(held.rolls)] for row, music in rows.items() if row != GENERATED}
        records = {name: {**record, "controls": controls[name], "counts_of_controls": counts} for name in own}
        for name, ends in intervals[GENERATED].items():
            records[name]["interval"] = ends
        said = {"against the chain of each voice": verdict(intervals[GENERATED], intervals[VOICES])}
        said["against the chain of chords"] = verdict(intervals[GENERATED], intervals[CHORDS])
        said["held out, copied from the music trained on"] = f"{held.copied_from(trained):.3f} of the bars"
        return Measurement(own, records, MAIN, figures, {}, intervals, said)


@dataclass(frozen=True, eq=False)
class Music:
    """Excerpts.

    Attributes:
        rolls: uint8 (N, voices, H, W).
        pieces: (N,), the piece that each is of.
        form: of the rolls.
        fingerprint: of the data; empty for music that was made.
    """

    rolls: np.ndarray
    pieces: np.ndarray
    form: Roll
    fingerprint: str = ""

    @classmethod
    def of(cls, packed: PackedImages, form: Roll, most: int | None) -> "Music":
        """Excerpts of data, ``most`` of them at random but always the same."""
        chosen = Chosen(packed, most)
        names = np.array([name.rpartition("/")[0] for name in packed.every_name()], object)[chosen.positions]
        return cls(chosen.all().numpy(), names.astype(str), form, packed.fingerprint)

    @classmethod
    def alone(cls, rolls: np.ndarray, form: Roll) -> "Music":
        """Excerpts each of which is a piece of its own."""
        return cls(rolls, np.arange(len(rolls)), form)

    def some(self, most: int | None) -> "Music":
        """The first of them, evenly spaced."""
        if most is None or most >= len(self.rolls):
            return self
        places = np.arange(most) * len(self.rolls) // most
        return replace(self, rolls=self.rolls[places], pieces=self.pieces[places])

    @cached_property
    def statistics(self) -> dict[str, np.ndarray]:
        """By name, of each excerpt."""
        return statistics_of(self.rolls, self.form)

    @cached_property
    def bars(self) -> list[bytes]:
        """All bars."""
        return bars_of(self.rolls, self.form)

    def copied_from(self, other: "Music") -> float:
        """Share of its bars that the other has too."""
        known = set(other.bars)
        return sum(bar in known for bar in self.bars) / len(self.bars)


def distances_from(music: Music, held: Music) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """Distances of all statistics by name, with their mean, and their intervals."""
    draws = {
        name: distances(Sample(values, music.pieces), Sample(held.statistics[name], held.pieces))
        for name, values in music.statistics.items()
    }
    draws = {MAIN: np.mean(list(draws.values()), 0), **{f"{name}_distance": found for name, found in draws.items()}}
    return {name: float(found[0]) for name, found in draws.items()}, {n: interval(found) for n, found in draws.items()}


def music_alone(parts: Parts, protocol: str) -> Iterator[Refusal]:
    """Refuse data that is no music, as far as its settings say."""
    where = getattr(parts.data, "where", None)
    if where is not None and "steps_per_beat" not in where:
        yield Refusal(
            f"evaluation={protocol} measures piano rolls, and this data has none: set evaluation=default or "
            "data=chorales."
        )


def verdict(own: Mapping[str, tuple[float, float]], control: Mapping[str, tuple[float, float]]) -> str:
    """Which distances are below the control's, with intervals apart, and which are not."""
    below = [name for name, ends in own.items() if ends[1] < control[name][0]]
    above = [name for name, ends in own.items() if ends[0] > control[name][1]]
    said = [f"{what}: {', '.join(names)}" for what, names in (("nearer", below), ("further", above)) if names]
    rest = [name for name in own if name not in below and name not in above]
    return "; ".join([*said, *([f"not told apart: {', '.join(rest)}"] if rest else [])])


@torch.no_grad()
def painted_rolls(painter: Any, n: int, seed: int) -> np.ndarray:
    """Rolls from noise: uint8 (n, voices, H, W)."""
    found = []
    with counting("generating music", n) as tick:
        for start in range(0, n, CHUNK):
            count = min(CHUNK, n - start)
            found.append(to_uint8(painter.sample(count, seed=seed, start=start)).cpu())
            tick(count)
    return torch.cat(found).numpy()


@torch.no_grad()
def repainted_rolls(painter: Any, rolls: np.ndarray) -> np.ndarray:
    """What a painter makes of rolls (N, voices, H, W): uint8 likewise."""
    found = []
    with counting("repainting music", len(rolls)) as tick:
        for start in range(0, len(rolls), CHUNK):
            content = from_uint8(torch.from_numpy(rolls[start : start + CHUNK])).to(painter.device)
            found.append(to_uint8(painter(content=content)).cpu())
            tick(len(content))
    return torch.cat(found).numpy()


def sheet_of_rolls(music: Music, spec: Any, count: int = 32, columns: int = 8) -> Sheet:
    """The first rolls."""
    return as_picture(from_uint8(torch.from_numpy(music.rolls[:count])), spec), columns
