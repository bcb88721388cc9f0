"""Normalisations, plain or conditional."""

from collections.abc import Iterable
from typing import Any, Literal, Protocol, cast, get_args, runtime_checkable

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.base import distributed
from impasto.base.errors import UserError
from impasto.networks.layers.linear import dense, small_normal

NormKind = Literal["batch", "instance", "layer", "pixel", "none"]

Statistics = tuple[Tensor, Tensor]
"""Mean and variance per channel, each (1, C, 1, 1), float32."""


@runtime_checkable
class WholePictureStatistics(Protocol):
    """A normalisation by a picture's own statistics that can be given those of a larger picture.

    A picture that is painted in tiles must be normalised as one: otherwise every tile comes out differently.

    Attributes:
        statistics: used in place of the input's own; None uses the input's own.
    """

    statistics: Statistics | None

    def measure(self, x: Tensor) -> Statistics:
        """The statistics of an input (1, C, H, W)."""
        ...


@runtime_checkable
class WholeInputStatistics(Protocol):
    """A layer that uses statistics of the network's own input, which can be measured in parts.

    Attributes:
        statistics: used in place of the input's own; None uses the input's own.
    """

    statistics: Statistics | None

    def measure_parts(self, parts: Iterable[Tensor]) -> Statistics:
        """The statistics of a picture from parts (1, C, h, w) that cover it."""
        ...


class InstanceNorm(nn.Module):
    """Each channel of each picture to mean 0 and variance 1 (Ulyanov et al. 2016), or each group of channels.

    The input may be a tile of a larger picture, see :class:`WholePictureStatistics`.

    Args:
        groups: of channels normalised together (Wu and He 2018); 1 is layer normalisation, None is one per channel.
        channels: with a learned gain and bias for each of them; 0 learns none.
        eps: added to the variance.
        keep_layout: keep a channels-last input on a CPU channels-last, which is several times faster there and rounds
            differently.
    """

    def __init__(
        self, groups: int | None = None, channels: int = 0, eps: float = 1e-5, keep_layout: bool = False
    ) -> None:
        super().__init__()
        self.groups, self.eps, self.keep_layout = groups, eps, keep_layout
        self.weight = nn.Parameter(torch.ones(channels)) if channels else None
        self.bias = nn.Parameter(torch.zeros(channels)) if channels else None
        self.statistics: Statistics | None = None

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        if self.statistics is None:
            if self.keep_layout and self.groups is None and x.device.type == "cpu" and not x.is_contiguous():
                return self._by_picture(x)
            # One group per channel is the same function as instance_norm, and several times faster on a CPU.
            groups, x = (x.shape[1], x.contiguous()) if self.groups is None else (self.groups, x)
            return F.group_norm(x, groups, self.weight, self.bias, self.eps)
        mean, variance = self.statistics
        scale = torch.rsqrt(variance + self.eps)
        if self.weight is not None:
            scale = scale * self.weight.view(1, -1, 1, 1)
        shift = -mean * scale
        if self.bias is not None:
            shift = shift + self.bias.view(1, -1, 1, 1)
        return torch.addcmul(shift, x, scale)  # one copy of the input: tiles are as large as memory allows

    def _by_picture(self, x: Tensor) -> Tensor:
        """Batch normalisation of each picture alone: its CPU kernel takes channels-last, forwards and backwards."""
        normalised = [
            F.batch_norm(picture, None, None, self.weight, self.bias, training=True, eps=self.eps)
            for picture in x.contiguous(memory_format=torch.channels_last).split(1)
        ]
        return torch.cat(normalised) if len(normalised) > 1 else normalised[0]

    def measure(self, x: Tensor) -> Statistics:
        """Mean and variance of each channel's group for an input (1, C, H, W)."""
        groups = self.groups or x.shape[1]
        values = x.float().reshape(1, groups, -1)
        variance, mean = torch.var_mean(values, 2, correction=0)
        size = x.shape[1] // groups
        return tuple(value.repeat_interleave(size, 1)[..., None, None] for value in (mean, variance))  # type: ignore[return-value]


