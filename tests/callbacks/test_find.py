from types import SimpleNamespace
from typing import Any

from lightning import Callback

from impasto.callbacks.clock import StopAt
from impasto.callbacks.find import find_callback
from impasto.callbacks.log import LogLosses


class Mine(StopAt):
    """A class of one's own."""


def test_a_callback_is_found_by_its_class_or_one_that_it_inherits_from() -> None:
    mine, others = Mine(kimg=1), [Callback(), LogLosses()]
    trainer: Any = SimpleNamespace(callbacks=[*others, mine, StopAt(kimg=2)])
    assert find_callback(trainer, StopAt) is mine
    trainer.callbacks = others
    assert find_callback(trainer, StopAt) is None
