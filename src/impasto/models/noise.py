"""Pictures from noise, with or without labels or condition vectors."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor

from impasto.base import distributed
from impasto.base.errors import UserError
from impasto.base.parts import Doubt, Parts, Refusal
from impasto.base.ranges import Share
from impasto.base.sheets import sheet_of, shown
from impasto.base.spec import ImageSpec
from impasto.losses.terms.term import GeneratorPass
from impasto.models.adversary import Conditioning
from impasto.models.base import STANDING_BATCHES, AdversarialModel, Painted
from impasto.models.optimisation import BatchPart
from impasto.networks.beside import columns_of, with_beside
from impasto.painters.latents import LatentDistribution, condition_taken, in_proportion, in_turn, latents, slerp
from impasto.painters.painter import Painter

KNOWN_VECTORS = 1024
"""Condition vectors of the data for previews and batch statistics."""

STANDING_SEED = 2**31
"""Of the latent vectors for batch statistics; one that no user would choose."""


class NoiseGAN(AdversarialModel):
    """A generator fed with latent vectors.

    Args:
        latent: distribution of the latent vectors: ``normal`` (0, 1) or ``uniform`` on [-1, 1].
        drop_condition: share of pictures of which neither network is told what they are of, so that a painter can also
            paint untold, and be guided (Ho and Salimans 2022, section 3.2); vectors and captions only, which become 0.
        **parts: as for :class:`~impasto.models.base.AdversarialModel`; the generator has ``latent_dim`` and takes
            ``(z, condition)``, the discriminator takes ``(images, condition)``;
            :func:`~impasto.painters.latents.condition_taken` tells whether a generator uses the condition.

    Raises:
        UserError: the data has condition vectors, and the generator does not use them.
    """

    part: ClassVar[str] = "image"
    """What it learns from and paints."""
    needs: ClassVar[tuple[str, ...]] = ("image",)
    offers: ClassVar[tuple[str, ...]] = ("style", "masks", "real_scores", "fake_scores")
    paints_privately: ClassVar[bool] = True

    def __init__(self, *, latent: LatentDistribution = "normal", drop_condition: Share = 0.0, **parts: Any) -> None:
        if latent not in ("normal", "uniform"):
            raise ValueError(f"model.latent is {latent!r}; give normal or uniform.")
        self.latent: LatentDistribution = latent
        self.drop_condition = drop_condition
        super().__init__(**parts)
        if self.image.condition_dim and not self.painter.conditional:
            raise UserError(
                "data.vectors gives a vector for each picture, but this generator is unconditional: choose a "
                "conditional one, such as model=cgan, or set data.vectors=null."
            )

    def check_with(self, parts: Parts) -> Iterator[Refusal | Doubt]:
        """Doubt classes drawn equally often for an unconditional generator, and refuse to drop classes."""
        yield from super().check_with(parts)
        if self.drop_condition and not self.image.condition_dim:
            yield Refusal(
                "model.drop_condition is for captions and condition vectors, and this data has none: set it to 0, or "
                "data.captions or data.vectors."
            )
        if getattr(parts.data, "balanced", False) and not self.painter.conditional:
            yield Doubt(
                "data.balanced",
                "data.balanced=true, but this generator is unconditional: it learns a mixture of equal parts of all "
                "classes, but is measured against the pictures as they are; set data.balanced=false, or choose a "
                "conditional model such as model=cgan.",
            )

    @property
    def image(self) -> ImageSpec:
        """Shape and labels of the pictures."""
        return self.spec[self.part]

    def make_painters(self) -> dict[str, Painter]:
        """One, from noise."""
        takes = ("latent", *condition_taken(self.generator, self.image))
        return {"painter": Painter(self.generator, self.image, takes, latent=self.latent)}

    def paint(self, batch: BatchPart) -> Painted:
        """One picture from noise for each of the batch's conditions; or, privately, for conditions drawn evenly."""
        condition = self.told(batch) if self.privacy is None else self.labels_drawn(self.privacy.painted)
        z = self.draw(len(batch[self.part]) if self.privacy is None else self.privacy.painted)
        told = {} if condition is None else {"condition": condition}
        return {"image": self.generator(z, condition), "latent": z, **told}

    def labels_drawn(self, n: int) -> Tensor | None:
        """Labels of which each comes as often: how often the data has each is private; None without classes."""
        classes = self.image.num_classes
        return torch.randint(classes, (n,), device=self.device) if classes else None

    def discriminator_loss(self, batch: BatchPart, painted: Painted) -> Tensor:
        """The batch against as many painted pictures under the same conditions; privately, under their own."""
        shown = Conditioning(painted.get("condition"))
        told = shown if self.privacy is None else Conditioning(condition_of(batch))
        return self.discriminator_objective(batch, batch[self.part], painted["image"], told, fake_conditioning=shown)

    def generator_loss(self, batch: BatchPart, painted: Painted) -> Tensor:
        """The painted pictures under their conditions; beside the batch, unless that is private."""
        condition = painted.get("condition")
        real = batch[self.part] if self.privacy is None else None
        told = {"latent": painted["latent"], "condition": condition}
        p = GeneratorPass(painted["image"], self.generator, style=real, **told)
        return self.generator_objective(p, real, Conditioning(condition))

    def told(self, batch: BatchPart) -> Tensor | None:
        """What networks are told of a batch: a share of its vectors (N, K) dropped, which are then 0.

        What is told beside captions is dropped apart from them; each picture is its own style picture.
        """
        condition = condition_of(batch)
        if condition is not None and self.image.beside:
            condition = with_beside(self.image, condition, batch.get("label"), batch[self.part])
        if condition is None or not self.drop_condition:
            return condition
        parts = [*columns_of(self.image).values()] if self.image.beside else []
        draws = distributed.per_sample(
            lambda count: torch.rand(count, 1 + len(parts), device=condition.device), len(condition)
        )
        kept = (draws >= self.drop_condition).to(condition.dtype)
        keep = kept[:, :1].expand_as(condition).clone()
        for number, part in enumerate(parts, 1):
            keep[:, part] = kept[:, number : number + 1]
        return condition * keep

    def draw(self, n: int) -> Tensor:
        """Latent vectors for this process's part of the batch: (n, latent_dim)."""

        def normal(count: int) -> Tensor:
            return torch.randn(count, self.painter.latent_dim, device=self.device)

        def uniform(count: int) -> Tensor:
            return torch.rand(count, self.painter.latent_dim, device=self.device) * 2 - 1

        return distributed.per_sample(normal if self.latent == "normal" else uniform, n)

    def standing_runs(self, painter: Painter) -> Iterator[Callable[[], object]]:
        """16 batches of 64, whose labels and condition vectors come as often as in training."""
        conditions = self.known_conditions() if painter.conditional else None

        def run(start: int) -> Tensor:
            return painter.sample(64, seed=STANDING_SEED, start=start, condition=in_turn(conditions, start, 64))

        return (partial(run, i * 64) for i in range(STANDING_BATCHES))

    def known_conditions(self) -> Tensor | None:
        """Labels or condition vectors of the data that it learns from, as often as they come there; None for any."""
        if self.image.condition_dim:
            return self.known_vectors()
        data = getattr(self.trainer, "datamodule")  # noqa: B009
        weights = data.class_weights() if hasattr(data, "class_weights") else None
        if self.privacy is not None and weights is not None:  # as they were painted, see :meth:`labels_drawn`
            weights = [1] * len(weights)
        return None if weights is None else in_proportion(weights, STANDING_BATCHES * 64)

    def known_vectors(self) -> Tensor:
        """Condition vectors of the data that it learns from, the same every time: (m, K)."""
        vectors: Tensor | None = getattr(self.trainer, "datamodule").condition_vectors(KNOWN_VECTORS)  # noqa: B009
        assert vectors is not None, "the data's spec speaks of condition vectors"
        return vectors.to(self.device)

    def preview(self, batch: dict[str, Tensor] | None, count: int | None, columns: int | None) -> tuple[Tensor, int]:
        """The same latent vectors every time, laid out as :func:`~impasto.base.sheets.sheet_of` says.

        The condition vectors of the batch come in turn, each with several latent vectors.
        """
        sheet = sheet_of(self.image.num_classes if self.painter.conditional else 0, count, columns)
        n = len(sheet.labels)
        condition = in_turn(batch.get("condition") if batch is not None else None, 0, n)
        condition = torch.tensor(sheet.labels) if condition is None else condition
        parts = zip(range(0, n, 64), condition.split(64), strict=True)  # many classes make a large sheet
        painted = [self.painter.sample(len(part), start=start, condition=part) for start, part in parts]
        return shown(torch.cat(painted), sheet.columns, self.image)

    @torch.no_grad()
    def interpolation(self) -> tuple[Tensor, int] | None:
        """Six walks between latent vectors, ten steps each, along great circles for normal ones (White 2016).

        None of clips, which would be a sheet of thousands of frames.
        """
        if self.image.frames > 1:
            return None
        ends = latents(self.latent, self.painter.latent_dim, 12, seed=1).to(self.device)
        share = torch.linspace(0, 1, 10, device=self.device)[None, :, None]
        first, last = ends[:6, None], ends[6:, None]
        z = slerp(first, last, share) if self.latent == "normal" else torch.lerp(first, last, share)
        condition = None
        if "label" in self.painter.takes:
            condition = (torch.arange(6, device=self.device) % self.image.num_classes).repeat_interleave(10)
        elif self.painter.conditional:
            known = self.known_vectors()
            condition = known[torch.linspace(0, len(known) - 1, 6).round().long()].repeat_interleave(10, 0)
        walked = self.painter(latent=z.flatten(0, 1), **self.painter.condition_inputs(condition, 0, 60))
        return shown(walked, 10, self.image)


def condition_of(batch: BatchPart) -> Tensor | None:
    """Labels (N,) or condition vectors (N, K) of a batch; None if it has neither."""
    return batch.get("condition", batch.get("label"))
