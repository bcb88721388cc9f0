"""Generators and a discriminator of piano rolls, see :mod:`impasto.base.rolls`.

In the manner of MuseGAN (Dong et al. 2018): the generator unfolds a latent vector into bars, beats and steps, and
paints the voices from what they share; the critic sees the roll, its pitch classes, and where notes begin (as the
later code of its authors). Notes are whole: the largest of a column's values counts, and gradients go around that
choice (binary neurons, Dong and Yang 2018; straight-through, Bengio et al. 2013).
"""

import math
from collections.abc import Sequence
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.ranges import Count, CountOrZero, NotNegative
from impasto.networks.layers.head import MinibatchDeviation
from impasto.networks.layers.ladder import positive

SLOPE: Final = 0.2
"""Of the LeakyReLUs."""


class Steps(nn.Module):
    """A convolution along time, with LeakyReLU; with a residual path where it keeps the shape.

    Args:
        before: channels in.
        after: channels out.
        kernel: steps that it sees.
        stride: steps from one output to the next.
    """

    def __init__(self, before: int, after: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__()
        padding = 0 if stride > 1 else kernel // 2
        self.conv = nn.Conv1d(before, after, kernel if stride == 1 else stride, stride, padding)
        nn.init.normal_(self.conv.weight, 0.0, math.sqrt(2 / ((1 + SLOPE**2) * self.conv.weight[0].numel())))
        nn.init.zeros_(self.conv.bias)  # type: ignore[arg-type]
        self.residual = before == after and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        """(N, before, T) to (N, after, T / stride)."""
        y = F.leaky_relu(self.conv(x), SLOPE)
        return (x + y) * math.sqrt(0.5) if self.residual else y


class Unfold(nn.Module):
    """Each step becomes several, each with weights of its own: bars become beats, beats become steps.

    Args:
        channels: in and out.
        factor: how many.
    """

    def __init__(self, channels: int, factor: int) -> None:
        super().__init__()
        self.factor = factor
        self.split = Steps(channels, channels * factor)
        self.mix = Steps(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T) to (N, C, factor T)."""
        return self.mix(self.split(x).unflatten(1, (-1, self.factor)).movedim(2, 3).flatten(2))


class WholeNotes(nn.Module):
    """From features of each step to a roll with whole notes.

    Args:
        features: of each step.
        voices: of the roll.
        height: rows of the roll, the last of which is where notes begin.
        soft: give probabilities while it is trained, in place of whole notes.
    """

    def __init__(self, features: int, voices: int, height: int, soft: bool = False) -> None:
        super().__init__()
        self.voices, self.soft = voices, soft
        self.logits = nn.Conv1d(features, voices * (height + 1), 1)
        nn.init.normal_(self.logits.weight, 0.0, math.sqrt(1 / features))
        nn.init.zeros_(self.logits.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, heard: Tensor | None = None) -> Tensor:
        """(N, features, W) to (N, voices, H, W), -1 or 1; silence where the value for it is the largest.

        Args:
            x: features.
            heard: (N, voices, H + 1, W), added to the values before one is chosen; None for nothing.
        """
        logits = self.logits(x).float().unflatten(1, (self.voices, -1))
        logits = logits if heard is None else logits + heard
        rows, begins = logits[:, :, :-1].softmax(2), logits[:, :, -1:].sigmoid()
        chosen = torch.zeros_like(rows).scatter_(2, rows.argmax(2, keepdim=True), 1.0)
        whole = torch.cat([chosen[:, :, :-1], (begins > 0.5).float()], 2)
        soft = torch.cat([rows[:, :, :-1], begins], 2)
        if self.soft and self.training:
            return soft * 2 - 1
        return (whole + soft - soft.detach()) * 2 - 1


def unfolded(width: int, factors: Sequence[int]) -> int:
    """The steps from which ``factors`` make ``width`` columns.

    Raises:
        UserError: they do not.
    """
    whole = math.prod(factors)
    if min(factors, default=0) < 1 or width % whole:
        raise UserError(
            f"model.generator.unfold={list(factors)} does not divide the {width} columns of these rolls: give the "
            "steps in a beat and the beats in a bar, such as [4,4]."
        )
    return width // whole


class PianoRollGenerator(nn.Module):
    """Maps noise to rolls.

    Args:
        channels: voices.
        height: rows, the last of which is where notes begin.
        width: columns.
        latent_dim: length of the noise vector.
        features: of each step.
        unfold: how many beats a bar becomes, and how many steps a beat.
        depth: convolutions along the steps before the notes are chosen.

    Raises:
        UserError: the columns are no multiple of the steps in a bar.
    """

    def __init__(
        self,
        channels: int,
        height: int,
        width: int,
        *,
        latent_dim: int = 64,
        features: Count = 128,
        unfold: Sequence[int] = (4, 4),
        depth: CountOrZero = 2,
    ) -> None:
        super().__init__()
        positive(latent_dim=latent_dim, features=features)
        self.latent_dim, self.bars = latent_dim, unfolded(width, unfold)
        self.begin = nn.Linear(latent_dim, features * self.bars)
        self.unfold = nn.Sequential(*(Unfold(features, factor) for factor in unfold))
        self.refine = nn.Sequential(*(Steps(features, features, 5) for _ in range(depth)))
        self.notes = WholeNotes(features, channels, height)

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """Noise (N, latent_dim) to (N, voices, H, W), -1 or 1, float32."""
        x = F.leaky_relu(self.begin(z), SLOPE).unflatten(1, (-1, self.bars))
        return self.notes(self.refine(self.unfold(x)))


class PianoRollTranslator(nn.Module):
    """Turns rolls into others of the same length, such as a melody into the voices below it.

    What a step sounds goes through convolutions along steps, beats and bars, and back with skips, as a U-Net along
    time.

    Args:
        channels: voices that it paints.
        height: rows, the last of which is where notes begin.
        width: columns.
        given_channels: voices that it is given; None for as many.
        features: of each step, beat and bar.
        unfold: how many beats a bar becomes, and how many steps a beat.
        depth: convolutions along the steps, before and after.
        keep: how much likelier the notes given are at first, as a logarithm of odds; 0 for other voices than those
            given.

    Raises:
        UserError: the columns are no multiple of the steps in a bar, or voices are to be kept that are not given.
    """

    def __init__(
        self,
        channels: int,
        height: int,
        width: int,
        given_channels: int | None = None,
        *,
        features: Count = 96,
        unfold: Sequence[int] = (4, 4),
        depth: CountOrZero = 2,
        keep: NotNegative = 0.0,
    ) -> None:
        super().__init__()
        positive(features=features)
        given_channels = given_channels or channels
        if keep and given_channels != channels:
            raise UserError("model.generator.keep is for voices that stay the same: set it to 0 for other voices.")
        unfolded(width, unfold)
        self.keep = keep
        self.read = nn.Sequential(
            Steps(given_channels * height, features, 1), *(Steps(features, features, 5) for _ in range(depth))
        )
        self.down = nn.ModuleList(Steps(features, features, stride=factor) for factor in reversed(unfold))
        self.inner = Steps(features, features, 3)
        self.up = nn.ModuleList(Unfold(features, factor) for factor in unfold)
        self.join = nn.ModuleList(Steps(2 * features, features, 3) for _ in unfold)
        self.refine = nn.Sequential(*(Steps(features, features, 5) for _ in range(depth)))
        self.notes = WholeNotes(features, channels, height, soft=True)

    def forward(self, x: Tensor) -> Tensor:
        """(N, voices given, H, W) in [-1, 1] to (N, voices, H, W); -1 or 1, but probabilities while it is trained."""
        given = x / 2 + 0.5
        y = self.read(given.flatten(1, 2))
        skips = []
        for down in self.down:
            skips.append(y)
            y = down(y)
        y = self.inner(y)
        for up, join in zip(self.up, self.join, strict=True):
            y = join(torch.cat([up(y), skips.pop()], 1))
        return self.notes(self.refine(y), self.heard(given) if self.keep else None)

    def heard(self, given: Tensor) -> Tensor:
        """The notes given as additions to the values of rows, silence and beginnings: (N, voices, H + 1, W)."""
        rows, begins = given[:, :, :-1], given[:, :, -1:]
        silent = 1 - rows.sum(2, keepdim=True)
        return self.keep * torch.cat([rows, silent, 2 * begins - 1], 2)


class PianoRollDiscriminator(nn.Module):
    """Maps rolls to scores: all voices and pitches of a step together, then along beats and bars.

    Args:
        channels: voices.
        height: rows, the last of which is where notes begin.
        width: columns.
        given_channels: voices of a roll beside which it is judged; 0 for none.
        features: of each step; twice as many of each beat, four times as many of each bar.
        fold: steps in a beat, beats in a bar.
        minibatch_std: see how much the rolls of a batch differ.

    Raises:
        UserError: the columns are no multiple of the steps in a bar.
    """

    def __init__(
        self,
        channels: int,
        height: int,
        width: int,
        given_channels: int = 0,
        *,
        features: Count = 96,
        fold: Sequence[int] = (4, 4),
        minibatch_std: bool = True,
    ) -> None:
        super().__init__()
        voices = channels + given_channels
        bars = unfolded(width, fold)
        self.register_buffer("tones", torch.eye(12).repeat(1, height // 12 + 1)[:, : height - 1], persistent=False)
        self.steps = nn.Sequential(
            Steps(voices * (height + 12) + 13, features, 1),
            Steps(features, features, 1),
            Steps(features, features, 3),
            Steps(features, features, 3),
        )
        layers: list[nn.Module] = []
        for factor in fold:
            layers += [Steps(features, 2 * features, stride=factor), Steps(2 * features, 2 * features, 3)]
            features *= 2
        self.beats = nn.Sequential(*layers)
        self.deviation = MinibatchDeviation() if minibatch_std else None
        self.score = nn.Sequential(
            nn.Linear((features + minibatch_std) * bars, features), nn.LeakyReLU(SLOPE), nn.Linear(features, 1)
        )

    def forward(self, x: Tensor, condition: Tensor | None = None, given: Tensor | None = None) -> Tensor:
        """(N, voices, H, W) in [-1, 1] to scores (N,)."""
        x = (x if given is None else torch.cat([x, given], 1)) / 2 + 0.5
        tones = torch.einsum("th,nvhw->nvtw", self.tones, x[:, :, :-1])
        together = torch.cat([tones.sum(1), x[:, :, -1].amax(1, keepdim=True)], 1)
        y = self.beats(self.steps(torch.cat([x.flatten(1, 2), tones.flatten(1, 2), together], 1)))
        if self.deviation is not None:
            y = self.deviation(y[..., None])[..., 0]
        return self.score(y.flatten(1))[:, 0]
