"""Whether an exported file does what its painter does; and, if not, from which layer on it differs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor
from torch.export import ExportedProgram

from impasto.export.parts import Part
from impasto.export.pictures import Case, cases

LIMIT: Final = 1e-3
"""Largest difference that passes, for values in [-1, 1]."""

Run = Callable[[tuple[Tensor, ...]], Tensor]
"""Inputs in order to the output."""


@dataclass(frozen=True)
class Parity:
    """How far a file is from its painter.

    Attributes:
        largest: difference of a value.
        mean: difference, over all values.
        cases: largest difference by case.
    """

    largest: float
    mean: float
    cases: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"largest": self.largest, "mean": self.mean, "cases": self.cases}


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


@torch.no_grad()
def compared(part: Part, run: Run) -> tuple[Parity, Case]:
    """How far a file is from its painter, and the case in which it is farthest."""
    largest, total, count, found = 0.0, 0.0, 0, {}
    worst: Case | None = None
    for case in cases(part):
        apart = difference(part.module(*case.given), run(case.given))
        found[case.name] = float(apart.max())
        total, count = total + float(apart.sum(dtype=torch.float64)), count + apart.numel()
        if worst is None or not found[case.name] <= largest:
            largest, worst = found[case.name], case
    assert worst is not None
    return Parity(largest, total / count, found), worst


def difference(wanted: Tensor, given: Tensor) -> Tensor:
    """Absolute differences, infinite where shapes differ or a value is no number."""
    if wanted.shape != given.shape:
        return torch.tensor([float("inf")])
    return (wanted - given).abs().nan_to_num(nan=float("inf"), posinf=float("inf"))


class Values(torch.fx.Interpreter):
    """Runs a graph and gives what each of its nodes gives, one after the other."""

    def __init__(self, program: ExportedProgram) -> None:
        super().__init__(program.module())
        self.found: dict[str, Tensor] = {}

    def run_node(self, n: torch.fx.Node) -> Any:
        """As in torch; keeps tensors."""
        value = super().run_node(n)
        if n.op == "call_function" and isinstance(value, Tensor) and value.is_floating_point():
            self.found[n.name] = value
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
