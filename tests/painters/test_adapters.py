"""Adapters: small, tied to their base, and never believed."""

import json
import re
import struct
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save, save_file

from impasto.base.errors import UserError
from impasto.painters.adapters import LARGEST, base_sha256, load_adapter, read_adapter, save_adapter
from impasto.painters.style import PaintStyle, StylePainter, mix
from tests.style_painter import deltas_of, picture, style_of, style_painter


@pytest.fixture(scope="module")
def painter() -> StylePainter:
    return style_painter()


@pytest.fixture
def saved(painter: StylePainter, tmp_path: Path) -> Path:
    path = tmp_path / "mine.safetensors"
    save_adapter(path, style_of(painter), base_sha256(painter), {"rank": 2}, {"style": 0.5}, 3)
    return path


def test_what_is_saved_comes_back(painter: StylePainter, saved: Path) -> None:
    style, loaded = style_of(painter), load_adapter(saved, painter)
    assert torch.equal(loaded.code, style.code)
    assert loaded.deltas.keys() == style.deltas.keys()
    assert all(torch.equal(loaded.deltas[name], delta) for name, delta in style.deltas.items())
    adapter = read_adapter(saved)
    assert (adapter.settings, adapter.scores, adapter.pictures) == ({"rank": 2}, {"style": 0.5}, 3)
    assert saved.stat().st_size <= LARGEST


def test_it_loads_in_10_ms(painter: StylePainter, saved: Path) -> None:
    taken = []
    for _ in range(5):
        start = time.process_time()
        load_adapter(saved, painter)
        taken.append(time.process_time() - start)
    assert min(taken) < 0.010


def test_without_it_the_base_paints_as_before(painter: StylePainter, saved: Path) -> None:
    content, style = picture(32, 48), painter.encode([picture(40, 40, 1)])
    before = painter(content=content, style=style.code[None])
    adapted = painter.in_style(load_adapter(saved, painter))(content=content)
    assert torch.equal(painter(content=content, style=style.code[None]), before)
    assert (adapted - before).abs().max() > 0.01


def test_many_do_not_touch_each_other(painter: StylePainter) -> None:
    content = picture(16, 16)
    styles = [style_of(painter, seed) for seed in range(200)]
    first = painter.in_style(styles[0])(content=content)
    for style in styles[1:]:
        painter.in_style(style)
    assert torch.equal(painter.in_style(styles[0])(content=content), first)


def test_mixtures_by_hand(painter: StylePainter) -> None:
    one, two = (
        PaintStyle(
            torch.full((12,), value), {name: torch.full_like(d, value) for name, d in deltas_of(painter).items()}
        )
        for value in (1.0, 3.0)
    )
    mixed = mix([(one, 3.0), (two, 1.0)])  # shares of 3/4 and 1/4
    assert torch.allclose(mixed.code, torch.full((12,), 1.5))
    assert torch.allclose(mixed.deltas["grow.0.bias"], torch.full((4,), 1.5))
    product = mixed.deltas["grow.0.up"] @ mixed.deltas["grow.0.down"]
    assert torch.allclose(product, torch.full_like(product, 0.75 * 2 * 1 + 0.25 * 2 * 9)), "products of rank 2"
    alone = mix([(one, 2.0)])
    assert torch.allclose(alone.deltas["grow.0.up"] @ alone.deltas["grow.0.down"], torch.full_like(product, 2.0))
    half = mix([(PaintStyle(one.code), 1.0), (two, 1.0)])
    assert torch.allclose(half.deltas["grow.0.up"] @ half.deltas["grow.0.down"], torch.full_like(product, 9.0))


def test_mixtures_lie_between(painter: StylePainter) -> None:
    content, one, two = picture(24, 24), style_of(painter, 1), style_of(painter, 2)
    assert torch.allclose(
        painter.in_style(mix([(one, 1.0), (two, 0.0)]))(content=content),
        painter.in_style(one)(content=content),
        atol=1e-5,
    )


def test_another_base_is_refused(saved: Path) -> None:
    with pytest.raises(UserError, match=r"mine\.safetensors was made for another base \('\w{8}', and .*make it again"):
        load_adapter(saved, style_painter(seed=1))


