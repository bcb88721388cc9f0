"""Sprites of game characters, drawn by code pixel by pixel: what each shows is known exactly."""

import colorsys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np

SIDE: Final = 32
"""Pixels of a sprite's sides."""
KINDS: Final = ("knight", "wizard", "ranger", "slime")
COLORS: Final = {"red": 0.99, "gold": 0.13, "green": 0.36, "blue": 0.62}
"""Hues of the clothes, 0 to 1."""
HELD: Final = ("nothing", "sword", "shield")
SKINS: Final = ((255, 219, 172), (224, 172, 105), (141, 85, 36))
PHASES: Final = 3
"""Poses of a step."""
SHIFTS: Final = (-1, 0, 1)
"""Pixels to the right."""
OUTLINE: Final = (24, 20, 37)
STEEL, DARK_STEEL, WOOD, GOLD, WHITE = (186, 198, 212), (120, 132, 150), (116, 63, 57), (240, 190, 70), (245, 245, 240)


@dataclass(frozen=True)
class Sprite:
    """What a sprite shows.

    Attributes:
        kind: of :data:`KINDS`.
        color: of :data:`COLORS`.
        held: of :data:`HELD`.
        skin: position in :data:`SKINS`; a slime has none, and looks the same with each.
        phase: of the step, 0 to :data:`PHASES` - 1.
        shift: of :data:`SHIFTS`.
    """

    kind: str
    color: str
    held: str
    skin: int = 0
    phase: int = 0
    shift: int = 0

    @property
    def words(self) -> str:
        """Such as "red knight with sword"."""
        return f"{self.color} {self.kind}" + ("" if self.held == "nothing" else f" with {self.held}")


def sprite_of(seed: int, number: int) -> Sprite:
    """What sprite ``number`` of a seed shows; all are equally likely."""
    random = np.random.default_rng([seed, number, 0])
    kind, color, held = (str(random.choice(names)) for names in (KINDS, tuple(COLORS), HELD))
    skin, phase = (int(random.integers(n)) for n in (len(SKINS), PHASES))
    return Sprite(kind, color, held, skin, phase, int(random.choice(SHIFTS)))


def all_sprites() -> Iterator[Sprite]:
    """Every sprite there is, those that look the same once."""
    for kind, color, held, skin, phase, shift in product(KINDS, COLORS, HELD, range(len(SKINS)), range(PHASES), SHIFTS):
        if kind != "slime" or skin == 0:
            yield Sprite(kind, color, held, skin, phase, shift)


def draw_sprite(sprite: Sprite, random: np.random.Generator | None = None) -> np.ndarray:
    """A sprite with hard edges: every pixel is opaque, or clear and black.

    Args:
        sprite: what to draw.
        random: of its tint; None takes the mean one.

    Returns:
        uint8 (SIDE, SIDE, 4), red, green, blue and opacity of 0 or 255.
    """
    tint = np.zeros(2) if random is None else random.uniform(-1, 1, 2)
    hue, value = (COLORS[sprite.color] + 0.015 * tint[0]) % 1, 0.85 + 0.05 * tint[1]
    light, dark = (_rgb(hue, 0.75, share * value) for share in (1.0, 0.7))
    canvas = np.zeros((SIDE, SIDE, 4), np.uint8)
    bob = 1 if sprite.phase == 1 else 0
    if sprite.kind == "slime":
        _slime(canvas, light, dark, sprite.phase)
    else:
        _body(canvas, sprite, light, dark, bob)
    _held(canvas, sprite.held, bob)
    return np.roll(_outlined(canvas), sprite.shift, axis=1)


def _rgb(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(hue, saturation, value))
    return red, green, blue


def _fill(canvas: np.ndarray, left: int, right: int, top: int, bottom: int, color: tuple[int, int, int]) -> None:
    """A rectangle, its borders included."""
    canvas[max(top, 0) : bottom + 1, left : right + 1] = (*color, 255)


