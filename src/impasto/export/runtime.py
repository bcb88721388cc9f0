"""Running ONNX models, and finding from which layer on one differs from the graph that it was made of."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor
from torch.export import ExportedProgram

from impasto.export.parity import LIMIT, Run, difference
from impasto.export.pictures import Case


def session_of(model: Path | bytes, threads: int = 0, optimise: bool = True) -> onnxruntime.InferenceSession:
    """A session of ONNX Runtime on the CPU.

    Args:
        model: a file, or its bytes.
        threads: 0 takes all cores.
        optimise: fuse what can be fused.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    if not optimise:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    source = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def run_of(session: onnxruntime.InferenceSession) -> Run:
    """Calls a session with tensors in the order of its inputs."""
    names = [each.name for each in session.get_inputs()]

    def run(given: tuple[Tensor, ...]) -> Tensor:
        fed = {name: value.numpy() for name, value in zip(names, given, strict=True)}
        return torch.from_numpy(session.run(None, fed)[0])

    return run


class Values(torch.fx.Interpreter):
    """Runs a graph and gives what each of its nodes gives, one after the other."""

    def __init__(self, program: ExportedProgram) -> None:
        super().__init__(program.module())
        self.found: dict[str, Tensor] = {}

    def run_node(self, n: torch.fx.Node) -> Any:
        """As in torch; keeps tensors."""
        value = super().run_node(n)
        if n.op == "call_function" and isinstance(value, Tensor) and value.is_floating_point():
            self.found[n.name] = value.clone()  # what follows may work in place
        return value


def first_difference(model: onnx.ModelProto, program: ExportedProgram, case: Case, limit: float = LIMIT) -> str:
    """The first layer after which a model differs from the graph that it was made of, in a few words.

    Values have the names of the graph's nodes; those that the exporter has merged or renamed are not compared.

    Args:
        model: of ONNX.
        program: the graph.
        case: in which it differs.
        limit: of what counts as a difference, in parts of the largest value of the layer.
    """
    values = Values(program)
    with torch.no_grad():
        values.run(*case.given)
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    made = {name for node in model.graph.node for name in node.output}
    names = [name for name in values.found if name in made]
    del shown.graph.output[:]
    shown.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in names)
    session = session_of(shown.SerializeToString(), optimise=False)
    fed = {each.name: value.numpy() for each, value in zip(session.get_inputs(), case.given, strict=True)}
    layers = dict(layers_of(program))
    for name, given in zip(names, session.run(names, fed), strict=True):
        wanted, got = values.found[name], torch.from_numpy(np.asarray(given)).float()
        if float(difference(wanted.float(), got).max()) > limit * max(1.0, float(wanted.abs().max())):
            return f"{layers.get(name, 'the painter')} ({name})"
    return "the last operation"


def layers_of(program: ExportedProgram) -> Iterator[tuple[str, str]]:
    """Nodes of a graph, each with the layer that made it."""
    for node in program.graph.nodes:
        stack = node.meta.get("nn_module_stack") or {}
        if stack:
            path, kind = list(stack.values())[-1]
            yield node.name, f"{path or 'the painter'} ({str(kind).rpartition('.')[2]})"


def simplified(model: onnx.ModelProto) -> onnx.ModelProto:
    """A model after what ONNX Runtime does on any machine: constants are computed, nodes without effect left out."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 3
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        options.optimized_model_filepath = str(path)
        onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return onnx.load(path)
