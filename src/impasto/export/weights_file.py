"""A painter's weights as a safetensors file, which every ``checkpoint=`` takes again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from torch import Tensor

from impasto.export.parity import Parity, compared, refuse_difference
from impasto.export.parts import Part, parts_of
from impasto.painters.loading import from_safetensors
from impasto.painters.painter import Painter
from impasto.painters.painter_file import save_painter
from impasto.painters.style import StylePainter
from impasto.painters.style_base import save_base


def write(painter: Painter, path: Path) -> tuple[Part, Parity]:
    """Write a painter's weights as safetensors, load them again, and compare; also the part that paints.

    Raises:
        UserError: what it was built from is not known, or it is another painter when it is loaded.
    """
    node = painter.origin.config.get("model", {}).get(painter.origin.network)
    if isinstance(painter, StylePainter):
        save_base(painter, path, half=False, network=node)
    else:
        save_painter(painter, path)
    part = parts_of(painter)[0]
    loaded = parts_of(from_safetensors(path, "cpu", trusted_by(node), None))[0]

    def run(given: tuple[Tensor, ...]) -> Tensor:
        return cast(Tensor, loaded.module(*given))

    parity, worst = compared(part, run)
    refuse_difference(parity, worst, 0.0, "Use format=onnx.")
    return part, parity


def trusted_by(node: Any) -> tuple[str, ...]:
    """The package of a network that was loaded already, so that it is loaded again."""
    target = node.get("_target_") if isinstance(node, Mapping) else None
    return (target.partition(".")[0],) if isinstance(target, str) else ()
