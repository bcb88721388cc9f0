"""A personal style: learnt from odd pictures, resumed exactly, and kept in a file that leaves its base alone."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.base.errors import UserError
from impasto.networks.patchgan import MultiScalePatchGAN
from impasto.painters.adapters import base_sha256, load_adapter, read_adapter
from impasto.painters.base_networks import base_discriminator, base_generator
from impasto.painters.style_base import discriminator_in, load_base, save_base
from tests.style_painter import NETWORK, photo, picture, style_painter
from tests.training import composed, train, weights

JUDGE: dict[str, Any] = {
    "_target_": "impasto.networks.patchgan.MultiScalePatchGAN",
    "_partial_": True,
    "scales": 2,
    "settings": {"projection": 22, "features": 4, "layers": 2, "norm": "none", "spectral_norm": True},
}
"""Codes of the small base have 12 numbers, 9 of the palette, and one of the brush."""


def save(folder: Path, judged: bool = True) -> Path:
    path = folder / "base.safetensors"
    judge = MultiScalePatchGAN(settings=JUDGE["settings"])
    save_base(style_painter(), path, network=NETWORK, discriminator=(JUDGE, judge.state_dict()) if judged else None)
    return path


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("base"))


def folder_of(folder: Path, *pictures: np.ndarray) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, pixels in enumerate(pictures):
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def overrides(base: Path, style: Path, content: Path, kimg: float = 0.024) -> list[str]:
    return [
        "experiment=personal_style",
        f"base={base}",
        f"data.style={style}",
        f"data.content={content}",
        f"kimg={kimg}",
        "minutes=null",
        "data.image_size=64",
        "data.style_pack_size=72",
        "data.pack_size=72",
        "model.generator.rank=1",
        "model.discriminator.frozen=1",
        "callbacks.adapter.photos=2",
        "callbacks.samples.count=2",
        "logger=csv",
    ]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(tmp_path_factory.mktemp("data") / "photos", *(photo(80, 90, seed) for seed in range(10)))


def test_a_resumed_run_is_the_uninterrupted_one(base: Path, photos: Path, tmp_path: Path) -> None:
    style = folder_of(tmp_path / "style", *(photo(90, 100, seed) for seed in range(20, 23)))
    chosen = overrides(base, style, photos, 0.048)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(composed(whole, *chosen))
    train(composed(parts, *chosen, "callbacks.stop.kimg=0.024"))
    train(composed(parts, *chosen, f"resume={parts}"))
    a, b = weights(whole), weights(parts)
    assert a["impasto"]["images_seen"] == b["impasto"]["images_seen"] == 48
    assert all(torch.equal(value, b["state_dict"][name]) for name, value in a["state_dict"].items())
    painter = load_base(base, "cpu")
    one, other = (load_adapter(run / "style.safetensors", painter) for run in (whole, parts))
    assert torch.equal(one.code, other.code)
    assert all(torch.equal(value, other.deltas[name]) for name, value in one.deltas.items())
    moved = [name for name, value in one.deltas.items() if value.abs().sum() > 0]
    assert len(moved) == len(one.deltas)
    known = read_adapter(whole / "style.safetensors")
    assert known.pictures == 3
    assert known.base_sha256 == base_sha256(painter)
    assert known.settings["rank"] == 1
    assert {"copied_patches", "nearest_patch", "nearest_patch_real"} == set(known.scores)
    judge = {k: v for k, v in a["state_dict"].items() if k.startswith("networks.discriminator.scales.0.layers.")}
    start = discriminator_in(base)[1]
    still = {k for k, v in judge.items() if torch.equal(v, start[k.removeprefix("networks.discriminator.")])}
    originals = sorted(k.split("layers.")[1] for k in still if k.endswith("original"))
    assert originals == ["0.parametrizations.weight.original"]  # only the lowest is frozen
    assert (whole / "style.safetensors").stat().st_size <= 100_000
    summary = json.loads((whole / "summary.json").read_text())
    assert summary["status"] == "complete"


@pytest.mark.parametrize(
    "pictures",
    [
        [photo(90, 100, 1)],
        [photo(90, 100, seed) for seed in range(20)],
        [photo(30, 24, 1)],
        [np.full((80, 80, 3), 240, np.uint8)],
        [photo(80, 80, 1)[..., 0]],
        [np.dstack([photo(80, 80, 1), np.tile(np.arange(80, dtype=np.uint8) * 3, (80, 1))])],
        [photo(40, 400, 1), photo(400, 40, 2)],
    ],
    ids=["one", "twenty", "smaller than the crop", "blank", "grey", "with alpha", "ten to one"],
)
def test_styles_of_any_pictures_are_learnt(
    pictures: list[np.ndarray], base: Path, photos: Path, tmp_path: Path
) -> None:
    style = folder_of(tmp_path / "style", *pictures)
    (style / "broken.jpg").write_bytes(b"not a picture")
    run = tmp_path / "run"
    train(composed(run, *overrides(base, style, photos, 0.008)))
    painter = load_base(base, "cpu")
    found = load_adapter(run / "style.safetensors", painter)
    assert read_adapter(run / "style.safetensors").pictures == len(pictures)
    assert painter.in_style(found)(content=picture(32, 32)).isfinite().all()
    assert "broken.jpg" in (run / "bad_images.csv").read_text()


def test_a_folder_without_a_readable_picture_is_named(base: Path, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "style").mkdir()
    (tmp_path / "style" / "broken.jpg").write_bytes(b"not a picture")
    with pytest.raises(UserError, match=r"style|broken"):
        train(composed(tmp_path / "run", *overrides(base, tmp_path / "style", photos)))
    with pytest.raises(UserError, match=r"data\.style"):
        train(composed(tmp_path / "run", *overrides(base, tmp_path / "missing", photos)))


def test_without_a_base_a_sentence_says_so(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        train(composed(tmp_path / "run", *overrides(tmp_path / "none.safetensors", photos, photos)))
    with pytest.raises(UserError, match="experiment=personal_style_scratch"):
        train(composed(tmp_path / "run", *overrides(Path("none"), photos, photos)))


def test_many_styles_leave_their_base_and_each_other_alone(base: Path, photos: Path, tmp_path: Path) -> None:
    style = folder_of(tmp_path / "style", photo(90, 100, 1))
    train(composed(tmp_path / "run", *overrides(base, style, photos, 0.008)))
    file, painter, content = tmp_path / "run" / "style.safetensors", load_base(base, "cpu"), picture(32, 32)
    code = painter.encode([picture(48, 48, seed=5)]).code[None]
    before, sha = painter(content=content, style=code), base_sha256(painter)
    first = painter.in_style(load_adapter(file, painter))(content=content)
    for seed in range(1000):
        style_of = load_adapter(file, painter)
        moved = {name: value + seed * 0.01 for name, value in style_of.deltas.items()}
        assert moved
        if seed % 250 == 0:
            painter.in_style(type(style_of)(style_of.code, moved))(content=content)
    assert torch.equal(painter(content=content, style=code), before)
    assert torch.equal(painter.in_style(load_adapter(file, painter))(content=content), first)
    assert base_sha256(painter) == sha


def test_a_base_brings_its_discriminator_or_another_is_made(base: Path, tmp_path: Path) -> None:
    kept = base_discriminator(lambda channels: torch.nn.Identity(), 3, str(base), frozen=1)
    wanted = discriminator_in(base)[1]
    assert all(torch.equal(value, wanted[name]) for name, value in kept.state_dict().items())
    without = save(tmp_path, judged=False)
    assert isinstance(base_discriminator(lambda channels: torch.nn.Identity(), 3, str(without)), torch.nn.Identity)
    with pytest.raises(UserError, match=r"data\.channels=3"):
        base_generator(1, str(base))
