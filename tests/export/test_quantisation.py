"""8 bits: what is stored, what it costs, and what stays in float."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from impasto.base.errors import UserError
from impasto.export.command import export
from impasto.export.parts import parts_of
from impasto.export.pictures import calibration_of
from impasto.export.quantisation import most, quantised, static, weights_only
from impasto.export.runtime import run_of, session_of
from impasto.export.settings import Settings
from tests.export.painters import PAINTERS
from tests.style_painter import photo


def two_layers(width: int = 12) -> onnx.ModelProto:
    """Two convolutions of 1296 and 864 weights, or fewer."""
    g = np.random.default_rng(0)
    weights = {"first.weight": g.normal(size=(width, 12, 3, 3)), "second.weight": g.normal(size=(8, width, 3, 3))}
    nodes = [
        helper.make_node("Conv", ["x", "first.weight"], ["h"], "a", pads=[1] * 4),
        helper.make_node("Relu", ["h"], ["r"], "b"),
        helper.make_node("Conv", ["r", "second.weight"], ["y"], "c", pads=[1] * 4),
    ]
    values = [numpy_helper.from_array(value.astype(np.float32) / 12, name) for name, value in weights.items()]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", c, "h", "w"]) for n, c in (("x", 12), ("y", 8))]
    graph = helper.make_graph(nodes, "two", ends[:1], ends[1:], values)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def given(count: int, seed: int = 0) -> list[tuple[torch.Tensor, ...]]:
    g = torch.Generator().manual_seed(seed)
    return [(torch.rand(1, 12, 9, 11, generator=g) * 2 - 1,) for _ in range(count)]


def test_weights_are_within_half_a_step() -> None:
    model = two_layers()
    made = weights_only(model)(["a"])
    stored = {each.name: numpy_helper.to_array(each) for each in made.graph.initializer}
    own = numpy_helper.to_array(model.graph.initializer[0])
    assert stored["first.weight_bytes"].dtype == np.int8
    assert "first.weight" not in stored
    scales = stored["first.weight_scales"]
    np.testing.assert_allclose(scales.flatten(), np.abs(own).max((1, 2, 3)) / 127.5, rtol=0.01)  # one for each output
    assert (np.abs(stored["first.weight_bytes"] * scales - own) <= scales * 0.51).all()
    x = given(1)[0]
    wanted, found = (run_of(session_of(each.SerializeToString()))(x) for each in (model, made))
    assert 0 < (wanted - found).abs().max() < 0.02 * wanted.abs().max()


def test_static_layers_take_and_give_bytes() -> None:
    model = two_layers()
    made = static(model, given(4))(["a"])
    names = [node.op_type for node in made.graph.node]
    assert names.count("QuantizeLinear") == 2  # before and after the first layer, and none around the second
    kinds = {each.name: each.data_type for each in made.graph.initializer}
    assert TensorProto.INT8 in kinds.values()
    assert kinds["second.weight"] == TensorProto.FLOAT
    x = given(1, 5)[0]
    wanted, found = (run_of(session_of(each.SerializeToString()))(x) for each in (model, made))
    assert 0 < (wanted - found).abs().mean() < 0.02 * wanted.abs().max()


@pytest.mark.parametrize(("limit", "count", "loss"), [(0.5, 0, 0.0), (1.0, 1, 1.0), (5.9, 2, 3.0), (6.0, 3, 6.0)])
def test_as_many_layers_as_the_limit_allows(limit: float, count: int, loss: float) -> None:
    costs = {"a": 1.0, "b": 2.0, "c": 3.0}

    def of(nodes: Sequence[str]) -> float:
        return sum(costs[node] for node in nodes)

    assert most(["a", "b", "c"], of, limit) == (count, loss)


def test_what_hurts_stays_in_float(tmp_path: Path) -> None:
    part = parts_of(PAINTERS["plain"]())[0]
    written = next(iter(export(PAINTERS["plain"](), tmp_path / "float.onnx", Settings())))
    model, pictures = onnx.load(written.path), calibration_of(part, None, 2)
    assert [picture.shape for (picture,) in pictures] == [(1, 3, 256, 256)] * 2
    every = quantised(model, "static", pictures, pictures[:1], 1.0)
    assert every.kept == ()
    some = quantised(model, "static", pictures, pictures[:1], every.loss * 0.8)
    assert 0 < len(some.kept) < len(every.losses)
    assert some.loss <= every.loss * 0.8
    worst = max(every.losses, key=every.losses.__getitem__)
    assert worst in some.kept
    with pytest.raises(UserError, match="each layer costs more than max_loss=0"):
        quantised(model, "static", pictures, pictures[:1], 0.0)


def test_with_pictures_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    Image.fromarray(photo(40, 60)).save(tmp_path / "own" / "a.png")
    settings = Settings(quantize="static", calibration=tmp_path / "own", max_loss=0.2, uint8=True)
    written = next(iter(export(PAINTERS["plain"](), tmp_path / "painter.onnx", settings)))
    found = written.report["quantisation"]
    assert found["kind"] == "static"
    assert 0 < found["loss"] <= 0.2
    assert set(found["kept_in_float"]) <= set(found["sensitivity"])
    assert "layers.14" in found["sensitivity"]
    painted = session_of(written.path).run(None, {"content": photo(21, 30)[None]})[0]
    assert painted.shape == (1, 21, 30, 3)


def test_nothing_to_quantise() -> None:
    with pytest.raises(UserError, match="has nothing to do"):
        quantised(two_layers(width=2), "weights", [], [], 1.0)
