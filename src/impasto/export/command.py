"""Exporting: a painter to one file or two, each compared with the painter before it is there."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from impasto.base.errors import UserError
from impasto.base.files import whole_or_not, write_json
from impasto.base.notices import log
from impasto.export import weights_file
from impasto.export.description import metadata
from impasto.export.parity import LIMIT, Parity
from impasto.export.parts import Part, parts_of
from impasto.export.recording import recorded
from impasto.export.settings import NEEDED, Settings, file_of
from impasto.inference.style_choice import ChosenStyle
from impasto.inference.styles import mixed_style
from impasto.painters.painter import Painter
from impasto.painters.style import StylePainter


@dataclass(frozen=True)
class Written:
    """A file was written and does what its painter does.

    Attributes:
        path: of the file.
        part: of the painter.
        parity: how far it is from the painter.
        report: what is in the JSON file beside it.
    """

    path: Path
    part: str
    parity: Parity
    report: Mapping[str, Any]


def in_chosen_style(painter: Painter, chosen: Sequence[ChosenStyle]) -> Painter:
    """A painter that paints in the chosen styles, mixed; itself if none is chosen.

    Raises:
        UserError: the painter takes no styles, or one cannot be read.
    """
    if not chosen:
        return painter
    if not isinstance(painter, StylePainter):
        raise UserError("This model paints in one way only: leave style= out, or give a run of model=style.")
    return painter.in_style(mixed_style(painter, chosen))


def export(painter: Painter, output: Path, settings: Settings) -> Iterator[Written]:
    """Write a painter, a file for each part, and beside each a JSON file that says what it is.

    Args:
        painter: as it was loaded.
        output: of the part that paints; that which encodes styles goes to ``NAME.encode.onnx`` beside it.
        settings: how.

    Yields:
        Each file when it is there.

    Raises:
        UserError: the painter cannot be exported, or a file does not do what the painter does; it is then removed.
    """
    if settings.format == "safetensors":
        with whole_or_not(output) as temporary:
            part, parity = weights_file.write(painter, temporary)
            report = report_of(part, temporary, settings, parity)
        yield written(output, part, parity, report)
        return
    for part in parts_of(painter, settings.adapter_rank):
        path = file_of(output, part.name)
        log.info("%s: recording what it does ...", path.name)
        program = recorded(part)
        log.info("%s: writing it, and comparing it with the painter ...", path.name)
        with whole_or_not(path) as temporary:
            parity, more = writer(settings)(part, program, temporary, settings)
            report = report_of(part, temporary, settings, parity) | more
        yield written(path, part, parity, report)


def writer(settings: Settings) -> Callable[..., tuple[Parity, dict[str, Any]]]:
    """What writes a graph in a format; only what it needs is imported."""
    if settings.format == "onnx":
        from impasto.export.onnx_file import write

        return write
    from impasto.export.program_file import write as write_program

    return write_program


def written(path: Path, part: Part, parity: Parity, report: Mapping[str, Any]) -> Written:
    """The event of a file, whose report is written beside it."""
    write_json(path.with_name(f"{path.name}.json"), report)
    return Written(path, part.name, parity, report)


def report_of(part: Part, path: Path, settings: Settings, parity: Parity) -> dict[str, Any]:
    """What stands in the JSON file beside a file: hash, opset, inputs, outputs, parity, and where it comes from."""
    data, origin = path.read_bytes(), part.painter.origin
    source = {"checkpoint": str(origin.path), "direction": origin.direction, "images_seen": origin.images_seen}
    if origin.path.is_file():
        source["sha256"] = sha256(origin.path.read_bytes()).hexdigest()
    return {
        "format": settings.format,
        "sha256": sha256(data).hexdigest(),
        "bytes": len(data),
        **({"opset": settings.opset} if settings.format == "onnx" else {}),
        **metadata(part),
        "parity": {**parity.to_dict(), "limit": LIMIT},
        "source": source,
        "versions": {name: version(name) for name in ("torch", *(NEEDED if settings.format == "onnx" else ()))},
    }
