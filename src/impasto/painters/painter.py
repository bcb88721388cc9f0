"""The painter: a network with all it needs; what is averaged, sampled, saved, measured and tiled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, cast

import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.networks.multi_generator import MaskView
from impasto.painters.latents import LatentDistribution, latents

INPUTS: Final = ("latent", "label", "vector", "content", "style")
"""What a painter may take."""


@dataclass(frozen=True)
class Origin:
    """Where a painter was loaded from; empty for a painter in training.

    Attributes:
        path: of the checkpoint.
        config: of the run that trained it, plain values.
        images_seen: real pictures shown to the discriminator.
        direction: which of the model's painters it is.
        directions: all that the checkpoint holds.
        data_state: what tells the pictures it was trained on from others; empty where nothing is known.
        network: name of its network in the config, below ``model``.
    """

    path: Path = Path()
    config: Mapping[str, Any] = field(default_factory=dict)
    images_seen: int = 0
    direction: str = ""
    directions: tuple[str, ...] = ()
    data_state: Mapping[str, Any] = field(default_factory=dict)
    network: str = "generator"


class Painter(nn.Module):
    """Maps what it takes to pictures.

    Args:
        network: a generator. One that takes latent vectors has ``latent_dim`` and is called with ``(z, condition)``,
            any other with pictures.
        gives: what it paints: shape, class names in label order, length of condition vectors.
        takes: of :data:`INPUTS`.
        content: shape of the pictures that it repaints; None if it takes none.
        latent: distribution of the latent vectors.
        trained_against: names of pretrained networks in the losses of its training.
        given_part: part of the data that it repaints; None if it takes no content, or that is not known.
        painted_part: part of the data that it paints like; None if that is not known.

    Attributes:
        origin: where it was loaded from.
    """

    def __init__(
        self,
        network: nn.Module,
        gives: ImageSpec,
        takes: Sequence[str],
        content: ImageSpec | None = None,
        latent: LatentDistribution = "normal",
        trained_against: Sequence[str] = (),
        given_part: str | None = None,
        painted_part: str | None = None,
    ) -> None:
        super().__init__()
        if unknown := set(takes) - set(INPUTS):
            raise ValueError(f"a painter takes {', '.join(INPUTS)}, not {', '.join(sorted(unknown))}")
        self.network, self.gives, self.takes, self.content = network, gives, tuple(takes), content
        self.latent, self.trained_against = latent, tuple(trained_against)
        self.given_part, self.painted_part = given_part, painted_part
        self.origin = Origin()

    def forward(
        self,
        *,
        latent: Tensor | None = None,
        label: Tensor | None = None,
        vector: Tensor | None = None,
        content: Tensor | None = None,
        style: Tensor | None = None,
    ) -> Tensor:
        """Paint.

        Args:
            latent: (N, latent_dim).
            label: (N,) class numbers.
            vector: (N, condition_dim).
            content: (N, C, H, W) in [-1, 1].
            style: (N, C, h, w) in [-1, 1].

        Returns:
            (N, C, H, W) in [-1, 1], float32.
        """
        if "latent" in self.takes:
            painted = self.network(latent, label if label is not None else vector)
        elif "style" in self.takes:
            painted = self.network(content, style)
        else:
            painted = self.network(content)
        return cast(Tensor, painted).float().clamp(-1, 1)

    def showing_masks(self) -> "Painter":
        """What paints, in place of a picture, the masks by which it is put together, a colour for each generator.

        Raises:
            UserError: this painter's network has no masks.
        """
        if not hasattr(self.network, "masks"):
            raise UserError(
                f"{self.origin.path} has one generator and no masks; leave masks= out, or give a run of "
                "model=multi_generator."
            )
        gives = replace(self.gives, channels=3, levels=None)
        shown = Painter(MaskView(self.network), gives, self.takes, self.content, self.latent)
        shown.origin = self.origin
        return shown.eval()

    def resized(self, height: int, width: int) -> "Painter":
        """What paints pictures of another size, with the same weights: of textures, which have no place.

        Raises:
            UserError: this painter's network paints one size, or not that one.
        """
        if not hasattr(self.network, "resized"):
            raise UserError(
                f"{self.origin.path} paints {self.gives.height}x{self.gives.width} pixels alone; leave size= out, or "
                "give a run of model=texture."
            )
        gives = replace(self.gives, height=height, width=width)
        found = Painter(cast(Any, self.network).resized(height, width), gives, self.takes, self.content, self.latent)
        found.origin = self.origin
        return found.eval()

    @property
    def latent_dim(self) -> int:
        """Length of a latent vector."""
        return int(cast(int, self.network.latent_dim))

    @property
    def scale(self) -> int:
        """How many times larger a painting is than its content."""
        return 1

    @property
    def mask_channels(self) -> int:
        """How many of the content's channels, its last ones, are no part of the picture but say where to paint."""
        return 0

    @property
    def conditional(self) -> bool:
        """Whether it takes labels or vectors."""
        return bool({"label", "vector"} & set(self.takes))

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return next((p.device for p in self.network.parameters()), torch.device("cpu"))

    @torch.no_grad()
    def sample(
        self,
        n: int,
        *,
        seed: int = 0,
        start: int = 0,
        condition: Tensor | None = None,
        shift: Tensor | None = None,
        truncation: float = 1.0,
    ) -> Tensor:
        """Paint pictures ``start`` to ``start + n``; picture i depends on ``seed``, i and its condition alone.

        Args:
            n: pictures.
            seed: of the latent vectors.
            start: number of the first picture.
            condition: (n,) labels or (n, K) vectors; without it picture i gets label i modulo the classes. An
                unconditional painter ignores it.
            shift: (latent_dim,) that is added to every latent vector, see :mod:`impasto.painters.sliders`.
            truncation: factor on the latent vectors: below 1 pictures are more alike, and nearer to the usual.

        Returns:
            (n, C, H, W) in [-1, 1], float32.
        """
        z = latents(self.latent, self.latent_dim, n, seed=seed, start=start).to(self.device)
        z = z * truncation if shift is None else z * truncation + shift.to(z)
        return self(latent=z, **self.condition_inputs(condition, start, n))

    def condition_inputs(self, condition: Tensor | None, start: int, n: int) -> dict[str, Tensor]:
        """A condition by the name under which this painter takes it; each class in turn if it takes labels and none are
        given; empty for an unconditional painter.
        """
        if "label" in self.takes and condition is None:
            condition = torch.arange(start, start + n) % self.gives.num_classes
        if not self.conditional or condition is None:
            return {}
        return {"label" if "label" in self.takes else "vector": condition.to(self.device)}

    def record(self) -> dict[str, Any]:
        """Plain values from which :func:`~impasto.painters.loading.load_painter` makes it again, given the network."""
        return {
            "_target_": f"{type(self).__module__}.{type(self).__qualname__}",
            "gives": self.gives.to_dict(),
            "takes": list(self.takes),
            "content": None if self.content is None else self.content.to_dict(),
            "latent": self.latent,
            "trained_against": list(self.trained_against),
            "given_part": self.given_part,
            "painted_part": self.painted_part,
        }
