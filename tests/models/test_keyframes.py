"""Learning from keyframes: exact resume, painting frames of any size, a clip of one frame."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.base.errors import UserError
from impasto.inference.events import Painted
from impasto.inference.stylize import stylize
from impasto.networks.half_unet import HalfUNet, moved
from impasto.painters.loading import load_painter
from impasto.run.checks.configuration import check
from tests.numbered_frames import numbered
from tests.test_training import same
from tests.training import composed, train, weights

TINY = (
    "experiment=keyframes",
    "model.generator.features=4",
    "model.generator.blocks=1",
    "model.discriminator.features=4",
    "data.batch_size=4",
    "data.image_size=32",
)


def clip(tmp_path: Path, count: int) -> list[str]:
    """Frames of 62 x 42 and a keyframe of the last one."""
    numbered(tmp_path / "clip", range(1, count + 1), size=(62, 42))
    numbered(tmp_path / "keys", [count], size=(62, 42), name="{}.png")
    return [f"data.clip={tmp_path / 'clip'}", f"data.keyframes={tmp_path / 'keys'}", f"data.cache_dir={tmp_path / 'c'}"]


def test_n_plus_m_patches_are_n_and_m_patches(tmp_path: Path) -> None:
    overrides = [*TINY, *clip(tmp_path, 3)]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(composed(whole, *overrides, "kimg=0.024"))
    train(composed(parts, *overrides, "kimg=0.024", "callbacks.stop.kimg=0.012"))
    train(composed(parts, *overrides, "kimg=0.024", f"resume={parts}"))
    a, b = weights(whole), weights(parts)
    assert a["impasto"]["images_seen"] == b["impasto"]["images_seen"] == 24
    assert same(a["state_dict"], b["state_dict"])
    assert same(a["optimizer_states"], b["optimizer_states"])
    summary = json.loads((whole / "summary.json").read_text())
    assert summary["status"] == "complete"
    assert list((whole / "samples").glob("*.png"))


def test_a_clip_of_one_frame_is_learnt_and_painted(tmp_path: Path) -> None:
    train(composed(tmp_path / "run", *TINY, *clip(tmp_path, 1), "kimg=0.008"))
    painter = load_painter(tmp_path / "run", device="cpu")
    events = list(stylize(painter, tmp_path / "clip", tmp_path / "painted"))
    assert sum(isinstance(event, Painted) for event in events) == 1
    assert np.asarray(Image.open(tmp_path / "painted" / "0001.png")).shape == (42, 62, 3)


def test_normalising_by_the_statistics_of_a_patch_is_refused(tmp_path: Path) -> None:
    cfg = composed(tmp_path, *TINY, *clip(tmp_path, 1), "model.generator.norm=instance")
    with pytest.raises(UserError, match=r"model\.generator\.norm=batch"):
        check(cfg)


def test_what_is_painted_reaches_no_farther_than_the_network_says() -> None:
    torch.manual_seed(0)
    network = HalfUNet(features=4, blocks=2, norm="none", keep=True).eval()
    a = torch.rand(1, 3, 16, 160) * 2 - 1
    b = a.clone()
    b[..., :80] = -b[..., :80]
    with torch.no_grad():
        changed = (network(a) - network(b)).abs().amax((0, 1, 2)) > 1e-6
    assert network.reach == 40
    assert changed[:80].all()
    assert not changed[80 + network.reach :].any()
    assert changed[80 : 80 + network.reach // 2].all()


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_every_weight_is_learnt(norm: str) -> None:
    torch.manual_seed(0)
    network = HalfUNet(features=32, blocks=1, norm=norm, move=True)  # type: ignore[arg-type]
    (network(torch.rand(2, 3, 32, 32)) - torch.rand(2, 3, 32, 32)).square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


def test_a_field_moves_pixels_and_edges_go_on() -> None:
    image = torch.arange(12.0).view(1, 1, 3, 4)
    by = torch.zeros(1, 2, 3, 4)
    by[:, 0] = 1.0
    by[:, 1] = -0.5
    rows = moved(image, by)[0, 0]
    assert rows[0].tolist() == pytest.approx([1, 2, 3, 3])  # above the picture is its first row
    assert rows[1].tolist() == pytest.approx([3, 4, 5, 5])  # between 1 and 5, and so on
