"""The protocol for sprites: whether they show what was asked for, and how clean their edges are."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Final, Literal

import torch
from torch import Tensor

from impasto.base import distributed
from impasto.base.checks import check_number
from impasto.base.errors import UserError
from impasto.base.opacity import cleaned, halo, keyed, straight
from impasto.base.parts import Parts, Refusal
from impasto.base.pixels import from_uint8
from impasto.base.ranges import Seed
from impasto.base.sheets import shown
from impasto.evaluation.figures.features import CHUNK, Pictures, from_first
from impasto.evaluation.figures.intervals import Estimate
from impasto.evaluation.figures.metrics import check_split
from impasto.evaluation.figures.sprites_seen import ATTRIBUTES, Drawings, agreement, asked_for, differences
from impasto.evaluation.protocols.controlled import Values, alone, controlled
from impasto.evaluation.protocols.measurement import Measurement, Sheet, check_fit
from impasto.evaluation.protocols.sampling import Chosen, conditions_for, known_of, pictures_of, places

PAINTED: Final = "painted"
SHUFFLED: Final = "painted, asked for others"
RAW: Final = "painted, edges as they are"
KEYED: Final = "painted, cut from white by colour"
REAL: Final = "real sprites"
CLEAN: Final = 2.0
"""Levels of 255 up to which an edge counts as clean."""
AGREEMENTS: Final = tuple(f"sprite_{name}" for name in (*ATTRIBUTES, "all"))
DIFFERENCES: Final = ("sprite_difference", "rim_difference")


class SpriteProtocol:
    """Agreement of sprites with what was asked for, their distance from drawn ones, and their edges.

    Agreement and distance are for characters drawn by code alone, see :mod:`impasto.evaluation.figures.sprites_seen`;
    edges are measured for all, see :func:`impasto.base.opacity.halo`. Sprites are measured as they are written, with
    hard edges. The controls are the same sprites beside what others were asked for, with their edges as the network
    paints them, and cut from a white ground by colour; and real sprites. Intervals are of the bootstrap over sprites.

    Args:
        num_images: sprites to paint, and real ones to read.
        split: whose captions or classes are asked for: ``held_out`` or ``train``.
        seed: of the painted sprites.

    Raises:
        UserError: a number is out of range, or there is no such split.
    """

    takes: ClassVar[str] = "latent"
    parts: ClassVar[tuple[str, ...]] = ("image",)
    asks: ClassVar[tuple[str, ...]] = ("evaluation_images",)

    def __init__(
        self, *, num_images: int = 1024, split: Literal["train", "held_out"] = "held_out", seed: Seed = 0
    ) -> None:
        check_number("evaluation.num_images", num_images, 2)
        check_number("evaluation.seed", seed, 0)
        check_split(split)
        self.num_images, self.split, self.seed = num_images, split, seed

    def check_with(self, parts: Parts) -> Iterator[Refusal]:
        """Refuse pictures without opacity."""
        if getattr(parts.data, "channels_of", {}).get("image", 4) != 4:
            yield Refusal("evaluation=sprites measures edges, and this data has no opacity: set evaluation=default.")

    def measure(self, painter: Any, data: Any) -> Measurement:
        """Measure a painter on the sprites of a data module; every process must call it, and gets the figures.

        Raises:
            UserError: the painter gives no opacity.
        """
        check_fit(self, painter.takes)
        if not painter.gives.opacity:
            raise UserError(
                "evaluation=sprites measures edges, and this model paints no opacity: set evaluation=default."
            )
        real = Chosen(data.evaluation_images("image", self.split), self.num_images)
        conditions = conditions_for(painter, real.packed, self.num_images)
        paint = pictures_of(painter.sample, self.seed, conditions)
        if distributed.rank() > 0:
            return from_first(Measurement())
        found = from_first(self._measured(painter, real, paint, known_of(data, "image")))
        return replace(found, sheets={"sprites": partial(sheet_of_sprites, paint, painter)})

    def _measured(self, painter: Any, real: Chosen, paint: Pictures, known: Mapping[str, Any]) -> Measurement:
        painted = torch.cat([paint(i, min(CHUNK, self.num_images - i)).cpu() for i in range(0, self.num_images, CHUNK)])
        drawn = known.get("origin") == "sample"
        wanted = asked(painter, real.packed, self.num_images) if drawn else None
        own = asked(painter, real.packed, None, real.positions) if drawn else None
        seen: dict[str, tuple[Tensor, list[dict[str, str]] | None]] = {
            PAINTED: (cleaned(painted), wanted),
            SHUFFLED: (cleaned(painted), None if wanted is None else [*wanted[1:], wanted[0]]),
            RAW: (straight(painted), wanted),
            KEYED: (keyed(painted), wanted),
            REAL: (straight(real.all()), own),
        }
        drawings = Drawings(painted.shape[-1]) if drawn else None
        rows = {row: figures_of(sprites, told, drawings) for row, (sprites, told) in seen.items()}
        record = {
            "extractor": "pixels",
            "generated": self.num_images,
            "real": len(real),
            "fingerprint": real.packed.fingerprint,
            "split": self.split,
            "origin": known.get("origin"),
            "seed": self.seed,
        }
        main = "sprite_all" if "sprite_all" in rows[PAINTED] else "halo"
        return controlled(rows, record, main, (*AGREEMENTS, "edges_clean"))


def asked(painter: Any, packed: Any, n: int | None, positions: Any = None) -> list[dict[str, str]] | None:
    """What was asked for of ``n`` painted sprites, or what real ones at some positions are; None if nothing."""
    vocabulary = painter.gives.vocabulary
    if vocabulary is not None and packed.vectors is not None:
        chosen = places(len(packed), n) if n is not None else positions
        captions = [vocabulary.decode(row) for row in torch.from_numpy(packed.vectors[chosen])]
        found = [asked_for(caption) for caption in captions]
        return None if None in found else [each for each in found if each is not None]
    labels = conditions_for(painter, packed, n) if n is not None else None
    if n is None and packed.labels is not None:
        labels = torch.from_numpy(packed.labels[positions])
    return None if labels is None else [{"kind": packed.class_names[int(label)]} for label in labels]


def figures_of(sprites: Tensor, told: list[dict[str, str]] | None, drawings: Drawings | None) -> Values:
    """Of each sprite, uint8 (N, 4, H, W) with colours as they are, every figure: (N,) by name."""
    edges = halo(sprites)
    worst = alone(float(edges.max()), "the largest of all sprites")
    found: dict[str, Tensor | Estimate] = {"halo": edges, "halo_worst": worst, "edges_clean": (edges <= CLEAN).float()}
    if drawings is not None:
        chosen = drawings.nearest(sprites)
        found |= dict(zip(DIFFERENCES, differences(sprites, drawings.pictures[chosen]).T, strict=True))
        if told is not None:
            shows = [drawings.sprites[int(i)] for i in chosen]
            found |= dict(zip(AGREEMENTS, agreement(shows, told).T, strict=True))
    return found


def sheet_of_sprites(paint: Callable[[int, int], Tensor], painter: Any, count: int = 64, columns: int = 8) -> Sheet:
    """The first painted sprites with clean edges."""
    sprites = cleaned(paint(0, count).cpu())
    return shown(from_uint8(sprites), columns, painter.gives)
