"""Time, so that a test can have its own."""

import time
from typing import Protocol


class Clock(Protocol):
    """Seconds that pass."""

    def now(self) -> float:
        """Seconds since some moment."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class RealClock:
    """The machine's."""

    def now(self) -> float:
        """See :class:`Clock`."""
        return time.perf_counter()

    def sleep(self, seconds: float) -> None:
        """See :class:`Clock`."""
        time.sleep(max(seconds, 0))
