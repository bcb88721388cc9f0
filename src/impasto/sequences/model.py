"""Sequences from noise, with or without classes or properties."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from torch import Tensor

from impasto.base.parts import Doubt, Parts, Refusal
from impasto.models.noise import NoiseGAN
from impasto.models.roles import Role
from impasto.sequences.module import PART


class SequenceGAN(NoiseGAN):
    """A generator of sequences fed with noise: :class:`~impasto.models.noise.NoiseGAN` on the part ``sequence``.

    Args:
        **parts: as for that class; the generator gives (N, V, voices, T), as
            :class:`~impasto.sequences.networks.SequenceGenerator` does.
    """

    part: ClassVar[str] = PART
    needs: ClassVar[tuple[str, ...]] = (PART,)
    roles: ClassVar[Mapping[str, Role]] = {"generator": Role("g", PART), "discriminator": Role("d", PART)}
    paints_privately: ClassVar[bool] = False

    def check_with(self, parts: Parts) -> Iterator[Refusal | Doubt]:
        """Refuse noise that tokens cannot be drawn by."""
        yield from super().check_with(parts)
        if self.latent != "normal" and getattr(self.generator, "drawing", None) == "gumbel":
            yield Refusal("model.latent=uniform: tokens are drawn by normal noise; set model.latent=normal.")

    def preview(self, batch: dict[str, Tensor] | None, count: int | None, columns: int | None) -> tuple[Tensor, int]:
        """The same latent vectors every time, a sequence as a strip of colours; two columns, or one for each class."""
        pictures, found = super().preview(batch, count, columns)
        return pictures, columns or (found if self.image.num_classes else 2)
