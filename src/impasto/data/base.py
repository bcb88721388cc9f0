"""What a run asks of its data, whatever kind it is."""

from typing import Any

from lightning import LightningDataModule
from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.base.spec import ImageSpec
from impasto.data.packing.packed import PackedImages


class PackedDataModule(LightningDataModule):
    """Base of the data modules: packed pictures, an order that a seed and a position determine, and their history.

    Attributes:
        start_batch: number of the first batch that the loader gives; a resumed run sets it.
        packs: everything that was packed, for ``bad_images.csv``.
        vectors_sha256: of the condition vectors of all pictures in their order; None where they have none.
    """

    start_batch: int
    packs: list[PackedImages]
    vectors_sha256: str | None = None

    @property
    def spec(self) -> ImageSpec:
        """Shape and classes of what networks see; known after ``prepare_data``."""
        raise NotImplementedError

    def preview_batch(self, count: int = 16) -> dict[str, Tensor] | None:
        """Pictures set aside for looking at, in [-1, 1]; none where a model needs none."""
        raise NotImplementedError

    def condition_vectors(self, count: int) -> Tensor | None:
        """Condition vectors of pictures to train on, evenly spaced: (count or fewer, K); none where it has none."""
        return None

    def class_weights(self) -> list[int] | None:
        """How often each class comes in training, in proportion; none where there are no classes."""
        return None

    def provenance(self) -> dict[str, Any]:
        """Where the pictures come from and how they were split, for the summary."""
        raise NotImplementedError

    def state_dict(self) -> dict[str, Any]:
        """What tells these pictures from others, for checkpoints."""
        return {
            "pictures": [len(packed) for packed in self.packs],
            "fingerprints": [packed.fingerprint for packed in self.packs],
            "vectors": self.vectors_sha256,
            "classes": [list(packed.class_names) for packed in self.packs],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Compare the pictures with those that a resumed run has been trained on.

        Raises:
            UserError: there are more or fewer of them, so that the order in which they come would be another; or their
                classes or condition vectors are others.
        """
        own = self.state_dict()
        if own["pictures"] != state_dict["pictures"]:
            had, has = (" + ".join(map(str, state["pictures"])) for state in (state_dict, own))
            raise UserError(
                f"This run was trained on {had} pictures, and now there are {has}: say where the same pictures are "
                "(data.root=FOLDER, for example), or start a new run."
            )
        if own["classes"] != state_dict.get("classes", own["classes"]):  # a label is its class's place in the order
            before, now = (", ".join(n for names in state["classes"] for n in names) for state in (state_dict, own))
            raise UserError(
                f"This run was trained on the classes {before or 'none'}, and now they are {now or 'none'}: give the "
                "folders their old names (or set data.root to where they are), or start a new run."
            )
        if own["vectors"] != state_dict.get("vectors"):
            raise UserError(
                "The pictures have other condition vectors than this run was trained with: let data.vectors name the "
                "same ones, or start a new run."
            )
        if own["fingerprints"] != state_dict["fingerprints"]:
            notice(
                "data.resumed",
                "The pictures are as many as this run was trained on, but their names, sizes or times are others: if "
                "they are not the same pictures, start a new run.",
            )
