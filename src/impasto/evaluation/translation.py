"""Measures repainted pictures against paintings, beside what recolouring alone, or nothing, would have achieved."""

import hashlib
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

from torch import Tensor, nn

from impasto import distributed
from impasto.checks import check_number
from impasto.data.packed import PackedImages
from impasto.evaluation.choice import check_features, check_split, choose_extractor
from impasto.evaluation.colour import colours_of, match_colours
from impasto.evaluation.distances import some_positions, statistics
from impasto.evaluation.features import (
    Extractor,
    Features,
    from_first,
)
from impasto.evaluation.figures import Settings, check_metrics, measure, preferred, public_name
from impasto.evaluation.progress import counting
from impasto.evaluation.real import RealFeatures, keep, uint8_slice
from impasto.evaluation.statistics import (
    check_statistics,
    choose_statistics,
    choose_structure,
    gram_distance,
    mean_std_distance,
    networks_in,
)
from impasto.evaluation.subjects import repainter
from impasto.evaluation.views import Networks, View, describe
from impasto.run.cache import cache_dir as default_cache_dir

METRICS: Final = ("frechet", "kid")
OURS: Final = "painted"
CONTROLS: Final = ("content", "content in the style's colours")
REFERENCE: Final = "paintings trained on"

Paint = Callable[[Tensor], Tensor]
"""uint8 (n, C, H, W) to uint8 of the same shape."""


