"""Condition vectors of pictures as a table: one for each, by name."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class VectorTable:
    """Vectors as a file, or a data set, holds them.

    Attributes:
        path: the file.
        files: what each vector is of: a path below ``data.root``.
        vectors: float32 (n, K), finite.
        kind: what each of them is, for messages: a vector, or a caption.
        names: of the K numbers; empty if they have none.
    """

    path: Path
    files: list[str]
    vectors: np.ndarray
    kind: str = "vector"
    names: tuple[str, ...] = ()
