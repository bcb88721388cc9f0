"""Clips from noise: a generator that is factored into time and space, and judges of single frames and of whole clips.

Frames lie behind each other along the channels. The judge of clips convolves in space as with single pictures, one
frame beside the other along the batch, and in time pixel by pixel (Tran et al. 2018, (2+1)D).
"""

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.ranges import Count
from impasto.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from impasto.networks.layers.condition import DiscriminatorConditioning, GeneratorConditioning
from impasto.networks.layers.head import ScoreHead
from impasto.networks.layers.ladder import doubling, ladder, positive
from impasto.networks.layers.linear import conv, dense, he, small_normal
from impasto.networks.layers.norm import NormKind
from impasto.networks.layers.resample import UpsamplingKind, pad_to_even
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


class MotionCode(nn.Module):
    """A latent vector for each frame, which moves smoothly along a path that the clip's own vector decides.

    As in DIGAN (Yu et al. 2022) time is a coordinate: frame t has a + sum over k of f_k(t) b_k, with a and all b linear
    in the clip's vector and f_k cosines of time, and then a small MLP.

    Args:
        latent_dim: length of the clip's vector.
        width: of the vectors of frames.
        frames: of a clip.
        waves: cosines; with ``loop`` as many sines.
        loop: all waves have whole periods in a clip, so that its last frame goes over into the first.
    """

    def __init__(self, latent_dim: int, width: int, frames: int, waves: int, loop: bool) -> None:
        super().__init__()
        time = (torch.arange(frames) + 0.5) / frames
        numbers = torch.arange(1, waves + 1)
        angles = torch.pi * time[:, None] * numbers * (2 if loop else 1)
        found = torch.cat([angles.cos(), angles.sin()], 1) if loop else angles.cos()
        self.register_buffer("waves", found / found.shape[1] ** 0.5, persistent=False)
        self.paths = 1 + found.shape[1]
        self.path = dense(latent_dim, width * self.paths, init=he(1.0))
        self.mix = nn.Sequential(nn.LeakyReLU(0.2), dense(width, width, init=he(0.2)))

    def forward(self, z: Tensor) -> Tensor:
        """(N, latent_dim) to (N * frames, width), the frames of a clip one after the other."""
        start, *moves = self.path(z).chunk(self.paths, 1)
        waves = cast(Tensor, self.waves).to(z.dtype)
        path = start[:, None] + torch.einsum("tk,nkw->ntw", waves, torch.stack(moves, 1))
        return cast(Tensor, self.mix(path.flatten(0, 1)))


class ClipGenerator(nn.Module):
    """From noise to clips, factored into time and space: a vector for each frame, and a picture of each vector.

    Args:
        channels: of all frames together.
        height: of the frames, 7 or more.
        width: of the frames, 7 or more.
        frames: of a clip.
        num_classes: labels 0 to ``num_classes`` - 1; 0 without.
        condition_dim: length of condition vectors, which take precedence over labels; 0 without.
        latent_dim: length of the noise vector.
        code: length of the vectors of frames.
        waves: in time, see :class:`MotionCode`.
        features: channels before the last doubling of the size, twice as many at each coarser one ...
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
        code: Count = 64,
        waves: Count = 6,
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
        positive(latent_dim=latent_dim, code=code, waves=waves)
        self.latent_dim, self.frames = latent_dim, frames
        self.motion = MotionCode(latent_dim, code, frames, waves, loop)
        self.frame = DCGANGenerator(
            channels // frames,
            height,
            width,
            num_classes,
            condition_dim,
            latent_dim=code,
            features=features,
            max_features=max_features,
            conditioning=conditioning,
            norm=norm,
            upsampling=upsampling,
            slope=0.2,
            embedding=embedding,
        )

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """Noise (N, latent_dim) and labels (N,) or vectors to clips (N, channels, H, W) in [-1, 1], float32.

        Raises:
            UserError: the condition is missing or does not fit.
        """
        told = None if condition is None else condition.repeat_interleave(self.frames, 0)
        frames = cast(Tensor, self.frame(self.motion(z), told))
        return frames.unflatten(0, (len(z), self.frames)).flatten(1, 2)


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