class TranslationEvaluator:
    """Distances of repainted pictures to held-back paintings, with the same of two controls.

    The controls are the content as it is, and the content with nothing but its colours changed. A third row, the
    paintings that were trained on, shows what real paintings reach. All sets are crops of the same size; the records
    say how many, out of how many pictures.

    Args:
        features: for Fréchet distance and KID; see :func:`impasto.evaluation.choice.choose_extractor`.
        weights_path: Inception's weights, where they are not to be downloaded.
        statistics: network whose feature statistics are compared; ``auto`` is one that the model was not trained
            against, see :func:`impasto.evaluation.statistics.choose_statistics`.
        num_images: crops of content to repaint.
        num_style: crops of paintings to compare with.
        metrics: ``frechet``, ``kid`` or both.
        split: ``held_out`` pictures or those of ``train``.
        kid_subsets: subsets that KID is averaged over.
        kid_subset_size: samples in each, or as many as there are.
        cache_dir: folder for what is known of sets of pictures; in the project's cache where null.

    Attributes:
        comparability: by figure, what makes it comparable, the controls' values among it; plain values.
        main_metric: the figure to choose checkpoints by.
        table: all figures by row; the first row is the model's.
        bar: draw progress bars; for scripts that draw no other.

    Raises:
        UserError: a metric, a part of the data or a network that does not exist, weights that cannot be had, or a
            number out of range.
    """

    def __init__(
        self,
        *,
        features: str | Extractor | nn.Module = "auto",
        weights_path: str | None = None,
        statistics: str = "auto",
        num_images: int = 256,
        num_style: int = 1024,
        metrics: Sequence[str] = METRICS,
        split: Literal["train", "held_out"] = "held_out",
        kid_subsets: int = 100,
        kid_subset_size: int = 1000,
        cache_dir: str | None = None,
    ) -> None:
        self.metrics = check_metrics(metrics, METRICS)
        check_number("evaluation.num_images", num_images, 2)
        check_number("evaluation.num_style", num_style, 2)
        check_split(split)
        check_features(features, weights_path)
        check_statistics(statistics)
        self.features, self.weights_path, self.statistics = features, weights_path, statistics
        self.num_images, self.num_style, self.split = num_images, num_style, split
        self.settings = Settings(kid_subsets, kid_subset_size)
        self.folder = Path(cache_dir).expanduser() if cache_dir is not None else default_cache_dir() / "features"
        self.comparability: dict[str, dict[str, Any]] = {}
        self.main_metric: str | None = None
        self.table: dict[str, dict[str, float]] = {}
        self.bar = False
        self._networks: dict[tuple[str, ...], Networks] = {}

    @cached_property
    def extractor(self) -> Extractor:
        """The network of the distances, loaded when it is first wanted."""
        return choose_extractor(self.features, self.weights_path)

    def networks(self, trained_against: Collection[str]) -> Networks:
        """Everything to look through, for a model that was trained against some of it."""
        key = tuple(sorted(trained_against))
        if key not in self._networks:
            texture = choose_statistics(self.statistics, key)
            self._networks[key] = Networks(self.extractor, texture, choose_structure())
        return self._networks[key]

    def evaluate(
        self,
        paint: Paint,
        content: PackedImages,
        style: PackedImages,
        *,
        reference: PackedImages | None = None,
        trained_against: Collection[str] = (),
        about: dict[str, Any] | None = None,
    ) -> dict[str, float]:
        """Measure; every process must call it and gets the figures of the first, which does the work.

        Args:
            paint: repaints content.
            content: crops of what is to be repainted.
            style: crops of paintings that the model has not seen, of any number.
            reference: crops of other paintings.
            trained_against: names of the networks in the model's own losses.
            about: what else to put on record.

        Returns:
            The model's figures; :attr:`table` has the others.
        """
        figures: dict[str, float] = {}
        if distributed.rank() == 0:
            figures = self._measure(_Sets(paint, content, style, reference), trained_against, about or {})
        shared = from_first((figures, self.comparability, self.main_metric, self.table))
        figures, self.comparability, self.main_metric, self.table = shared
        return figures

    def of_model(self, model: Any, data: Any) -> dict[str, float]:
        """Measure a model in training on what its data module holds out."""
        return self.evaluate(
            repainter(model.generator_ema),
            *self.crops(data),
            reference=data.evaluation_images("style"),
            trained_against=networks_in(getattr(model, "perceptual", None)),
            about=self.sources(data),
        )

    def sheet_of_model(self, model: Any, data: Any) -> None:
        """Training shows its own sheets."""

    def crops(self, data: Any) -> tuple[PackedImages, PackedImages]:
        """Content and style of the split that is measured."""
        prefix = "held_out_" if self.split == "held_out" else ""
        return data.evaluation_images(f"{prefix}content"), data.evaluation_images(f"{prefix}style")

    def sources(self, data: Any) -> dict[str, Any]:
        """What the data module knows of both sides, for the record: the part of each that :meth:`crops` are of."""
        known = data.provenance()
        record: dict[str, Any] = {"origin": known["style"]["origin"]}
        for side, prefix in (("style", ""), ("content", "content_")):
            split = "held_out" if self.split == "held_out" and known[side]["held_out"] else "train"
            record |= {f"{prefix}split": split, f"{side}_pictures": known[side][split]}
        return record

    def _measure(self, sets: "_Sets", trained_against: Collection[str], about: dict[str, Any]) -> dict[str, float]:
        networks = self.networks(trained_against)
        count = min(self.num_images, len(sets.content))
        style = self._known(networks, sets.style, self.num_style, "paintings")
        view = RealFeatures(style.values, statistics(style.values))
        positions = some_positions(len(sets.style), self.num_style)
        colours = colours_of(uint8_slice(sets.style, positions, 0, len(positions)))
        rows = {
            OURS: self._view(networks, sets.content, "repainted pictures", sets.paint),
            CONTROLS[0]: self._known(networks, sets.content, count, "content", lambda images: images),
            CONTROLS[1]: self._known(
                networks,
                sets.content,
                count,
                "content in the style's colours",
                lambda images: match_colours(images, colours),
                key=[sets.style.fingerprint, len(style.values)],
            ),
        }
        if sets.reference is not None:
            rows[REFERENCE] = self._known(networks, sets.reference, self.num_style, "paintings trained on")
        self.table, self.comparability = {}, {}
        for name, row in rows.items():
            self._add_row(name, row, view, style, networks)
        shared = {
            "fingerprint": sets.style.fingerprint,
            "content_fingerprint": sets.content.fingerprint,
            "trained_against": sorted(trained_against),
            **about,
        }
        for name, record in self.comparability.items():
            others = {row: figures[name] for row, figures in self.table.items() if row != OURS and name in figures}
            record.update(shared, controls=others)
        return self.table[OURS]

    def _add_row(self, name: str, row: View, real: RealFeatures, style: View, networks: Networks) -> None:
        """The figures of one set, and at the model's the records of all."""
        found = measure(self.metrics, Features(row.values), real, self.settings)
        figures = {public_name(key, self.extractor.name): figure.value for key, figure in found.items()}
        network = networks.texture.name
        figures[f"gram_{network}"] = gram_distance(row.moments, style.moments)
        figures[f"mean_std_{network}"] = mean_std_distance(row.moments, style.moments)
        if row.structure is not None:
            figures["structure"] = float(row.structure.double().mean())
        self.table[name] = figures
        if name != OURS:
            return
        counts = {"generated": len(row.values), "real": len(real.values)}
        extractor = self.extractor
        self.main_metric = preferred(found, extractor, *counts.values()) or f"gram_{network}"
        about = {"extractor": extractor.name, "weights_sha256": extractor.weights_sha256, "resizer": extractor.resizer}
        for key, figure in found.items():
            self.comparability[public_name(key, extractor.name)] = {**about, **figure.protocol}
        for key in (f"gram_{network}", f"mean_std_{network}"):
            self.comparability[key] = {"extractor": network, "layers": list(networks.texture.style_layers)}
        self.comparability["structure"] = {"extractor": networks.shape.name, "layers": list(networks.shape_layers)}
        for key, record in self.comparability.items():
            record.update(counts, higher_is_better=key == "structure")

    def _known(
        self,
        networks: Networks,
        packed: PackedImages,
        count: int,
        what: str,
        change: Paint | None = None,
        key: Sequence[Any] = (),
    ) -> View:
        """A view that no model has a part in, from disk where it is known."""
        made_of = [networks.key(), packed.fingerprint, min(count, len(packed)), what if change else "", list(key)]
        digest = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:32]
        path = self.folder / f"{digest}.safetensors"
        return View.of(keep(path, lambda: self._view(networks, packed, what, change, count).tensors()))

    def _view(
        self, networks: Networks, packed: PackedImages, what: str, change: Paint | None = None, count: int | None = None
    ) -> View:
        positions = some_positions(len(packed), count or self.num_images)
        with counting(f"measuring {what}", len(positions), self.bar) as tick:
            return describe(
                networks, lambda start, n: uint8_slice(packed, positions, start, n), len(positions), change, tick
            )


@dataclass(frozen=True)
class _Sets:
    paint: Paint
    content: PackedImages
    style: PackedImages
    reference: PackedImages | None
