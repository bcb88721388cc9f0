"""Figures of several sets of pictures against one set of paintings: the painted ones and the controls."""

from collections.abc import Sequence
from typing import Any, Final

from torch import Tensor

from impasto.evaluation.figures.descriptions import Description, Networks
from impasto.evaluation.figures.distances import statistics
from impasto.evaluation.figures.feature_statistics import gram_distance, mean_std_distance
from impasto.evaluation.figures.features import Features, RealFeatures
from impasto.evaluation.figures.metrics import Figure, Settings, measure, preferred, public_name

OURS: Final = "painted"
CONTROLS: Final = ("content", "content in the style's colours")
REFERENCE: Final = "paintings trained on"


class Comparison:
    """Figures of sets of pictures against one set of paintings, a row for each set.

    Args:
        networks: that all sets are described with.
        metrics: distances that are wanted.
        settings: of the distances.
        style: the paintings.
        cut_from: (m,) which painting each of them is a crop of; None if each is a picture of its own.

    Attributes:
        rows: figures by row and name.
    """

    def __init__(
        self,
        networks: Networks,
        metrics: Sequence[str],
        settings: Settings,
        style: Description,
        cut_from: Tensor | None,
    ) -> None:
        self.networks, self.metrics, self.settings, self.style = networks, metrics, settings, style
        self.real = RealFeatures(style.values, statistics(style.values), cut_from)
        self.rows: dict[str, dict[str, float]] = {}
        self.counts: dict[str, int] = {}
        self.found: dict[str, Figure] = {}

    def add(self, name: str, row: Description, cut_from: Tensor | None) -> None:
        """Measure one set.

        Args:
            name: of the row; the model's is :data:`OURS`.
            row: the pictures.
            cut_from: (n,) which picture each is a crop of; None if each is a picture of its own.
        """
        found = measure(self.metrics, Features(row.values, pictures=cut_from), self.real, self.settings)
        figures = {public_name(key, self.networks.extractor.name): figure.value for key, figure in found.items()}
        for key, distance in (("gram", gram_distance), ("mean_std", mean_std_distance)):
            figures[f"{key}_{self.networks.texture.name}"] = distance(row.moments, self.style.moments)
        if row.structure is not None:
            figures["structure"] = float(row.structure.double().mean())
        self.rows[name], self.counts[name] = figures, len(row.values)
        if name == OURS:
            self.found = found

    def preferred(self) -> str:
        """The figure to choose checkpoints by."""
        chosen = preferred(self.found, self.networks.extractor, self.counts[OURS], len(self.style.values))
        return chosen or f"gram_{self.networks.texture.name}"

    def records(self, **about: Any) -> dict[str, dict[str, Any]]:
        """What makes each of the model's figures comparable, with the values of the other rows.

        Args:
            **about: further entries of all records.
        """
        extractor, texture, shape = self.networks.extractor, self.networks.texture, self.networks.shape
        common = {
            "extractor": extractor.name,
            "weights_sha256": extractor.weights_sha256,
            "resizer": extractor.resizer,
        }
        records = {public_name(k, extractor.name): {**common, **figure.protocol} for k, figure in self.found.items()}
        for key in ("gram", "mean_std"):
            records[f"{key}_{texture.name}"] = {"extractor": texture.name, "layers": list(texture.style_layers)}
        records["structure"] = {"extractor": shape.name, "layers": list(self.networks.shape_layers)}
        real = len(self.style.values)
        for name, record in records.items():
            others = {row: figures[name] for row, figures in self.rows.items() if row != OURS and name in figures}
            record.update(
                generated=self.counts[OURS], real=real, higher_is_better=name == "structure", **about, controls=others
            )
            record["counts_of_controls"] = {row: [self.counts[row], real] for row in others}
        return records
