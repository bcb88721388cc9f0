"""Convolutional networks for sequences: a generator that draws tokens, and a discriminator."""

from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.ranges import Count, CountOrZero, Positive
from impasto.networks.layers.attention import SelfAttention
from impasto.networks.layers.condition import ConditionEmbedding
from impasto.networks.layers.head import ScoreHead
from impasto.networks.layers.linear import dense, he, small_normal

Drawing = Literal["gumbel", "probabilities"]
"""What a generator gives while it is trained: tokens, or their probabilities. Afterwards it always gives tokens."""
Local = Literal["places", "whole", "none"]
"""What a discriminator scores by neighbourhoods alone."""


def conv1d(before: int, after: int, kernel: int, dilation: int = 1, scale: float = 1.0) -> nn.Conv1d:
    """A convolution along a sequence that keeps its length, kernel odd; He's initialisation times ``scale``."""
    layer = nn.Conv1d(before, after, kernel, padding=kernel // 2 * dilation, dilation=dilation)
    he(0.2, scale)(layer.weight)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer


def draw_tokens(logits: Tensor, noise: Tensor | None, temperature: float, soft: bool) -> Tensor:
    """Tokens by the Gumbel-max trick, with the gradients of a softmax (Jang et al. 2017, section 2.2).

    Args:
        logits: (N, V, voices, T).
        noise: standard normal, of the same shape; it is made Gumbel noise. None takes the likeliest token.
        temperature: of the softmax that gradients go through; lower ones are nearer to the tokens and noisier.
        soft: give the probabilities themselves, for critics of Wasserstein distances (Gulrajani et al. 2017).

    Returns:
        (N, V, voices, T): 0 or 1, or probabilities.
    """
    logits = logits.float()
    if noise is not None:
        logits = logits - (-torch.special.log_ndtr(noise.float())).log()  # -log(-log u) of uniform u is Gumbel noise
    if soft:
        return (logits / temperature).softmax(1)
    tokens = torch.zeros_like(logits).scatter_(1, logits.argmax(1, keepdim=True), 1.0)
    if not torch.is_grad_enabled():
        return tokens
    smooth = (logits / temperature).softmax(1)
    return tokens + smooth - smooth.detach()


class Block(nn.Module):
    """Two convolutions around which there is a shortcut, told a vector.

    Args:
        features: channels.
        told: length of the vector; 0 for none.
        kernel: odd.
        dilation: of the first convolution.
    """

    def __init__(self, features: int, told: int, kernel: int, dilation: int) -> None:
        super().__init__()
        self.first, self.second = conv1d(features, features, kernel, dilation), conv1d(features, features, 1, scale=0.5)
        self.told = dense(told, features, init=small_normal) if told else None
        self.norm = nn.GroupNorm(1, features)

    def forward(self, x: Tensor, vector: Tensor | None = None) -> Tensor:
        """(N, features, T) and (N, told) to (N, features, T)."""
        inner = self.first(self.norm(x))
        if self.told is not None and vector is not None:
            inner = inner + self.told(vector)[:, :, None]
        return x + self.second(F.leaky_relu(inner, 0.2))


class SequenceGenerator(nn.Module):
    """Noise to sequences: convolutions over noise of each place, told a vector of the whole, then a draw of each token.

    The noise is one vector: ``latent_dim`` numbers for the whole sequence, ``local`` for each place, and for
    ``drawing=gumbel`` one for each token of each place, by which it is drawn. A sequence is therefore the same whenever
    it is made of the same vector, and drawn as in training.

    Args:
        channels: tokens of the alphabet.
        height: voices.
        width: length of the sequences.
        num_classes: labels; 0 without.
        condition_dim: length of condition vectors; 0 without.
        latent_dim: numbers of noise for the whole sequence.
        local: numbers of noise for each place.
        features: channels inside.
        depth: blocks, with dilations of 1, 2, 4, 1, 2, ...
        kernel: of their convolutions, odd.
        attention: self-attention in the middle, for what belongs together far apart.
        drawing: ``gumbel`` or ``probabilities``, see :data:`Drawing`.
        temperature: see :func:`draw_tokens`.
        sees_draws: let the convolutions see the noise that tokens are drawn by, so that a token can depend on what is
            drawn beside it.

    Raises:
        UserError: there is no such drawing, or the kernel is even.
    """

    gives_tokens = True

    def __init__(
        self,
        channels: int,
        height: int,
        width: int,
        num_classes: int = 0,
        condition_dim: int = 0,
        *,
        latent_dim: Count = 64,
        local: CountOrZero = 4,
        features: Count = 64,
        depth: Count = 6,
        kernel: Count = 5,
        attention: bool = False,
        drawing: Drawing = "gumbel",
        temperature: Positive = 1.0,
        sees_draws: bool = False,
    ) -> None:
        super().__init__()
        if drawing not in get_args(Drawing):
            raise UserError(f"model.generator.drawing={drawing} is not known: give {' or '.join(get_args(Drawing))}.")
        check_kernel(kernel)
        self.shape, self.drawing, self.temperature = (channels, height, width), drawing, temperature
        self.whole, self.local = latent_dim, local
        self.drawn = channels * height * width if drawing == "gumbel" else 0
        self.latent_dim = latent_dim + local * width + self.drawn
        self.conditional = bool(num_classes or condition_dim)
        told = latent_dim
        if self.conditional:
            self.embed = ConditionEmbedding(num_classes, condition_dim, latent_dim)
            told += latent_dim
        self.tell = nn.Sequential(dense(told, features), nn.LeakyReLU(0.2), dense(features, features))
        self.place = nn.Parameter(torch.randn(features, width) * 0.5)
        self.sees_draws = sees_draws
        self.enter = conv1d(local + sees_draws * (self.drawn // width) + features, features, kernel)
        self.blocks = nn.ModuleList(Block(features, features, kernel, 2 ** (i % 3)) for i in range(depth))
        self.attend = SelfAttention(features) if attention else None
        self.leave = nn.Sequential(
            nn.GroupNorm(1, features), nn.LeakyReLU(0.2), conv1d(features, channels * height, 1, scale=0.3)
        )

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """(N, latent_dim) and a condition to (N, V, voices, T); while training with ``probabilities``, these."""
        whole, local, drawn = z.split([self.whole, self.local * self.shape[2], self.drawn], 1)
        vector = self.tell(torch.cat([whole, self.embed(condition)], 1) if self.conditional else whole)
        x = (self.place + vector[:, :, None]).to(vector.dtype)
        seen = (local, drawn) if self.sees_draws else (local,)
        of_places = [each.unflatten(1, (-1, self.shape[2])).to(x.dtype) for each in seen if each.shape[1]]
        x = self.enter(torch.cat([*of_places, x], 1))
        for number, block in enumerate(self.blocks):
            if self.attend is not None and number == len(self.blocks) // 2:
                x = self.attend(x[:, :, None]).squeeze(2)
            x = block(x, vector)
        logits = self.leave(x).view(len(z), *self.shape)
        noise = drawn.view(len(z), *self.shape) if self.drawing == "gumbel" else None
        return draw_tokens(logits, noise, self.temperature, self.drawing == "probabilities" and self.training)


class SequenceRepainter(nn.Module):
    """Sequences to sequences, such as text to the same in another style, beginning as they are.

    Args:
        channels: tokens of the alphabet.
        height: voices.
        width: length of the sequences.
        features: channels inside.
        depth: blocks, with dilations of 1, 2, 4, 1, 2, ...
        kernel: of their convolutions, odd.
        attention: self-attention in the middle, for what belongs together far apart.
        temperature: see :func:`draw_tokens`.
        kept: how much likelier, as a logit, a token is that stands there already, before training.
    """

    gives_tokens = True

    def __init__(
        self,
        channels: int,
        height: int,
        width: int,
        *,
        features: Count = 96,
        depth: Count = 4,
        kernel: Count = 3,
        attention: bool = True,
        temperature: Positive = 1.0,
        kept: Positive = 3.0,
    ) -> None:
        super().__init__()
        check_kernel(kernel)
        self.shape, self.temperature = (channels, height, width), temperature
        self.place = nn.Parameter(torch.randn(features, width) * 0.5)
        self.enter = conv1d(channels * height, features, kernel)
        self.blocks = nn.ModuleList(Block(features, 0, kernel, 2 ** (i % 3)) for i in range(depth))
        self.attend = SelfAttention(features) if attention else None
        self.leave = nn.Sequential(
            nn.GroupNorm(1, features), nn.LeakyReLU(0.2), conv1d(features, channels * height, 1, scale=0.3)
        )
        self.kept = nn.Parameter(torch.tensor(float(kept)))

    def forward(self, content: Tensor) -> Tensor:
        """(N, V, voices, T) to the same."""
        x = self.enter(content.flatten(1, 2))
        x = x + self.place.to(x.dtype)
        for number, block in enumerate(self.blocks):
            if self.attend is not None and number == len(self.blocks) // 2:
                x = self.attend(x[:, :, None]).squeeze(2)
            x = block(x)
        logits = self.leave(x).view(len(content), *self.shape).float() + self.kept * content
        return draw_tokens(logits, None, self.temperature, soft=False)


class SequenceDiscriminator(nn.Module):
    """Convolutions along sequences that are halved by means to a few places, and a score; one of each place beside it.

    Args:
        channels: tokens of the alphabet.
        height: voices.
        width: length of the sequences.
        num_classes: labels; 0 without.
        condition_dim: length of condition vectors; 0 without.
        features: channels at the full length, twice as many at each shorter one ...
        max_features: ... but at most this.
        kernel: of the convolutions, odd.
        shortest: places at which halving ends.
        local: further scores by the neighbourhood of two convolutions: of each of the ``places``; of the ``whole``,
            their sum, that is by which n-grams occur how often; or ``none``.
        minibatch_std: show the last layer how much a batch's sequences differ.
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
        max_features: Count = 128,
        kernel: Count = 5,
        shortest: Count = 8,
        local: Local = "places",
        minibatch_std: bool = True,
    ) -> None:
        super().__init__()
        check_kernel(kernel)
        self.enter = nn.Sequential(
            conv1d(channels * height, features, kernel), nn.LeakyReLU(0.2), conv1d(features, features, kernel)
        )
        if local not in get_args(Local):
            raise UserError(f"model.discriminator.local={local} is not known: give {', '.join(get_args(Local))}.")
        self.local, self.adds = conv1d(features, 1, 1) if local != "none" else None, local == "whole"
        layers, wide, places = [], features, width
        while places > shortest:
            wider = min(2 * wide, max_features)
            layers.append(
                nn.Sequential(nn.LeakyReLU(0.2), nn.AvgPool1d(2, ceil_mode=True), conv1d(wide, wider, kernel))
            )
            wide, places = wider, -(-places // 2)
        self.shorten = nn.Sequential(*layers)
        self.head = ScoreHead(
            wide,
            (1, places),
            num_classes=num_classes,
            condition_dim=condition_dim,
            minibatch_std=minibatch_std,
            init=he(0.2),
        )

    def forward(self, sequences: Tensor, condition: Tensor | None = None) -> list[Tensor]:
        """(N, V, voices, T) and a condition to scores: (N,), and (N, T) of places or (N,) of their sum."""
        x = self.enter(sequences.flatten(1, 2))
        score = self.head(F.leaky_relu(self.shorten(x), 0.2)[:, :, None], condition)
        if self.local is None:
            return [score]
        of_places = self.local(F.leaky_relu(x, 0.2)).squeeze(1)
        return [score, of_places.sum(1) * x.shape[2] ** -0.5 if self.adds else of_places]


def check_kernel(kernel: int) -> None:
    """Refuse kernels that have no middle.

    Raises:
        UserError: it is even.
    """
    if kernel % 2 == 0:
        raise UserError(f"kernel={kernel} has no middle: give an odd number.")
