"""Segmentation with an adversarial term: pictures to label maps (Luc et al. 2016)."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from torch import Tensor

from impasto.base.parts import Doubt, Parts, Refusal
from impasto.losses.terms.term import GeneratorPass
from impasto.models.adversary import Conditioning
from impasto.models.base import AdversarialModel, Painted
from impasto.models.optimisation import BatchPart
from impasto.models.roles import Role
from impasto.models.translation import preview_rows
from impasto.painters.labels import LabelPainter
from impasto.painters.painter import Painter


class Segmentation(AdversarialModel):
    """A generator that gives each pixel of ``batch["content"]`` the probabilities of its classes.

    The term ``cross_entropy`` compares them with the label maps ``batch["target"]``. The discriminator tells
    probabilities from label maps, one channel a class, beside the picture (their "basic" input, section 3.2); with
    ``model.adversarial=0`` it rests. Pixels without a class are 0 in both, so that it cannot tell them by these.
    """

    needs: ClassVar[tuple[str, ...]] = ("content", "target")
    roles: ClassVar[Mapping[str, Role]] = {
        "generator": Role("g", "target", given="content"),
        "discriminator": Role("d", "target", given="content"),
    }
    offers: ClassVar[tuple[str, ...]] = ("content", "target", "real_scores", "fake_scores")

    def make_painters(self) -> dict[str, Painter]:
        """One, from content to label maps."""
        gives, content = self.spec["target"], self.spec["content"]
        network = self.networks["generator"]
        painter = LabelPainter(network, gives, ("content",), content, given_part="content", painted_part="target")
        return {"painter": painter}

    def check_with(self, parts: Parts) -> Iterator[Refusal | Doubt]:
        """As all models; and refuse data whose target is no label map, and a model without any loss."""
        yield from super().check_with(parts)
        if parts.data is not None and getattr(parts.data, "label_part", None) != "target":
            yield Refusal(
                "model=segmentation learns label maps, and the target of this data is none: set data=segmentation and "
                "data.direction=picture_to_labels."
            )
        if self.adversarial == 0 and not parts.terms:
            yield Refusal("model.adversarial=0 without a term leaves nothing to learn from: set term=cross_entropy.")

    def paint(self, batch: BatchPart) -> Painted:
        """The probabilities of classes."""
        return {"target": self.live["painter"](content=batch["content"])}

    def discriminator_loss(self, batch: BatchPart, painted: Painted) -> Tensor:
        """Label maps against probabilities, both beside their picture."""
        target = batch["target"]
        fake = labelled(painted["target"], target)
        return self.discriminator_objective(batch, target, fake, Conditioning(given=batch["content"]))

    def generator_loss(self, batch: BatchPart, painted: Painted) -> Tensor:
        """The adversarial loss against label maps, and the terms."""
        content, target = batch["content"], batch["target"]
        p = GeneratorPass(labelled(painted["target"], target), self.generator, content=content, target=target)
        return self.generator_objective(p, target, Conditioning(given=content))

    def preview(self, batch: dict[str, Tensor] | None, count: int | None, columns: int | None) -> tuple[Tensor, int]:
        """Rows of held-out pictures, the classes found in them, and their label maps."""
        return preview_rows(batch, (("content", self.painter),), ("target",), count, columns)


def labelled(probabilities: Tensor, target: Tensor) -> Tensor:
    """Probabilities (N, classes, H, W), 0 where the label map (N, classes, H, W) has no class."""
    return probabilities * target.sum(1, keepdim=True)
