"""The data of files of measured values, such as scans: pairs of them, and scans with label maps."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec, LabelMap
from impasto.data.module import ImageDataModule
from impasto.data.segmentation import SegmentationDataModule


class ScanDataModule(ImageDataModule):
    """Aligned parts of files of measured values; see :mod:`impasto.data.sources.measured`.

    Args:
        window: values that networks see as -1 and 1, such as [-160, 240] Hounsfield units; None takes each file's own.
        **settings: of :class:`~impasto.data.module.ImageDataModule`, and of
            :func:`~impasto.data.sources.scans.open_scans`.

    Raises:
        UserError: a setting cannot work.
    """

    def __init__(self, *, window: Sequence[float] | None = None, **settings: Any) -> None:
        self.window = check_window(window)
        if settings.get("content") is not None and settings.get("clean") is None and "parts" in settings:
            settings["parts"] = {part: drawing for part, drawing in settings["parts"].items() if part != "clean"}
        super().__init__(**settings, window=self.window)

    @property
    def spec(self) -> dict[str, ImageSpec]:
        """By part, the shape of what networks see, and the window that it is seen through."""
        return {name: replace(each, window=self.window or "own") for name, each in super().spec.items()}

    def provenance(self) -> dict[str, Any]:
        """As of all data, and the window."""
        return {**super().provenance(), "window": None if self.window is None else list(self.window)}


class ScanLabelsDataModule(SegmentationDataModule):
    """Files of measured values and label maps in step.

    Args:
        window: as of :class:`ScanDataModule`.
        **settings: of :class:`~impasto.data.segmentation.SegmentationDataModule`, and of
            :func:`~impasto.data.sources.scans.open_scan_labels`.

    Raises:
        UserError: a setting cannot work.
    """

    def __init__(self, *, window: Sequence[float] | None = None, **settings: Any) -> None:
        self.window = check_window(window)
        super().__init__(**settings, window=self.window)

    def drawn_labels(self, settings: Mapping[str, Any]) -> LabelMap:
        """The classes of the example."""
        return settings["example"].labels

    @property
    def spec(self) -> dict[str, ImageSpec]:
        """As of :class:`ScanDataModule`."""
        return {name: replace(each, window=self.window or "own") for name, each in super().spec.items()}

    def provenance(self) -> dict[str, Any]:
        """As of all data, and the window."""
        return {**super().provenance(), "window": None if self.window is None else list(self.window)}


def check_window(window: Sequence[float] | None) -> tuple[float, float] | None:
    """Two ascending numbers, or None.

    Raises:
        UserError: they are something else.
    """
    if window is None:
        return None
    if len(window) != 2 or not -math.inf < float(window[0]) < float(window[1]) < math.inf:
        raise UserError(f"data.window={list(window)}: give two ascending numbers, such as [-160,240], or null.")
    return float(window[0]), float(window[1])
