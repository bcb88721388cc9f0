"""Quantisation of ONNX models to 8 bits: which layers, how much each of them hurts, and which stay in float."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantType
from onnxruntime.quantization.calibrate import TensorsData, create_calibrator
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer
from onnxruntime.quantization.quant_utils import quantize_data
from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.notices import log
from impasto.export.runtime import run_of, session_of, simplified

LAYERS: Final = ("Conv", "ConvTranspose", "Gemm", "MatMul")
"""Operators with weights."""
LEAST: Final = 500
"""Weights of a layer that is quantised: below, nothing is won."""

Given = tuple[Tensor, ...]
Quantise = Callable[[Sequence[str]], onnx.ModelProto]
"""Nodes to quantise to the model."""


@dataclass(frozen=True)
class Quantised:
    """A model in 8 bits.

    Attributes:
        model: of ONNX.
        losses: by layer, the mean difference of the painting if it alone is quantised, as a share of the range.
        kept: layers that stay in float.
        loss: mean difference of the painting, as a share of the range.
    """

    model: onnx.ModelProto
    losses: Mapping[str, float]
    kept: tuple[str, ...]
    loss: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"loss": self.loss, "kept_in_float": list(self.kept), "sensitivity": dict(self.losses)}


def quantised(
    model: onnx.ModelProto, kind: str, calibration: Sequence[Given], trial: Sequence[Given], max_loss: float
) -> Quantised:
    """A model in 8 bits, all layers but those that hurt most.

    Args:
        model: in float.
        kind: ``static``: weights, and what layers take and give, by ranges that are measured; ``weights``: those alone.
        calibration: inputs on which ranges are measured.
        trial: inputs on which losses are measured.
        max_loss: greatest mean difference of the painting that is allowed, as a share of the range.

    Raises:
        UserError: no layer has enough weights, or every one of them hurts too much.
    """
    model = simplified(model)
    layers = layers_of(model)
    if not layers:
        raise UserError(
            "quantize= has nothing to do: no layer of this painter has constant weights, and enough of them; leave it "
            "out, or bake a style in by style=."
        )
    quantise = static(model, calibration) if kind == "static" else weights_only(model)
    wanted = [run_of(session_of(model.SerializeToString()))(given) for given in trial]

    def loss(nodes: Sequence[str]) -> float:
        run = run_of(session_of(quantise(nodes).SerializeToString()))
        apart = [(run(given) - own).abs().mean() / 2 for given, own in zip(trial, wanted, strict=True)]
        return float(torch.stack(apart).mean())

    log.info("8 bits: trying %d layers, each alone and then together ...", len(layers))
    alone = {node: loss([node]) for node in layers}
    order = sorted(layers, key=alone.__getitem__)
    count, found = most(order, loss, max_loss)
    if not count:
        raise UserError(
            f"quantize={kind}: each layer costs more than max_loss={max_loss:g}; allow more, or leave it out."
        )
    kept = tuple(layers[node] for node in order[count:])
    return Quantised(quantise(order[:count]), {layers[node]: alone[node] for node in layers}, kept, found)


def most(order: Sequence[str], loss: Callable[[Sequence[str]], float], limit: float) -> tuple[int, float]:
    """How many of the first may be quantised within a limit, by halving, and the loss with so many."""
    low, high, found = 0, len(order), 0.0
    while low < high:
        middle = high if low == 0 and high == len(order) else (low + high + 1) // 2
        if (now := loss(order[:middle])) <= limit:
            low, found = middle, now
        else:
            high = middle - 1
    return low, found


def layers_of(model: onnx.ModelProto) -> dict[str, str]:
    """Nodes whose weights are constants and many, each with the name of its layer."""
    weights = {each.name: each for each in model.graph.initializer}
    found = {}
    for node in model.graph.node:
        weight = weights.get(node.input[1]) if node.op_type in LAYERS else None
        if weight is not None and np.prod(weight.dims) >= LEAST and weight.data_type == TensorProto.FLOAT:
            found[node.name] = name_of(node, weight.name)
    return found


def name_of(node: onnx.NodeProto, weight: str) -> str:
    """A layer by its place in the network, where its weights still have their name; else by its node."""
    parts = [each for each in weight.split(".") if each not in ("painter", "network")]
    return ".".join(parts[:-1]) if len(parts) > 1 else node.name.removeprefix("node_")


class Reader(CalibrationDataReader):
    """Inputs one after the other, as the calibrator asks for them."""

    def __init__(self, names: Sequence[str], given: Sequence[Given]) -> None:
        self.fed: Iterator[dict[str, np.ndarray]] = (
            {name: value.numpy() for name, value in zip(names, each, strict=True)} for each in given
        )

    def get_next(self) -> dict[str, np.ndarray] | None:  # type: ignore[override]
        """The next inputs by name; None after the last."""
        return next(self.fed, None)


def ranges(model: onnx.ModelProto, given: Sequence[Given]) -> TensorsData:
    """Least and greatest values of what layers take and give."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        onnx.save(model, path)
        calibrator = create_calibrator(
            path, list(LAYERS), str(Path(folder) / "augmented.onnx"), CalibrationMethod.MinMax
        )
        calibrator.collect_data(Reader([each.name for each in model.graph.input], given))
        return calibrator.compute_data()


