"""The table of style scores: repainted pictures and controls, against the pictures of a style and the content."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from impasto.base.cache import cache_dir
from impasto.base.errors import UserError
from impasto.base.progress import Tick
from impasto.evaluation.figures.intervals import Estimate, bootstrap
from impasto.evaluation.figures.structure import structure_change
from impasto.evaluation.figures.structure_tensor import distribution_distance, edge_agreement
from impasto.evaluation.figures.style_descriptions import VIEWS, StyleDescription, StyleNetwork
from impasto.evaluation.figures.style_sets import StyleSet, direction_held_back, far_from_content, is_nearest
from impasto.evaluation.protocols.comparison import CONTROLS, OURS
from impasto.evaluation.protocols.style_controls import control_version, style_controls
from impasto.evaluation.protocols.style_gallery import Gallery, fitted, gallery, stacked
from impasto.evaluation.protocols.style_verdict import REAL
from impasto.evaluation.real.features import keep
from impasto.networks.pretrained.chooser import STYLE, feature_maps

SIZE: Final = 256
"""Pixels of the square that pictures are brought to."""
LEAST: Final = 64
"""Pixels high and wide that pictures need."""
HIGHER_IS_BETTER: Final = ("retrieval", "edges")
OF_NETWORK: Final = ("style", "stroke", "retrieval", "structure_change")
"""Figures that depend on the network."""

Row = dict[str, Estimate]


class Score(NamedTuple):
    """A figure with its 95% interval; the ends are None where there are too few pictures for one."""

    value: float
    low: float | None
    high: float | None


def style_table(
    generated: Sequence[np.ndarray],
    content: Sequence[np.ndarray],
    style: Sequence[np.ndarray],
    *,
    others: Mapping[str, Sequence[np.ndarray]] | None = None,
    trained_against: Sequence[str] = (),
    controls: bool = True,
    size: int = SIZE,
) -> dict[str, dict[str, Score]]:
    """Style scores of repainted pictures, beside those of controls.

    Every picture is cut to the square in its middle and brought to ``size`` pixels. See :class:`StyleTable` for the
    figures.

    Args:
        generated: uint8 (H, W, 3), any size.
        content: what each of them was painted from, in the same order.
        style: pictures in the style.
        others: sets of pictures in other styles, by name; None takes those of :func:`gallery`, and an empty mapping
            leaves ``retrieval`` out.
        trained_against: networks in the painter's own losses; another one is taken.
        controls: whether to measure the controls too.
        size: of the squares; figures of different sizes cannot be compared.

    Returns:
        Scores by row and figure; the first row is ``painted``.

    Raises:
        UserError: the numbers of pictures differ.
    """
    if len(generated) != len(content):
        raise UserError(f"{len(generated)} generated pictures are not painted from {len(content)} pictures of content.")
    ours, given, wanted = (squares_of(pictures, size) for pictures in (generated, content, style))
    known: Gallery = {}
    for name, pictures in (others or {}).items():
        known[name] = (digest_of(squares_of(pictures, size)), partial(squares_of, pictures, size))
    table = StyleTable(
        style_network(tuple(sorted(trained_against))), given, wanted, gallery(size, wanted) if others is None else known
    )
    rows = table.rows(ours, controls)
    return {row: {k: Score(e.value, e.low, e.high) for k, e in found.items()} for row, found in rows.items()}


@cache
def style_network(trained_against: tuple[str, ...] = (), wanted: str = "auto") -> StyleNetwork:
    """The network of style scores, for a painter that was trained against some; loaded once."""
    return StyleNetwork(feature_maps(wanted, STYLE, trained_against))


def squares_of(pictures: Sequence[np.ndarray], side: int) -> Tensor:
    """Pictures, uint8 (H, W, 3) or (H, W), cut to the square in their middle: uint8 (n, 3, side, side)."""
    return stacked([fitted(Image.fromarray(picture), side) for picture in pictures])


def digest_of(images: Tensor) -> str:
    """SHA-256 of uint8 pictures."""
    return hashlib.sha256(f"{tuple(images.shape)}".encode() + images.contiguous().numpy().tobytes()).hexdigest()


def nothing(_: float) -> None:
    """Tells nobody of the progress."""


class StyleTable:
    """Scores of sets of pictures made from the same content, against one style set.

    Lower is better, except for ``retrieval`` and ``edges``. All but ``direction`` and ``border`` are means
    over pictures.

    - ``style``, ``stroke``: distance in feature statistics from the style set, the mean of
      :func:`~impasto.evaluation.figures.feature_statistics.gram_distance` and of the sliced Wasserstein distance;
      ``stroke`` is of brightness at equal contrast everywhere, so that neither colours nor contrast can buy it.
    - ``direction``: distance of the set's distribution of coherence from the style set's; see
      :func:`~impasto.evaluation.figures.structure_tensor.distribution_distance`. It needs no network.
    - ``retrieval``: share of pictures that are nearest to the true style, of all other styles and the content.
    - ``structure_change``, ``edges``: change of deep self-similarity, and agreement of edges, with the content.
    - ``grid``: energy at periods of 2, 4 and 8 pixels; pictures without a pattern are at 1 to 2, and some styles have
      one of their own.
    - ``border``: how much more the border differs from the middle, in brightness and contrast, than the content's.

    Args:
        network: that all sets are described with.
        content: uint8 (n, 3, H, W), what the pictures were made from.
        style: uint8 (m, 3, H, W), of any number.
        others: other styles; see :func:`gallery`.
        folder: where descriptions of what does not depend on the painter are kept; None is the cache.
        tick: called with the number of pictures described.

    Raises:
        UserError: pictures are too small.
    """

    def __init__(
        self,
        network: StyleNetwork,
        content: Tensor,
        style: Tensor,
        others: Gallery,
        folder: Path | None = None,
        tick: Tick = nothing,
    ) -> None:
        if min(*content.shape[2:], *style.shape[2:]) < LEAST:
            raise UserError(f"Style scores need pictures of at least {LEAST} x {LEAST} pixels.")
        self.network, self.content, self.style, self.tick = network, content, style, tick
        self.folder = folder or cache_dir() / "features"
        self.digests = digest_of(content), digest_of(style)
        self.of_content = self.known(self.digests[0], lambda: content)
        self.of_style = self.known(self.digests[1], lambda: style)
        self.set = StyleSet(self.of_style)
        self.others = {name: StyleSet(self.known(*other)) for name, other in others.items()}

    def known(self, key: str, images: Callable[[], Tensor]) -> StyleDescription:
        """The description of pictures that do not depend on the painter; read from disk if it is known.

        Args:
            key: what they depend on.
            images: makes them.
        """
        digest = hashlib.sha256(json.dumps([*self.network.key, key]).encode()).hexdigest()[:32]
        path = self.folder / f"{digest}.safetensors"
        return StyleDescription(keep(path, lambda: dict(self.network.describe(images(), self.tick).tensors)))

    def rows(self, painted: Tensor, controls: bool = True, more: Mapping[str, Tensor] | None = None) -> dict[str, Row]:
        """Estimates by row and figure.

        Args:
            painted: uint8 (n, 3, H, W), made from the content, in its order.
            controls: whether to measure the controls too, and the style pictures themselves.
            more: what others made from the content, by row.
        """
        rows = {OURS: self.row(self.network.describe(painted, self.tick))}
        for name, control in style_controls().items() if controls else ():
            made = f"{name} {control_version(name)} {' '.join(self.digests)}"
            key = self.digests[0] if name == CONTROLS[0] else made
            rows[name] = self.row(self.known(key, partial(control, self.content, self.style)))
        rows |= {name: self.row(self.network.describe(images, self.tick)) for name, images in (more or {}).items()}
        return rows | ({REAL: self.real_row()} if controls else {})

    def row(self, ours: StyleDescription) -> Row:
        """Scores of pictures made from the content, in its order."""
        found = {view: mean_of(self.set.distance(view, ours)) for view in VIEWS}
        style = self.of_style["coherence"].double().mean(0)
        found["direction"] = bootstrap([ours["coherence"]], lambda mean: distribution_distance(mean, style))
        if self.others:
            far = far_from_content(ours, self.of_content)
            found["retrieval"] = mean_of(is_nearest(ours, self.set, self.others, far))
        return found | self.against_content(ours)

    def against_content(self, ours: StyleDescription) -> Row:
        """What is left of the content, and what was added that belongs to neither."""
        deep, edges = ([side[name].float() for side in (ours, self.of_content)] for name in ("deep", "edges"))
        border = ours["border"] - self.of_content["border"]
        return {
            "structure_change": mean_of(structure_change(*deep)),
            "edges": mean_of(edge_agreement(*edges)),
            "grid": mean_of(ours["grid"]),
            "border": bootstrap([border], lambda mean: mean.norm(dim=1)),
        }

    def real_row(self) -> Row:
        """Each style picture against the others, and in the place of a repainted picture; of one alone, its halves."""
        everything, found = StyleSet(self.of_content), dict[str, list[Tensor]]()
        alone = self.of_style
        if len(alone) == 1:
            alone = self.known(f"{self.digests[1]} halves", lambda: torch.cat(self.style.chunk(2, 3)))
        for number in range(len(alone)):
            one, rest = alone.some([number]), StyleSet(alone.without(number))
            for view in VIEWS:
                found.setdefault(view, []).append(rest.distance(view, one))
            if self.others:
                nearest = is_nearest(one, rest, self.others, everything.far(one))
                found.setdefault("retrieval", []).append(nearest)
        row = {name: mean_of(torch.cat(values)) for name, values in found.items()}
        held = direction_held_back(alone["coherence"])
        row["direction"] = Estimate(held, None, None, "none: a mean over draws that are held back")
        in_place = self.of_style.some([i % len(self.of_style) for i in range(len(self.of_content))])
        against = self.against_content(in_place)
        row |= {name: against[name] for name in ("structure_change", "edges")}
        return row | {"grid": mean_of(self.of_style["grid"])}


def mean_of(values: Tensor) -> Estimate:
    """The mean of values by picture (n,), with its interval."""
    return bootstrap([values], torch.Tensor.flatten)
