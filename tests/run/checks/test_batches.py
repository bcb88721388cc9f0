"""Batches are divided among processes and split into parts, or refused."""

from typing import Any

import pytest
import torch
from omegaconf import OmegaConf

from impasto.run.checks.batches import batch_problems, processes


@pytest.mark.parametrize(
    ("accumulate", "batch", "trainer", "says"),
    [
        (8, 4, {"devices": 1}, "cannot split a batch of 4;"),
        (3, 8, {"devices": 4}, "cannot split a batch of 2 of 8 among 4 processes"),
        (2, 8, {"devices": 4}, None),
        (2, 8, {"devices": [0, 1], "num_nodes": 2}, None),
        (1, 9, {"devices": "0,1"}, "divided evenly among 2 processes"),
    ],
)
def test_a_batch_and_its_parts(accumulate: int, batch: int, trainer: Any, says: str | None) -> None:
    content = {"kimg": 1, "seed": 0, "model": {"accumulate": accumulate}, "data": {"batch_size": batch}}
    problems = batch_problems(OmegaConf.create({**content, "trainer": trainer}))
    assert len(problems) == (says is not None)
    assert says is None or says in problems[0]


def test_processes_that_only_the_machine_can_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    assert processes({"devices": "auto", "accelerator": "gpu"}) == 3
    assert processes({"devices": -1, "accelerator": "gpu", "num_nodes": 2}) == 6
    assert processes({"devices": "auto", "accelerator": "cpu"}) == 1
    assert processes(None) == 1
