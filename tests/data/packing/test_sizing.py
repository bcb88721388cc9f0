import numpy as np
import pytest

from impasto.base.errors import UserError
from impasto.data.packing.sizing import SizePolicy, adapt_channels, to_size

RNG = np.random.default_rng(0)

ROUNDING = 1.5
"""Pillow rounds to whole levels twice, after the columns and after the rows."""


def lanczos(pixels: np.ndarray, size: int, start: float, stop: float) -> np.ndarray:
    """Rows ``start`` to ``stop`` of an array, resampled to ``size`` rows, straight from the definition."""
    scale = (stop - start) / size
    width = max(scale, 1.0)  # the filter widens when it shrinks a picture: that is the antialiasing
    rows = []
    for i in range(size):
        centre = start + (i + 0.5) * scale
        x = (np.arange(len(pixels)) + 0.5 - centre) / width
        weights = np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)
        rows.append(np.tensordot(weights / weights.sum(), pixels, 1))
    return np.array(rows)


def resampled(pixels: np.ndarray, size: tuple[int, int], box: tuple[float, float, float, float]) -> np.ndarray:
    tall = lanczos(pixels.astype(float), size[0], box[0], box[2])
    return np.clip(lanczos(tall.swapaxes(0, 1), size[1], box[1], box[3]).swapaxes(0, 1), 0, 255)


# picture (h, w), canvas (h, w), the box of the picture that crop shows
CROPS = [
    ((40, 60), (16, 16), (0, 10, 40, 50)),
    ((61, 40), (16, 16), (10.5, 0, 50.5, 40)),
    ((40, 60), (8, 24), (10, 0, 30, 60)),
    ((5, 7), (16, 16), (0, 1, 5, 6)),
]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("size", "canvas", "box"), CROPS)
def test_crop(size: tuple[int, int], canvas: tuple[int, int], box: tuple[float, ...], channels: int) -> None:
    pixels = RNG.integers(64, 192, (*size, channels), np.uint8)  # the filter overshoots, but not to where it is cut
    result, valid = to_size(pixels, SizePolicy(*canvas, "crop", channels))
    assert (result.shape, result.dtype, valid) == ((*canvas, channels), np.uint8, canvas)
    assert np.abs(result - resampled(pixels, canvas, box)).max() <= ROUNDING


def test_stretch() -> None:
    pixels = RNG.integers(64, 192, (30, 50, 3), np.uint8)
    result, valid = to_size(pixels, SizePolicy(20, 12, "stretch"))
    assert valid == (20, 12)
    assert np.abs(result - resampled(pixels, (20, 12), (0, 0, 30, 50))).max() <= ROUNDING


def test_pad_centres_and_fit_does_not() -> None:
    pixels = RNG.integers(64, 192, (20, 40, 3), np.uint8)
    inner = resampled(pixels, (8, 16), (0, 0, 20, 40))
    padded, valid = to_size(pixels, SizePolicy(16, 16, "pad", fill=7))
    assert valid == (16, 16)
    assert (padded[:4] == 7).all()
    assert (padded[12:] == 7).all()
    assert np.abs(padded[4:12] - inner).max() <= ROUNDING
    fitted, valid = to_size(pixels, SizePolicy(16, 16, "fit", fill=9))
    assert valid == (8, 16)
    assert (fitted[8:] == 9).all()
    np.testing.assert_array_equal(fitted[:8], padded[4:12])


@pytest.mark.parametrize("resize", ["crop", "stretch", "pad", "fit"])
def test_right_size_is_copied_bit_for_bit(resize: str) -> None:
    pixels = RNG.integers(0, 256, (12, 20, 3), np.uint8)
    result, valid = to_size(pixels, SizePolicy(12, 20, resize))
    np.testing.assert_array_equal(result, pixels)
    assert valid == (12, 20)


def test_what_only_needs_cutting_is_copied_bit_for_bit() -> None:
    pixels = RNG.integers(0, 256, (17, 12, 3), np.uint8)  # 5 rows too many: 2 above, 3 below
    np.testing.assert_array_equal(to_size(pixels, SizePolicy(12, 12, "crop"))[0], pixels[2:14])
    np.testing.assert_array_equal(to_size(pixels, SizePolicy(17, 30, "fit", fill=0))[0][:, :12], pixels)


@pytest.mark.parametrize("resize", ["crop", "stretch", "pad", "fit"])
@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (333, 7)])
def test_extreme_shapes(size: tuple[int, int], resize: str) -> None:
    result, valid = to_size(np.full((*size, 3), 99, np.uint8), SizePolicy(16, 24, resize, fill=99))
    assert result.shape == (16, 24, 3)
    assert (result == 99).all()  # a flat picture stays flat
    assert 1 <= valid[0] <= 16
    assert 1 <= valid[1] <= 24


def test_adapt_channels() -> None:
    colour = np.array([[(255, 0, 0), (0, 255, 0)]], np.uint8)
    np.testing.assert_array_equal(adapt_channels(colour, 1)[..., 0], [[76, 150]])  # 0.299 * 255, 0.587 * 255
    np.testing.assert_array_equal(adapt_channels(np.array([[5]], np.uint8), 3), [[[5, 5, 5]]])
    assert adapt_channels(colour, 3) is colour


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"resize": "squeeze"}, "data.resize=squeeze"),
        ({"channels": 0}, "1 channel or more"),
        ({"height": 0}, "data.image_size=0x8"),
        ({"fill": 256}, "^The fill 256"),
    ],
)
def test_nonsense_is_refused(values: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        SizePolicy(**{"height": 8, "width": 8, **values})
