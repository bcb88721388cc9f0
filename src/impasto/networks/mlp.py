"""The fully connected pair of the first GAN (Goodfellow et al. 2014), with current activations."""

import math
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.ranges import Count
from impasto.networks.layers.condition import (
    ConditionEmbedding,
    DiscriminatorConditioning,
    LatentInput,
    has_condition,
)
from impasto.networks.layers.dropout import ChannelDropout
from impasto.networks.layers.head import ScoreHead
from impasto.networks.layers.ladder import positive
from impasto.networks.layers.linear import dense, he
from impasto.networks.layers.norm import BatchNorm

NormKind = Literal["batch", "layer", "none"]
DenseConditioning = Literal["concat", "none"]


def hidden_layer(before: int, after: int, norm: NormKind, slope: float, dropout: float, spectral: bool) -> nn.Module:
    """Dense layer, normalisation, LeakyReLU, dropout."""
    if norm not in get_args(NormKind):
        raise UserError(f"Dense networks have no normalisation {norm!r}; set norm to batch, layer or none.")
    norms = {"batch": BatchNorm, "layer": nn.LayerNorm}
    layers: list[nn.Module] = [dense(before, after, init=he(slope), spectral=spectral)]
    if norm != "none":
        layers.append(norms[norm](after))
    return nn.Sequential(*layers, nn.LeakyReLU(slope), ChannelDropout(dropout))


class MLPGenerator(nn.Module):
    """Maps noise to all pixels through dense layers of growing width.

    Args:
        channels: of the pictures.
        height: of the pictures.
        width: of the pictures.
        num_classes: labels 0 to ``num_classes`` - 1; 0 without.
        condition_dim: length of condition vectors, which take precedence over labels; 0 without.
        latent_dim: length of the noise vector.
        features: units of the first hidden layer, doubled by each next one.
        max_features: upper limit of units in a layer.
        depth: hidden layers.
        conditioning: ``concat`` (beside the noise) or ``none``.
        norm: ``batch``, ``layer`` or ``none``; the first layer has none.
        dropout: probability of a unit to be dropped.
        slope: of the LeakyReLUs.
        spectral_norm: on all layers.
        embedding: length of the embedded condition.
    """

    def __init__(
        self,
        channels: int,
        height: int,
        width: int,
        num_classes: int = 0,
        condition_dim: int = 0,
        *,
        latent_dim: int = 100,
        features: Count = 256,
        max_features: Count = 1024,
        depth: int = 3,
        conditioning: DenseConditioning = "concat",
        norm: NormKind = "batch",
        dropout: float = 0.0,
        slope: float = 0.2,
        spectral_norm: bool = False,
        embedding: int = 128,
    ) -> None:
        super().__init__()
        positive(latent_dim=latent_dim, features=features, max_features=max_features, depth=depth, embedding=embedding)
        has_condition(num_classes, condition_dim, conditioning, DenseConditioning)
        self.latent_dim, self.shape = latent_dim, (channels, height, width)
        self.input = LatentInput(latent_dim, num_classes, condition_dim, conditioning, embedding)
        self.conditional = self.input.conditional
        widths = [min(features * 2**i, max_features) for i in range(depth)]
        before = [self.input.width, *widths]
        self.hidden = nn.Sequential(
            *(
                hidden_layer(before[i], wide, norm if i else "none", slope, dropout, spectral_norm)
                for i, wide in enumerate(widths)
            )
        )
        self.paint = dense(before[-1], math.prod(self.shape), init=he(1.0), spectral=spectral_norm)

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """Noise (N, latent_dim) and labels (N,) or vectors (N, condition_dim) to (N, C, H, W) in [-1, 1], float32.

        Raises:
            UserError: the condition is missing or does not fit.
        """
        z, _ = self.input(z, condition)
        return torch.tanh(self.paint(self.hidden(z)).float()).unflatten(1, self.shape)


class MLPDiscriminator(nn.Module):
    """Maps all pixels to one score through dense layers of shrinking width.

    Args:
        channels: of the pictures.
        height: of the pictures.
        width: of the pictures.
        num_classes: labels 0 to ``num_classes`` - 1; 0 without.
        condition_dim: length of condition vectors, which take precedence over labels; 0 without.
        features: units of the last hidden layer; twice as many in each one before.
        max_features: upper limit of units in a layer.
        depth: hidden layers.
        conditioning: ``projection``, ``concat`` (beside the pixels) or ``none``.
        norm: ``batch``, ``layer`` or ``none``; the first layer has none.
        dropout: probability of a unit to be dropped.
        slope: of the LeakyReLUs.
        spectral_norm: on all layers.
        sigmoid: squash the scores into [0, 1].
        embedding: length of the embedded condition beside the pixels.
    """

    def __init__(
        self,
        channels: int,
        height: int,
        width: int,
        num_classes: int = 0,
        condition_dim: int = 0,
        *,
        features: Count = 256,
        max_features: Count = 1024,
        depth: int = 3,
        conditioning: DiscriminatorConditioning = "projection",
        norm: NormKind = "none",
        dropout: float = 0.3,
        slope: float = 0.2,
        spectral_norm: bool = False,
        sigmoid: bool = False,
        embedding: int = 128,
    ) -> None:
        super().__init__()
        positive(features=features, max_features=max_features, depth=depth, embedding=embedding)
        self.sigmoid = sigmoid
        given = has_condition(num_classes, condition_dim, conditioning, DiscriminatorConditioning)
        beside = given and conditioning == "concat"
        self.embed = (
            ConditionEmbedding(num_classes, condition_dim, embedding, spectral=spectral_norm) if beside else None
        )
        widths = [min(features * 2**i, max_features) for i in reversed(range(depth))]
        before = [channels * height * width + (embedding if beside else 0), *widths]
        self.hidden = nn.Sequential(
            *(
                hidden_layer(before[i], wide, norm if i else "none", slope, dropout, spectral_norm)
                for i, wide in enumerate(widths)
            )
        )
        self.head = ScoreHead(
            before[-1],
            (1, 1),
            num_classes=num_classes,
            condition_dim=condition_dim,
            conditioning="none" if beside else conditioning,
            sigmoid=sigmoid,
            init=he(1.0),
            spectral=spectral_norm,
        )

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """(N, C, H, W) and labels (N,) or vectors (N, condition_dim) to scores (N,).

        Raises:
            UserError: the condition is missing or does not fit.
        """
        x = x.flatten(1)
        if self.embed is not None:
            x = torch.cat([x, self.embed(condition)], 1)
        return self.head(self.hidden(x)[:, :, None, None], condition)
