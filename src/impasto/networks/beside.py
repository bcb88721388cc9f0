"""What is told beside a caption: a class, and the colours and grain of a style picture. Each can be left out."""

from collections.abc import Mapping
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.base.spec import LABEL, STYLE, ImageSpec
from impasto.networks.layers.linear import dense

BANDS: Final = 3
"""Levels of detail that a style picture is told by."""


def style_of(images: Tensor) -> Tensor:
    """Colours and grain of pictures: (N, C, H, W) in [-1, 1], at least 8 pixels each way, to (N, C (2 + 3)).

    Of each channel its mean, its deviation, and those of three bands of a Laplacian pyramid (Burt and Adelson 1983),
    times 4: what a picture is painted in, not what it shows.
    """
    x = images.float()
    found = [x.mean((2, 3)), x.std((2, 3))]
    for _ in range(BANDS):
        smaller = F.avg_pool2d(x, 2)
        found.append(4 * (x - F.interpolate(smaller, x.shape[2:], mode="bilinear", align_corners=False)).std((2, 3)))
        x = smaller
    return torch.cat(found, 1)


def columns_of(spec: ImageSpec) -> dict[str, slice]:
    """Where in a condition vector each thing is that is told beside the words, by name.

    A class is one number, 1 for the first; a style picture is a 1 and what :func:`style_of` gives. 0 is not told.
    """
    assert spec.vocabulary is not None, "something is told beside captions"
    start, found = spec.vocabulary.length, {}
    for name in spec.beside:
        width = 1 if name == LABEL else 1 + spec.channels * (2 + BANDS)
        found[name] = slice(start, start + width)
        start += width
    return found


def with_beside(spec: ImageSpec, words: Tensor, labels: Tensor | None = None, style: Tensor | None = None) -> Tensor:
    """Condition vectors of captions and of what is told beside them.

    Args:
        spec: of the pictures, with what is told in ``beside``.
        words: (N, L) numbers.
        labels: (N,) classes; None tells none.
        style: (N, C, H, W) in [-1, 1], or one for all of them; None shows none.

    Returns:
        (N, L and more), float32.
    """
    columns = columns_of(spec)
    found = [words]
    for name, column in columns.items():
        told = torch.zeros(len(words), column.stop - column.start, device=words.device)
        if name == LABEL and labels is not None:
            told = labels.to(told)[:, None] + 1
        elif name == STYLE and style is not None:
            told = F.pad(style_of(style), (1, 0), value=1.0).expand(len(words), -1)
        found.append(told)
    return torch.cat(found, 1)


def told_apart(spec: ImageSpec, condition: Tensor) -> tuple[Tensor, Mapping[str, Tensor]]:
    """Condition vectors as words (N, L) and, by name, what is told beside them; columns that are not there are 0."""
    columns = columns_of(spec)
    whole = max((column.stop for column in columns.values()), default=condition.shape[1])
    padded = F.pad(condition, (0, max(whole - condition.shape[1], 0)))
    return padded[:, : spec.vocabulary.length], {name: padded[:, at] for name, at in columns.items()}  # type: ignore[union-attr]


class Beside(nn.Module):
    """Adds what is told beside a caption to the sentence, each as a vector of its own; what is not told adds nothing.

    Args:
        spec: of the pictures.
        width: of an encoded caption.
    """

    def __init__(self, spec: ImageSpec, width: int) -> None:
        super().__init__()
        self.spec = spec
        self.classes = nn.Embedding(spec.num_classes + 1, width, padding_idx=0) if LABEL in spec.beside else None
        wide = spec.channels * (2 + BANDS) + 1
        self.style = dense(wide, width, bias=False) if STYLE in spec.beside else None

    def forward(self, sentence: Tensor, beside: Mapping[str, Tensor]) -> Tensor:
        """Sentences (N, W), and columns by name, see :func:`told_apart`, to (N, W)."""
        if self.classes is not None:
            sentence = sentence + self.classes(beside[LABEL][:, 0].long())
        if self.style is not None:
            sentence = sentence + self.style(beside[STYLE])
        return sentence
