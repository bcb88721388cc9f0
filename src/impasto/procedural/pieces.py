"""Pictures put together from pieces: mosaic, stained glass, weave, knitting, cross-stitch, pixels, halftone."""

import cv2
import numpy as np

from impasto.procedural.hand import Hand
from impasto.procedural.marks import SCALE
from impasto.procedural.painting import coloured
from impasto.procedural.palettes import LUMA, blurred, jittered, nearest
from impasto.procedural.strokes import jittered_grid
from impasto.procedural.surfaces import clouds, lit, paper

MOSAIC, GLASS, WEAVE, KNIT, STITCH = range(5)
"""Ways of the family of pieces: values of ``hand.variant``."""
PIXEL, DITHER, DOTS, LINES = range(4)
"""Ways of the family of pixels."""


def put_together(photo: np.ndarray, hand: Hand, rng: np.random.Generator, unit: float) -> np.ndarray:
    """Pieces of one colour each, with joints or threads between them: float32 (H, W, 3)."""
    h, w = photo.shape[:2]
    size, side = (w * SCALE, h * SCALE), max(3.0, hand.spacing * unit * SCALE)
    own = np.random.default_rng([hand.seed, 5])
    picture = cv2.resize(coloured(photo, hand), size, interpolation=cv2.INTER_LINEAR)
    if hand.variant in (MOSAIC, GLASS):
        labels, height, joint = cells(picture, side, rng, hand)
    else:
        labels, height, joint = threads(size[1], size[0], side, hand.variant, hand.angle)
    colours = means(picture, labels)
    if hand.colours:
        colours = jittered(colours, rng, 0.02, 0.02, 0)
        colours = np.array(hand.palette, np.float32)[nearest(colours[None], hand.palette)[0]]
        colours = jittered(colours, rng, hand.hue_jitter * 0.3, hand.light_jitter * 0.5, 0)
    else:
        colours = jittered(colours, rng, hand.hue_jitter, hand.light_jitter, 0)
    out = colours[labels]
    grain = paper(size[1], size[0], 0.6 * unit * SCALE, own)
    out = out * (1 + hand.grain * 0.3 * (grain - 0.5))[..., None]
    if hand.variant == GLASS:
        out = out * (1 + 0.12 * clouds(size[1], size[0], 8 * unit * SCALE, rng))[..., None]
    out = out + (hand.edge * joint)[..., None] * (np.array(hand.ground, np.float32) - out)
    out = lit(out, height * side * 0.5, hand.relief, hand.light)
    return cv2.resize(out, (w, h), interpolation=cv2.INTER_AREA)