def static(model: onnx.ModelProto, given: Sequence[Given]) -> Quantise:
    """Quantises weights by channel, and what layers take and give by ranges measured once (Jacob et al. 2018)."""
    measured = ranges(model, given)

    def quantise(nodes: Sequence[str]) -> onnx.ModelProto:
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
        quantizer = QDQQuantizer(
            copy,
            True,
            False,
            QuantType.QInt8,
            QuantType.QUInt8,
            measured,
            list(nodes),
            [],
            list(LAYERS),
            {"ForceQuantizeNoInputCheck": False},
        )
        quantizer.quantize_model()
        quantizer.model.topological_sort()
        made: onnx.ModelProto = quantizer.model.model
        return made

    return quantise


def weights_only(model: onnx.ModelProto) -> Quantise:
    """Stores weights in 8 bits by channel; runtimes turn them into floats when they load the file."""

    def quantise(nodes: Sequence[str]) -> onnx.ModelProto:
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
        chosen = set(nodes)
        weights = {each.name: each for each in copy.graph.initializer}
        taken = {node.input[1]: node for node in copy.graph.node if node.name in chosen}
        others: list[onnx.NodeProto] = []
        for name, node in taken.items():
            others += list(stored_in_bytes(copy.graph, weights[name], axis_of(node)))
            copy.graph.initializer.remove(weights[name])
        rest = list(copy.graph.node)
        del copy.graph.node[:]
        copy.graph.node.extend([*others, *rest])
        return copy

    return quantise


def axis_of(node: onnx.NodeProto) -> int:
    """Of a layer's weights, the axis of its outputs."""
    if node.op_type == "Conv":
        return 0
    transposed = any(each.name == "transB" and each.i for each in node.attribute)
    return 0 if transposed else 1


def stored_in_bytes(graph: onnx.GraphProto, weight: onnx.TensorProto, axis: int) -> Iterator[onnx.NodeProto]:
    """Nodes that make weights of bytes, under their old name.

    Not ``DequantizeLinear``, which ONNX Runtime computes anew in every call; a cast and a product of constants it
    computes once.
    """
    values = np.moveaxis(numpy_helper.to_array(weight), axis, 0)
    rows = [quantize_data(row.flatten(), TensorProto.INT8, symmetric=True) for row in values]
    scales = np.array([np.asarray(scale).item() for _, scale, _ in rows], np.float32)
    whole = np.moveaxis(np.stack([row for *_, row in rows]).reshape(values.shape), 0, axis)
    shape = [1] * values.ndim
    shape[axis] = -1
    for ending, made in (("bytes", whole.astype(np.int8)), ("scales", scales.reshape(shape))):
        graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(made), f"{weight.name}_{ending}"))
    yield helper.make_node("Cast", [f"{weight.name}_bytes"], [f"{weight.name}_cast"], to=TensorProto.FLOAT)
    yield helper.make_node("Mul", [f"{weight.name}_cast", f"{weight.name}_scales"], [weight.name])
