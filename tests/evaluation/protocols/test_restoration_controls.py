"""Classical controls: by hand where that can be done, and that each of them undoes what it is for."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf
from PIL import Image

from impasto.degradations.blur import Blur
from impasto.degradations.degradation import Damage, Degradation, degrade
from impasto.evaluation.protocols import classical
from impasto.evaluation.protocols.pairs import CONTROL
from impasto.evaluation.protocols.restoration_controls import Case, controls_of
from tests.evaluation.protocols.test_restoration import TASKS, textured

CLEAN = textured(3, (48, 64))


def psnr(picture: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((picture.astype(float) - CLEAN) ** 2)))


def restored(degradation: Degradation, damage: Damage) -> dict[str, np.ndarray]:
    """What the controls make of a damaged picture."""
    seed = (7, 1)
    picture = degrade(CLEAN, degradation, seed, damage)
    case = Case.of(degradation, CLEAN[None])
    return {row: made(picture, damage, np.random.default_rng(seed)) for row, made in controls_of(case).items()}


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_the_input_and_something_that_restores(task: str) -> None:
    degradation = TASKS[task]
    for damage in degradation.measured():
        found = restored(degradation, damage)
        assert next(iter(found)) == CONTROL
        assert len(found) > 1
        for row, picture in found.items():
            assert (picture.shape, picture.dtype) == (CLEAN.shape, np.uint8), row


@pytest.mark.parametrize(
    ("task", "row", "damage", "gain"),
    [
        ("denoise", "non-local means", Damage("gaussian", 50.0), 3.0),
        ("denoise", "bilateral filter", Damage("gaussian", 50.0), 3.0),
        ("deblur", "Richardson-Lucy, true kernel", Damage("motion", 2.0), 2.0),
        ("deblur", "Richardson-Lucy, true kernel", Damage("defocus", 2.0), 2.0),
        ("deblur", "unsharp mask", Damage("gaussian", 2.0), 0.5),
        ("deblur", "Richardson-Lucy, Gaussian", Damage("gaussian", 2.0), 2.0),
        ("inpaint", "Telea", Damage("free_form", 0.2), 3.0),
        ("inpaint", "Navier-Stokes", Damage("box", 0.1), 3.0),
        ("super_resolution", "Lanczos", Damage("bicubic", 0.0), 0.3),
        ("jpeg", "total variation", Damage("jpeg", 10.0), 0.1),
        ("low_light", "gamma to usual brightness", Damage("gamma", 2.0), 5.0),
    ],
)
def test_controls_are_better_than_the_input(task: str, row: str, damage: Damage, gain: float) -> None:
    found = restored(TASKS[task], damage)
    assert psnr(found[row]) > psnr(found[CONTROL]) + gain


def test_the_true_kernel_is_better_than_a_guess() -> None:
    found = restored(TASKS["deblur"], Damage("motion", 3.0))
    assert psnr(found["Richardson-Lucy, true kernel"]) > psnr(found["Richardson-Lucy, Gaussian"]) + 1


def test_an_unsharp_mask_by_hand() -> None:
    """A step of 100 levels is overshot by as much as the Gaussian takes from it: 100 Phi(-0.5 / 1.5), 36.9."""
    step = np.full((20, 40, 1), 75, np.uint8)
    step[:, 20:] = 175
    made = classical.unsharp_mask(step)
    assert made[10, [0, 19, 20, 39], 0].tolist() == [75, 38, 212, 175]
    assert classical.unsharp_mask(step, amount=0.5)[10, 20, 0] == pytest.approx(175 + 18.5, abs=1)


@pytest.mark.parametrize("kind", ["motion", "defocus", "gaussian"])
def test_the_kernel_is_what_a_bright_pixel_becomes(kind: str) -> None:
    degradation, damage = TASKS["deblur"], Damage(kind, 1.5)
    assert isinstance(degradation, Blur)
    point = np.zeros((31, 31, 1), np.uint8)
    point[15, 15] = 255
    spread = degrade(point, degradation, 5, damage)[..., 0] / 255
    kernel = degradation.kernel(damage, np.random.default_rng(5))
    around = (31 - np.array(kernel.shape)) // 2
    assert spread == pytest.approx(np.pad(kernel, [(side, side) for side in around]), abs=0.51 / 255)


def test_the_input_as_it_is() -> None:
    small = np.array([[[10], [20]]], np.uint8)
    doubled = controls_of(Case(TASKS["super_resolution"], 1))[CONTROL](small, Damage("bicubic", 0.0), no_draws())
    assert doubled[..., 0].tolist() == [[10, 10, 20, 20], [10, 10, 20, 20]]
    coloured = controls_of(Case(TASKS["colorize"], 3))[CONTROL](small, Damage("grey", 1.0), no_draws())
    assert coloured.tolist() == [[[10] * 3, [20] * 3]]
    masked = np.arange(8, dtype=np.uint8).reshape(1, 2, 4)
    assert np.array_equal(
        controls_of(Case(TASKS["inpaint"], 3))[CONTROL](masked, Damage("box", 0.1), no_draws()), masked[..., :3]
    )


def no_draws() -> np.random.Generator:
    return np.random.default_rng(0)


def test_noise_in_small_pictures_is_taken_out_first() -> None:
    settings = {"scale": 2, "kinds": ["bicubic"], "strength": [0, 50], "measured_at": [0, 50]}
    degradation = type(TASKS["super_resolution"])(**settings)
    found = restored(degradation, Damage("bicubic", 50.0))
    assert psnr(found["non-local means, bicubic"]) > psnr(found["bicubic"]) + 0.5
    clean = restored(degradation, Damage("bicubic", 0.0))
    assert np.array_equal(clean["non-local means, bicubic"], clean["bicubic"])


def test_bicubic_is_pillows() -> None:
    small = textured(1, (8, 12))
    wanted = np.asarray(Image.fromarray(small).resize((24, 16), Image.Resampling.BICUBIC))
    assert np.array_equal(classical.enlarged(small, 2, Image.Resampling.BICUBIC), wanted)
    assert classical.enlarged(small[..., :1], 3, Image.Resampling.LANCZOS).shape == (24, 36, 1)


def test_holes_do_not_show_what_they_held() -> None:
    known = np.full((16, 16), 255, np.uint8)
    known[6:10, 6:10] = 0
    flat = np.full((16, 16, 3), 90, np.uint8)
    flat[6:10, 6:10] = 200
    for method in (cv2.INPAINT_TELEA, cv2.INPAINT_NS):
        assert classical.inpainted(flat, 255 - known, method).astype(int) == pytest.approx(90, abs=3)


def test_a_tint_by_hand() -> None:
    # Y = 0.299 R + ..., Cb = 128 + 0.564 (B - Y), Cr = 128 + 0.713 (R - Y), of a red of (200, 0, 0): Y 59.8
    red = np.zeros((2, 4, 4, 3), np.uint8)
    red[..., 0] = 200
    cb, cr = classical.mean_tint(red)
    assert (cb, cr) == (pytest.approx(128 - 0.564 * 59.8, abs=0.6), pytest.approx(128 + 0.713 * 140.2, abs=0.6))
    grey = np.full((2, 2, 1), 100, np.uint8)
    assert classical.tinted(grey, (128.0, 128.0)).tolist() == np.full((2, 2, 3), 100).tolist()
    # R = Y + 1.402 (Cr - 128), B = Y + 1.772 (Cb - 128), G = Y - 0.344 (Cb - 128) - 0.714 (Cr - 128)
    assert classical.tinted(grey, (118.0, 138.0))[0, 0] == pytest.approx([114, 96, 82], abs=1)


def test_brightness_is_brought_to_the_mean_wanted() -> None:
    dark = (CLEAN / 5).round().astype(np.uint8)
    assert classical.brightened(dark, 0.45).mean() / 255 == pytest.approx(0.45, abs=0.005)


@pytest.mark.parametrize("method", [classical.equalised, classical.locally_equalised])
def test_equalising_widens_contrast_and_keeps_greys(method: Callable[[np.ndarray], np.ndarray]) -> None:
    flat = (100 + CLEAN / 16).round().astype(np.uint8)
    assert method(flat).std() > 2 * flat.std()
    grey = flat[..., :1]
    assert method(grey).shape == grey.shape
    assert np.ptp(method(grey.repeat(3, 2)).astype(int), axis=2).max() <= 1


def test_damage_of_ones_own_has_the_input_alone() -> None:
    class Inverted(Degradation):
        known = {"inverted": lambda pixels, _, __: 255 - pixels}  # noqa: RUF012

    own = Inverted(kinds=["inverted"], strength=[0, 1], measured_at=[1])
    assert list(controls_of(Case(own, 3))) == [CONTROL]


def test_settings_of_the_tasks_are_those_of_the_data() -> None:
    assert TASKS.keys() == instantiate(OmegaConf.load("conf/data/restoration.yaml").tasks).keys()
