"""What tells the pictures of a resumed run from others."""

from types import SimpleNamespace
from typing import Any

import pytest

from impasto.base.errors import UserError
from impasto.data.state import compare_states, state_of


class Pack(SimpleNamespace):
    def __len__(self) -> int:
        return 8


def state(*class_names: str, fingerprint: str = "a") -> dict[str, Any]:
    pack: Any = Pack(class_names=class_names, fingerprint=fingerprint)
    return state_of([pack], None)


def test_classes_that_changed_places_or_names_are_refused() -> None:
    had = state("cat", "dog")
    compare_states(state("cat", "dog", fingerprint="moved"), had)
    with pytest.raises(UserError, match="trained on the classes cat, dog, and now they are dog, wolf: give"):
        compare_states(state("dog", "wolf", fingerprint="b"), had)
    with pytest.raises(UserError, match="now they are none"):
        compare_states(state(), had)


def test_a_checkpoint_from_before_classes_were_kept_is_gone_on_with() -> None:
    had = state("cat", "dog")
    del had["classes"]
    compare_states(state("cat", "dog"), had)
