"""Encoders of captions, and a small one that is trained along with the network that it is a part of."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.ranges import Count
from impasto.base.vocabulary import PADDING, Vocabulary
from impasto.networks.layers.linear import dense


@dataclass(frozen=True)
class Encoded:
    """Captions as networks are told them.

    Attributes:
        sentence: (N, W), one vector for each caption.
        words: (N, L, W), one for each word, in its context; behind the last word of a caption, its sentence again, so
            that attention needs no mask.
    """

    sentence: Tensor
    words: Tensor


class TextEncoder(nn.Module):
    """A small transformer over words (Vaswani et al. 2017), normalised before each layer, without dropout.

    Any other encoder in its place is a module that takes the vocabulary, has ``width``, and gives :class:`Encoded` of
    numbers of words.

    Args:
        vocabulary: of the captions.
        width: of the vectors.
        depth: layers.
        heads: of the attention; a divisor of the width.

    Raises:
        UserError: the width cannot be divided by the heads.
    """

    def __init__(self, vocabulary: Vocabulary, width: Count = 64, depth: Count = 2, heads: Count = 4) -> None:
        super().__init__()
        if width % heads:
            raise UserError(
                f"A text encoder of width {width} cannot have {heads} heads: choose a width that they divide."
            )
        self.width = width
        self.embed = nn.Embedding(vocabulary.size, width)
        self.sentence = nn.Parameter(torch.randn(width))
        self.places = nn.Parameter(torch.randn(vocabulary.length + 1, width) * 0.5)
        self.layers = nn.ModuleList(TransformerLayer(width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width)

    def forward(self, numbers: Tensor) -> Encoded:
        """Numbers of words (N, L), padded behind, of any type, to sentences and words."""
        numbers = numbers.long()
        x = torch.cat([self.sentence.expand(len(numbers), 1, -1), self.embed(numbers)], 1) + self.places
        there = F.pad(numbers != PADDING, (1, 0), value=True)
        for layer in self.layers:
            x = layer(x, there)
        x = self.norm(x)
        sentence = x[:, 0]
        return Encoded(sentence, torch.where(there[..., None], x, sentence[:, None])[:, 1:])


class TransformerLayer(nn.Module):
    """x + attention(x), then x + two dense layers of it.

    Args:
        width: of the vectors.
        heads: of the attention.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.look, self.out = dense(width, 3 * width, init=small), dense(width, width, init=small)
        self.think = nn.Sequential(dense(width, 2 * width, init=small), nn.GELU(), dense(2 * width, width, init=small))

    def forward(self, x: Tensor, there: Tensor) -> Tensor:
        """Vectors (N, L, W) to the same; ``there`` says which are looked at, (N, L), or from where, (1, L, L)."""
        there = there[:, None, None] if there.ndim == 2 else there[:, None]
        query, key, value = self.look(self.before(x)).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        # Written out: for so few words the fused kernel of a CPU takes several times as long.
        likeness = query @ key.transpose(2, 3) * query.shape[-1] ** -0.5
        weights = likeness.masked_fill(~there, -torch.inf).softmax(-1).to(value.dtype)
        x = x + self.out((weights @ value).transpose(1, 2).flatten(2))
        made: Tensor = self.think(self.between(x))
        return x + made


def small(weight: Tensor) -> Tensor:
    """Xavier's for dense layers of a transformer."""
    return nn.init.xavier_uniform_(weight)
