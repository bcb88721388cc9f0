"""Which size of pictures holds a rate: found while they are painted; imports no torch."""

from typing import Final

from impasto.base.notices import notice

SIZES: Final = (128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 1024)
"""Pixels of the shorter side."""
FIRST: Final = 256
LOOKED_AT: Final = 5
"""Pictures after which a size is judged; the first of each does not count, since memory is laid out then."""
SPARE: Final = 0.9
"""Share of the time that a picture may take."""
ROOM: Final = 0.75
"""Share that the next larger size must be expected to take, at most, to be tried."""


class Sizer:
    """Chooses the largest size that holds a rate.

    A size that was too slow is not tried again, so that it settles.

    Args:
        rate: pictures a second.
        fixed: the size, if it is not to be chosen.

    Attributes:
        size: pixels of the shorter side.
    """

    def __init__(self, rate: float, fixed: int | None = None) -> None:
        self.rate, self.fixed = rate, fixed
        self.size = FIRST if fixed is None else fixed
        self._largest = SIZES[-1]
        self._seconds: list[float] = []

    def took(self, seconds: float) -> None:
        """Tell how long a picture of this size took, from capturing it until the next can be."""
        self._seconds.append(seconds)
        if self.fixed is not None or len(self._seconds) <= LOOKED_AT:
            return
        mean = sum(self._seconds[1:]) / LOOKED_AT
        self._seconds = self._seconds[:1]
        if mean > SPARE / self.rate:
            self._largest = max((size for size in SIZES if size < self.size), default=SIZES[0])
            self._change(max((s for s in SIZES if self._expected(mean, s) <= SPARE / self.rate), default=SIZES[0]))
            if self._largest == SIZES[0] and self.size == SIZES[0] and mean > 1 / self.rate:
                notice(
                    "live.size",
                    f"Even at {self.size} pixels {1 / mean:.1f} pictures a second are painted, not {self.rate:g}: give "
                    "a smaller model, or a lower fps=.",
                )
            return
        larger = next((size for size in SIZES if size > self.size), self.size)
        if larger <= self._largest and self._expected(mean, larger) <= ROOM / self.rate:
            self._change(max(s for s in SIZES if s <= self._largest and self._expected(mean, s) <= ROOM / self.rate))

    def _expected(self, seconds: float, size: int) -> float:
        return seconds * (size / self.size) ** 2

    def _change(self, size: int) -> None:
        self.size, self._seconds = min(size, self._largest), []
