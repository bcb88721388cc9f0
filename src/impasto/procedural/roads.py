"""Road scenes with labels, depth and motion that are known, drawn by code from a camera that drives.

A pinhole camera looks along the road (z ahead, x to the right, y down, in metres). Ground, fronts of houses and sky are
found by casting a ray through each pixel; cars, people, trees, poles and signs stand upright across the road and are
drawn from far to near. Classes have the names and numbers of Cityscapes (Cordts et al. 2016).
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from impasto.base.spec import LabelMap

ROADS_VERSION: Final = 1
"""Raised when the same seed draws something else."""
_CLASSES: Final = {
    "road": (7, (128, 64, 128)),
    "sidewalk": (8, (244, 35, 232)),
    "building": (11, (70, 70, 70)),
    "wall": (12, (102, 102, 156)),
    "fence": (13, (190, 153, 153)),
    "pole": (17, (153, 153, 153)),
    "traffic light": (19, (250, 170, 30)),
    "traffic sign": (20, (220, 220, 0)),
    "vegetation": (21, (107, 142, 35)),
    "terrain": (22, (152, 251, 152)),
    "sky": (23, (70, 130, 180)),
    "person": (24, (220, 20, 60)),
    "rider": (25, (255, 0, 0)),
    "car": (26, (0, 0, 142)),
    "truck": (27, (0, 0, 70)),
    "bus": (28, (0, 60, 100)),
    "train": (31, (0, 80, 100)),
    "motorcycle": (32, (0, 0, 230)),
    "bicycle": (33, (119, 11, 32)),
}
CITYSCAPES: Final = LabelMap(
    tuple(_CLASSES),
    tuple(color for _, color in _CLASSES.values()),
    tuple(number for number, _ in _CLASSES.values()),
    ignore_number=255,
)
"""The 19 classes that Cityscapes is measured by, by their ``labelIds``, and their colours; KITTI's are the same."""
FAR: Final = 200.0
"""Metres to the sky."""
HEIGHT: Final = 1.4
"""Of the camera over the road, in metres."""
Light = Literal["day", "night", "fog"]


@dataclass(frozen=True)
class Thing:
    """Something upright.

    Attributes:
        kind: name of a class.
        x: of its middle, metres to the right.
        z: metres ahead at the beginning.
        wide: in metres.
        high: likewise.
        base: of its lower border over the ground, likewise.
        color: (3,) in 0..1.
        speed: metres a second along z.
    """

    kind: str
    x: float
    z: float
    wide: float
    high: float
    base: float
    color: tuple[float, float, float]
    speed: float = 0.0


@dataclass(frozen=True)
class View:
    """What the camera sees.

    Attributes:
        picture: uint8 (h, w, 3).
        classes: uint8 (h, w), positions in :data:`CITYSCAPES`.
        objects: uint8 (h, w), numbers of cars and people from 1, 0 elsewhere.
        depth: float32 (h, w), metres along z.
        motion: float32 (h, w, 2), pixels that what is seen moves right and down until the next frame.
    """

    picture: np.ndarray
    classes: np.ndarray
    objects: np.ndarray
    depth: np.ndarray
    motion: np.ndarray


