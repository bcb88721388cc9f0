"""Chains recovered from their distances, and how well they agree with them."""

import numpy as np

CUTOFF = 15.0
"""Angstrom up to which distances count."""
TOLERANCES = (0.5, 1.0, 2.0, 4.0)


def recovered(distances: np.ndarray) -> np.ndarray:
    """Coordinates by classical multidimensional scaling (Torgerson 1952), up to rotation and mirror image.

    Args:
        distances: (n, L, L), symmetric.

    Returns:
        (n, L, 3).
    """
    size = distances.shape[1]
    centring = np.eye(size) - 1 / size
    values, vectors = np.linalg.eigh(-0.5 * centring @ distances**2 @ centring)
    return vectors[..., -3:] * np.sqrt(np.maximum(values[:, None, -3:], 0))


def lddt(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """How many distances below 15 Angstrom are kept, within 0.5, 1, 2 and 4 Angstrom, on average: (n,), 0 to 1.

    As the local distance difference test (Mariani et al. 2013, section 2.1), of alpha carbons alone.

    Args:
        found: distances (n, L, L).
        truth: likewise.
    """
    counted = (truth < CUTOFF) & ~np.eye(truth.shape[1], dtype=bool)
    off = np.abs(found - truth)
    kept = sum((off < tolerance) & counted for tolerance in TOLERANCES)
    return np.asarray(kept).sum((1, 2)) / (len(TOLERANCES) * np.maximum(counted.sum((1, 2)), 1))
