"""Clips from noise: a generator that is factored into space and time, and judges of single frames and of whole clips.

Frames lie behind each other along the channels. Convolutions in space are those of single pictures, one frame beside
the other along the batch; those in time mix each frame with its neighbours, pixel by pixel (Tran et al. 2018, (2+1)D).
"""

import math
from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.ranges import Count
from impasto.networks.dcgan import Block, DCGANDiscriminator
from impasto.networks.layers.condition import DiscriminatorConditioning, GeneratorConditioning, LatentInput
from impasto.networks.layers.head import ScoreHead
from impasto.networks.layers.ladder import doubling, ladder, positive
from impasto.networks.layers.linear import conv, dense, small_normal
from impasto.networks.layers.norm import NormKind
from impasto.networks.layers.resample import UpConv, UpsamplingKind, pad_to_even
from impasto.networks.scores import Scores

OF_CLIPS = "model=video paints clips, and this data has single pictures: set data=clips."


def neighbours(x: Tensor, frames: int, shifts: Sequence[int], loop: bool) -> Tensor:
    """Each frame beside those before and after it, along the channels.

    Args:
        x: (N * frames, C, H, W), the frames of a clip one after the other.
        frames: of a clip.
        shifts: frames later; 0 is the frame itself.
        loop: the first frame follows the last; else there is nothing (0) before the first and after the last.

    Returns:
        (N * frames, len(shifts) * C, H, W).
    """
    clips = x.unflatten(0, (-1, frames))
    found = []
    for shift in shifts:
        moved = clips.roll(-shift, 1) if shift else clips
        if shift and not loop:
            outside = torch.arange(frames, device=x.device) + shift
            inside = ((outside >= 0) & (outside < frames)).to(x.dtype)
            moved = moved * inside[:, None, None, None]
        found.append(moved)
    return torch.cat(found, 2).flatten(0, 1)


class TimeConv(nn.Module):
    """A convolution along time alone: each pixel with those of neighbouring frames.

    Args:
        before: channels in.
        after: channels out.
        frames: of what comes in.
        shifts: which neighbours.
        step: of the frames that come out, every so many-th.
        loop: see :func:`neighbours`.
        spectral: spectral norm on the weights.
    """

    def __init__(
        self,
        before: int,
        after: int,
        frames: int,
        shifts: Sequence[int] = (-1, 0, 1),
        step: int = 1,
        loop: bool = False,
        spectral: bool = False,
    ) -> None:
        super().__init__()
        self.frames, self.shifts, self.step, self.loop = frames, tuple(shifts), step, loop
        self.conv = conv(before * len(self.shifts), after, 1, init=small_normal, spectral=spectral)

    def forward(self, x: Tensor) -> Tensor:
        """(N * frames, before, H, W) to (N * frames / step, after, H, W)."""
        beside = neighbours(x, self.frames, self.shifts, self.loop)
        if self.step > 1:
            beside = beside.unflatten(0, (-1, self.frames))[:, :: self.step].flatten(0, 1)
        return cast(Tensor, self.conv(beside))


