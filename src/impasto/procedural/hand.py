"""A hand: the parameters that make two photographs look painted by the same artist."""

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from impasto.procedural.families import FAMILIES, draw_family
from impasto.procedural.palettes import Colour

Direction = Literal["angle", "flow", "swirl", "radial"]


@dataclass(frozen=True)
class Hand:
    """One set of painting parameters, all plain values.

    Lengths are in pixels of a picture of 224 x 224 pixels and scale with the square root of the picture's area.

    Attributes:
        seed: of what belongs to the hand rather than to a picture: its flow field, its paper.
        family: one of :data:`impasto.procedural.families.FAMILIES`; decides which marks are made.
        palette: colours of the hand, in no order.
        recolour: 0 keeps the photograph's colours, 1 moves them to the palette by optimal transport.
        toning: how far colours follow brightness alone, dark to light through the palette.
        colours: number of flat colours; 0 for as many as there are. Of dots, 1 for unmixed colours of the palette.
        flatness: share of the flat colours in what strokes are coloured by.
        saturation: factor of chroma after recolouring.
        contrast: factor of the distance from middle grey after recolouring.
        ground: colour under the paint, or between pieces.
        ground_share: 1 leaves the bare ground under the strokes, 0 an underpainting in the picture's blurred colours.
        width: of the main strokes.
        ratio: length of strokes over width.
        widths: factors of ``width``, one per layer, from the bottom.
        cover: 1 covers the picture about once per layer; less leaves ground. Of a wash, the brightness above which the
            paper stays bare.
        detail: share of the last layer's strokes that is laid outside of detailed places.
        opacity: of a stroke.
        follow: 1 follows form by the smoothed structure tensor, 0 the hand's own directions.
        direction: the hand's own directions: one angle, a smooth random flow, swirls, or circles around a centre.
        angle: in radians, of the hand's own directions.
        flow: turns of the hand's own directions across the picture. Of a wash, how unevenly pigment flows; of a
            printing screen, how far its lines sway.
        spread: deviation of a stroke's angle in radians.
        bend: deviation of a stroke's curvature: sag over length. Of a wash, strength of its blooms.
        taper: 0 for blunt ends, 1 for pointed ones.
        stop: colour distance at which a stroke stops before another thing; 2 goes over everything.
        hue_jitter: deviation of a stroke's colour away from the picture's, in chroma.
        light_jitter: the same in brightness.
        complement: share of strokes in which the complementary colour is mixed.
        streaks: strength of bristles' streaks of colour in a stroke.
        dry: how far bristles leave gaps at the end of a stroke.
        relief: strength of light on the height of the paint.
        light: direction of that light in radians.
        grain: how far the paper's grain breaks strokes.
        grain_size: of the paper's grain, or the pitch of a weave.
        weave: strength of the canvas.
        outline: opacity of contour lines; 0 for none.
        outline_width: of contour lines, or of joints between pieces.
        outline_colour: of contour lines, and of the ink or chalk of a family that has a single one.
        fine_lines: opacity of thin ink lines over the paint; 0 for none.
        wobble: deviation of lines and regions from the photograph's, in pixels.
        smooth: deviation of the smoothing before regions are made flat or tones rubbed.
        spacing: between hatching lines, or side of pieces, of pixels and of a printing screen's cells.
        angles: of hatching, in radians, in the order in which darkness asks for them.
        edge: strength of what a family has beside its marks: darkened edges of a wash, joints between pieces, tones
            rubbed or washed under lines, the grain of a woodblock.
        variant: a number that a family may use to choose among its ways.
    """

    seed: int
    family: str
    palette: tuple[Colour, ...]
    recolour: float = 1.0
    toning: float = 0.0
    colours: int = 0
    flatness: float = 0.0
    saturation: float = 1.0
    contrast: float = 1.0
    ground: Colour = (1.0, 1.0, 1.0)
    ground_share: float = 1.0
    width: float = 6.0
    ratio: float = 4.0
    widths: tuple[float, ...] = (1.6, 1.0, 0.6)
    cover: float = 1.2
    detail: float = 0.3
    opacity: float = 1.0
    follow: float = 1.0
    direction: Direction = "angle"
    angle: float = 0.0
    flow: float = 0.5
    spread: float = 0.1
    bend: float = 0.0
    taper: float = 0.3
    stop: float = 2.0
    hue_jitter: float = 0.0
    light_jitter: float = 0.0
    complement: float = 0.0
    streaks: float = 0.0
    dry: float = 0.0
    relief: float = 0.0
    light: float = 0.8
    grain: float = 0.0
    grain_size: float = 1.0
    weave: float = 0.0
    outline: float = 0.0
    outline_width: float = 1.5
    outline_colour: Colour = (0.1, 0.1, 0.1)
    fine_lines: float = 0.0
    wobble: float = 0.0
    smooth: float = 2.0
    spacing: float = 4.0
    angles: tuple[float, ...] = ()
    edge: float = 0.0
    variant: int = 0


SHARES: Final = {name: family.share for name, family in FAMILIES.items()}


def draw_hand(seed: int, family: str | None = None) -> Hand:
    """A random hand, a function of ``seed`` (and ``family``) alone.

    Args:
        seed: 0 or more.
        family: of the hand; None draws it too, by the families' shares.
    """
    rng = np.random.default_rng([seed, 0x4A2D])
    drawn = str(rng.choice(list(SHARES), p=np.array(list(SHARES.values())) / sum(SHARES.values())))
    values: dict[str, Any] = draw_family(family or drawn, rng)
    return Hand(seed=seed, family=family or drawn, **values)