class Road:
    """A street: every view is a function of the seed and the time alone.

    Args:
        seed: one number or several.
        light: of all views.
    """

    def __init__(self, seed: int | tuple[int, ...], light: Light = "day") -> None:
        random = np.random.default_rng(seed)
        self.light: Light = light
        self.half, self.walk = random.uniform(3.5, 6.5), random.uniform(1.5, 3.5)
        self.houses = bool(random.random() < 0.75)
        self.set_back = self.half + self.walk + random.uniform(0, 4) * (random.random() < 0.5)
        self.speed = random.uniform(4, 12)
        self.hour = random.uniform(0.8, 1.1)
        self.sky = np.array([0.45, 0.62, 0.85]) * random.uniform(0.85, 1.1) + random.uniform(0, 0.12)
        self.asphalt = random.uniform(0.26, 0.4)
        tints = 1 + random.normal(0, 0.12, (2, 40, 3))
        self.blocks = random.uniform(0.3, 0.75, (2, 40, 1)) * np.array([1.0, 0.92, 0.82]) * tints
        self.tops = random.uniform(4, 14, (2, 40))
        self.noise = random.random((64, 64))
        self.x0 = random.uniform(0.3, 1.0) * self.half / 2
        self.things = sorted(self._things(random), key=lambda thing: -thing.z)

    def _things(self, random: np.random.Generator) -> list[Thing]:
        found = []
        for _ in range(int(random.integers(2, 7))):
            parked = random.random() < 0.5
            side = random.choice([-1, 1])
            x = side * (self.half - 1.0) if parked else side * self.half / 2
            speed = 0.0 if parked else (self.speed if side > 0 else -self.speed) * random.uniform(0.5, 1.2)
            color = tuple(random.uniform(0.1, 0.9, 3))
            found.append(
                Thing(
                    "car",
                    x,
                    random.uniform(7, 60),
                    random.uniform(1.7, 2.1),
                    random.uniform(1.4, 1.8),
                    0.0,
                    color,
                    speed,
                )
            )  # type: ignore[arg-type]
        for _ in range(int(random.integers(0, 6))):
            x = random.choice([-1, 1]) * (self.half + random.uniform(0.3, self.walk))
            color = tuple(random.uniform(0.15, 0.8, 3))
            found.append(
                Thing(
                    "person",
                    x,
                    random.uniform(5, 35),
                    0.6,
                    random.uniform(1.5, 1.9),
                    0.0,
                    color,
                    random.uniform(-1.5, 1.5),
                )
            )  # type: ignore[arg-type]
        for place in np.arange(random.uniform(6, 14), 90, random.uniform(12, 22)):
            for side in (-1, 1):
                x = side * (self.half + 0.5)
                if random.random() < 0.6:
                    found.append(Thing("pole", x, place, 0.22, 5.0, 0.0, (0.35, 0.36, 0.38)))
                if random.random() < 0.3:
                    found.append(
                        Thing(
                            "traffic sign",
                            x,
                            place - 0.1,
                            0.8,
                            0.8,
                            2.1,
                            (0.2, 0.35, 0.75) if random.random() < 0.5 else (0.8, 0.15, 0.12),
                        )
                    )
                if random.random() < 0.5:
                    green = (0.16, random.uniform(0.28, 0.45), 0.12)
                    found.append(
                        Thing(
                            "vegetation",
                            side * (self.half + self.walk + 0.5),
                            place + 4,
                            random.uniform(3, 5),
                            random.uniform(3, 5),
                            1.5,
                            green,
                        )
                    )
        return found

    def view(self, size: tuple[int, int], time: float = 0.0, fps: float = 10.0) -> View:
        """What is seen at a time.

        Args:
            size: (h, w) in pixels.
            time: in seconds from the beginning.
            fps: frames a second, by which motion is told.
        """
        height, width = size
        focal, horizon = 0.9 * width / 2, 0.45 * height
        rows, columns = np.mgrid[:height, :width] + 0.5
        u, v = (columns - width / 2) / focal, (rows - horizon) / focal
        z = self.speed * time
        color, classes, depth = self._background(u, v, z)
        objects = np.zeros(size, np.uint8)
        own = np.zeros(size)
        number = 0
        for thing in sorted(self.things, key=lambda each: -(each.z + each.speed * time)):
            ahead = thing.z + thing.speed * time - z
            number += thing.kind in ("car", "person")
            if ahead < 1.5:
                continue
            inside, paint = _seen(thing, (u * ahead + self.x0 - thing.x), (HEIGHT - v * ahead) - thing.base, self.light)
            inside &= ahead < depth
            color[inside], depth[inside], own[inside] = paint[inside], ahead, thing.speed
            classes[inside] = CITYSCAPES.class_names.index(thing.kind)
            objects[inside] = number if thing.kind in ("car", "person") else 0
        after = np.maximum(depth - (self.speed - own) / fps, 0.5)
        moves = (depth < FAR)[..., None]
        motion = np.stack([focal * u * (depth / after - 1), focal * v * (depth / after - 1)], 2) * moves
        picture = _lit(color, depth, u, v, self.light, self.hour)
        grain = np.resize(self.noise, size)[..., None] - 0.5
        picture = np.rint(255 * np.clip(picture + 0.03 * grain, 0, 1)).astype(np.uint8)
        return View(picture, classes, objects, depth.astype(np.float32), motion.astype(np.float32))

    def _background(self, u: np.ndarray, v: np.ndarray, z: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Colours, classes and depth of ground, houses and sky."""
        depth = np.where(v > 1e-3, HEIGHT / np.maximum(v, 1e-3), FAR)
        depth = np.minimum(depth, FAR)
        x, along = u * depth + self.x0, depth + z
        classes = np.full(u.shape, CITYSCAPES.class_names.index("sky"), np.uint8)
        color = np.broadcast_to(self.sky, (*u.shape, 3)) * (1.1 + 0.5 * v)[..., None]
        ground = (v > 1e-3) & (depth < FAR)
        grain = self.noise[(along * 4).astype(int) % 64, (x * 4).astype(int) % 64]
        surfaces = [
            ("terrain", np.abs(x) < FAR, np.array([0.3, 0.42, 0.18])),
            ("sidewalk", np.abs(x) < self.half + self.walk, np.array([0.55, 0.53, 0.5])),
            ("road", np.abs(x) < self.half, np.full(3, self.asphalt)),
        ]
        for name, here, tone in surfaces:
            here = here & ground
            classes[here] = CITYSCAPES.class_names.index(name)
            color[here] = (tone * (0.85 + 0.3 * grain[..., None]))[here]
        dashes = ground & (np.abs(x) < 0.09) & (along % 6 < 3)
        edges = ground & (np.abs(np.abs(x) - self.half + 0.2) < 0.07)
        color[dashes | edges] = 0.85
        if self.houses:
            self._houses(u, v, z, (color, classes, depth))
        return color, classes, depth

    def _houses(self, u: np.ndarray, v: np.ndarray, z: float, seen: tuple[np.ndarray, ...]) -> None:
        """Fronts along both sides, each block with a colour and height of its own, and rows of windows."""
        color, classes, depth = seen
        for side in (0, 1):
            wall = (2 * side - 1) * self.set_back - self.x0
            with np.errstate(divide="ignore", invalid="ignore"):
                away = np.where(u * wall > 0, wall / u, FAR)
            up = HEIGHT - v * away
            along = away + z
            block = (along // 9).astype(int) % 40
            front = (away < np.minimum(depth, 120)) & (away > 0.5) & (up > 0) & (up < self.tops[side][block])
            window = (along % 3 > 1.1) & (along % 3 < 2.2) & (up % 3 > 1) & (up % 3 < 2.3)
            tone = self.blocks[side][block] * np.where(window, 0.45, 1.0)[..., None]
            if self.light == "night":
                lamp = window & ((block * 7 + (along // 3).astype(int) + (up // 3).astype(int)) % 3 == 0)
                tone = np.where(lamp[..., None], np.array([4.5, 3.6, 2.0]), tone)
            color[front], depth[front] = tone[front], away[front]
            classes[front] = CITYSCAPES.class_names.index("building")


def _seen(thing: Thing, x: np.ndarray, y: np.ndarray, light: Light) -> tuple[np.ndarray, np.ndarray]:
    """Where a thing is and its colours, for places x to the right of its middle and y over its lower border."""
    across, up = x / (thing.wide / 2), y / thing.high
    color = np.broadcast_to(np.array(thing.color), (*x.shape, 3)).copy()
    if thing.kind == "vegetation":
        return across**2 + (2 * up - 1) ** 2 < 1, color * (0.7 + 0.5 * np.clip(up, 0, 1))[..., None]
    inside = (np.abs(across) < 1) & (up > 0) & (up < 1)
    if thing.kind == "person":
        head = (np.abs(across) < 0.45) & (up > 0.83)
        color[up < 0.45] = 0.18
        color[head] = (0.8, 0.62, 0.5)
        return inside & (head | (up < 0.83)) & ((up > 0.45) | (np.abs(across) > 0.12)), color
    if thing.kind == "car":
        cabin = up > 0.55
        inside &= ~cabin | (np.abs(across) < 0.82)
        color[cabin & (np.abs(across) < 0.68) & (up < 0.92)] = (0.15, 0.2, 0.25)
        color[up < 0.2] = 0.08
        lamps = (np.abs(np.abs(across) - 0.78) < 0.16) & (np.abs(up - 0.42) < 0.09)
        bright = 4.0 if light == "night" else 1.0
        color[lamps] = np.array([0.9, 0.1, 0.08] if thing.speed >= 0 else [0.95, 0.95, 0.8]) * bright
    return inside, color


def _lit(color: np.ndarray, depth: np.ndarray, u: np.ndarray, v: np.ndarray, light: Light, hour: float) -> np.ndarray:
    """Colours by day, by night in the light of one's own lamps, or in fog."""
    if light == "fog":
        clear = np.exp(-depth / 25)[..., None]
        return hour * (color * clear + 0.75 * (1 - clear))
    if light == "night":
        beam = np.exp(-(((u / 0.55) ** 2) + ((v - 0.12) / 0.16) ** 2)) * np.exp(-depth / 30)
        return color * (np.array([0.1, 0.12, 0.2]) + 0.75 * beam[..., None] * np.array([1.0, 0.95, 0.8]))
    return hour * color * np.exp(-depth / 900)[..., None]
