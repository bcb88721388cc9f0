"""How well pixels are classified: confusion matrices, intersection over union, accuracy."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from impasto.base.label_maps import UNLABELLED


def confusion(found: Tensor, target: Tensor, classes: int) -> Tensor:
    """How many pixels of each class were taken for each class; pixels whose target has no class are left out.

    Args:
        found: whole numbers (N, 1, H, W), positions of classes.
        target: likewise, :data:`~impasto.base.label_maps.UNLABELLED` for none.
        classes: how many there are.

    Returns:
        int64 (N, classes, classes) for each picture; row: the target's class, column: the one found.
    """
    n = len(target)
    counted = target != UNLABELLED
    picture = torch.arange(n, device=target.device).view(-1, 1, 1, 1).expand_as(target)[counted]
    pairs = (picture * classes + target[counted].long()) * classes + found[counted].long()
    return torch.bincount(pairs, minlength=n * classes * classes).view(n, classes, classes)


def marginals(matrix: Tensor) -> Tensor:
    """Pixels by class that are right, of the target, and found: (..., K, K) to (..., 3, K)."""
    return torch.stack([matrix.diagonal(dim1=-2, dim2=-1), matrix.sum(-1), matrix.sum(-2)], -2)


def ious(sums: Tensor) -> Tensor:
    """Intersection over union of each class, NaN for one that is neither there nor found: (..., 3, K) to (..., K)."""
    right, there, found = sums.double().unbind(-2)
    return right / (there + found - right)


def mean_iou(sums: Tensor) -> Tensor:
    """Mean over the classes that are there or found: (..., 3, K) to (...)."""
    return ious(sums).nanmean(-1)


def pixel_accuracy(sums: Tensor) -> Tensor:
    """Share of the pixels whose class is right: (..., 3, K) to (...)."""
    right, there, _ = sums.double().unbind(-2)
    return right.sum(-1) / there.sum(-1)


def mean_accuracy(sums: Tensor) -> Tensor:
    """Mean over the classes that are there of the share of their pixels that is right: (..., 3, K) to (...)."""
    right, there, _ = sums.double().unbind(-2)
    return (right / there).nanmean(-1)


def matrix_picture(matrix: Tensor, names: Sequence[str]) -> Tensor:
    """A confusion matrix as a picture: shares of each row in percent, with the IoU of each class behind its name.

    Args:
        matrix: (K, K); row: the target's class, column: the one found.
        names: of the classes.

    Returns:
        (1, 3, H, W) in [-1, 1].
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # here, since it takes long to import
    from matplotlib.figure import Figure

    shares = matrix.double() / matrix.sum(1, keepdim=True).clamp_min(1)
    side = max(3.0, 0.55 * len(names) + 1.6)
    figure = Figure(figsize=(side + 0.8, side), layout="constrained", dpi=110)
    canvas, axes = FigureCanvasAgg(figure), figure.subplots()
    axes.imshow(shares.numpy(), cmap="Blues", vmin=0, vmax=1)
    of_class = ious(marginals(matrix)).tolist()
    rows = [f"{name}  {iou:.2f}" for name, iou in zip(names, of_class, strict=True)]
    axes.set_xticks(range(len(names)), names, rotation=90)
    axes.set_yticks(range(len(names)), rows)
    axes.set_xlabel("found")
    axes.set_ylabel("target, with its IoU")
    if len(names) <= 24:  # more cells are too small for numbers
        for row, column in np.ndindex(*shares.shape):
            share = float(shares[row, column])
            color = "white" if share > 0.5 else "black"
            axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", color=color, fontsize=8)
    canvas.draw()
    pixels = torch.from_numpy(np.asarray(canvas.buffer_rgba())[..., :3].copy())
    return pixels.permute(2, 0, 1)[None].float() / 127.5 - 1
