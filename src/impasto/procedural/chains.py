"""Chains of a protein's alpha carbons, made by code: helices and strands with loops between them, packed together."""

import numpy as np

BOND = 3.8
"""Angstrom between neighbours."""
CLASH = 4.0
"""Angstrom that others keep from each other, at least, where that can be had."""
TRIALS = 12
"""Directions that are tried for each piece."""


def helix(length: int) -> np.ndarray:
    """Radius 2.3, 100 degrees and 1.5 Angstrom a residue (Pauling et al. 1951): (length, 3)."""
    turn = np.deg2rad(100) * np.arange(length)
    return np.stack([2.3 * np.cos(turn), 2.3 * np.sin(turn), 1.5 * np.arange(length)], 1)


def strand(length: int) -> np.ndarray:
    """A flat zigzag of 3.3 Angstrom a residue: (length, 3)."""
    places = np.arange(length)
    return np.stack([0.94 * (-1.0) ** places, 0.0 * places, 3.3 * places], 1)


def rotation(numbers: np.random.Generator) -> np.ndarray:
    """A rotation, each equally likely: (3, 3), by a random unit quaternion (Shoemake 1992)."""
    q = numbers.standard_normal(4)
    w, x, y, z = q / np.linalg.norm(q)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def chain(length: int, numbers: np.random.Generator) -> np.ndarray:
    """Coordinates of a chain in Angstrom, (length, 3)."""
    found = np.zeros((1, 3))
    while len(found) < length:
        piece = helix(int(numbers.integers(8, 13))) if numbers.random() < 0.5 else strand(int(numbers.integers(5, 8)))
        loop = BOND * np.arange(1, int(numbers.integers(1, 3)) + 1)[:, None]
        found = np.concatenate([found, best_placed(found, loop, piece, numbers)])
    return found[:length] - found[:length].mean(0)


def best_placed(found: np.ndarray, loop: np.ndarray, piece: np.ndarray, numbers: np.random.Generator) -> np.ndarray:
    """A loop and a piece behind a chain: of some directions the one that keeps clear of it, nearest to its middle."""
    best, least = None, np.inf
    for _ in range(TRIALS):
        ahead = numbers.standard_normal(3)
        steps = found[-1] + loop * (ahead / np.linalg.norm(ahead))
        turned = (piece - piece[0]) @ rotation(numbers).T
        new = np.concatenate([steps, steps[-1] + BOND * direction(numbers) + turned])
        apart = np.linalg.norm(new[:, None] - found[None, :-1], axis=2) if len(found) > 1 else np.full((1, 1), CLASH)
        cost = np.linalg.norm(new - found.mean(0), axis=1).mean() + 100 * max(CLASH - float(apart.min()), 0)
        if cost < least:
            best, least = new, cost
    assert best is not None
    return best


def direction(numbers: np.random.Generator) -> np.ndarray:
    """A unit vector."""
    ahead = numbers.standard_normal(3)
    return ahead / np.linalg.norm(ahead)


def distances(coordinates: np.ndarray) -> np.ndarray:
    """(..., n, 3) to (..., n, n)."""
    return np.linalg.norm(coordinates[..., :, None, :] - coordinates[..., None, :, :], axis=-1)
