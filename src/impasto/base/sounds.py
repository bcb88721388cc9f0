"""Sound as pictures: mel spectrograms, a row for each band, a column for each frame, loudness as brightness."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Making = Literal["gain", "anew"]


@dataclass(frozen=True)
class Sound:
    """What the rows, columns and values of spectrograms mean.

    The lowest band is the lowest row. White is a power of 1, about that of the loudest sine wave; black is ``floor``
    decibels below.

    Args:
        rate: samples in a second.
        window: samples that a frame sees.
        hop: samples from one frame to the next.
        floor: in decibels, below 0.
        making: how sound is made of a painted spectrogram: by making bands of the sound given softer (``gain``), which
            keeps its phases, or ``anew``, with phases that go with it (Griffin and Lim 1984).
    """

    rate: int = 16_000
    window: int = 1024
    hop: int = 256
    floor: float = -80.0
    making: Making = "gain"

    def to_dict(self) -> dict[str, Any]:
        """Plain values only."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Sound":
        """The inverse of :meth:`to_dict`."""
        return cls(**values)
