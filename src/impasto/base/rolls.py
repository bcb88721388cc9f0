"""Piano rolls: music as pictures, a channel for each voice, a row for each pitch, a column for each step of time.

The rows are pitches from the highest, at the top, down to ``lowest``; one more at the bottom is where notes begin. A
voice sounds one note at a time, or none. In files and on the device a pixel is full where the voice sounds, and empty
elsewhere.
"""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from torch import Tensor

COLORS: Final = ((0.85, 0.25, 0.2), (0.95, 0.7, 0.15), (0.2, 0.6, 0.35), (0.2, 0.35, 0.75), (0.55, 0.3, 0.65))
"""Of voices when a roll is shown: red, green and blue, 0 to 1; from the first again after the last."""

CELL: Final = 3
"""Pixels of a side of a step, when a roll is shown."""

Transpose = Literal["none", "scale", "tonic"]


@dataclass(frozen=True)
class Roll:
    """What the channels, rows and columns of piano rolls mean.

    Args:
        voices: their names, from the highest.
        lowest: MIDI number of the pitch of the lowest row of pitches; 60 is middle C.
        steps_per_beat: columns in a beat.
        beats_per_bar: beats in a bar.
        tempo: beats a minute, for files that are written.
        programs: of General MIDI, 0 to 127, by which each voice is played.
        transpose: where pieces are moved by their keys: ``scale`` is C major or A minor, ``tonic`` C major or C minor.
    """

    voices: tuple[str, ...]
    lowest: int
    steps_per_beat: int = 4
    beats_per_bar: int = 4
    tempo: float = 90.0
    programs: tuple[int, ...] = ()
    transpose: Transpose = "none"

    @property
    def bar(self) -> int:
        """Columns in a bar."""
        return self.steps_per_beat * self.beats_per_bar

    def to_dict(self) -> dict[str, Any]:
        """Plain values only."""
        return {**asdict(self), "voices": list(self.voices), "programs": list(self.programs)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Roll":
        """The inverse of :meth:`to_dict`."""
        return cls(**{**values, "voices": tuple(values["voices"]), "programs": tuple(values["programs"])})


def shown(rolls: "Tensor") -> "Tensor":
    """Piano rolls to look at: voices in colours on white, the beginnings of notes darker.

    Args:
        rolls: (N, voices, H, W) in [-1, 1].

    Returns:
        (N, 3, 3 (H - 1), 3 W) in [-1, 1]: a step is a square of three pixels.
    """
    import torch  # here, so that a wrong setting is answered at once

    sounds = (rolls[:, :, :-1] + 1) / 2
    begins = (rolls[:, :, -1:] + 1) / 2
    colors = torch.tensor([COLORS[i % len(COLORS)] for i in range(rolls.shape[1])], device=rolls.device)
    picture = torch.ones(len(rolls), 3, *sounds.shape[-2:], device=rolls.device)
    for voice, color in enumerate(colors):
        cover = sounds[:, voice : voice + 1]
        ink = color[None, :, None, None] * (1 - 0.4 * begins[:, voice : voice + 1])
        picture = picture * (1 - cover) + ink * cover
    return (picture * 2 - 1).repeat_interleave(CELL, 2).repeat_interleave(CELL, 3)
