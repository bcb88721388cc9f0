"""Conditions of a network: a label or a vector, embedded."""

from typing import Literal, get_args

import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.networks.layers.linear import Initialise, dense, finished

GeneratorConditioning = Literal["norm", "concat", "none"]
DiscriminatorConditioning = Literal["projection", "concat", "none"]


class ConditionEmbedding(nn.Module):
    """Embeds a label or a float vector as a vector of ``width`` numbers.

    Args:
        num_classes: labels are 0 to ``num_classes`` - 1; ignored if ``condition_dim`` is given.
        condition_dim: length of the vectors, of any origin; 0 for labels.
        width: length of the result.
        init: of the weights; N(0, 1) is usual for embedded labels.
        spectral: spectral norm on the weights.
    """

    def __init__(
        self,
        num_classes: int,
        condition_dim: int,
        width: int,
        init: Initialise = nn.init.normal_,
        spectral: bool = False,
    ) -> None:
        super().__init__()
        self.num_classes, self.condition_dim, self.width = num_classes, condition_dim, width
        self.embed: nn.Module
        if condition_dim:
            scale = condition_dim**-0.5  # so that a vector of unit variance comes out as a label does

            def scaled(weight: Tensor) -> Tensor:
                with torch.no_grad():
                    return init(weight).mul_(scale)

            self.embed = dense(condition_dim, width, init=scaled, spectral=spectral)
        else:
            self.embed = finished(nn.Embedding(num_classes, width), init, spectral)

    def forward(self, condition: Tensor | None) -> Tensor:
        """Labels (N,) or vectors (N, condition_dim) to (N, width).

        Raises:
            UserError: no condition, or one of another kind or shape.
        """
        if condition is None:
            raise UserError(f"This network was built for a condition but got none; pass {self._wanted()}.")
        if self.condition_dim:
            fits = condition.ndim == 2 and condition.shape[1] == self.condition_dim and condition.is_floating_point()
        else:
            fits = condition.ndim == 1 and not condition.is_floating_point()
        if not fits:
            got = f"{str(condition.dtype).removeprefix('torch.')} of shape {tuple(condition.shape)}"
            raise UserError(f"This network got a condition of {got}; pass {self._wanted()}.")
        return self.embed(condition)

    def _wanted(self) -> str:
        if self.condition_dim:
            return f"float vectors of shape (N, {self.condition_dim})"
        return f"integer labels of shape (N,), 0 to {self.num_classes - 1}"


class LatentInput(nn.Module):
    """What goes into a generator: noise, with the embedded condition beside it or for its normalisations.

    Args:
        latent_dim: length of the noise vector.
        num_classes: labels; 0 without.
        condition_dim: length of condition vectors, which take precedence over labels; 0 without.
        conditioning: ``concat`` (beside the noise), ``norm`` (passed on to the normalisations) or ``none``.
        embedding: length of the embedded condition.

    Attributes:
        width: length of what the first layer gets.
        condition_width: length of what normalisations get, 0 for nothing.
        conditional: whether the condition is used.
    """

    def __init__(
        self,
        latent_dim: int,
        num_classes: int,
        condition_dim: int,
        conditioning: GeneratorConditioning,
        embedding: int,
    ) -> None:
        super().__init__()
        given = has_condition(num_classes, condition_dim, conditioning, GeneratorConditioning)
        self.conditional = given
        self.embed = ConditionEmbedding(num_classes, condition_dim, embedding) if given else None
        self.beside = given and conditioning == "concat"
        self.width = latent_dim + (embedding if self.beside else 0)
        self.condition_width = embedding if given and not self.beside else 0

    def forward(self, z: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """(N, latent_dim) and a condition to (N, width) and (N, condition_width), or nothing in its place.

        Raises:
            UserError: the condition is missing or does not fit.
        """
        if self.embed is None:
            return z, None
        embedded = self.embed(condition)
        return (torch.cat([z, embedded], 1), None) if self.beside else (z, embedded)


def has_condition(num_classes: int, condition_dim: int, conditioning: str, kinds: object) -> bool:
    """Whether a network is to be built with a condition: it is wanted and the data has one.

    Raises:
        UserError: ``conditioning`` is none of ``kinds`` (a Literal).
    """
    if conditioning not in get_args(kinds):
        raise UserError(f"There is no conditioning {conditioning!r}; give one of {', '.join(get_args(kinds))}.")
    return conditioning != "none" and (num_classes > 0 or condition_dim > 0)
