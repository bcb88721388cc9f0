"""Every kind of painter in every format: the file does what the painter does, for other sizes and batches too."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from impasto.base.errors import UserError
from impasto.export import onnx_file, program_file
from impasto.export.bytes_in_graph import compared_in_bytes, with_bytes
from impasto.export.command import Written, export, in_chosen_style
from impasto.export.parity import LIMIT
from impasto.export.parts import Part, parts_of
from impasto.export.recording import recorded
from impasto.export.report import follow
from impasto.export.runtime import run_of, session_of
from impasto.export.settings import Settings
from impasto.inference.style_choice import choose_styles
from impasto.painters.loading import load_painter
from tests.export.painters import MANY, PAINTERS
from tests.style_painter import picture, style_of, style_painter
from tests.translation_run import checkpoint_content


def exported(kind: str, path: Path, **settings: Any) -> Written:
    return next(iter(export(PAINTERS[kind](), path, Settings(**settings))))


def session(path: Path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.nightly if kind in MANY else ()) for kind in PAINTERS]
)
def test_every_painter_as_every_graph(kind: str, tmp_path: Path) -> None:
    painter = PAINTERS[kind]()
    for part in parts_of(painter):
        program, path = recorded(part), tmp_path / "painter.onnx"
        parity, _ = onnx_file.write(part, program, path, Settings())
        assert parity.largest < LIMIT
        free = any("height" in each.shape for each in part.inputs)
        assert len(parity.cases) == (
            12 if free else 2
        )  # two batches of three sizes, at random and real; or two batches
        assert "parametrizations" not in path.read_bytes().decode("latin1")
        assert program_file.write(part, program, tmp_path / "painter.pt2", Settings())[0].largest < LIMIT
        if kind != "labels to pictures":  # whose boundaries have no bytes
            onnx.save(with_bytes(onnx.load(path), part), path)
            found = compared_in_bytes(part, run_of(session_of(path)))
            assert found["largest"] <= 1 or (part.output == "probabilities" and found["share"] < 1e-3)
        with torch.no_grad():  # a painting of one colour would prove nothing
            assert part.name != "paint" or painting(part).std() > 0.02


def painting(part: Part) -> torch.Tensor:
    g = torch.Generator().manual_seed(0)
    sides: dict[int | str, int] = {"batch": 2, "height": 32, "width": 48}
    given = []
    for each in part.inputs:
        shape = [sides.get(n, n) for n in each.shape]
        drawn = torch.rand(shape, generator=g) if each.low == 0 else torch.randn(shape, generator=g)  # type: ignore[arg-type]
        given.append(torch.tensor([0, 2]) if each.dtype == torch.int64 else drawn)
    return part.module(*given)


@pytest.mark.parametrize("kind", ["labels", "repaint", "segmentation", "super_resolution", "style"])
def test_weights_are_loaded_again(kind: str, tmp_path: Path) -> None:
    written = exported(kind, tmp_path / "painter.safetensors", format="safetensors")
    assert written.parity.largest == 0
    loaded, painter = load_painter(tmp_path / "painter.safetensors", device="cpu"), PAINTERS[kind]()
    assert type(loaded) is type(painter)
    assert loaded.record() == painter.record()
    assert json.loads((tmp_path / "painter.safetensors.json").read_text())["sha256"]


def test_weights_of_one_direction_of_a_checkpoint(run_dir: Path, tmp_path: Path) -> None:
    content = checkpoint_content()
    record, weights = content["impasto"], content["state_dict"]
    record["painters"]["back"] = {**record["painters"]["painter"], "network": "generator_back"}
    record["config"] = {
        "model": {**record["config"]["model"], "generator_back": record["config"]["model"]["generator"]}
    }
    weights |= {name.replace(".painter.", ".back."): value + 0.1 for name, value in weights.items()}
    torch.save(content, run_dir / "checkpoints" / "last.ckpt")
    back = load_painter(run_dir, device="cpu", direction="back")
    assert next(iter(export(back, tmp_path / "back.safetensors", Settings("safetensors")))).parity.largest == 0
    loaded = load_painter(tmp_path / "back.safetensors", device="cpu")
    assert torch.equal(loaded(content=picture(16, 16)), back(content=picture(16, 16)))
    with pytest.raises(UserError, match="one direction only"):
        load_painter(tmp_path / "back.safetensors", device="cpu", direction="painter")


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "painter.safetensors"
    for kind in ("repaint", "style"):
        exported(kind, path, format="safetensors")
        tensors = load_file(path)
        with safe_open(path, "pt") as file:
            told = file.metadata()
        name = next(iter(tensors))
        save_file({**tensors, name: tensors[name] + 1e-4}, path, told)
        with pytest.raises(UserError, match="was changed after it was written"):
            load_painter(path, device="cpu")
        save_file(tensors, path, {**told, "network": json.dumps({"_target_": "os.system", "_partial_": True})})
        with pytest.raises(UserError, match=r"os\.system"):
            load_painter(path, device="cpu")
        path.write_bytes(path.read_bytes()[:-4])
        with pytest.raises(UserError, match="damaged"):
            load_painter(path, device="cpu")


def test_a_file_that_differs_is_removed_and_its_layer_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = onnx_file.as_onnx

    def wrong(*given: Any) -> onnx.ModelProto:
        model = honest(*given)
        weight = next(each for each in model.graph.initializer if each.name.endswith("network.layers.14.weight"))
        weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight) * 1.5, weight.name))
        return model

    monkeypatch.setattr(onnx_file, "as_onnx", wrong)
    with pytest.raises(UserError, match=r"differs from its painter by .* first differ at \S*layers\.14 \(Conv2d\)"):
        exported("plain", tmp_path / "painter.onnx")
    assert list(tmp_path.iterdir()) == []


def test_what_the_files_say(tmp_path: Path) -> None:
    written = exported("pair", tmp_path / "painter.onnx", uint8=True)
    made, told = session(written.path), json.loads((tmp_path / "painter.onnx.json").read_text())
    assert [(each.name, each.type, each.shape) for each in made.get_inputs()] == [
        ("content", "tensor(uint8)", ["batch", "height", "width", 1])
    ]
    assert [(each.name, each.type, each.shape) for each in made.get_outputs()] == [
        ("image", "tensor(uint8)", ["batch", "height", "width", 3])
    ]
    noted = {key: json.loads(text) for key, text in made.get_modelmeta().custom_metadata_map.items()}
    assert noted["inputs"] == told["inputs"]
    assert noted["outputs"] == told["outputs"]
    assert (noted["inputs"][0]["low"], noted["inputs"][0]["high"], noted["inputs"][0]["smallest"]) == (0, 255, 8)
    assert told["opset"] == 20 == onnx.load(written.path).opset_import[0].version
    assert told["parity"]["largest"] == written.parity.largest < LIMIT == told["parity"]["limit"]
    assert told["source"]["images_seen"] == 3
    assert str(Path(__file__).parents[2]) not in written.path.read_bytes().decode("latin1")
    assert made.run(None, {"content": np.zeros((1, 9, 13, 1), np.uint8)})[0].shape == (1, 9, 13, 3)


def test_an_interrupted_export_leaves_no_half_file_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(part: Part, program: object, path: Path, settings: Settings) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(onnx_file, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        follow(export(PAINTERS["pair"](), tmp_path / "painter.onnx", Settings()))
    assert list(tmp_path.iterdir()) == []
    assert "Interrupted: no file was written; the same command begins anew." in capsys.readouterr().err


def test_a_rank_that_no_layer_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"adapter_rank=100000 is more than the \d+ that any layer"):
        next(export(style_painter(), tmp_path / "base.onnx", Settings(adapter_rank=100000)))


def test_a_style_in_two_parts_with_an_adapter(tmp_path: Path) -> None:
    painter = style_painter()
    written = list(export(painter, tmp_path / "base.onnx", Settings(adapter_rank=3)))
    assert [each.path.name for each in written] == ["base.onnx", "base.encode.onnx"]
    content, example = picture(32, 48), picture(24, 40, 1)
    code = session(written[1].path).run(None, {"style": example.numpy()})[0]
    paint, layout = session(written[0].path), parts_of(painter, 3)[0].layout
    assert layout is not None
    given = {"content": content.numpy(), "code": code, "adapter": np.zeros(layout.length, np.float32)}
    wanted = painter.in_style(painter.encode([example]))(content=content).numpy()
    np.testing.assert_allclose(paint.run(None, given)[0], wanted, atol=1e-4)
    style = style_of(painter)  # of rank 2
    given |= {"code": style.code[None].numpy(), "adapter": layout.vector(style.deltas).numpy()}
    wanted = painter.in_style(style)(content=content).numpy()
    np.testing.assert_allclose(paint.run(None, given)[0], wanted, atol=1e-4)
    noted = json.loads(paint.get_modelmeta().custom_metadata_map["adapter_layout"])
    assert {name: tuple(shape) for name, shape in noted["tensors"].items()} == dict(layout.shapes)
    with pytest.raises(UserError, match=r"rank above 3"):
        layout.vector({name: torch.ones(9, 9) for name in layout.shapes if name.endswith("up")})


def test_a_chosen_style_is_baked_in() -> None:
    chosen = choose_styles("night_cafe")
    assert parts_of(in_chosen_style(style_painter(), chosen))[0].inputs[0].name == "content"
    with pytest.raises(UserError, match="paints in one way only"):
        in_chosen_style(PAINTERS["repaint"](), chosen)
