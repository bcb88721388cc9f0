"""Motion of pictures that were moved by hand."""

import cv2
import numpy as np
import pytest

from impasto.video.motion import Motion, consistent, flow, grey, inside, motion
from tests.clips import panning


def texture(height: int, width: int, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).uniform(0, 255, (height, width, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 3)
    return ((smooth - smooth.min()) / np.ptp(smooth) * 255).astype(np.uint8)


def test_a_pan_is_found_and_its_edge_is_not_known() -> None:
    wide = texture(96, 160)
    before, now = wide[:, 20:148], wide[:, 25:153]  # the camera goes 5 pixels to the right
    found = motion(np.ascontiguousarray(before), np.ascontiguousarray(now))
    middle = found.flow[16:-16, 16:-16]
    assert np.abs(middle - (5, 0)).mean() < 0.1
    assert found.known[16:-16, 16:-16].mean() > 0.95
    assert not found.known[:, -3:].any()  # it just came into view
    assert not found.is_cut
    carried = found.carried(before)
    assert np.abs(carried - now)[8:-8, 8:-8].mean() < 2


def test_sixteen_bits_and_small_frames() -> None:
    wide = texture(20, 60)
    before, now = (np.ascontiguousarray(wide[:, i : i + 40]) for i in (8, 10))
    small = motion(before, now)
    deep = motion(before.astype(np.uint16) * 257, now.astype(np.uint16) * 257)
    assert small.flow.shape == (20, 40, 2)
    assert (small.flow == deep.flow).all()
    assert (grey(before.astype(np.uint16) * 257) == grey(before)).all()


def test_another_scene_is_a_cut() -> None:
    assert motion(texture(64, 96, 0), texture(64, 96, 1)).is_cut


def test_what_a_thing_uncovers_is_not_known() -> None:
    ground, thing = texture(96, 128), texture(32, 32, 1)
    frames = []
    for x in (40, 46):
        frame = ground.copy()
        frame[32:64, x : x + 32] = thing
        frames.append(frame)
    found = motion(*frames)
    assert found.known[34:62, 41:45].mean() < 0.5  # was under the thing
    assert found.known[34:62, 50:74].mean() > 0.9
    assert np.abs(found.flow[38:58, 52:72] - (-6, 0)).mean() < 0.3


def test_a_way_that_does_not_lead_back_is_not_consistent() -> None:
    way, back = np.zeros((8, 8, 2), np.float32), np.zeros((8, 8, 2), np.float32)
    assert consistent(way, back).all()
    back[2:4, 2:4] = (2, 0)  # squared error 4, more than 0.01 * 4 + 0.5
    expected = np.ones((8, 8), bool)
    expected[2:4, 2:4] = False
    assert (consistent(way, back) == expected).all()


def test_inside_and_other_sizes() -> None:
    way = np.zeros((4, 6, 2), np.float32)
    way[..., 0] = 2
    assert inside(way).sum() == 4 * 4
    larger = Motion(way, inside(way)).resized(8, 12)
    assert larger.flow.shape == (8, 12, 2)
    assert (larger.flow == (4, 0)).all()
    assert larger.known.sum() == 8 * 8


def test_frames_that_are_the_same_stand_still() -> None:
    (frame,) = panning(1)
    assert np.abs(flow(grey(frame), grey(frame))).max() == pytest.approx(0, abs=1e-3)


def test_grain_is_not_taken_for_motion() -> None:
    draws, still = np.random.default_rng(0), texture(96, 128)
    frames = [(still + draws.normal(0, 6, still.shape)).clip(0, 255).astype(np.uint8) for _ in range(2)]
    found = motion(*frames)
    assert (found.flow == 0).all(-1).mean() > 0.9
    assert found.known.mean() > 0.9
