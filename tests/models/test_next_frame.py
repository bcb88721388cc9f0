"""Predicting the next frame: exact resume, previews, and frames ahead from those predicted before."""

import json
from pathlib import Path

import torch
from torch import Tensor, nn

from impasto.base.spec import ImageSpec
from impasto.painters.loading import load_painter
from impasto.painters.painter import Painter
from impasto.painters.prediction import ahead
from tests.test_training import same
from tests.training import composed, train, weights

TINY = (
    "experiment=next_frame_shapes",
    "model.adversarial=0.1",
    "model.generator.features=4",
    "model.generator.blocks=1",
    "model.discriminator.features=4",
    "data.batch_size=4",
    "data.clips=6",
    "data.length=9",
    "data.size=32",
    "data.image_size=32",
    "data.holdout=0.2",
    "evaluation.ahead=3",
    "evaluation.num_sequences=4",
)


class Sum(nn.Module):
    """Twice the last frame minus the one before: what comes next if every pixel changes evenly."""

    def forward(self, content: Tensor) -> Tensor:
        before, last = content.chunk(2, 1)
        return 2 * last - before


def test_frames_ahead_are_predicted_from_those_predicted() -> None:
    painter = Painter(Sum(), ImageSpec(1, 2, 2), ("content",), ImageSpec(2, 2, 2, frames=2))
    given = torch.tensor([0.1, 0.3]).view(1, 2, 1, 1).expand(1, 2, 2, 2)
    found = [frame[0, 0, 0, 0].item() for frame in ahead(painter, given, 4)]
    assert torch.allclose(torch.tensor(found), torch.tensor([0.5, 0.7, 0.9, 1.0]))  # painters clip at 1


def test_n_plus_m_sequences_are_n_and_m_sequences(tmp_path: Path) -> None:
    overrides = [*TINY, f"data.cache_dir={tmp_path / 'cache'}"]
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
    assert {"psnr", "ssim", "ahead_1_psnr", "ahead_3_ssim"} <= summary["metrics"].keys()
    assert summary["metrics"]["ahead_1_psnr"]["controls"].keys() == {"last frame repeated", "moved on by its flow"}
    assert (whole / "samples" / "ahead.png").is_file()
    painter = load_painter(whole, device="cpu")
    assert painter.content is not None
    assert (painter.content.frames, painter.content.channels) == (3, 9)
