"""The table of style scores: repainted pictures and controls, against the pictures of a style and the content."""

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from impasto.base.cache import cache_dir
from impasto.base.errors import UserError
from impasto.evaluation.figures.intervals import Estimate, bootstrap
from impasto.evaluation.figures.structure import structure_change
from impasto.evaluation.figures.structure_tensor import distribution_distance, edge_agreement
from impasto.evaluation.figures.style_descriptions import VIEWS, StyleDescription, StyleNetwork
from impasto.evaluation.protocols.comparison import CONTROLS, OURS
from impasto.evaluation.protocols.style_controls import LITE, has_lite, painted_by_lite, recoloured
from impasto.evaluation.real.features import keep
from impasto.networks.pretrained.chooser import STYLE, feature_maps

SIZE: Final = 256
"""Pixels of the square that every picture is brought to."""
REAL: Final = "style pictures"
"""The row of the style pictures themselves, each against the others."""
HELD_BACK: Final = 28
"""Draws of style pictures that are held back, for what real pictures reach; all pairs of eight."""
FOLDS: Final = 8
"""Parts of the content, of which a picture's own is left out where it is compared with content."""
HIGHER_IS_BETTER: Final = ("retrieval", "edges")

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
) -> dict[str, dict[str, Score]]:
    """Style scores of repainted pictures, beside those of controls.

    Every picture is cut to the square in its middle and brought to 256 pixels. Lower is better, except for
    ``retrieval`` and ``edges``:

    - ``style``, ``stroke``: distance in feature statistics from the style set, the mean of :func:`gram_distance` and of
      the sliced Wasserstein distance; ``stroke`` of brightness at equal contrast everywhere, so that colours cannot buy
      it. Means over pictures.
    - ``direction``: distance between the set's and the style set's distributions of coherence; see
      :func:`distribution_distance`. Needs no network.
    - ``retrieval``: share of pictures that are nearest to the true style, of all styles in ``others`` and the content.
    - ``structure``, ``edges``: change of deep self-similarity, and agreement of edges, with the content.
    - ``grid``: energy at periods of 2, 4 and 8 pixels (1 is none); ``border``: how unlike the content's the border is.

    Args:
        generated: uint8 (H, W, 3), any size.
        content: what each of them was painted from, in the same order.
        style: pictures in the style, two or more.
        others: sets of pictures in other styles, by name; None leaves ``retrieval`` out.
        trained_against: networks in the painter's own losses; another one is taken.
        controls: whether to measure the controls too; their descriptions are kept on disk.

    Returns:
        Scores by row and figure; the first row is ``painted``.

    Raises:
        UserError: the numbers of pictures differ, or there are too few.
    """
    if len(generated) != len(content):
        raise UserError(f"{len(generated)} generated pictures are not painted from {len(content)} pictures of content.")
    network = style_network(tuple(sorted(trained_against)))
    sets = [fitted(pictures) for pictures in (generated, content, style)]
    gallery = {name: fitted(pictures) for name, pictures in (others or {}).items()}
    table = StyleTable(network, sets[1], sets[2], gallery)
    rows = {OURS: table.row(network.describe(sets[0]))}
    if controls:
        rows |= table.control_rows()
    return {row: {k: Score(e.value, e.low, e.high) for k, e in found.items()} for row, found in rows.items()}


@cache
def style_network(trained_against: tuple[str, ...] = ()) -> StyleNetwork:
    """The network of style scores, for a painter that was trained against some; loaded once."""
    return StyleNetwork(feature_maps("auto", STYLE, trained_against))


def fitted(pictures: Sequence[np.ndarray], size: int = SIZE) -> Tensor:
    """Pictures cut to the square in their middle, at one size.

    Args:
        pictures: uint8 (H, W, 3) or (H, W).
        size: of the square, in pixels.

    Returns:
        uint8 (n, 3, size, size).
    """
    squares = [
        np.asarray(ImageOps.fit(Image.fromarray(picture).convert("RGB"), (size, size), Image.Resampling.LANCZOS))
        for picture in pictures
    ]
    return torch.from_numpy(np.stack(squares)).movedim(-1, 1).contiguous()


class StyleSet:
    """A set of pictures as something to be near to.

    Args:
        pictures: their description.
    """

    def __init__(self, pictures: StyleDescription) -> None:
        self.moments = {view: pictures.moments(view) for view in VIEWS}
        self.tables = {view: pictures.table(view) for view in VIEWS}

    def distance(self, view: str, ours: StyleDescription) -> Tensor:
        """Of each picture from the set, the mean of both kinds of distance: (n,)."""
        return (ours.gram(view, self.moments[view]) + ours.sliced(view, self.tables[view])) / 2

    def far(self, ours: StyleDescription) -> Tensor:
        """Sliced Wasserstein distance of each picture, both views together: (n,). Comparable between sets."""
        found: Tensor = torch.stack([ours.sliced(view, self.tables[view]) for view in VIEWS]).sum(0)
        return found


