"""Pictures from noise, with or without labels or condition vectors."""

from functools import partial
from typing import Any, ClassVar, cast

import torch
from torch import Tensor

from impasto.base import distributed
from impasto.base.errors import UserError
from impasto.base.sheets import sheet_of
from impasto.models.base import AdversarialModel, Batch
from impasto.networks.standing_statistics import in_proportion, running_norms, standing_statistics
from impasto.painters.latents import LatentDistribution, in_turn, is_conditional, latents, sample, slerp

KNOWN_VECTORS = 1024
"""Condition vectors of the data that a generator is looked at with."""

STANDING_SEED = 2**31
"""Of the latent vectors for batch statistics; none that a user would take."""

STANDING_BATCHES = 16
"""Of 64 pictures, over which batch statistics are measured."""


class NoiseGAN(AdversarialModel):
    """A generator fed with latent vectors.

    Args:
        latent: distribution of the latent vectors: ``normal`` (0, 1) or ``uniform`` on [-1, 1].
        **parts: as for :class:`~impasto.models.base.AdversarialModel`; the generator has ``latent_dim`` and takes
            ``(z, condition)``, the discriminator takes ``(images, condition)``; :func:`is_conditional` tells
            whether a generator makes use of the condition.

    Raises:
        UserError: the data has condition vectors, and the generator makes no use of them.
    """

    needs: ClassVar[tuple[str, ...]] = ("image",)

    def __init__(self, *, latent: LatentDistribution = "normal", **parts: Any) -> None:
        super().__init__(**parts)
        if latent not in ("normal", "uniform"):
            raise ValueError(f"model.latent is {latent!r}; give normal or uniform.")
        self.latent: LatentDistribution = latent
        self._settled_at: tuple[int, int] | None = None
        if self.spec.condition_dim and not self.conditional:
            raise UserError(
                "data.vectors gives a vector for each picture, but this generator is told none: choose a conditional "
                "one, such as model=cgan, or set data.vectors=null."
            )

    @property
    def latent_dim(self) -> int:
        """Length of a latent vector."""
        return int(cast(int, self.generator.latent_dim))

    @property
    def conditional(self) -> bool:
        """Whether the generator is told labels or condition vectors; see :func:`is_conditional`."""
        return is_conditional(self.generator_ema, self.spec)

    def discriminator_loss(self, batch: Batch) -> Tensor:
        """The batch against as many generated pictures under the same conditions."""
        return self.judge(batch["image"], self.paint(batch, lambda: self.imagine(batch)), condition_of(batch))

    def generator_loss(self, batch: Batch) -> Tensor:
        """As many generated pictures as the batch has, under its conditions."""
        fake = self.take_painted(batch, lambda: self.imagine(batch))
        return self.convince(fake, batch["image"], condition_of(batch))

    def imagine(self, batch: Batch) -> Tensor:
        """One picture from noise for each of the batch's conditions."""
        return self.generator(self.draw(len(batch["image"])), condition_of(batch))

    def draw(self, n: int) -> Tensor:
        """Latent vectors for this process's part of the batch: (n, latent_dim)."""

        def normal(count: int) -> Tensor:
            return torch.randn(count, self.latent_dim, device=self.device)

        def uniform(count: int) -> Tensor:
            return torch.rand(count, self.latent_dim, device=self.device) * 2 - 1

        return distributed.per_sample(normal if self.latent == "normal" else uniform, n)

    def settle(self) -> None:
        """Measure the batch statistics of the averaged generator over 16 batches of 64, once after each update.

        Labels and condition vectors come as often as in training.
        """
        now = (self.state.attempt, self.state.d_updates)  # a roll-back comes to the same update with other weights
        if self._settled_at == now or not running_norms(self.generator_ema):
            return
        self._settled_at = now
        conditions = self.known_conditions() if self.conditional else None

        def run(start: int) -> Tensor:
            return self.sample(64, seed=STANDING_SEED, start=start, labels=in_turn(conditions, start, 64))

        standing_statistics(self.generator_ema, (partial(run, i * 64) for i in range(STANDING_BATCHES)))

    def known_conditions(self) -> Tensor | None:
        """Labels or condition vectors of the data that it learns from, as often as they come there; None: any."""
        if self.spec.condition_dim:
            return self.known_vectors()
        weights = getattr(self.trainer, "datamodule").class_weights()  # noqa: B009
        return None if weights is None else in_proportion(weights, STANDING_BATCHES * 64)

    def known_vectors(self) -> Tensor:
        """Condition vectors of the data that it learns from, the same every time: (m, K)."""
        vectors: Tensor | None = getattr(self.trainer, "datamodule").condition_vectors(KNOWN_VECTORS)  # noqa: B009
        assert vectors is not None, "the data's spec speaks of condition vectors"
        return vectors.to(self.device)

    def sample(self, n: int, *, seed: int = 0, start: int = 0, labels: Tensor | None = None) -> Tensor:
        """:func:`sample` with the generator's moving average."""
        return sample(self.generator_ema, self.spec, self.latent, n, seed=seed, start=start, labels=labels)

    def preview(self, batch: Batch | None, count: int | None, columns: int | None) -> tuple[Tensor, int]:
        """The same latent vectors every time, laid out as :func:`~impasto.base.sheets.sheet_of` says.

        The condition vectors of the batch come in turn, each with several latent vectors.
        """
        sheet = sheet_of(self.spec.num_classes if self.conditional else 0, count, columns)
        n = len(sheet.labels)
        labels = in_turn(batch.get("condition") if batch is not None else None, 0, n)
        labels = torch.tensor(sheet.labels) if labels is None else labels
        parts = zip(range(0, n, 64), labels.split(64), strict=True)  # many classes make a large sheet
        return torch.cat([self.sample(len(part), start=start, labels=part) for start, part in parts]), sheet.columns

    @torch.no_grad()
    def interpolation(self) -> tuple[Tensor, int] | None:
        """Six walks between latent vectors, ten steps each, along great circles for normal ones (White 2016)."""
        ends = latents(self.latent, self.latent_dim, 12, seed=1).to(self.device)
        share = torch.linspace(0, 1, 10, device=self.device)[None, :, None]
        first, last = ends[:6, None], ends[6:, None]
        z = slerp(first, last, share) if self.latent == "normal" else torch.lerp(first, last, share)
        labels = None
        if self.conditional and self.spec.num_classes:
            labels = (torch.arange(6, device=self.device) % self.spec.num_classes).repeat_interleave(10)
        elif self.conditional:
            known = self.known_vectors()
            labels = known[torch.linspace(0, len(known) - 1, 6).round().long()].repeat_interleave(10, 0)
        return self.generator_ema(z.flatten(0, 1), labels).float().clamp(-1, 1), 10


def condition_of(batch: Batch) -> Tensor | None:
    """Labels (N,) or condition vectors (N, K) of a batch; none where it has neither."""
    return batch.get("condition", batch.get("label"))
