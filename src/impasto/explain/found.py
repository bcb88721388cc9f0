"""Directions of a painter by name, with the figures that say what they do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.explain.attributes import LEAST, Scorer, score
from impasto.explain.directions import alone, closed_form, principal, supervised
from impasto.explain.disentanglement import Changes, measure_changes, strongest
from impasto.explain.noise import ANY, Conditions, Noise, centred, draw, paint
from impasto.explain.settings import Settings
from impasto.painters.painter import Painter
from impasto.painters.sliders import Slider

Rows = list[tuple[str, Tensor, str, str | None]]
"""Name, vector, method in words, and attribute of directions."""
MEASURED_SEED: Final = 1
"""Added to the seed for the pictures that changes are measured with: others than directions were found with."""


@dataclass(frozen=True)
class Direction:
    """One direction.

    Attributes:
        name: of its slider.
        vector: (latent_dim,), of length 1.
        method: how it was found, in words.
        aim: the attribute that it is to change; for one found without, the one that it changes most.
        told: whether it was found for that attribute.
    """

    name: str
    vector: Tensor
    method: str
    aim: str
    told: bool


@dataclass(frozen=True)
class Found:
    """All directions of a painter.

    Attributes:
        directions: in the order of the rows of ``changes``.
        attributes: names of its columns.
        changes: measured.
        noise: the latent vectors that they were measured with.
    """

    directions: tuple[Direction, ...]
    attributes: tuple[str, ...]
    changes: Changes
    noise: Noise

    def sliders(self) -> dict[str, Slider]:
        """As they are saved."""
        return {
            d.name: Slider(d.vector, d.method, dict(zip(self.attributes, per_unit(row), strict=True)))
            for d, row in zip(self.directions, self.changes.mean, strict=True)
        }


def per_unit(row: Tensor) -> list[float]:
    """Changes from -2 to +2 deviations as those of one."""
    return (row / 4).tolist()


def find(
    painter: Painter,
    scorers: Mapping[str, Scorer],
    settings: Settings,
    conditions: Conditions = ANY,
) -> Found:
    """Find directions by every method, and measure what they change.

    A method that this painter does not allow is left out, with a notice.

    Args:
        painter: from noise.
        scorers: of attributes, by name.
        settings: how.
        conditions: of all pictures.

    Raises:
        UserError: no attribute varies, or no method is left.
    """
    noise = draw(painter, settings.num_images, settings.seed, conditions)
    scores = score(scorers, paint(painter, noise, settings.batch_size))
    varies = centred(scores, noise.groups).std(0) > LEAST
    names = [name for name, does in zip(scorers, varies.tolist(), strict=True) if does]
    if not names:
        raise UserError("None of the attributes differs between pictures of this model: it may have collapsed.")
    scorers, count = {name: scorers[name] for name in names}, settings.directions
    by_method: dict[str, Callable[[], Rows]] = {
        "sefa": lambda: by_weights(closed_form(painter, noise, count)),
        "ganspace": lambda: by_activations(*principal(painter, noise, count, settings.place)),
        "supervised": lambda: by_scores(names, *supervised(noise, scores[:, varies])),
    }
    rows: Rows = []
    for method in settings.methods:
        try:
            rows += by_method[method]()
        except UserError as problem:
            notice(f"explain.{method}", f"{method} was left out. {problem}")
    if not rows:
        raise UserError("No method found a direction; the messages above say why. Give other methods=.")
    measured = draw(painter, settings.num_measured, settings.seed + MEASURED_SEED, conditions)
    changes = measure_changes(painter, measured, torch.stack([row[1] for row in rows]), scorers, settings.batch_size)
    directions = (
        Direction(name, vector, method, aim or strongest(changes, i, names), aim is not None)
        for i, (name, vector, method, aim) in enumerate(rows)
    )
    return Found(tuple(directions), tuple(names), changes, measured)


def by_weights(found: Tensor) -> Rows:
    """Of :func:`~impasto.explain.directions.closed_form`."""
    return [(f"sefa_{i}", vector, "closed form (SeFa)", None) for i, vector in enumerate(found, 1)]


def by_activations(found: Tensor, share: Tensor) -> Rows:
    """Of :func:`~impasto.explain.directions.principal`."""
    told = (f"principal component (GANSpace), {100 * each:.1f}% of the variance" for each in share.tolist())
    return [(f"pca_{i}", vector, how, None) for i, (vector, how) in enumerate(zip(found, told, strict=True), 1)]


def by_scores(names: Sequence[str], found: Tensor, explained: Tensor, chance: Tensor) -> Rows:
    """Of :func:`~impasto.explain.directions.supervised`: for each attribute, and without what others share with it."""
    rows: Rows = []
    for name, vector, pure, r2, floor in zip(names, found, alone(found), explained, chance, strict=True):
        said = f"regression, R² {r2:.2f} on pictures held back (shuffled: {floor:.2f})"
        rows.append((name, vector, said, name))
        if len(names) > 1:
            rows.append((f"{name}_alone", pure, f"{said}, less what other attributes share with it", name))
    return rows
