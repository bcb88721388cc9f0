"""Clips whose paintings are known: what is carried, what is painted anew, and when."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from impasto.inference.carried import CarriedNoise, CarriedStatistics, stretch
from impasto.inference.repaint import PLAIN, Repainting
from impasto.inference.steady import Steadying, turns, with_contrast
from impasto.networks.layers.norm import InstanceNorm
from impasto.networks.layers.placed import Drift
from impasto.video.motion import Motion, inside
from tests.translation_run import repainter
from tests.video.test_motion import texture


class Restless(nn.Module):
    """Paints another noise over every frame."""

    def forward(self, content: Tensor) -> Tensor:
        return content * 0.5 + 0.2 * torch.randn_like(content)


def painted(frames: list[np.ndarray], turn: int | None, network: nn.Module | None = None) -> list[np.ndarray]:
    torch.manual_seed(0)
    painter = repainter(network or Restless())
    steady = None if turn is None else Steadying(painter, turn)
    found = []
    for frame in frames:
        if steady is not None:
            steady.look(frame)
        repainting = Repainting(painter, frame, None, PLAIN)
        for _ in repainting:
            pass
        found.append(repainting.result if steady is None else steady.steadied(repainting.result))
    return found


def change(frames: list[np.ndarray], step: int = 0) -> float:
    """Mean square change from frame to frame, along a pan of so many pixels."""
    pairs = [(a[:, step:].astype(float), b[:, : b.shape[1] - step].astype(float)) for a, b in pairwise(frames)]
    return float(np.mean([np.square(a - b).mean() for a, b in pairs]))


def test_a_still_scene_changes_by_a_part_of_the_picture_at_a_time() -> None:
    frames = [texture(96, 128)] * 17
    alone, steady = painted(frames, None), painted(frames, 8)
    # Of every cell that is painted anew, the noise is another one: an eighth of the picture, less at soft seams.
    assert 0.06 < change(steady) / change(alone) < 0.16
    anew = [np.abs(a.astype(int) - b).max(-1) > 12 for a, b in pairwise(steady)]
    assert np.logical_or.reduce(anew[8:]).mean() > 0.95  # each has its turn
    assert all(changed.mean() < 0.45 for changed in anew)


def test_a_pan_carries_the_painting_along() -> None:
    wide = texture(96, 200)
    frames = [np.ascontiguousarray(wide[:, 3 * i : 3 * i + 128]) for i in range(12)]
    alone, steady = painted(frames, None), painted(frames, 8)
    assert change(steady, 3) < 0.3 * change(alone, 3)
    contrast = [np.std(np.diff(frame.astype(float), axis=1)) for frame in (alone[-1], steady[-1])]
    assert contrast[1] == pytest.approx(contrast[0], rel=0.1)


def test_a_cut_is_painted_by_itself() -> None:
    one, other = texture(64, 96, 0), texture(64, 96, 1)
    alone, steady = painted([one, one, other], None), painted([one, one, other], 8)
    assert (steady[0] == alone[0]).all()
    assert (steady[1] != alone[1]).any()
    assert (steady[2] == alone[2]).all()


def test_what_changes_without_moving_is_painted_anew() -> None:
    one = texture(96, 128)
    lit = one.copy()
    lit[20:60, 30:90] = np.minimum(one[20:60, 30:90].astype(int) + 80, 255)
    alone, steady = painted([one, lit], None), painted([one, lit], 10**6)
    assert np.abs(steady[1].astype(int) - alone[1])[28:52, 40:80].mean() < 8
    assert np.abs(steady[1].astype(int) - alone[1])[70:, :].mean() > 20  # carried: another noise


def test_only_what_is_painted_is_carried() -> None:
    painter = repainter(Restless())
    steady, mask = Steadying(painter, 8), np.zeros((64, 96), np.uint8)
    mask[:, 48:] = 255
    for seed in range(2):
        steady.look(texture(64, 96))
        result = np.random.default_rng(seed).integers(0, 255, (64, 96, 3)).astype(np.uint8)
        found = steady.steadied(result, mask)
    assert np.abs(found.astype(int) - result)[:, :40].max() == 0
    assert np.abs(found.astype(int) - result)[:, 56:].mean() > 20


def test_what_a_mask_uncovers_is_painted_at_once() -> None:
    steady, mask = Steadying(repainter(Restless()), 8), np.zeros((64, 96), np.uint8)
    mask[:, 48:] = 255
    for seed, shown in enumerate((mask, 255 - mask)):
        steady.look(texture(64, 96))
        result = np.random.default_rng(seed).integers(0, 255, (64, 96, 3)).astype(np.uint8)
        found = steady.steadied(result, shown)
    assert np.abs(found.astype(int) - result)[:, :40].max() == 0  # was not painted before
    assert np.abs(found.astype(int) - result)[:, 56:].max() == 0  # is not painted now


def test_each_pixel_has_one_turn_and_cells_are_as_large_as_strokes() -> None:
    found = turns(200, 300, 8)
    assert found.shape == (200, 300)
    assert np.bincount(found.ravel(), minlength=8).min() > 0.04 * found.size
    seams = (np.diff(found, axis=1) != 0).mean()
    assert seams < 2 / 40  # a boundary every 40 pixels, and diagonals
    assert (turns(200, 300, 8) == found).all()


def test_contrast_is_brought_back() -> None:
    draws = np.random.default_rng(0)
    single = draws.normal(128, 20, (96, 96, 3)).astype(np.float32)
    mixed = 128 + (single - 128) * 0.7
    kept = np.ones((96, 96), np.float32)
    kept[:, :48] = 0
    found = with_contrast(mixed, single, kept)
    assert found[:, 48:].std() == pytest.approx(20, rel=0.06)
    assert (found[:, :48] == mixed[:, :48]).all()


def test_noise_goes_with_the_scene() -> None:
    flow = np.zeros((64, 96, 2), np.float32)
    flow[..., 0] = 6
    noise = CarriedNoise()
    assert noise.moved(None, 64, 96).way.abs().max() == 0
    for number in (1, 2):
        way = noise.moved(Motion(flow, inside(flow)), 64, 96).way
        assert way.shape == (1, 2, 16, 24)
        assert torch.allclose(way[0, 0, :, :20], torch.tensor(6.0 * number / 96))
        assert way[0, 0, :, 23:].abs().max() == 0  # came into view
        assert way[0, 1].abs().max() == 0
    assert noise.moved(None, 64, 96).way.abs().max() == 0


def test_noise_that_was_drawn_out_is_drawn_anew() -> None:
    rows, columns = np.mgrid[:64, :64].astype(np.float32)
    zoom = np.stack([columns - 31.5, rows - 31.5], -1) * -0.1  # a tenth nearer in each frame
    noise, known = CarriedNoise(), np.ones((64, 64), bool)
    ways = [noise.moved(Motion(zoom, known) if i else None, 64, 64).way for i in range(8)]
    # 0.9 to the power of 4 is 0.66: stretched by more than 1.5 at the fifth frame, and begun anew after it.
    assert [float(way.abs().max()) == 0 for way in ways] == [True, False, False, False, False, True, False, False]
    field = np.stack([columns, rows], -1) / 64
    assert stretch(field * 0.5) == pytest.approx(1.5)
    assert stretch(field * -0.5) == pytest.approx(2.0)


class Normalised(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = InstanceNorm()

    def forward(self, content: Tensor) -> Tensor:
        normalised: Tensor = self.norm(content)
        return normalised


def test_statistics_change_slowly() -> None:
    network = Normalised()
    dark, light = torch.full((1, 1, 8, 8), -0.5), torch.full((1, 1, 8, 8), 0.5)
    dark[..., :4], light[..., :4] = -0.7, 0.3
    carried = CarriedStatistics(network)
    with carried:
        carried.next_frame(afresh=True)
        first = network(dark)
        assert torch.allclose(first, InstanceNorm()(dark), atol=1e-4)
        carried.next_frame(afresh=False)
        # The mean went from -0.6 to 0.8 * -0.6 + 0.2 * 0.4 = -0.4, and the variance stayed 0.01.
        assert network(light)[0, 0, 0, 7] == pytest.approx((0.5 + 0.4) / 0.1, rel=1e-2)
        carried.next_frame(afresh=True)
        assert torch.allclose(network(light), InstanceNorm()(light), atol=1e-4)
    assert network.norm.statistics is None
    assert torch.allclose(network(light), InstanceNorm()(light))


class Drawn(nn.Module):
    """Notes where its noise is drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.drift: Drift | None = None
        self.seen: list[Drift | None] = []

    def forward(self, content: Tensor) -> Tensor:
        self.seen.append(self.drift)
        return content


def test_networks_that_draw_noise_by_place_are_told() -> None:
    network = Drawn()
    painter, wide = repainter(network), texture(64, 140)
    with Steadying(painter, 8) as steady:
        for start in (0, 8):
            steady.look(np.ascontiguousarray(wide[:, start : start + 96]))
            for _ in Repainting(painter, np.zeros((64, 96, 3), np.uint8), None, PLAIN):
                pass
    first, second = network.seen
    assert first is not None
    assert second is not None
    assert (first.height, first.width) == (64, 96)
    assert float(second.way[0, 0, 4:12, 4:18].mean()) * 96 == pytest.approx(8, abs=0.3)
    assert network.drift is None