def means(picture: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Mean colour of each label: float32 (number of labels, 3)."""
    flat, count = labels.ravel(), int(labels.max()) + 1
    total = np.maximum(np.bincount(flat, minlength=count), 1)
    sums = [np.bincount(flat, picture[..., i].ravel(), count) / total for i in range(3)]
    return np.stack(sums, 1).astype(np.float32)


def cells(
    picture: np.ndarray, side: float, rng: np.random.Generator, hand: Hand
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cells of a Voronoi diagram: labels, height and joints, each (h, w).

    Seeds are moved away from edges, so that cells end where things end (Hausner 2001, in its spirit).
    """
    h, w = picture.shape[:2]
    points = jittered_grid(h, w, side * side, rng)
    grey = blurred(picture @ LUMA, side * 0.35)
    edge = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    edge = blurred(edge, side * 0.3)
    down = np.stack([cv2.Sobel(edge, cv2.CV_32F, 1, 0), cv2.Sobel(edge, cv2.CV_32F, 0, 1)], -1)
    down = down / (np.linalg.norm(down, axis=-1, keepdims=True) + 1e-3)
    seeds = np.full((h, w), 255, np.uint8)
    inside = np.clip(points.astype(int), 0, [w - 1, h - 1])
    points = points - down[inside[:, 1], inside[:, 0]] * side * 0.4
    inside = np.clip(points.astype(int), 0, [w - 1, h - 1])
    seeds[inside[:, 1], inside[:, 0]] = 0
    _, labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    border = np.full((h, w), 255, np.uint8)
    border[1:][labels[1:] != labels[:-1]] = 0
    border[:, 1:][labels[:, 1:] != labels[:, :-1]] = 0
    far = cv2.distanceTransform(border, cv2.DIST_L2, 3)
    width = max(1.0, hand.outline_width * SCALE * side / 16)
    joint = np.clip(width * 0.5 - far + 0.5, 0, 1)
    height = np.clip(far / (0.35 * side), 0, 1) if hand.variant == MOSAIC else -joint
    return labels.astype(np.int64) - 1, height.astype(np.float32), joint.astype(np.float32)


def threads(h: int, w: int, side: float, way: int, angle: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Stitches of a textile: labels, height and gaps between threads, each (h, w)."""
    y, x = np.mgrid[0:h, 0:w].astype(np.float32) / np.float32(side)
    if way == KNIT:
        y = y * 1.2 + np.abs(x % 1 - 0.5) * 0.9  # the two legs of a V
        thread = np.abs(np.sin(np.pi * (x * 2 % 1))) * np.abs(np.sin(np.pi * (y % 1))) ** 0.5
        row, column = np.floor(y), np.floor(x)
    elif way == STITCH:
        u, v = x % 1 - 0.5, y % 1 - 0.5
        first, second = np.abs(u - v), np.abs(u + v)
        thread = np.clip(1 - np.minimum(first, second) / 0.3, 0, 1) ** 0.7
        row, column = np.floor(y), np.floor(x)
    else:
        if angle > np.pi / 2:
            x, y = y, x
        x = x * 0.5  # each weft thread is seen over two warp threads
        row = np.floor(y)
        x = x + 0.5 * (row % 2)
        column = np.floor(x)
        thread = np.abs(np.sin(np.pi * (y % 1))) ** 0.6 * (0.3 + 0.7 * np.abs(np.sin(np.pi * (x % 1))) ** 0.5)
    row, column = row - row.min(), column - column.min()
    labels = (row * (column.max() + 1) + column).astype(np.int64)
    return labels, thread.astype(np.float32), np.clip(1 - 2.2 * thread, 0, 1).astype(np.float32)


def rasterise(photo: np.ndarray, hand: Hand, rng: np.random.Generator, unit: float) -> np.ndarray:
    """Pixels of few colours, plain or dithered, or the dots and lines of a printing screen: float32 (H, W, 3)."""
    h, w = photo.shape[:2]
    picture = coloured(photo, hand)
    if hand.variant in (PIXEL, DITHER):
        return pixels(picture, hand, rng, max(1, round(hand.spacing * unit)))
    size, side = (w * SCALE, h * SCALE), max(3.0, hand.spacing * unit * SCALE)
    big = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
    y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    shift = hand.flow * side * clouds(size[1], size[0], 25 * unit * SCALE, np.random.default_rng(hand.seed))
    c, s = np.float32(np.cos(hand.angle) / side), np.float32(np.sin(hand.angle) / side)
    u, v = x * c + y * s + rng.random(), -x * s + y * c + rng.random()
    if hand.variant == LINES:
        v = v + shift / side
    grey = blurred(big @ LUMA, side * 0.3)
    low, high = np.quantile(grey, [0.03, 0.97])
    dark = np.clip(1 - (grey - low) / max(0.05, high - low), 0.02, 0.97)
    far = np.abs(v % 1 - 0.5) * 2
    if hand.variant == DOTS:
        far = np.hypot(u % 1 - 0.5, v % 1 - 0.5) * 1.8
        dark = np.sqrt(dark)
    ink = np.clip((dark - far) * side / 2 + 0.5, 0, 1)[..., None]
    colour: np.ndarray = np.array(hand.outline_colour, np.float32)
    if hand.colours:
        colour = np.array(hand.palette, np.float32)[nearest(blurred(big, side * 0.4), hand.palette)]
        colour = colour * 0.8
    ground = np.array(hand.ground, np.float32)
    out = ground + ink * (colour - ground)
    return cv2.resize(out.astype(np.float32), (w, h), interpolation=cv2.INTER_AREA)


def pixels(picture: np.ndarray, hand: Hand, rng: np.random.Generator, side: int) -> np.ndarray:
    """Squares of one colour each, in the palette's colours where the hand counts them: float32 (H, W, 3)."""
    h, w = picture.shape[:2]
    top, left = (int(n) for n in rng.integers(0, side, 2))
    padded = cv2.copyMakeBorder(picture, top, -(h + top) % side, left, -(w + left) % side, cv2.BORDER_REPLICATE)
    rows, columns = padded.shape[0] // side, padded.shape[1] // side
    small = cv2.resize(padded, (columns, rows), interpolation=cv2.INTER_AREA)
    if hand.variant == DITHER:
        bayer = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32) / 16 - 0.47
        small = small + 0.35 * np.tile(bayer, (rows // 4 + 1, columns // 4 + 1))[:rows, :columns, None]
    out = np.array(hand.palette, np.float32)[nearest(small, hand.palette)] if hand.colours else small
    return out.repeat(side, 0).repeat(side, 1)[top : top + h, left : left + w]
