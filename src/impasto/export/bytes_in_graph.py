"""Bytes in and out: what is done before and after painting, as nodes of the ONNX graph.

Pictures are then uint8 (N, H, W, C) of any size: they are reflected to the sizes that the network takes, and the
painting is cropped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.pixels import from_uint8, to_uint8
from impasto.export.parity import Run
from impasto.export.parts import Input, Part
from impasto.export.pictures import Case, cases
from impasto.export.settings import PAINT
from impasto.inference.tiles import ceil_to, reflect_to

PICTURES: Final = ("content", "style")
"""Inputs that are pictures."""


def check_bytes(part: Part) -> None:
    """Make sure that a part's pictures can be told in bytes.

    Raises:
        UserError: they cannot.
    """
    for spec in (part.painter.content, part.painter.gives):
        if spec is not None and spec.levels is not None:
            raise UserError("uint8=true: this model's pictures have a range of their own in 16 bits; leave it out.")
        if spec is not None and spec.label_map is not None and spec.label_map.boundaries:
            raise UserError("uint8=true: this model takes boundaries of objects beside the classes; leave it out.")


def in_bytes(part: Part) -> Part:
    """What a part takes and gives, told in bytes; its module stays."""
    inputs = tuple(byte_input(part, each) if each.name in PICTURES else each for each in part.inputs)
    if part.name != PAINT:
        return replace(part, inputs=inputs)
    _, channels, height, width = part.output_shape
    own: dict[str, Any] = {"output_range": (0.0, 255.0), "output_dtype": torch.uint8}
    if part.output == "probabilities":
        channels, own = 1, own | {"output": "classes"}
    return replace(part, inputs=inputs, output_shape=("batch", height, width, channels), **own)


def byte_input(part: Part, taken: Input) -> Input:
    """A picture as bytes, of any size from the smallest on."""
    batch, channels, height, width = taken.shape
    own: dict[str, Any] = {"dtype": torch.uint8, "low": 0.0, "high": 255.0, "multiple": 1}
    if of_labels(part, taken):
        own |= {"meaning": "positions of classes, 255 for none"}
        channels = 1
    return replace(taken, shape=(batch, height, width, channels), **own)


def of_labels(part: Part, taken: Input) -> bool:
    """Whether an input is a label map."""
    return taken.name == "content" and part.painter.content is not None and part.painter.content.label_map is not None


def with_bytes(model: onnx.ModelProto, part: Part) -> onnx.ModelProto:
    """A model with the nodes before and after painting.

    Args:
        model: of the part, which takes and gives floats.
        part: that takes and gives floats.
    """
    wrapped = onnx.ModelProto()
    wrapped.CopyFrom(model)
    graph = wrapped.graph
    before: list[onnx.NodeProto] = []
    after: list[onnx.NodeProto] = []
    pictures = [each for each in part.inputs if each.name in PICTURES]
    told = in_bytes(part)
    for taken, byte, value in zip(part.inputs, told.inputs, list(graph.input), strict=True):
        if taken in pictures:
            rename(graph, taken.name, f"{taken.name}_values")
            before += list(reading(part, taken, graph))
            value.CopyFrom(helper.make_tensor_value_info(taken.name, TensorProto.UINT8, byte.shape))
    if part.name == PAINT:
        rename(graph, part.output, f"{part.output}_values")
        after += list(writing(part, pictures, graph))
        del graph.output[:]
        graph.output.append(helper.make_tensor_value_info(told.output, TensorProto.UINT8, told.output_shape))
    nodes = [*before, *graph.node, *after]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(wrapped)
    return wrapped


def rename(graph: onnx.GraphProto, old: str, new: str) -> None:
    """Give a value another name, in all nodes."""
    for node in graph.node:
        for names in (node.input, node.output):
            for i, name in enumerate(names):
                if name == old:
                    names[i] = new


def constant(graph: onnx.GraphProto, name: str, value: Sequence[float] | float, dtype: Any) -> str:
    """A constant of a graph; its name."""
    if name not in {known.name for known in graph.initializer}:
        graph.initializer.append(numpy_helper.from_array(np.asarray(value, dtype), name))
    return name


def reading(part: Part, taken: Input, graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Nodes from bytes (N, H, W, C) to what the network takes, as :func:`impasto.base.pixels.from_uint8` makes it."""
    own = f"{taken.name}_read"
    if of_labels(part, taken):
        classes = constant(graph, f"{own}_classes", list(range(int(taken.shape[1]))), np.int64)
        yield helper.make_node("Cast", [taken.name], [f"{own}_numbers"], to=TensorProto.INT64)
        yield helper.make_node("Equal", [f"{own}_numbers", classes], [f"{own}_equal"])
        yield helper.make_node("Cast", [f"{own}_equal"], [f"{own}_scaled"], to=TensorProto.FLOAT)
    else:
        half, one = constant(graph, "half", 127.5, np.float32), constant(graph, "one", 1.0, np.float32)
        yield helper.make_node("Cast", [taken.name], [f"{own}_float"], to=TensorProto.FLOAT)
        yield helper.make_node("Div", [f"{own}_float", half], [f"{own}_halved"])
        yield helper.make_node("Sub", [f"{own}_halved", one], [f"{own}_scaled"])
    last = f"{taken.name}_values"
    first = last if taken.multiple == 1 else f"{own}_channels"
    yield helper.make_node("Transpose", [f"{own}_scaled"], [first], perm=[0, 3, 1, 2])
    if taken.multiple > 1:
        sides = constant(graph, f"{own}_multiple", [taken.multiple] * 2, np.int64)
        none = constant(graph, f"{own}_none", [0] * 6, np.int64)
        yield helper.make_node("Shape", [first], [f"{own}_size"], start=2, end=4)
        yield helper.make_node("Neg", [f"{own}_size"], [f"{own}_negative"])
        yield helper.make_node("Mod", [f"{own}_negative", sides], [f"{own}_missing"])
        yield helper.make_node("Concat", [none, f"{own}_missing"], [f"{own}_border"], axis=0)
        yield helper.make_node("Pad", [first, f"{own}_border"], [last], mode="reflect")