class StyleTable:
    """Scores of sets of pictures made from the same content, against one style set.

    Args:
        network: that all sets are described with.
        content: uint8 (n, 3, H, W), what the pictures were made from.
        style: uint8 (m, 3, H, W), m at least 2.
        others: pictures of other styles, by name.
        folder: where descriptions of what does not depend on the painter are kept; None is the cache.

    Raises:
        UserError: there are fewer than two style pictures.
    """

    def __init__(
        self,
        network: StyleNetwork,
        content: Tensor,
        style: Tensor,
        others: Mapping[str, Tensor],
        folder: Path | None = None,
    ) -> None:
        if len(style) < 2:
            raise UserError("Style scores need two or more style pictures.")
        self.network, self.content, self.style = network, content, style
        self.folder = folder or cache_dir() / "features"
        self.of_content, self.of_style = self.known(content), self.known(style)
        self.set = StyleSet(self.of_style)
        self.others = {name: StyleSet(self.known(pictures)) for name, pictures in others.items()}

    def known(self, images: Tensor) -> StyleDescription:
        """The description of pictures that do not depend on the painter; read from disk if it is known."""
        digest = hashlib.sha256(json.dumps([*self.network.key, list(images.shape)]).encode())
        digest.update(images.contiguous().numpy().data)
        path = self.folder / f"{digest.hexdigest()[:32]}.safetensors"
        return StyleDescription(keep(path, lambda: dict(self.network.describe(images).tensors)))

    def row(self, ours: StyleDescription) -> Row:
        """Scores of pictures made from the content, in its order."""
        found = {view: mean_of(self.set.distance(view, ours)) for view in VIEWS}
        style = self.of_style["coherence"].double().mean(0)
        found["direction"] = bootstrap([ours["coherence"]], lambda mean: distribution_distance(mean, style))
        if self.others:
            found["retrieval"] = mean_of(self.is_nearest(ours, self.set, self.far_from_content(ours)))
        return found | self.against_content(ours)

    def against_content(self, ours: StyleDescription) -> Row:
        """What is left of the content, and what was added that belongs to neither."""
        deep, edges = ([side[name].float() for side in (ours, self.of_content)] for name in ("deep", "edges"))
        border = ours["border"] - self.of_content["border"]
        return {
            "structure": mean_of(structure_change(*deep)),
            "edges": mean_of(edge_agreement(*edges)),
            "grid": mean_of(ours["grid"]),
            "border": bootstrap([border], lambda mean: mean.norm(dim=1)),
        }

    def is_nearest(self, ours: StyleDescription, style: StyleSet, from_content: Tensor) -> Tensor:
        """1 for each picture that is nearer to a style than to all others and to the content, else 0: (n,)."""
        others = torch.stack([from_content, *(other.far(ours) for other in self.others.values())])
        return (style.far(ours) < others.amin(0)).double()

    def far_from_content(self, ours: StyleDescription) -> Tensor:
        """As :meth:`StyleSet.far`, of pictures in the content's order, from the content without their own: (n,)."""
        n = len(ours)
        fold = torch.arange(n) % FOLDS
        found = torch.zeros(n, dtype=torch.float64)
        for number in fold.unique() if n > 1 else ():
            here = (fold == number).nonzero().flatten()
            rest = self.of_content.some((fold != number).nonzero().flatten())
            found[here] = StyleSet(rest).far(ours.some(here))
        return found

    def control_rows(self) -> dict[str, Row]:
        """Rows of the controls, and of the style pictures themselves."""
        made: dict[str, Callable[[], Tensor]] = {
            CONTROLS[0]: lambda: self.content,
            CONTROLS[1]: lambda: recoloured(self.content, self.style),
        }
        if has_lite():
            made[LITE] = lambda: painted_by_lite(self.content, self.style)
        rows = {name: self.row(self.known(pictures())) for name, pictures in made.items()}
        return rows | {REAL: self.real_row()}

    def real_row(self) -> Row:
        """Each style picture against the others, and in the place of a repainted picture."""
        everything, found = StyleSet(self.of_content), dict[str, list[Tensor]]()
        for number in range(len(self.of_style)):
            one, rest = self.of_style.some([number]), StyleSet(self.of_style.without(number))
            for view in VIEWS:
                found.setdefault(view, []).append(rest.distance(view, one))
            if self.others:
                found.setdefault("retrieval", []).append(self.is_nearest(one, rest, everything.far(one)))
        row = {name: mean_of(torch.cat(values)) for name, values in found.items()}
        row["direction"] = Estimate(self.held_back(), None, None, "none: a mean over draws that are held back")
        in_place = self.of_style.some([i % len(self.of_style) for i in range(len(self.of_content))])
        against = self.against_content(in_place)
        row |= {name: against[name] for name in ("structure", "edges")}
        return row | {"grid": mean_of(self.of_style["grid"])}

    def held_back(self) -> float:
        """Direction of a quarter of the style pictures against the rest, mean over draws."""
        coherence, n = self.of_style["coherence"].double(), len(self.of_style)
        found = []
        for kept in held_back(n, max(1, n // 4)):
            held = torch.zeros(n, dtype=torch.bool)
            held[list(kept)] = True
            found.append(float(distribution_distance(coherence[held].mean(0), coherence[~held].mean(0))))
        return sum(found) / len(found)


def held_back(n: int, count: int) -> list[tuple[int, ...]]:
    """Choices of ``count`` of ``n`` pictures: all of them, or :data:`HELD_BACK` at random but always the same."""
    if math.comb(n, count) <= HELD_BACK:
        return list(combinations(range(n), count))
    source = torch.Generator().manual_seed(n)
    return [tuple(torch.randperm(n, generator=source)[:count].tolist()) for _ in range(HELD_BACK)]


def mean_of(values: Tensor) -> Estimate:
    """The mean of values by picture (n,), with its interval."""
    return bootstrap([values], torch.Tensor.flatten)
