"""A part as an ONNX model: by torch's exporter, with what it takes and gives in the metadata."""

import io
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from typing import Any

import onnx
import torch
from torch.export import ExportedProgram

from impasto.base.errors import UserError
from impasto.export.parts import Part
from impasto.export.recording import describe, reason


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
