"""Moving shapes: known motion, the same for one seed."""

import numpy as np
import pytest

from impasto.procedural.moving_shapes import KINDS, MovingShapes, Shape

SIZE = (32, 48)


def shape(kind: str = "disc", velocity: tuple[float, float] = (0.0, 3.0)) -> Shape:
    return Shape(kind, 4.0, np.array([255.0, 0, 0]), np.array([16.0, 24.0]), np.array(velocity))


def test_a_shape_moves_evenly_and_bounces_off_the_border() -> None:
    places = [shape().centre(number, SIZE)[1] for number in range(15)]
    # 48 - 4 = 44 is as far to the right as the centre goes: 24, 27, ... 42, then 44 - 1 = 43, 40, ...
    assert places == pytest.approx([24, 27, 30, 33, 36, 39, 42, 43, 40, 37, 34, 31, 28, 25, 22])
    assert all(shape().centre(number, SIZE)[0] == 16 for number in range(5))


@pytest.mark.parametrize(
    ("kind", "area"),
    [("disc", np.pi * 16), ("square", 64.0), ("triangle", 3 * 3**0.5 * 2**2)],  # of an inscribed circle of radius 2
)
def test_a_shape_covers_its_area_around_its_centre(kind: str, area: float) -> None:
    covered = shape(kind).coverage(0, SIZE)
    assert covered.sum() == pytest.approx(area, rel=0.08)
    rows, columns = np.arange(SIZE[0]) + 0.5, np.arange(SIZE[1]) + 0.5
    assert (covered.sum(1) @ rows) / covered.sum() == pytest.approx(16, abs=0.1)
    assert (covered.sum(0) @ columns) / covered.sum() == pytest.approx(24, abs=0.1)


def test_whole_steps_move_pixels_as_they_are() -> None:
    a, b = (shape(velocity=(1.0, 2.0)).coverage(number, SIZE) for number in (0, 2))
    assert np.array_equal(np.roll(a, (2, 4), (0, 1)), b)


def test_a_seed_makes_one_clip() -> None:
    a, b, other = MovingShapes((0, 1), SIZE), MovingShapes((0, 1), SIZE), MovingShapes((0, 2), SIZE)
    assert np.array_equal(a.frame(7), b.frame(7))
    assert not np.array_equal(a.frame(7), other.frame(7))
    assert a.frame(7).shape == (32, 48, 3)
    assert {shape.kind for seed in range(20) for shape in MovingShapes(seed, SIZE).shapes} == set(KINDS)
    speeds = [np.hypot(*shape.velocity) for seed in range(20) for shape in MovingShapes(seed, SIZE).shapes]
    assert min(speeds) >= 0.75
    assert max(speeds) <= 3
