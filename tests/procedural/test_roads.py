"""Drawn road scenes: depth, labels and motion agree with each other, and with geometry."""

import numpy as np

from impasto.procedural.roads import CITYSCAPES, FAR, HEIGHT, Road

SIZE = (64, 128)


def test_the_ground_is_a_plane() -> None:
    view = Road(3).view(SIZE)
    road = view.classes == CITYSCAPES.class_names.index("road")
    rows = np.broadcast_to(np.arange(64)[:, None] + 0.5, SIZE)
    focal, horizon = 0.9 * 64, 0.45 * 64
    wanted = HEIGHT * focal / (rows - horizon)
    assert road.mean() > 0.15
    assert np.allclose(view.depth[road], wanted[road], rtol=1e-5)
    assert (view.depth[view.classes == CITYSCAPES.class_names.index("sky")] == FAR).all()


def test_motion_leads_to_what_is_seen_next() -> None:
    agree, beside = [], []
    for seed in range(4):
        road = Road((1, seed))
        now, then = road.view(SIZE, 0.0), road.view(SIZE, 0.1)
        rows, columns = np.mgrid[:64, :128]
        y, x = (np.rint(at + now.motion[..., i]).astype(int) for at, i in ((rows, 1), (columns, 0)))
        inside = (y >= 0) & (y < 64) & (x >= 0) & (x < 128) & (now.depth < 60)
        agree.append((then.classes[y[inside], x[inside]] == now.classes[inside]).mean())
        beside.append((then.classes == now.classes)[inside].mean())
        # What comes nearer is as much nearer as the camera has driven; cars drive too.
        still = inside & (now.objects == 0)
        nearer = now.depth[still] - then.depth[y[still], x[still]]
        assert abs(np.median(nearer) - road.speed / 10) < 0.15
    assert np.mean(agree) > 0.97
    assert np.mean(agree) > np.mean(beside)


def test_light_changes_pictures_alone() -> None:
    day, night, fog = (Road(5, light).view(SIZE) for light in ("day", "night", "fog"))
    assert (day.classes == night.classes).all()
    assert (day.depth == fog.depth).all()
    assert night.picture.mean() < 0.5 * day.picture.mean()
    assert fog.picture.std() < day.picture.std()
    assert (Road(5).view(SIZE).picture == day.picture).all()
