"""Recording graphs, without the trace that torch writes of it where a test runner listens to all loggers."""

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def no_trace() -> Iterator[None]:
    trace = logging.getLogger("torch.__trace")
    level = trace.level
    trace.setLevel(logging.WARNING)
    yield
    trace.setLevel(level)