class BatchNorm(nn.Module):
    """Batch normalisation (Ioffe and Szegedy 2015) over the global batch, on any device and backend.

    In one process this is ``F.batch_norm``. In several, each contributes its mean and variance to one collective with
    gradient, so that the result and its gradients are those of one process with the whole batch; ``nn.SyncBatchNorm``
    does so on GPUs alone. Every process must hold equally many samples.

    Args:
        channels: of the input.
        affine: whether there are a gain and a bias per channel.
        momentum: weight of a batch in the running statistics.
        eps: added to the variance.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, affine: bool = True, momentum: float = 0.1, eps: float = 1e-5) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(channels)) if affine else None
        self.momentum, self.eps = momentum, eps
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) or (N, C) to the same."""
        if self.training and distributed.world_size() > 1:
            return self._forward_in_many(x)
        return F.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, self.training, self.momentum, self.eps
        )

    def _forward_in_many(self, x: Tensor) -> Tensor:
        axes = [i for i in range(x.ndim) if i != 1]
        shape = [1, -1] + [1] * (x.ndim - 2)
        values = x.to(torch.promote_types(x.dtype, torch.float32))
        own = torch.cat(torch.var_mean(values, axes, correction=0))
        variances, means = _gathered(own).chunk(2, dim=1)
        mean = means.mean(0)
        # Law of total variance: unlike E[x^2] - E[x]^2 it does not cancel where the mean is large.
        variance = variances.mean(0) + (means - mean).square().mean(0)
        with torch.no_grad():
            count = values.numel() // values.shape[1] * distributed.world_size()
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * (count / max(count - 1, 1)), self.momentum)
        scale = (variance + self.eps).rsqrt()
        if self.weight is not None and self.bias is not None:
            scale, shift = scale * self.weight, self.bias - mean * scale * self.weight
        else:
            shift = -mean * scale
        return (values * scale.view(shape) + shift.view(shape)).to(x.dtype)


def _gathered(own: Tensor) -> Tensor:
    """(K,) of each process to (processes, K), with gradient; a sum, as backends lack the transpose of gathering."""
    rows = F.one_hot(torch.tensor(distributed.rank(), device=own.device), distributed.world_size()).to(own.dtype)
    return cast(Tensor, _Sum.apply(rows[:, None] * own))


class _Sum(torch.autograd.Function):
    """The sum over processes; its gradient is the sum of theirs, and so on."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:  # noqa: ARG004
        total = value.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # type: ignore[override] # noqa: ARG004
        return cast(Tensor, _Sum.apply(gradient))


class PixelNorm(nn.Module):
    """Feature vectors divided by their root mean square at each pixel (Karras et al. 2018, section 4.2)."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same."""
        return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()


class ConditionalNorm(nn.Module):
    """A normalisation whose gain and bias may depend on a condition.

    With an embedding the gain is 1 + a(c) and the bias b(c), both linear in it (de Vries et al. 2017; Brock et al.
    2019); without, they are plain parameters. Kind ``none`` then is feature-wise modulation (Perez et al. 2018).

    Args:
        kind: ``batch`` (over the global batch), ``instance``, ``layer`` (over channels and pixels), ``pixel`` or
            ``none``.
        channels: of the input.
        condition_width: length of the embedded condition; 0 without one.
        spectral: spectral norm on the dense layer that makes gain and bias.
    """

    def __init__(self, kind: NormKind, channels: int, condition_width: int = 0, spectral: bool = False) -> None:
        super().__init__()
        self.normalise = normalisation_of(kind, channels, affine=condition_width == 0)
        self.modulate = (
            dense(condition_width, 2 * channels, init=small_normal, spectral=spectral) if condition_width else None
        )

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """(N, C, H, W) and the embedded condition (N, condition_width) to (N, C, H, W)."""
        x = self.normalise(x)
        if self.modulate is None or condition is None:
            return x
        gain, bias = self.modulate(condition).to(x.dtype)[:, :, None, None].chunk(2, dim=1)
        return torch.addcmul(bias, x, 1 + gain)


def normalisation_of(kind: NormKind, channels: int, affine: bool) -> nn.Module:
    """A fresh normalisation, with a learned gain and bias if ``affine``, which ``pixel`` and ``none`` never have.

    Raises:
        UserError: there is no such kind.
    """
    if kind == "batch":
        return BatchNorm(channels, affine)
    if kind in ("instance", "layer"):
        return InstanceNorm(None if kind == "instance" else 1, channels if affine else 0)
    if kind == "pixel":
        return PixelNorm()
    if kind == "none":
        return nn.Identity()
    raise UserError(f"There is no normalisation {kind!r}; set norm to one of {', '.join(get_args(NormKind))}.")