def halvings_of(frames: int, levels: int) -> list[int]:
    """Frames at each of so many levels, from the coarsest, by repeated halving while that is even and above 2.

    The first steps up from the coarsest level double time along with space; the last leave it.
    """
    counts = [frames]
    while len(counts) < levels and counts[0] % 2 == 0 and counts[0] > 2:
        counts.insert(0, counts[0] // 2)
    return counts + [frames] * (levels - len(counts))


class ClipGenerator(nn.Module):
    """From noise to clips: space and time are doubled level by level, each level convolving in one, then in the other.

    Args:
        channels: of all frames together.
        height: of the frames, 7 or more.
        width: of the frames, 7 or more.
        frames: of a clip.
        num_classes: labels 0 to ``num_classes`` - 1; 0 without.
        condition_dim: length of condition vectors, which take precedence over labels; 0 without.
        latent_dim: length of the noise vector.
        features: channels at the finest level, doubled at each coarser one ...
        max_features: ... but at most this.
        conditioning: ``norm``, ``concat`` or ``none``.
        norm: ``batch``, ``instance``, ``layer``, ``pixel`` or ``none``.
        upsampling: ``nearest`` or ``transposed``.
        embedding: length of the embedded condition.
        loop: the last frame goes over into the first, so that a clip can be shown without end.

    Raises:
        UserError: the frames are too small, or there is one alone.
    """

    def __init__(
        self,
        channels: int,
        height: int,
        width: int,
        frames: int = 1,
        num_classes: int = 0,
        condition_dim: int = 0,
        *,
        latent_dim: Count = 64,
        features: Count = 32,
        max_features: Count = 128,
        conditioning: GeneratorConditioning = "norm",
        norm: NormKind = "batch",
        upsampling: UpsamplingKind = "nearest",
        embedding: Count = 64,
        loop: bool = False,
    ) -> None:
        super().__init__()
        if frames < 2:
            raise UserError(OF_CLIPS)
        positive(latent_dim=latent_dim, features=features, max_features=max_features)
        self.latent_dim = latent_dim
        self.input = LatentInput(latent_dim, num_classes, condition_dim, conditioning, embedding)
        self.sizes = ladder(height, width)
        levels = len(self.sizes) - 1
        widths = doubling(levels, features, max_features)
        self.counts = [*halvings_of(frames, levels), frames]
        self.base = (widths[0], self.counts[0], *self.sizes[0])
        bias = norm in ("pixel", "none")
        self.project = dense(self.input.width, math.prod(self.base), init=small_normal)
        wide = {"norm": norm, "condition_width": self.input.condition_width, "slope": 0.2}
        self.first = Block(nn.Identity(), widths[0], **wide)  # type: ignore[arg-type]
        self.in_time, self.in_space = nn.ModuleList(), nn.ModuleList()
        for i, before in enumerate(widths):
            count, after = self.counts[i], widths[min(i + 1, levels - 1)]
            self.in_time.append(Block(TimeConv(before, before, count, loop=loop), before, **wide))  # type: ignore[arg-type]
            if i < levels - 1:
                up = UpConv(before, after, upsampling, bias=bias, init=small_normal)
                self.in_space.append(Block(up, after, **wide))  # type: ignore[arg-type]
        self.paint = UpConv(widths[-1], channels // frames, upsampling, init=small_normal)

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """Noise (N, latent_dim) and labels (N,) or vectors to clips (N, channels, H, W) in [-1, 1], float32.

        Raises:
            UserError: the condition is missing or does not fit.
        """
        z, embedded = self.input(z, condition)
        n = len(z)
        x = self.project(z).unflatten(1, self.base).transpose(1, 2).flatten(0, 1)
        x = x.contiguous(memory_format=torch.channels_last)
        x = self.first(x, told(embedded, self.counts[0]))
        for i, block in enumerate(self.in_time):
            count = self.counts[i]
            x = x + block(x, told(embedded, count))
            if self.counts[i + 1] > count:
                x, count = x.repeat_interleave(2, 0), 2 * count
            if i < len(self.in_space):
                x = self.in_space[i](x, told(embedded, count), self.sizes[i + 1])
        x = torch.tanh(self.paint(x, self.sizes[-1]).float())
        return x.unflatten(0, (n, -1)).flatten(1, 2)


def told(embedded: Tensor | None, frames: int) -> Tensor | None:
    """The embedded condition (N, width) for each frame: (N * frames, width)."""
    return None if embedded is None else embedded.repeat_interleave(frames, 0)


class ClipJudge(nn.Module):
    """One score a clip, from convolutions that halve space and, while there are frames, time.

    Args:
        channels: of a frame.
        height: of the frames.
        width: likewise.
        frames: of a clip.
        num_classes: labels; 0 without.
        condition_dim: length of condition vectors; 0 without.
        features: channels after the first halving, doubled by each further one.
        max_features: upper limit of channels.
        conditioning: ``projection``, ``concat`` or ``none``.
        spectral_norm: on all layers.
        loop: the first frame follows the last.
    """

    def __init__(
        self,
        channels: int,
        height: int,
        width: int,
        frames: int,
        num_classes: int,
        condition_dim: int,
        *,
        features: int,
        max_features: int,
        conditioning: DiscriminatorConditioning,
        spectral_norm: bool,
        loop: bool,
    ) -> None:
        super().__init__()
        sizes = ladder(height, width)[-2::-1]
        widths = doubling(len(sizes), features, max_features)[::-1]
        counts = halvings_of(frames, len(sizes) + 1)[::-1]
        shifts = (-1, 0, 1)
        self.in_space, self.in_time = nn.ModuleList(), nn.ModuleList()
        for i, (before, after) in enumerate(zip([channels, *widths], widths, strict=False)):
            shape = {"kernel": 4, "stride": 2, "padding": 1}
            self.in_space.append(conv(before, after, **shape, init=small_normal, spectral=spectral_norm))  # type: ignore[arg-type]
            step = counts[i] // counts[i + 1]
            reach = (*shifts, 2) if step == 2 else shifts
            self.in_time.append(TimeConv(after, after, counts[i], reach, step, loop, spectral_norm))
        self.head = ScoreHead(
            widths[-1] * counts[-1],
            sizes[-1],
            num_classes=num_classes,
            condition_dim=condition_dim,
            conditioning=conditioning,
            slope=0.2,
            init=small_normal,
            spectral=spectral_norm,
        )

    def forward(self, clips: Tensor, condition: Tensor | None) -> Tensor:
        """(N, frames, C, H, W) to (N,)."""
        x = clips.flatten(0, 1)
        for space, time in zip(self.in_space, self.in_time, strict=True):
            x = F.leaky_relu(space(pad_to_even(x)), 0.2)
            x = F.leaky_relu(time(x), 0.2)
        return cast(Tensor, self.head(x.unflatten(0, (len(clips), -1)).flatten(1, 2), condition))


class ClipDiscriminator(nn.Module):
    """A judge of single frames and one of whole clips, as in MoCoGAN (Tulyakov et al. 2018) and DVD-GAN (Clark 2019).

    Args:
        channels: of all frames together.
        height: of the frames, 7 or more.
        width: likewise.
        frames: of a clip.
        num_classes: labels; 0 without.
        condition_dim: length of condition vectors, which take precedence over labels; 0 without.
        judged: frames of each clip that the judge of frames sees, at even distances from a random first one; 0 leaves
            that judge out.
        clip: whether there is a judge of clips; without it nothing but frames is learnt, which is a control.
        features: channels after the first halving, doubled by each further one ...
        max_features: ... but at most this.
        conditioning: ``projection``, ``concat`` or ``none``.
        spectral_norm: on all layers.
        loop: the first frame follows the last.

    Raises:
        UserError: there is one frame alone, or no judge.
    """

    sigmoid = False

    def __init__(
        self,
        channels: int,
        height: int,
        width: int,
        frames: int = 1,
        num_classes: int = 0,
        condition_dim: int = 0,
        *,
        judged: int = 4,
        clip: bool = True,
        features: Count = 32,
        max_features: Count = 128,
        conditioning: DiscriminatorConditioning = "projection",
        spectral_norm: bool = False,
        loop: bool = False,
    ) -> None:
        super().__init__()
        if frames < 2:
            raise UserError(OF_CLIPS)
        if not 0 <= judged <= frames or not (judged or clip):
            raise UserError(
                f"model.discriminator.judged={judged} of {frames} frames, and model.discriminator.clip={clip}: judge 1 "
                "frame or more, or set model.discriminator.clip=true."
            )
        self.frames, self.judged = frames, judged
        shape = channels // frames, height, width
        same = {"features": features, "max_features": max_features, "conditioning": conditioning}
        same |= {"spectral_norm": spectral_norm}
        self.of_frames, self.of_clips = None, None
        if judged:
            self.of_frames = DCGANDiscriminator(*shape, num_classes, condition_dim, norm="none", **same)  # type: ignore[arg-type]
        if clip:
            self.of_clips = ClipJudge(*shape, frames, num_classes, condition_dim, loop=loop, **same)  # type: ignore[arg-type]

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Scores:
        """Clips (N, channels, H, W) and labels (N,) or vectors to scores of frames (N, judged) and of clips (N,).

        Raises:
            UserError: the condition is missing or does not fit.
        """
        clips, maps = x.unflatten(1, (self.frames, -1)), []
        if self.of_frames is not None:
            first = torch.randint(self.frames, (len(x), 1), device=x.device)
            steps = torch.arange(self.judged, device=x.device) * self.frames // self.judged
            chosen = (first + steps) % self.frames
            some = clips[torch.arange(len(x), device=x.device)[:, None], chosen]
            of_each = None if condition is None else condition.repeat_interleave(self.judged, 0)
            maps.append(self.of_frames(some.flatten(0, 1), of_each).unflatten(0, (-1, self.judged)))
        if self.of_clips is not None:
            maps.append(self.of_clips(clips, condition))
        return Scores(maps)
