"""What a run asks of its data, whatever kind it is."""

from typing import Any

from lightning import LightningDataModule
from torch import Tensor

from impasto.data.packed import PackedImages
from impasto.data.spec import ImageSpec


class PackedDataModule(LightningDataModule):
    """Base of the data modules: packed pictures, an order that a seed and a position determine, and their history.

    Attributes:
        start_batch: number of the first batch that the loader gives; a resumed run sets it.
        packs: everything that was packed, for ``bad_images.csv``.
    """

    start_batch: int
    packs: list[PackedImages]

    @property
    def spec(self) -> ImageSpec:
        """Shape and classes of what networks see; known after ``prepare_data``."""
        raise NotImplementedError

    def preview_batch(self, count: int = 16) -> dict[str, Tensor] | None:
        """Pictures set aside for looking at, in [-1, 1]; none where a model needs none."""
        raise NotImplementedError

    def provenance(self) -> dict[str, Any]:
        """Where the pictures come from and how they were split, for the summary."""
        raise NotImplementedError
