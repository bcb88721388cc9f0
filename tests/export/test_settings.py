"""Mistakes on the command line, told at once."""

from pathlib import Path
from typing import Any

import pytest

from impasto.base.errors import UserError
from impasto.export import settings as module
from impasto.export.settings import ENCODE, Settings, check_free, check_settings, output_file


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"format": "tflite"}, "choose one of onnx, torch, safetensors"),
        ({"opset": 9}, "give 18 to 23"),
        ({"adapter_rank": 0}, "whole number of 1 or more"),
        ({"adapter_rank": 2, "format": "safetensors"}, "takes any adapter"),
        ({"uint8": True, "format": "torch"}, "is for format=onnx"),
        ({"quantize": "int4"}, "choose one of static, weights"),
        ({"quantize": "static", "format": "torch"}, "is for format=onnx"),
        ({"quantize": "static", "max_loss": 2}, "from 0 to 1"),
        ({"calibration": Path()}, "quantize=static or quantize=weights"),
        ({"quantize": "static", "calibration": Path("nowhere")}, "no folder"),
    ],
)
def test_settings_that_do_not_fit(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        check_settings(Settings(**given))


def test_a_calibration_without_pictures_is_told_first(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="calibration"):
        check_settings(Settings(quantize="static", calibration=tmp_path))


def test_a_style_is_baked_into_graphs_alone() -> None:
    check_settings(Settings("torch"), "harvest")
    with pytest.raises(UserError, match="takes any style: leave it out"):
        check_settings(Settings("safetensors"), "harvest")


def test_packages_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NEEDED", ("onnx", "no_such_package"))
    with pytest.raises(UserError, match=r"needs no_such_package: pip install 'impasto\[export\]'"):
        check_settings(Settings())
    check_settings(Settings("safetensors"))


def test_the_file_to_write(tmp_path: Path) -> None:
    onnx, there = Settings(), tmp_path / "there.onnx"
    there.touch()
    assert output_file(str(tmp_path / "new.onnx"), onnx, False) == tmp_path / "new.onnx"
    assert output_file(there, onnx, True) == there
    for path, said in ((there, "overwrite=true"), (tmp_path, r"ends in \.onnx"), (tmp_path / "a.pt2", r"in \.onnx")):
        with pytest.raises(UserError, match=said):
            output_file(path, onnx, False)


def test_what_cannot_be_written_or_is_there_beside_is_told_first(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"a\.onnx"):  # the command makes a sentence of it
        output_file(tmp_path / "file" / "a.onnx", Settings(), False)
    (tmp_path / "a.encode.onnx").write_bytes(b"earlier")
    with pytest.raises(UserError, match=r"a\.encode\.onnx, written beside output=, exists; give overwrite=true"):
        check_free(tmp_path / "a.onnx", ENCODE, False)
    check_free(tmp_path / "a.onnx", ENCODE, True)
    check_free(tmp_path / "b.onnx", ENCODE, False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.encode.onnx", "file"]
