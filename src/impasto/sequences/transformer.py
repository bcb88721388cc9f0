"""A transformer that judges sequences."""

import math

import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.ranges import Count
from impasto.networks.layers.head import ScoreHead
from impasto.networks.layers.linear import dense, he, small_normal
from impasto.sequences.networks import conv1d


class Layer(nn.Module):
    """Self-attention, then two dense layers, each normalised before (Xiong et al. 2020) and with a shortcut.

    Attention is two products of matrices, since gradients of it are differentiated again where they are penalised.

    Args:
        features: of each place.
        heads: of attention.
    """

    def __init__(self, features: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.LayerNorm(features), nn.LayerNorm(features)
        self.all_three, self.out = dense(features, 3 * features, init=he(1.0)), dense(features, features, init=he(1.0))
        self.wide = nn.Sequential(
            dense(features, 2 * features), nn.GELU(), dense(2 * features, features, init=small_normal)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, T, features) to the same."""
        query, key, value = (
            each.unflatten(2, (self.heads, -1)).transpose(1, 2) for each in self.all_three(self.before(x)).chunk(3, 2)
        )
        weights = (query @ key.transpose(2, 3) / math.sqrt(query.shape[3])).softmax(3)
        x = x + self.out((weights @ value).transpose(1, 2).flatten(2))
        return x + self.wide(self.between(x))


class SequenceTransformer(nn.Module):
    """A score of sequences by attention among their places (Vaswani et al. 2017), averaged at the end.

    Args:
        channels: tokens of the alphabet.
        height: voices.
        width: length of the sequences.
        num_classes: labels; 0 without.
        condition_dim: length of condition vectors; 0 without.
        features: of each place.
        depth: layers.
        heads: of attention; they divide the features.
        minibatch_std: show the last layer how much a batch's sequences differ.

    Raises:
        UserError: the heads do not divide the features.
    """

    def __init__(
        self,
        channels: int,
        height: int,
        width: int,
        num_classes: int = 0,
        condition_dim: int = 0,
        *,
        features: Count = 64,
        depth: Count = 3,
        heads: Count = 4,
        minibatch_std: bool = True,
    ) -> None:
        super().__init__()
        if features % heads:
            raise UserError(f"model.discriminator.heads={heads} does not divide features={features}: give a divisor.")
        self.enter = conv1d(channels * height, features, 1)
        self.place = nn.Parameter(torch.randn(width, features) * 0.5)
        self.layers = nn.Sequential(*(Layer(features, heads) for _ in range(depth)))
        self.head = ScoreHead(
            features,
            (1, 1),
            num_classes=num_classes,
            condition_dim=condition_dim,
            minibatch_std=minibatch_std,
            init=he(0.2),
        )

    def forward(self, sequences: Tensor, condition: Tensor | None = None) -> Tensor:
        """(N, V, voices, T) and a condition to scores (N,)."""
        x = self.enter(sequences.flatten(1, 2)).transpose(1, 2)
        x = self.layers(x + self.place.to(x.dtype))
        return self.head(x.mean(1)[:, :, None, None], condition)
