"""Exporting: a painter to one file or two, each compared with the painter before it is there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from torch.export import ExportedProgram

from impasto.base.errors import UserError
from impasto.base.files import whole_or_not, write_json
from impasto.export.parity import LIMIT, Parity, compared, first_difference, run_of, session_of
from impasto.export.parts import PAINT, Part, parts_of
from impasto.export.recording import recorded
from impasto.export.settings import NEEDED, Settings
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
    for part in parts_of(painter, settings.adapter_rank):
        path = output if part.name == PAINT else output.with_suffix(f".{part.name}{output.suffix}")
        program = recorded(part)
        with whole_or_not(path) as temporary:
            parity = write_onnx(part, program, temporary, settings)
            report = report_of(part, temporary, settings, parity)
        write_json(beside(path), report)
        yield Written(path, part.name, parity, report)


def write_onnx(part: Part, program: ExportedProgram, path: Path, settings: Settings) -> Parity:
    """Write a part as ONNX, run it, and compare.

    Raises:
        UserError: it cannot be written so, or differs.
    """
    import onnx

    from impasto.export.onnx_file import as_onnx, set_metadata

    model = as_onnx(part, program, settings.opset)
    set_metadata(model, metadata(part))
    onnx.save(model, path)
    parity, worst = compared(part, run_of(session_of(path)))
    if not parity.largest <= LIMIT:
        where = first_difference(onnx.load(path), program, worst)
        raise UserError(
            f"The exported file differs from its painter by {parity.largest:.2g} ({worst.name}), and {LIMIT:g} is "
            f"allowed; it was removed. They first differ at {where}."
        )
    return parity


def metadata(part: Part) -> dict[str, Any]:
    """What a file says of a part."""
    values: dict[str, Any] = {
        "impasto": part.name,
        "inputs": [each.to_dict() for each in part.inputs],
        "outputs": [part.output_dict()],
        "classes": list(part.painter.gives.class_names),
    }
    if (labels := part.painter.gives.label_map) is not None:
        values["labels"] = labels.to_dict()
    if part.layout is not None:
        values["adapter_layout"] = part.layout.to_dict()
    return values


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
        "versions": {name: version(name) for name in ("torch", *NEEDED)},
    }


def beside(path: Path) -> Path:
    """The JSON file of an exported file."""
    return path.with_name(f"{path.name}.json")