def writing(part: Part, pictures: Sequence[Input], graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Nodes from what the network gives to bytes (N, H, W, C), as :func:`impasto.base.pixels.to_uint8` makes it."""
    painted = f"{part.output}_values"
    if pictures and pictures[0].multiple > 1:
        scale = constant(graph, "painted_scale", [part.painter.scale] * 2, np.int64)
        start, axes = (
            constant(graph, "painted_start", [0, 0], np.int64),
            constant(graph, "painted_axes", [2, 3], np.int64),
        )
        yield helper.make_node("Shape", [f"{pictures[0].name}_read_channels"], ["painted_from"], start=2, end=4)
        yield helper.make_node("Mul", ["painted_from", scale], ["painted_end"])
        yield helper.make_node("Slice", [painted, start, "painted_end", axes], ["painted_cropped"])
        painted = "painted_cropped"
    if part.output == "probabilities":
        yield helper.make_node("ArgMax", [painted], ["painted_numbers"], axis=1, keepdims=1)
        yield helper.make_node("Cast", ["painted_numbers"], ["painted_bytes"], to=TensorProto.UINT8)
    else:
        half = constant(graph, "half", 127.5, np.float32)
        yield helper.make_node("Mul", [painted, half], ["painted_spread"])
        yield helper.make_node("Add", ["painted_spread", half], ["painted_moved"])
        yield helper.make_node("Round", ["painted_moved"], ["painted_round"])
        yield helper.make_node("Cast", ["painted_round"], ["painted_bytes"], to=TensorProto.UINT8)
    output = "classes" if part.output == "probabilities" else part.output
    yield helper.make_node("Transpose", ["painted_bytes"], [output], perm=[0, 2, 3, 1])


def case_in_bytes(part: Part, case: Case) -> tuple[Case, tuple[Tensor, ...]]:
    """A case as bytes of a size that the network does not take, and what the painter is given in its place.

    Args:
        part: that takes floats.
        case: of it.
    """
    told, whole = [], []
    for taken, value in zip(part.inputs, case.given, strict=True):
        if taken.name not in PICTURES:
            told.append(value)
            whole.append(value)
            continue
        cut = value
        if taken.multiple > 1 and min(value.shape[2:]) > taken.smallest:
            cut = value[:, :, : value.shape[2] - 1, : value.shape[3] - min(3, taken.multiple - 1)]
        labels = of_labels(part, taken)
        pixels = cut.argmax(1, keepdim=True).to(torch.uint8) if labels else to_uint8(cut)
        told.append(pixels.permute(0, 2, 3, 1).contiguous())
        seen = cut if labels else from_uint8(pixels)
        height, width = (ceil_to(side, taken.multiple) for side in cut.shape[2:])
        whole.append(reflect_to(seen, height, width))
    return Case(case.name, tuple(told)), tuple(whole)


def painted_in_bytes(part: Part, given: Sequence[Tensor], painted: Tensor) -> Tensor:
    """What a painter gives, as bytes (N, H, W, C), cropped to what was given in bytes."""
    if part.name != PAINT:
        return painted
    for taken, value in zip(part.inputs, given, strict=True):
        if taken.name in PICTURES:
            height, width = (side * part.painter.scale for side in value.shape[1:3])
            painted = painted[:, :, :height, :width]
    pixels = painted.argmax(1, keepdim=True).to(torch.uint8) if part.output == "probabilities" else to_uint8(painted)
    return pixels.permute(0, 2, 3, 1)


@torch.no_grad()
def compared_in_bytes(part: Part, run: Run) -> dict[str, float]:
    """How far a file that takes and gives bytes is from its painter: the largest difference, and the share that differ.

    Sizes are such that the network does not take them.
    """
    largest, wrong, count = 0, 0, 0
    for case in cases(part):
        told, whole = case_in_bytes(part, case)
        wanted = painted_in_bytes(part, told.given, part.module(*whole))
        given = run(told.given)
        if wanted.shape != given.shape:
            return {"largest": 255, "share": 1.0}
        apart = (wanted.int() - given.int()).abs()
        largest, wrong, count = max(largest, int(apart.max())), wrong + int((apart > 0).sum()), count + apart.numel()
    return {"largest": largest, "share": wrong / count}
