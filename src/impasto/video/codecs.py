"""How clips are coded: by name, what FFmpeg's encoder is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from impasto.base.errors import UserError


@dataclass(frozen=True)
class Codec:
    """One way of coding frames.

    Attributes:
        encoder: FFmpeg's.
        quality: constant rate factor unless told otherwise; None for one that has none.
        worst: the largest factor.
        forms: pixel formats for 8 bits, for more, and both for sides of odd length.
        endings: of files that hold it.
        options: for the encoder.
    """

    encoder: str
    quality: int | None
    worst: int
    forms: tuple[str, str, str, str]
    endings: tuple[str, ...]
    options: Mapping[str, str] = field(default_factory=dict)


_EVEN: Final = ("yuv420p", "yuv420p10le", "yuv444p", "yuv444p10le")
"""The common players show 4:2:0, which H.264 and H.265 have for even sides alone."""
_ANY: Final = ("yuv420p", "yuv420p10le", "yuv420p", "yuv420p10le")
_MP4: Final = (".mp4", ".m4v", ".mov", ".mkv")
CODECS: Final = {
    "h264": Codec("libx264", 18, 51, _EVEN, _MP4, {"preset": "medium"}),
    "h265": Codec("libx265", 20, 51, _EVEN, _MP4, {"preset": "medium", "x265-params": "log-level=none"}),
    "vp9": Codec("libvpx-vp9", 24, 63, _ANY, (".webm", ".mkv", ".mp4"), {"cpu-used": "4", "row-mt": "1"}),
    "av1": Codec("libsvtav1", 24, 63, ("yuv420p", "yuv420p10le") * 2, (".webm", ".mkv", ".mp4"), {"preset": "8"}),
    "prores": Codec("prores_ks", None, 0, ("yuv422p10le",) * 4, (".mov", ".mkv"), {"profile": "hq"}),
    "ffv1": Codec("ffv1", None, 0, ("bgr0", "gbrp16le") * 2, (".mkv",)),
}
"""By name; ffv1 loses nothing."""


@dataclass(frozen=True)
class Encoding:
    """How a clip is coded.

    Attributes:
        codec: of :data:`CODECS`; ``auto`` is h264 for 8 bits, h265 for more, and vp9 in a .webm.
        crf: constant rate factor, from 0 for the best; None takes the codec's.
    """

    codec: str = "auto"
    crf: int | None = None

    def check(self) -> None:
        """Make sure that the settings make sense.

        Raises:
            UserError: one does not.
        """
        if self.codec != "auto" and self.codec not in CODECS:
            raise UserError(f"codec={self.codec} is not known; give auto or one of {', '.join(CODECS)}.")
        if self.crf is None:
            return
        worst = 51 if self.codec == "auto" else CODECS[self.codec].worst
        if not worst:
            raise UserError(f"codec={self.codec} has no rate factor; leave crf= out.")
        if not isinstance(self.crf, int) or isinstance(self.crf, bool) or not 0 <= self.crf <= worst:
            raise UserError(f"crf={self.crf} is out of range; give a whole number from 0, the best, to {worst}.")

    def chosen(self, path: Path, depth: int) -> Codec:
        """The codec for a file.

        Args:
            path: of the file.
            depth: bits per sample.

        Raises:
            UserError: the file's format does not hold it.
        """
        ending = path.suffix.lower()
        name = self.codec
        if name == "auto":
            name = "vp9" if ending == ".webm" else "h265" if depth > 8 else "h264"
        codec = CODECS[name]
        if ending not in codec.endings:
            raise UserError(f"a {ending} does not hold codec={name}; write one of {', '.join(codec.endings)}")
        return codec


DEFAULT: Final = Encoding()
"""What plays nearly everywhere, at a quality that hides no brushwork."""
