"""What tells the pictures of a resumed run from others."""

from types import SimpleNamespace
from typing import Any

import pytest

from impasto.base.errors import UserError
from impasto.data.base import PackedDataModule


class Pack(SimpleNamespace):
    def __len__(self) -> int:
        return 8


def data_of(*class_names: str, fingerprint: str = "a") -> PackedDataModule:
    data = PackedDataModule()
    pack: Any = Pack(class_names=class_names, fingerprint=fingerprint)
    data.packs = [pack]
    return data


def test_classes_that_changed_places_or_names_are_refused() -> None:
    had = data_of("cat", "dog").state_dict()
    data_of("cat", "dog", fingerprint="moved").load_state_dict(had)
    with pytest.raises(UserError, match="trained on the classes cat, dog, and now they are dog, wolf: give"):
        data_of("dog", "wolf", fingerprint="b").load_state_dict(had)
    with pytest.raises(UserError, match="now they are none"):
        data_of().load_state_dict(had)


def test_a_checkpoint_from_before_classes_were_kept_is_gone_on_with() -> None:
    had = data_of("cat", "dog").state_dict()
    del had["classes"]
    data_of("cat", "dog").load_state_dict(had)
