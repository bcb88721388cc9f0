"""Shared by the protocols that measure painters of content."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal

from torch import nn

from impasto.base.cache import cache_dir as default_cache_dir
from impasto.base.checks import check_number
from impasto.evaluation.figures.metrics import Settings, check_metrics, check_split
from impasto.networks.pretrained.chooser import check_features, choose_extractor
from impasto.networks.pretrained.extractor import Extractor


class RepaintingProtocol:
    """Settings of a protocol that repaints pictures and measures distances between sets.

    Args:
        num_images: pictures to repaint.
        metrics: any of :attr:`known`.
        features: for the Fréchet distance and KID; see :func:`impasto.networks.pretrained.chooser.choose_extractor`.
        weights_path: Inception's weights; None downloads them.
        split: ``held_out`` pictures or those of ``train``.
        kid_subsets: subsets that KID is averaged over.
        kid_subset_size: samples in each, or as many as there are.
        cache_dir: folder for what is known of real pictures; None is the project's cache.

    Raises:
        UserError: a metric, a split or a network does not exist, weights cannot be had, or a number is out of range.
    """

    takes: ClassVar[str] = "content"
    asks: ClassVar[tuple[str, ...]] = ("evaluation_images",)
    known: ClassVar[tuple[str, ...]]

    def __init__(
        self,
        *,
        num_images: int,
        metrics: Sequence[str],
        features: str | Extractor | nn.Module = "auto",
        weights_path: str | None = None,
        split: Literal["train", "held_out"] = "held_out",
        kid_subsets: int = 100,
        kid_subset_size: int = 1000,
        cache_dir: str | None = None,
    ) -> None:
        self.metrics = check_metrics(metrics, self.known)
        check_number("evaluation.num_images", num_images, 2)
        check_split(split)
        check_features(features, weights_path)
        self.features, self.weights_path = features, weights_path
        self.num_images, self.split = num_images, split
        self.settings = Settings(kid_subsets, kid_subset_size)
        self.folder = Path(cache_dir).expanduser() if cache_dir is not None else default_cache_dir() / "features"

    @cached_property
    def extractor(self) -> Extractor:
        """The network of the distances, loaded when it is first wanted."""
        return choose_extractor(self.features, self.weights_path)
