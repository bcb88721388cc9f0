"""Photographs painted by the hands of the procedural painter: pictures of many styles, each with its exact target."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Literal

import numpy as np
from PIL import Image, ImageOps

from impasto.base.errors import UserError
from impasto.base.ranges import Count, Seed
from impasto.data.sources.folder import FolderSource
from impasto.data.sources.opening import JoinedSource, Pictures
from impasto.data.sources.source import Item, Layers, Made, Origin, Source
from impasto.data.sources.unpaired import Folders, embedded, embedded_photos, open_one, title_of
from impasto.procedural.hand import draw_hand
from impasto.procedural.render import RENDERER_VERSION, render

Side = Literal["photographs", "paintings"]


def open_procedural(
    photos: Folders = None,
    paintings: Folders = None,
    hands: Count = 400,
    photos_per_hand: Count = 8,
    hand_seed: Seed = 0,
) -> dict[str, Pictures]:
    """Open the aligned parts ``content`` and ``target``, photographs and the same painted; with paintings two more.

    Hand k paints ``photos_per_hand`` different photographs. Which ones, and what each looks like, depends on
    ``hand_seed`` and k alone, so that more hands leave the earlier ones as they are. The class of a painting is its
    hand, named such as ``hand-0007``.

    Args:
        photos: folder or folders of photographs, ``sample:KIND`` for one kind of the embedded ones; None is all those.
        paintings: folder or folders of real paintings, ``sample:paintings`` for the embedded ones, to open the parts
            ``photo`` and ``painting`` as well, which have nothing to do with each other; None leaves them out.
        hands: how many.
        photos_per_hand: at most the number of photographs.
        hand_seed: of the hands, of what they paint and of their strokes.

    Raises:
        UserError: a folder is not there, or there are too few photographs.
    """
    names = _listed(photos)
    found = [open_one(name, "photos") for name in names] or [embedded_photos()]
    photographs = found[0] if len(found) == 1 else JoinedSource(found)
    title = ", ".join(map(title_of, names)) or "embedded photographs"
    of_hands = partial(ProceduralSource, photographs, hands, photos_per_hand, hand_seed)
    painted = f"{title}, painted by {hands} procedural hands"
    opened = {
        "content": Pictures(title, of_hands(side="photographs"), label="hand"),
        "target": Pictures(painted, of_hands(side="paintings"), label="hand"),
    }
    if paintings is not None:
        folders = _listed(paintings)
        # Folders inside a folder of paintings are not styles.
        real = [
            open_one(name, "paintings") if embedded(name) else FolderSource(name, "none", option="data.paintings")
            for name in folders
        ]
        together = real[0] if len(real) == 1 else JoinedSource(real)
        opened |= {
            "photo": Pictures(title, photographs),
            "painting": Pictures(", ".join(map(title_of, folders)), together),
        }
    return opened


def _listed(folders: Folders) -> list[str]:
    if folders == []:
        raise UserError("data.photos and data.paintings name no folder: give one, or null.")
    return [] if folders is None else [folders] if isinstance(folders, str) else list(folders)


@dataclass(frozen=True)
class Painting:
    """Makes a painting of a photograph, see :class:`~impasto.data.sources.source.Made`.

    Attributes:
        hand: seed of the hand.
        seed: of its strokes.
        version: of the renderer.
    """

    hand: int
    seed: int
    version: int = RENDERER_VERSION

    def __call__(self, pixels: np.ndarray, canvas: int) -> np.ndarray:
        """The middle of the picture at the size of the canvas, painted: uint8 (canvas, canvas, 3)."""
        return render(square(pixels, canvas), draw_hand(self.hand), self.seed)


def square(pixels: np.ndarray, canvas: int) -> np.ndarray:
    """The largest square in the middle of a picture, at the size of the canvas.

    Args:
        pixels: uint8 or uint16 (H, W, 3).
        canvas: side in pixels.

    Returns:
        uint8 (canvas, canvas, 3).
    """
    pixels = pixels if pixels.dtype == np.uint8 else (pixels // 257).astype(np.uint8)
    return np.asarray(ImageOps.fit(Image.fromarray(pixels), (canvas, canvas), Image.Resampling.LANCZOS))


class ProceduralSource:
    """One side of photographs and the same painted by hands, hand by hand.

    Args:
        photos: the photographs; their number is known.
        hands: how many.
        photos_per_hand: pictures of each.
        hand_seed: see :func:`open_procedural`.
        side: the photographs, or the paintings.

    Raises:
        UserError: there are fewer photographs than a hand is to paint, or there is nothing to paint.
    """

    def __init__(self, photos: Source, hands: int, photos_per_hand: int, hand_seed: int, *, side: Side) -> None:
        self.photos, self.side, self.hands = photos, side, hands
        self.photos_per_hand, self.hand_seed = photos_per_hand, hand_seed
        self.origin: Origin = photos.origin
        self.class_names = tuple(f"hand-{hand:04d}" for hand in range(hands))
        for name, value in (("hands", hands), ("photos_per_hand", photos_per_hand)):
            if value < 1:
                raise UserError(f"data.{name}={value} leaves nothing to learn from: give 1 or more.")
        if (known := photos.length or 0) < photos_per_hand:
            raise UserError(
                f"A hand cannot paint {photos_per_hand} different photographs, as data.photos_per_hand says, for there "
                f"are only {known}: set data.photos_per_hand={known} or fewer, or name more folders with data.photos."
            )

    @cached_property
    def _photos(self) -> list[Item]:
        return list(self.photos.items())

    @property
    def length(self) -> int:
        """Pictures of all hands."""
        return self.hands * self.photos_per_hand

    def fingerprint(self) -> str:
        """A hash of the photographs', of all settings and, of paintings, of the renderer's version."""
        version = RENDERER_VERSION if self.side == "paintings" else 0
        numbers = (self.hands, self.photos_per_hand, self.hand_seed, version)
        return hashlib.sha256(f"{self.side} {numbers} {self.photos.fingerprint()}".encode()).hexdigest()

    def items(self, start: int = 0) -> Iterator[Item]:
        """The pictures from position ``start`` on."""
        for hand in range(start // self.photos_per_hand, self.hands):
            random = np.random.default_rng([self.hand_seed, hand])
            seed = int(random.integers(2**31))
            chosen = random.permutation(len(self._photos))[: self.photos_per_hand]
            strokes = random.integers(2**31, size=self.photos_per_hand)
            for i in range(max(start - hand * self.photos_per_hand, 0), self.photos_per_hand):
                yield self._item(hand, Painting(seed, int(strokes[i])), self._photos[chosen[i]])

    def _item(self, hand: int, painting: Painting, photo: Item) -> Item:
        assert not isinstance(photo.load, Layers), "a photograph is one picture"
        made = Made(photo.load, painting if self.side == "paintings" else square)
        return Item(f"{self.class_names[hand]}/{photo.name}", made, hand)
