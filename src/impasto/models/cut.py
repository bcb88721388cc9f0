"""Contrastive unpaired translation: pictures of one kind into another, without pairs and without a way back.

CUT and FastCUT (Park et al. 2020), with perceptual terms beside them where config gives them a weight.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn

from impasto.base.ranges import Count, NotNegative, Positive
from impasto.losses.contrastive import PatchNCE, PatchSampleMLP
from impasto.losses.perceptual import Perceptual
from impasto.models.base import AdversarialModel, Batch
from impasto.networks.standing_statistics import running_norms, standing_statistics


class CUT(AdversarialModel):
    """A generator that repaints ``batch["content"]`` so that it passes for ``batch["style"]``.

    Args:
        adversarial: weight of the generator's adversarial loss.
        nce: weight of the contrastive loss; 0 does without.
        nce_identity: let also style pictures, repainted, keep what they show (CUT); the two are averaged.
        nce_layers: of the generator, as its ``activations`` numbers them.
        nce_patches: places drawn from each picture.
        nce_dim: length of the projected features.
        nce_init_gain: of the projections' weights at the start.
        temperature: of the contrastive loss.
        flip_equivariance: every other time, repaint the mirror image and compare it with the picture (FastCUT).
        perceptual: content and style terms, weighted; none where null.
        **parts: as for :class:`~impasto.models.base.AdversarialModel`; the generator takes and returns pictures.
    """

    needs: ClassVar[tuple[str, ...]] = ("content", "style")

    def __init__(
        self,
        *,
        adversarial: NotNegative = 1.0,
        nce: NotNegative = 1.0,
        nce_identity: bool = True,
        nce_layers: Sequence[int] = (0, 4, 8, 12, 16),
        nce_patches: Count = 256,
        nce_dim: Count = 256,
        nce_init_gain: float = 1.0,
        temperature: Positive = 0.07,
        flip_equivariance: bool = False,
        perceptual: Perceptual | None = None,
        **parts: Any,
    ) -> None:
        super().__init__(**parts)
        self.adversarial, self.nce, self.nce_identity = adversarial, nce, nce_identity
        self.flip_equivariance, self.perceptual = flip_equivariance, perceptual
        self.contrast: PatchNCE | None = None
        self._settled_at: tuple[int, int] | None = None
        if nce:
            widths = cast(Any, self.generator).widths(nce_layers)
            sampler = PatchSampleMLP(widths, nce_dim, nce_patches, nce_init_gain)
            self.contrast = PatchNCE(sampler, nce_layers, temperature)

    def generator_parameters(self) -> Iterator[nn.Parameter]:
        """The generator's and those of the contrastive loss's projections, which have the same settings."""
        yield from self.generator.parameters()
        if self.contrast is not None:
            yield from self.contrast.parameters()

    def discriminator_loss(self, batch: Batch) -> Tensor:
        """Style pictures against repainted content pictures."""
        painted, _ = self.paint(batch, lambda: self.repaint(batch["content"]))
        return self.judge(batch["style"], painted)

    def generator_loss(self, batch: Batch) -> Tensor:
        """Pass for style, keep what the content shows, and whatever the perceptual terms ask for."""
        content, style = batch["content"], batch["style"]
        painted, flipped = self.take_painted(batch, lambda: self.repaint(content))
        total = self.adversarial * self.convince(painted, style)
        if self.contrast is not None:
            value = self.contrast(self.generator, content, painted, flipped)
            self.tracker.add("nce", value)
            if self.nce_identity:
                identity = self.contrast(self.generator, style, self.generator(style))
                self.tracker.add("nce_identity", identity)
                value = 0.5 * (value + identity)
            total = total + self.nce * value
        if self.perceptual is not None:
            for name, value in self.perceptual(painted, content.flip(-1) if flipped else content, style).items():
                self.tracker.add(name, value)
                total = total + value
        return total

    def repaint(self, content: Tensor) -> tuple[Tensor, bool]:
        """Repaint (N, C, H, W), or its mirror image when that is drawn; and which it was."""
        flipped = self.flip_equivariance and bool(torch.rand(()) < 0.5)
        return self.generator(content.flip(-1) if flipped else content), flipped

    def settle(self) -> None:
        """Measure the batch statistics of the averaged generator, where it has any, over 16 batches of 4 pictures."""
        now = (self.state.attempt, self.state.d_updates)  # a roll-back comes to the same update with other weights
        if self._settled_at == now or not running_norms(self.generator_ema):
            return
        self._settled_at = now
        data = getattr(self.trainer, "datamodule")  # noqa: B009
        batches = data.first_batches("content", 4, 16)
        standing_statistics(self.generator_ema, (partial(self.translate, b.to(self.device)) for b in batches))

    @torch.no_grad()
    def translate(self, images: Tensor) -> Tensor:
        """Repaint pictures with the generator's moving average: (N, C, H, W) in [-1, 1] to the same."""
        return self.generator_ema(images).float().clamp(-1, 1)

    def preview(self, batch: Batch | None, count: int | None, columns: int | None) -> tuple[Tensor, int]:
        """Rows of held-out content pictures, each above its repainting."""
        if batch is None:
            raise ValueError("this model looks at content pictures, and the data has none")
        content = batch["content"][:count]
        columns = min(columns or len(content), len(content))
        painted = torch.cat([self.translate(part) for part in content.split(columns)])
        rows = [torch.cat(pair) for pair in zip(content.split(columns), painted.split(columns), strict=True)]
        return torch.cat(rows), columns
