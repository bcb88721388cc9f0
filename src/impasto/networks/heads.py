"""Heads of a discriminator beside its score: what else it says of a picture."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.base import distributed
from impasto.base.ranges import Count, CountOrZero
from impasto.base.vocabulary import PADDING
from impasto.networks.layers.ladder import Size
from impasto.networks.layers.linear import dense
from impasto.networks.layers.told import Told

Heads = dict[str, Tensor]
"""What heads say, by name: the pictures along the first axis of each."""


class MatchingHead(nn.Module):
    """Pictures and captions as vectors of length 1 in one space, near each other where they belong together.

    Beside them come captions that are wrong in one thing, see :func:`exchanged`, to be told apart from the
    picture's own.

    Args:
        channels: of the feature map.
        size: of the feature map.
        text_width: length of an encoded caption.
        told: holds the captions and what encodes them.
        width: of the vectors.
        wrong: captions with exchanged words, for each picture.
        features: units of the hidden layer.
    """

    def __init__(
        self,
        channels: int,
        size: Size,
        text_width: int,
        told: Told,
        *,
        width: Count = 64,
        wrong: CountOrZero = 8,
        features: Count = 256,
    ) -> None:
        super().__init__()
        self.told, self.wrong = told, wrong
        self.picture = nn.Sequential(
            nn.Flatten(), dense(channels * size[0] * size[1], features), nn.LeakyReLU(0.2), dense(features, width)
        )
        self.caption = dense(text_width, width)

    def forward(self, x: Tensor) -> Heads:
        """``picture`` and ``caption`` (N, width), ``told`` (N,), whether there is a caption, and with wrong captions
        ``wrong`` (N, k, width) and ``same`` (N, k), whether such a caption is the right one after all.
        """
        numbers, encoder, encoded = self.told.numbers, self.told.encoder, self.told.encoded
        assert numbers is not None, "the network is told captions before it is called"
        found = {"picture": self.picture(x), "caption": self.caption(encoded.sentence)}
        if self.wrong:
            wrong = exchanged(numbers, self.wrong)
            found["wrong"] = self.caption(encoder(wrong.flatten(0, 1)).sentence).unflatten(0, wrong.shape[:2])
        unit = {name: F.normalize(vectors.float(), dim=-1) for name, vectors in found.items()}
        unit["told"] = (numbers != PADDING).any(1)
        return {**unit, "same": (wrong == numbers[:, None]).all(-1)} if self.wrong else unit


def exchanged(numbers: Tensor, count: int) -> Tensor:
    """Captions that are wrong in one thing.

    Half have two of their words changed over; in the others one is replaced by that at its place in another caption.

    Args:
        numbers: (N, L) of words, padded behind.
        count: of wrong captions for each.

    Returns:
        (N, count, L). Where chance changes over a word with itself, a caption is as it was.
    """
    n, length = numbers.shape
    draw = distributed.per_sample(lambda m: torch.rand(m, count, 4, device=numbers.device), n)
    words = (numbers != PADDING).sum(1).clamp_min(1)[:, None]
    first, second = ((draw[..., i] * words).long() for i in (0, 1))
    rows = numbers[:, None].expand(n, count, length)
    at_first, at_second = rows.gather(2, first[..., None]), rows.gather(2, second[..., None])
    swapped = rows.scatter(2, first[..., None], at_second).scatter(2, second[..., None], at_first)
    others = numbers[(draw[..., 2] * n).long(), first]
    kept = (others == PADDING) | (at_first[..., 0] == PADDING)
    others = torch.where(kept, at_first[..., 0], others)
    replaced = rows.scatter(2, first[..., None], others[..., None])
    return torch.where(draw[..., 3:] < 0.5, swapped, replaced)
