"""What identifies the pictures of a run: for its summary, and so that a resumed run goes on with the same ones."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.data.packing.packed import PackedImages


def state_of(packs: Sequence[PackedImages], vectors_sha256: str | None) -> dict[str, Any]:
    """Numbers, fingerprints and classes of everything that was packed, for checkpoints."""
    return {
        "pictures": [len(packed) for packed in packs],
        "fingerprints": [packed.fingerprint for packed in packs],
        "vectors": vectors_sha256,
        "classes": [list(packed.class_names) for packed in packs],
    }


def provenance_of(data: Any) -> dict[str, Any]:
    """What a data module says it was made of; the name of its class for one that has no ``provenance``."""
    provenance: Callable[[], dict[str, Any]] | None = getattr(data, "provenance", None)
    return {"name": f"{type(data).__module__}.{type(data).__qualname__}"} if provenance is None else provenance()


def compare_states(now: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    """Compare the pictures with those that a resumed run was trained on.

    Args:
        now: :func:`state_of` the pictures.
        before: the state in the checkpoint.

    Raises:
        UserError: their number differs, so that they would come in another order; or their classes or condition vectors
            differ.
    """
    if now["pictures"] != before["pictures"]:
        had, has = (" + ".join(map(str, state["pictures"])) for state in (before, now))
        raise UserError(
            f"This run was trained on {had} pictures, and now there are {has}: say where the same pictures are "
            "(data.root=FOLDER, for example), or start a new run."
        )
    if now["classes"] != before.get("classes", now["classes"]):  # a label is its class's place in the order
        had, has = (", ".join(n for names in state["classes"] for n in names) for state in (before, now))
        raise UserError(
            f"This run was trained on the classes {had or 'none'}, and now they are {has or 'none'}: give the "
            "folders their old names (or set data.root to where they are), or start a new run."
        )
    if now["vectors"] != before.get("vectors"):
        raise UserError(
            "The pictures have other condition vectors than this run was trained with: let data.vectors name the "
            "same ones, or start a new run."
        )
    if now["fingerprints"] != before["fingerprints"]:
        notice(
            "data.resumed",
            "The pictures are as many as this run was trained on, but their names, sizes or times are others: if "
            "they are not the same pictures, start a new run.",
        )
