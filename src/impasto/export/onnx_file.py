"""A part as an ONNX model: by torch's exporter, with what it takes and gives in the metadata."""

import io
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, Final

import onnx
import torch
from torch.export import ExportedProgram

from impasto.base.errors import UserError
from impasto.export.bytes_in_graph import check_bytes, compared_in_bytes, in_bytes, with_bytes
from impasto.export.description import metadata
from impasto.export.parity import LIMIT, Parity, compared, refuse_difference
from impasto.export.parts import Part
from impasto.export.pictures import calibration_of
from impasto.export.quantisation import quantised
from impasto.export.recording import describe, reason
from impasto.export.runtime import first_difference, run_of, session_of
from impasto.export.settings import PAINT, Settings

CALIBRATED: Final = 8
"""Pictures on which ranges are measured."""
TRIED: Final = 3
"""Others, on which losses are."""
SHARE: Final = 1e-3
"""Of pixels whose class may be another, where two are as likely."""


def write(part: Part, program: ExportedProgram, path: Path, settings: Settings) -> tuple[Parity, dict[str, Any]]:
    """Write a part as ONNX, run it, and compare; also what the report says beside the parity.

    Raises:
        UserError: it cannot be written so, or differs.
    """
    if settings.uint8:
        check_bytes(part)
    model = as_onnx(part, program, settings.opset)
    onnx.save(model, path)
    parity = compared_or_refused(part, program, path)
    more: dict[str, Any] = {}
    if settings.quantize is not None and part.name == PAINT:
        found = quantised(
            model,
            settings.quantize,
            calibration_of(part, settings.calibration, CALIBRATED),
            calibration_of(part, settings.calibration, TRIED, CALIBRATED),
            settings.max_loss,
        )
        model, more = found.model, {"quantisation": {"kind": settings.quantize, **found.to_dict()}}
        parity, _ = compared(part, run_of(session_of(model.SerializeToString())))
    told = in_bytes(part) if settings.uint8 else part
    model = with_bytes(model, part) if settings.uint8 else model
    set_metadata(model, metadata(told))
    onnx.save(model, path)
    if settings.uint8:
        found_in_bytes = compared_in_bytes(part, run_of(session_of(path)))
        if settings.quantize is None:
            refuse_other_bytes(part, found_in_bytes)
        more |= {"parity_in_bytes": found_in_bytes}
    return parity, {**metadata(told), **more}


def refuse_other_bytes(part: Part, found: Mapping[str, float]) -> None:
    """Make sure that a file that takes and gives bytes does what its painter does.

    Raises:
        UserError: it does not.
    """
    if found["largest"] > 1 and (part.output != "probabilities" or found["share"] > SHARE):
        raise UserError(
            f"The exported file differs from its painter by {found['largest']} levels of 255, and 1 is allowed; it was "
            "removed. Leave uint8= out."
        )


def compared_or_refused(part: Part, program: ExportedProgram, path: Path) -> Parity:
    """Run an ONNX file and compare it with its painter.

    Raises:
        UserError: it differs.
    """
    parity, worst = compared(part, run_of(session_of(path)))
    if not parity.largest <= LIMIT:
        where = first_difference(onnx.load(path), program, worst)
        refuse_difference(parity, worst, LIMIT, f"They first differ at {where}.")
    return parity


def as_onnx(part: Part, program: ExportedProgram, opset: int) -> onnx.ModelProto:
    """The model of a part's graph.

    Args:
        part: that was recorded.
        program: its graph.
        opset: version of ONNX's operators.

    Raises:
        UserError: an operator has no counterpart in ONNX.
    """
    try:
        with quietly():
            made = torch.onnx.export(
                program,
                dynamo=True,
                opset_version=opset,
                input_names=[each.name for each in part.inputs],
                output_names=[part.output],
                verbose=False,
            )
    except Exception as problem:
        logging.getLogger("impasto").debug("torch.onnx.export failed", exc_info=problem)
        raise UserError(f"{describe(part)} cannot be exported to ONNX: {reason(problem)}; use format=torch.") from None
    assert made is not None
    model: onnx.ModelProto = made.model_proto
    without_traces(model)
    name_sides(model, part)
    return model


def without_traces(model: onnx.ModelProto) -> None:
    """Leave out what the exporter notes of each node: lines of source code, with the folders where they lie."""
    graph = model.graph
    for owner in (graph, *graph.node, *graph.initializer, *graph.input, *graph.output, *graph.value_info):
        del owner.metadata_props[:]
    for node in graph.node:
        node.doc_string = ""
    for function in model.functions:
        del function.metadata_props[:]
        for node in function.node:
            del node.metadata_props[:]


def name_sides(model: onnx.ModelProto, part: Part) -> None:
    """Call the sides of inputs and outputs by their names: ``height`` rather than ``8*s27``."""
    shapes = [*zip(model.graph.input, (each.shape for each in part.inputs), strict=True)]
    shapes += [(model.graph.output[0], part.output_shape)]
    for value, shape in shapes:
        for dimension, wanted in zip(value.type.tensor_type.shape.dim, shape, strict=True):
            if isinstance(wanted, str):
                dimension.dim_param = wanted
    # Shapes in between, in names that no longer fit; ONNX Runtime finds them itself.
    del model.graph.value_info[:]


def set_metadata(model: onnx.ModelProto, values: Mapping[str, Any]) -> None:
    """Note plain values in a model, each as JSON."""
    onnx.helper.set_model_props(model, {name: json.dumps(value) for name, value in values.items()})


@contextmanager
def quietly() -> Iterator[None]:
    """Without the exporter's own report of every step, which goes to the standard output and to the log."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [each.level for each in loggers]
    for each in loggers:
        each.setLevel(logging.ERROR)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        for each, level in zip(loggers, levels, strict=True):
            each.setLevel(level)
