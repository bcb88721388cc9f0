"""Restoration learnt from pairs: a pixel term, and an adversarial loss for those who want one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.spec import DataSpec
from impasto.losses.terms.term import GeneratorPass
from impasto.models.base import AdversarialModel, Painted
from impasto.models.optimisation import BatchPart
from impasto.models.roles import Role
from impasto.models.translation import preview_rows
from impasto.painters.painter import Painter
from impasto.painters.restoration import RestorationPainter


class Restoration(AdversarialModel):
    """A generator that turns damaged ``batch["content"]`` into ``batch["target"]``, pixel for pixel.

    The main loss is a term, such as ``charbonnier``. With ``adversarial`` above 0 a discriminator sees targets and
    restored pictures alone, as of DeblurGAN (Kupyn et al. 2018) and ESRGAN (Wang et al. 2018), since content may be of
    another size or hold a mask.

    Args:
        task: what pairs of one's own teach, which the painter remembers; data of a task says so itself.
        **parts: as for :class:`~impasto.models.base.AdversarialModel`.

    Raises:
        UserError: the data is of another task.
    """

    needs: ClassVar[tuple[str, ...]] = ("content", "target")
    roles: ClassVar[Mapping[str, Role]] = {
        "generator": Role("g", "target", given="content"),
        "discriminator": Role("d", "target"),
    }
    offers: ClassVar[tuple[str, ...]] = ("target", "style", "real_scores", "fake_scores")

    def __init__(self, *, spec: DataSpec, task: str | None = None, **parts: Any) -> None:
        content = spec["content"]
        if task is not None and content.task not in (None, task):
            raise UserError(f"model.task={task}, but the data is of the task {content.task}: leave model.task out.")
        content = replace(content, task=task or content.task)
        super().__init__(spec={**spec, "content": content}, **parts)
        if content.shape == spec["target"].shape:  # not another size, and without a mask
            self.offers = (*type(self).offers, "content")  # type: ignore[misc]

    def make_painters(self) -> dict[str, Painter]:
        """One, from content to target."""
        target, content = self.spec["target"], self.spec["content"]
        painter = RestorationPainter(
            self.generator, target, ("content",), content, given_part="content", painted_part="target"
        )
        return {"painter": painter}

    def paint(self, batch: BatchPart) -> Painted:
        """The content, restored."""
        return {"target": self.generator(batch["content"])}

    def discriminator_loss(self, batch: BatchPart, painted: Painted) -> Tensor:
        """Targets against restored pictures."""
        return self.discriminator_objective(batch, batch["target"], painted["target"])

    def generator_loss(self, batch: BatchPart, painted: Painted) -> Tensor:
        """The terms, and the adversarial loss against the targets if it has a weight."""
        target = batch["target"]
        p = GeneratorPass(painted["target"], self.generator, content=batch["content"], target=target, style=target)
        return self.generator_objective(p, target)

    def preview(self, batch: dict[str, Tensor] | None, count: int | None, columns: int | None) -> tuple[Tensor, int]:
        """Rows of held-out damaged pictures, at the size of the targets, of the restored ones, and of the targets."""
        return preview_rows(batch, (("content", self.painter),), ("target",), count, columns)
