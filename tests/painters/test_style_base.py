"""The base as a file: saved, built again, and never believed."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from impasto.base.errors import UserError
from impasto.painters import checkpoints
from impasto.painters.adapters import base_sha256, save_adapter
from impasto.painters.loading import load_painter
from impasto.painters.safetensors_file import digest
from impasto.painters.style import mix
from impasto.painters.style_base import card_of, load_base, save_base
from tests.style_painter import NETWORK, picture, style_of, style_painter
from tests.translation_run import painter_record


def test_what_is_saved_paints_the_same(tmp_path: Path) -> None:
    painter, neutral = style_painter(), torch.arange(21.0)
    save_base(painter, tmp_path / "full.safetensors", half=False, neutral=neutral, card={"licence": "CC0"})
    loaded = load_base(tmp_path / "full.safetensors", "cpu")
    content, style = picture(32, 48), picture(24, 40, 1)
    assert torch.equal(loaded(content=content, style=style), painter(content=content, style=style))
    assert loaded.neutral is not None
    assert torch.equal(loaded.neutral, neutral)
    assert not loaded.generator.training
    assert card_of(tmp_path / "full.safetensors") == {"licence": "CC0"}
    assert loaded.origin.images_seen == 5


def test_half_precision_keeps_the_hash_and_nearly_the_painting(tmp_path: Path) -> None:
    painter = style_painter()
    save_base(painter, tmp_path / "half.safetensors")
    loaded = load_base(tmp_path / "half.safetensors", "cpu")
    assert base_sha256(loaded) == base_sha256(painter)
    content, style = picture(32, 48), picture(24, 40, 1)
    change = loaded(content=content, style=style) - painter(content=content, style=style)
    assert 0 < change.abs().max() < 2 / 255
    weights = loaded.state_dict()
    assert all(torch.equal(weights[name], value.half().float()) for name, value in painter.state_dict().items())


def test_a_painter_of_adapters(tmp_path: Path, run_dir: Path) -> None:
    painter = style_painter()
    one, two = style_of(painter, 1), style_of(painter, 2)
    save_base(painter, tmp_path / "base.safetensors", half=False)
    for name, style in (("one", one), ("two", two)):
        save_adapter(tmp_path / f"{name}.safetensors", style, base_sha256(painter))
    files = {tmp_path / "one.safetensors": 3.0, tmp_path / "two.safetensors": 1.0}
    content, expected = picture(32, 48), painter.in_style(mix([(one, 3.0), (two, 1.0)]))
    adapted = load_painter(tmp_path / "base.safetensors", files, device="cpu")
    assert torch.equal(adapted(content=content), expected(content=content))
    with pytest.raises(UserError, match="takes no adapters"):
        load_painter(run_dir, list(files), device="cpu")


def test_without_a_base_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(checkpoints, "SHIPPED", tmp_path / "none.safetensors")
    with pytest.raises(UserError, match="comes without a base: give checkpoint="):
        load_base()


def rewritten(tmp_path: Path, weights: dict[str, Any], **told: Any) -> Path:
    """A saved base with other weights and values."""
    save_base(style_painter(), tmp_path / "good.safetensors")
    with safe_open(tmp_path / "good.safetensors", "pt") as file:
        header = file.metadata() | {name: json.dumps(value) for name, value in told.items()}
    tensors = load_file(tmp_path / "good.safetensors") | weights
    if weights:  # by somebody who knows of the hash
        header["sha256"] = json.dumps(digest(tensors))
    save_file(tensors, tmp_path / "bad.safetensors", header)
    return tmp_path / "bad.safetensors"


def network(**changes: Any) -> dict[str, Any]:
    return deepcopy(NETWORK) | changes


@pytest.mark.parametrize(
    ("weights", "told", "words"),
    [
        ({}, {"network": network(_target_="os.system")}, "was not opened"),
        ({}, {"network": network(features={"_target_": "os.getcwd"})}, "was not opened"),
        ({}, {"network": network(features=6)}, "is not the one that this version builds .*: train it again"),
        ({}, {"network": 3}, "lacks what a base holds"),
        ({}, {"painter": {}}, "lacks what a base holds"),
        ({}, {"painter": "x"}, "lacks what a base holds"),
        ({"neutral": torch.zeros(3)}, {}, "neutral code of the wrong length"),
        ({"neutral": torch.full((21,), float("nan"))}, {}, "not finite"),
        ({"network.grow.0.bias": torch.full((4,), float("inf"))}, {}, "not finite"),
        ({"network.more": torch.zeros(3)}, {}, "is not the one that this version builds .*: train it again"),
    ],
)
def test_hostile_and_damaged_bases_are_refused(
    tmp_path: Path, weights: dict[str, Any], told: dict[str, Any], words: str
) -> None:
    with pytest.raises(UserError, match=words) as problem:
        load_base(rewritten(tmp_path, weights, **told), "cpu")
    assert "\n" not in str(problem.value)


def test_a_painter_of_another_kind_is_refused(tmp_path: Path) -> None:
    plain = painter_record(style_painter().gives, ("content",), style_painter().gives)["painters"]["painter"]
    with pytest.raises(UserError, match="holds a painter of another kind"):
        load_base(rewritten(tmp_path, {}, painter={k: v for k, v in plain.items() if k != "network"}), "cpu")


def test_an_adapter_is_no_base(tmp_path: Path) -> None:
    save_adapter(tmp_path / "mine.safetensors", style_of(style_painter()), "")
    with pytest.raises(UserError, match="holds 'an adapter', and a style base is wanted"):
        load_base(tmp_path / "mine.safetensors")