def test_the_hash_follows_the_weights() -> None:
    painter = style_painter()
    before = base_sha256(painter)
    assert base_sha256(style_painter()) == before
    with torch.no_grad():
        painter.generator.grow[0].bias[0] += 1
    assert base_sha256(painter) != before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"code": torch.zeros(7)}, r"its code has the shape \(7,\) instead of \(21,\)"),
        ({"grow.0.bias": torch.zeros(5)}, r"grow\.0\.bias has the shape \(5,\) instead of \(4,\)"),
        ({"grow.0.bias": torch.zeros(4, 1)}, r"grow\.0\.bias has the shape \(4, 1\)"),
        ({"blocks.9.first.bias": torch.zeros(8)}, r"there is no layer 'blocks\.9\.first'"),
        ({"encoder.bias": torch.zeros(8)}, "there is no layer 'encoder'"),
        ({"weight": torch.zeros(8)}, "there is no layer ''"),
        ({"grow.0.weight": torch.zeros(8)}, r"grow\.0 takes nothing called 'weight'"),
        ({"finish.noise": torch.zeros(12, 4)}, "finish takes nothing called 'noise'"),
        ({"grow.0.up": torch.zeros(4, 3)}, r"grow\.0\.\w+ has the shape"),
        ({"grow.0.up": None}, r"grow\.0 has down without its other factor"),
        ({"grow.0.up": torch.zeros(4, 0), "grow.0.down": torch.zeros(0, 72)}, r"grow\.0\.\w+ has the shape"),
        ({"code": -torch.ones(21)}, "no picture has the palette in its code"),
        ({"code": None}, "lacks what an adapter holds"),
        ({"code": torch.full((21,), float("nan"))}, "numbers that are not finite"),
        ({"grow.0.bias": torch.full((4,), float("inf"))}, "numbers that are not finite"),
        ({"code": torch.zeros(21, dtype=torch.int8)}, "numbers that are not finite"),
    ],
)
def test_what_does_not_fit_is_refused(
    painter: StylePainter, tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    style = style_of(painter)
    tensors = {k: v for k, v in {"code": style.code, **style.deltas, **change}.items() if v is not None}
    told = {"base_sha256": f'"{base_sha256(painter)}"', "settings": "{}", "scores": "{}", "pictures": "1"}
    save_file(tensors, tmp_path / "bad.safetensors", {"impasto": "an adapter", "format": "1", **told})
    with pytest.raises(UserError, match=words) as problem:
        load_adapter(tmp_path / "bad.safetensors", painter)
    assert "\n" not in str(problem.value)


def raw(header: bytes, data: bytes = b"", length: int | None = None) -> bytes:
    return struct.pack("<Q", len(header) if length is None else length) + header + data


TOLD = {"impasto": "an adapter", "format": "1", "base_sha256": '""', "settings": "{}", "scores": "{}", "pictures": "1"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is damaged, or no safetensors file"),
        (b"\x01", "is damaged, or no safetensors file"),
        (b"not a safetensors file at all", "is damaged, or no safetensors file"),
        (raw(b"{}", length=2**63), "is damaged, or no safetensors file"),
        (raw(b"{}", length=1000), "is damaged, or no safetensors file"),
        (raw(b"{not json}"), "is damaged, or no safetensors file"),
        (raw(b"\xff\xfe"), "is damaged, or no safetensors file"),
        (raw(b"[" * 50_000), "is damaged, or no safetensors file"),
        (raw(b"{}"), "was not written by Impasto"),
        (raw(json.dumps({"__metadata__": {"impasto": "a style base"}}).encode()), "holds 'a style base'"),
        (raw(json.dumps({"__metadata__": TOLD | {"format": "7"}}).encode()), "format '7', and this version of Impasto"),
        (raw(json.dumps({"__metadata__": TOLD | {"scores": "[" * 40_000}}).encode()), "is damaged, or no"),
        (raw(json.dumps({"__metadata__": TOLD | {"scores": '{"a": NaN}'}}).encode()), "NaN is not a finite number"),
        (raw(json.dumps({"__metadata__": TOLD | {"pictures": "9" * 9000}}).encode()), "is damaged, or no"),
        (raw(json.dumps({"__metadata__": TOLD | {"pictures": "1e999"}}).encode()), "lacks what an adapter holds"),
        (raw(json.dumps({"__metadata__": TOLD | {"settings": "[]"}}).encode()), "lacks what an adapter holds"),
        (
            raw(
                json.dumps(
                    {"__metadata__": TOLD, "code": {"dtype": "F16", "shape": [9], "data_offsets": [0, 18]}}
                ).encode()
            ),
            "is damaged, or no safetensors file",
        ),
        (
            raw(json.dumps({"code": {"dtype": "F16", "shape": [2**62], "data_offsets": [0, 2**63]}}).encode(), b"1234"),
            "is damaged, or no safetensors file",
        ),
        (
            raw(json.dumps({"code": {"dtype": "F16", "shape": [2], "data_offsets": [4, 0]}}).encode(), b"1234"),
            "is damaged, or no safetensors file",
        ),
        (b"\0" * (LARGEST + 1), r"has 100,001 bytes, and an adapter has at most 100,000"),
    ],
)
def test_malformed_and_hostile_files_are_refused(
    painter: StylePainter, tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(UserError, match=re.escape(str(path)) + ".*" + words) as problem:
        load_adapter(path, painter)
    assert "\n" not in str(problem.value)
    assert len(str(problem.value)) < 500


def test_pickled_files_are_not_opened(painter: StylePainter, tmp_path: Path) -> None:
    torch.save({"code": torch.zeros(12)}, tmp_path / "bad.safetensors")
    with pytest.raises(UserError, match="no safetensors file"):
        load_adapter(tmp_path / "bad.safetensors", painter)


def test_missing_files_and_folders_are_named(painter: StylePainter, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist; give an adapter"):
        load_adapter(tmp_path / "none.safetensors", painter)
    with pytest.raises(UserError, match="is not a file; give an adapter"):
        load_adapter(tmp_path, painter)


def test_what_is_too_large_or_no_number_is_not_written(painter: StylePainter, tmp_path: Path) -> None:
    path = tmp_path / "large.safetensors"
    large = PaintStyle(torch.zeros(12), {"grow.0.up": torch.zeros(4, 5000), "grow.0.down": torch.zeros(5000, 72)})
    with pytest.raises(UserError, match=r"would have [\d,]+ bytes, .*lower the rank"):
        save_adapter(path, large, "")
    with pytest.raises(UserError, match="not finite"):
        save_adapter(path, PaintStyle(torch.full((12,), 1e5)), "")  # more than half precision holds
    assert not list(tmp_path.iterdir())


def test_any_safetensors_file_of_others_is_refused(painter: StylePainter, tmp_path: Path) -> None:
    (tmp_path / "lora.safetensors").write_bytes(save({"lora_A": torch.zeros(2)}))
    with pytest.raises(UserError, match="was not written by Impasto, and an adapter is wanted"):
        load_adapter(tmp_path / "lora.safetensors", painter)
