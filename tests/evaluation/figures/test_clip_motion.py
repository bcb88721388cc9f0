"""Motion of clips, read from pixels, against motion that is known."""

import numpy as np
import torch
from torch import Tensor

from impasto.evaluation.figures.clip_motion import middles, motion, relative_error, relative_spread_error, seam
from impasto.evaluation.figures.distances import frechet_estimate
from impasto.evaluation.protocols.video import features_of, shuffled
from impasto.networks.pretrained.random_clip_features import RandomClipFeatures
from impasto.procedural.loops import draw_loop
from impasto.procedural.moving_figures import MovingFigure


def made(count: int, kind: str = "square", frames: int = 12) -> tuple[Tensor, list[MovingFigure]]:
    figures = [MovingFigure((1, i), kind, 32) for i in range(count)]
    clips = np.stack([[figure.frame(t) for t in range(frames)] for figure in figures])
    return torch.from_numpy(clips).movedim(-1, 2), figures


def test_places_and_speeds_are_those_of_the_code() -> None:
    clips, figures = made(8)
    centres = np.stack([[figure.shape.centre(t, (32, 32)) for t in range(12)] for figure in figures])
    assert np.abs(middles(clips).numpy() + 0.5 - centres).max() < 0.05  # pixels are half a pixel wide on each side
    truth = np.linalg.norm(np.diff(centres, axis=1), axis=2).mean(1)
    assert np.abs(motion(clips)["speed"].numpy() - truth).max() < 0.05
    even = np.array([np.abs(np.diff(c, n=2, axis=0)).max() < 1e-9 for c in centres])  # no bounce
    assert even.any()
    assert motion(clips)["turning"][torch.from_numpy(even)].max() < 0.1


def test_what_stands_still_or_is_empty() -> None:
    clips, _ = made(3)
    still = clips[:, :1].expand_as(clips)
    assert motion(still)["speed"].abs().max() < 1e-5
    assert motion(still)["change"].max() == 0
    assert motion(torch.zeros_like(clips))["speed"].tolist() == [0, 0, 0]


def test_errors_are_shares_of_the_truth() -> None:
    truth = torch.tensor([1.0, 3.0] * 8)
    assert relative_error(torch.full((16,), 2.5), truth).value == 0.25
    assert abs(relative_spread_error(torch.tensor([1.0, 2.0] * 8), truth).value - 0.5) < 1e-6


def test_a_loop_has_no_seam_and_a_path_has() -> None:
    loops = torch.from_numpy(np.stack([draw_loop(e, (i,), 16, 32) for e in ("fire", "water") for i in range(3)]))
    assert 0.6 < seam(loops.movedim(-1, 2)).mean() < 1.4
    # Halfway around, a clip is cut open.
    assert seam(loops.movedim(-1, 2)[:, :8]).mean() > 1.5
    colors, opacity = loops[..., :3], loops[..., 3]
    assert set(opacity.unique().tolist()) == {0, 255}
    assert not colors[opacity == 0].any()


def test_the_network_sees_motion() -> None:
    clips, _ = made(96, "disc", 8)
    network = RandomClipFeatures()
    real, others = (features_of(network, half) for half in (clips[::2], clips[1::2]))
    apart = features_of(network, shuffled(clips[1::2]))
    assert real.shape == (48, 128)
    assert frechet_estimate(apart, real).value > 3 * frechet_estimate(others, real).value