def _disc(canvas: np.ndarray, x: float, y: float, wide: float, high: float, color: tuple[int, int, int]) -> np.ndarray:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    inside = ((columns - x) / wide) ** 2 + ((rows - y) / high) ** 2 <= 1
    canvas[inside] = (*color, 255)
    return inside


def _slime(canvas: np.ndarray, light: tuple[int, int, int], dark: tuple[int, int, int], phase: int) -> None:
    wide, high = ((7, 7), (8, 6), (6, 8))[phase]
    inside = _disc(canvas, 14.5, 29 - high, wide, high, light)
    low = inside & (np.mgrid[:SIDE, :SIDE][0] >= 29 - high / 2)
    canvas[low] = (*dark, 255)
    top = 29 - 2 * high
    _fill(canvas, 11, 12, top + 3, top + 4, WHITE)
    for eye in (13, 17):
        _fill(canvas, eye, eye, 28 - high, 29 - high, OUTLINE)


def _body(
    canvas: np.ndarray, sprite: Sprite, light: tuple[int, int, int], dark: tuple[int, int, int], bob: int
) -> None:
    skin, y = SKINS[sprite.skin], bob
    for leg, left in enumerate((11, 16)):
        lifted = 2 if sprite.phase == leg + 1 else 0
        _fill(canvas, left, left + 2, 24, 29 - lifted, DARK_STEEL if sprite.kind == "knight" else WOOD)
    _fill(canvas, 10, 19, 16 + y, 25, light)
    _fill(canvas, 17, 19, 16 + y, 25, dark)
    _fill(canvas, 10, 19, 22 + y, 22 + y, WOOD)
    for left in (8, 20):
        _fill(canvas, left, left + 1, 17 + y, 20 + y, dark)
        _fill(canvas, left, left + 1, 21 + y, 22 + y, skin)
    _fill(canvas, 11, 18, 8 + y, 15 + y, skin)
    for eye in (14, 17):
        _fill(canvas, eye, eye, 11 + y, 12 + y, OUTLINE)
    if sprite.kind == "knight":
        _fill(canvas, 10, 19, 6 + y, 15 + y, STEEL)
        _fill(canvas, 17, 19, 6 + y, 15 + y, DARK_STEEL)
        _fill(canvas, 12, 19, 10 + y, 11 + y, OUTLINE)
        _fill(canvas, 12, 16, 3 + y, 5 + y, light)
    elif sprite.kind == "wizard":
        _fill(canvas, 9, 20, 24, 28, light)
        _fill(canvas, 17, 20, 24, 28, dark)
        _fill(canvas, 12, 17, 14 + y, 19 + y, WHITE)
        for row in range(7):
            _fill(canvas, 14 - row // 2, 15 + row // 2, 1 + row + y, 1 + row + y, light)
        _fill(canvas, 8, 21, 8 + y, 8 + y, dark)
    else:
        _fill(canvas, 10, 19, 6 + y, 9 + y, light)
        _fill(canvas, 9, 12, 8 + y, 17 + y, dark)


def _held(canvas: np.ndarray, held: str, bob: int) -> None:
    if held == "sword":
        _fill(canvas, 25, 26, 7 + bob, 18 + bob, STEEL)
        _fill(canvas, 23, 28, 19 + bob, 19 + bob, GOLD)
        _fill(canvas, 25, 26, 20 + bob, 23 + bob, WOOD)
    elif held == "shield":
        _disc(canvas, 25, 20 + bob, 4.2, 5.2, WOOD)
        _disc(canvas, 25, 20 + bob, 2.2, 2.6, STEEL)


def _outlined(canvas: np.ndarray) -> np.ndarray:
    """With a dark line of one pixel around everything."""
    opaque = np.pad(canvas[..., 3] > 0, 1)
    around = opaque[2:, 1:-1] | opaque[:-2, 1:-1] | opaque[1:-1, 2:] | opaque[1:-1, :-2]
    canvas[around & (canvas[..., 3] == 0)] = (*OUTLINE, 255)
    return canvas
