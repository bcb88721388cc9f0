"""A wall of stones, drawn by code: a texture to learn from a single picture."""

import numpy as np

from impasto.procedural.loops import periodic_noise


def draw_stones(side: int, seed: int = 0, across: int = 7) -> np.ndarray:
    """Irregular stones with mortar between them: uint8 (side, side, 3). Its borders do not join.

    Args:
        side: pixels.
        seed: of the stones.
        across: stones in a row, about.
    """
    random = np.random.default_rng(seed)
    cell = side / across
    grid = np.mgrid[-1 : across + 1, -1 : across + 1].reshape(2, -1).T.astype(np.float64)
    grid[:, 1] += 0.5 * (grid[:, 0] % 2)
    points = (grid + random.uniform(0.2, 0.8, grid.shape)) * cell
    rows, columns = np.mgrid[:side, :side] + 0.5
    apart = np.hypot(rows[..., None] - points[:, 0], columns[..., None] - points[:, 1])
    order = np.argpartition(apart, 1, axis=2)[..., :2]
    first, second = np.moveaxis(np.take_along_axis(apart, order, 2), 2, 0)
    own = order[..., 0]
    joint = np.clip((second - first) / cell * 5, 0, 1)[..., None]
    noise = periodic_noise(random, 1, side, (1, max(side // 6, 2)))[0][..., None]
    stone = random.uniform(0.75, 1.2, (len(points), 1))[own] * np.array([148, 140, 128])
    stone = stone + random.uniform(-7, 7, (len(points), 3))[own]
    top = points[own, 0] - rows  # lit from above
    lit = 1 + 0.35 * np.clip(top / cell, -1, 1)[..., None] * joint
    color = stone * lit * (0.8 + 0.4 * noise) * joint + np.array([62, 56, 50]) * (1 - joint)
    return np.rint(np.clip(color, 0, 255)).astype(np.uint8)
