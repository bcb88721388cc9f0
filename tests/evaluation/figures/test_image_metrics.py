import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio

from impasto.base.errors import UserError
from impasto.evaluation.figures.image_metrics import METRICS, lpips, ms_ssim, psnr, psnr_y, sharpness, ssim
from impasto.networks.pretrained.lpips import lpips_network

C1, C2 = (0.01 * 2) ** 2, (0.03 * 2) ** 2


def flat(value: float, side: int = 16) -> torch.Tensor:
    return torch.full((1, 3, side, side), value)


def test_psnr_by_hand() -> None:
    # Differences of 0.2 and 0.02 in a range of 2: 10 log10(4 / 0.04) and 10 log10(4 / 0.0004)
    target = torch.zeros(2, 3, 8, 8)
    images = target + torch.tensor([0.2, 0.02]).view(2, 1, 1, 1)
    assert psnr(images, target).tolist() == pytest.approx([20.0, 40.0], abs=1e-4)
    assert psnr(target, target).tolist() == [math.inf, math.inf]


def test_psnr_of_brightness_by_hand() -> None:
    # Red 0.4 higher in [-1, 1] is 0.2 of 65.481 in Y, with a peak of 255.
    target, images = torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8)
    images[:, 0] += 0.4
    assert psnr_y(images, target).item() == pytest.approx(20 * math.log10(255 / (0.2 * 65.481)), abs=1e-3)
    assert psnr_y(target, target).item() == math.inf
    assert psnr_y(images[:, :1], target[:, :1]).item() == pytest.approx(psnr(images[:, :1], target[:, :1]).item())


def test_psnr_of_brightness_is_that_of_scikit_image() -> None:
    torch.manual_seed(0)
    a, b = torch.rand(2, 3, 9, 12) * 2 - 1, torch.rand(2, 3, 9, 12) * 2 - 1
    theirs = [[rgb2ycbcr(((x + 1) / 2).permute(1, 2, 0).double().numpy())[..., 0] for x in images] for images in (a, b)]
    wanted = [peak_signal_noise_ratio(y, x, data_range=255) for x, y in zip(*theirs, strict=True)]
    assert psnr_y(a, b).tolist() == pytest.approx(wanted, abs=1e-4)


def test_sharpness_by_hand() -> None:
    # Columns in turn 0 and 1: halving the contrast halves the differences; a mean of neighbours leaves none.
    stripes = (torch.arange(8) % 2).float().expand(1, 3, 8, 8).clone()
    assert sharpness(stripes, stripes).item() == pytest.approx(1.0)
    assert sharpness(stripes / 2, stripes).item() == pytest.approx(0.5)
    assert sharpness(torch.full_like(stripes, 0.5), stripes).item() == pytest.approx(0.0)
    # Of a flat target, differences count as half a step of 8 bits: here they are 1, down 0.
    assert sharpness(stripes, torch.zeros_like(stripes)).item() == pytest.approx(255.0, rel=1e-4)


def test_a_ladder_of_blur_and_noise_is_in_order() -> None:
    rng = np.random.default_rng(0)
    rough = torch.from_numpy(rng.normal(0, 0.3, (1, 3, 64, 64))).float()
    clean = torch.nn.functional.avg_pool2d(rough, 3, 1, 1).clamp(-1, 1)
    blurred = [clean]
    for _ in range(3):
        blurred.append(torch.nn.functional.avg_pool2d(blurred[-1], 3, 1, 1))
    noisy = [
        (clean + s * torch.from_numpy(rng.normal(size=clean.shape)).float()).clamp(-1, 1) for s in (0.05, 0.1, 0.2)
    ]
    for name in ("psnr", "psnr_y", "ssim"):
        for steps in (blurred[1:], noisy):
            values = [METRICS[name](images, clean).item() for images in steps]
            assert values == sorted(values, reverse=True), name
    falling = [sharpness(images, clean).item() for images in blurred]
    assert falling == sorted(falling, reverse=True)
    rising = [sharpness(images, clean).item() for images in [clean, *noisy]]
    assert rising == sorted(rising)


def test_ssim_of_flat_pictures_by_hand() -> None:
    # No variance: what remains is (2 a b + C1) / (a^2 + b^2 + C1)
    wanted = (2 * 0.5 * 0.1 + C1) / (0.25 + 0.01 + C1)
    assert ssim(flat(0.5), flat(0.1)).tolist() == pytest.approx([wanted], abs=1e-4)


def test_ssim_against_an_implementation_of_its_own() -> None:
    torch.manual_seed(0)
    a = torch.rand(2, 1, 15, 13) * 2 - 1
    b = (a + 0.3 * torch.randn_like(a)).clamp(-1, 1)
    ticks = torch.arange(-5.0, 6)
    window = torch.exp(-(ticks**2) / (2 * 1.5**2))
    window = torch.outer(window, window) / window.sum() ** 2

    def mean(x: torch.Tensor) -> torch.Tensor:
        x = torch.nn.functional.pad(x, (5, 5, 5, 5), mode="reflect")
        return (x.unfold(2, 11, 1).unfold(3, 11, 1) * window).sum((-1, -2))

    assert ssim(a, a).tolist() == pytest.approx([1.0, 1.0])
    covariance = mean(a * b) - mean(a) * mean(b)
    variances = mean(a * a) - mean(a) ** 2 + mean(b * b) - mean(b) ** 2
    structure = (2 * covariance + C2) / (variances + C2)
    wanted = (2 * mean(a) * mean(b) + C1) / (mean(a) ** 2 + mean(b) ** 2 + C1) * structure
    torch.testing.assert_close(ssim(a, b), wanted.mean((1, 2, 3)), atol=1e-4, rtol=1e-4)


def test_ms_ssim_of_flat_pictures_by_hand() -> None:
    # Contrast and structure are 1 at every scale; luminance counts at the last, to the power of 0.1333
    wanted = ((2 * 0.5 * 0.1 + C1) / (0.25 + 0.01 + C1)) ** 0.1333
    assert ms_ssim(flat(0.5, 176), flat(0.1, 176)).tolist() == pytest.approx([wanted], abs=1e-3)


@pytest.mark.parametrize("name", ["psnr", "psnr_y", "ssim", "sharpness"])
def test_each_picture_counts_for_itself(name: str) -> None:
    torch.manual_seed(0)
    a, b = torch.rand(3, 3, 16, 20) * 2 - 1, torch.rand(3, 3, 16, 20) * 2 - 1
    alone = torch.cat([METRICS[name](a[i : i + 1], b[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(METRICS[name](a, b), alone)


def test_pictures_that_cannot_be_compared_are_named() -> None:
    with pytest.raises(UserError, match=r"\(1, 3, 16, 16\) cannot be compared"):
        psnr(flat(0), flat(0, 8))
    with pytest.raises(UserError, match="ssim needs pictures of at least 11 x 11 pixels; these have 8 x 8"):
        ssim(flat(0, 8), flat(0, 8))
    with pytest.raises(UserError, match="at least 161"):
        ms_ssim(flat(0), flat(0))


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    (tmp_path / "checkpoints").mkdir()
    lpips_network.cache_clear()
    yield tmp_path / "checkpoints"
    lpips_network.cache_clear()


def test_lpips_without_its_backbone_is_one_clear_sentence(hub: Path) -> None:
    with pytest.raises(UserError, match=r"LPIPS needs the weights .*/alexnet-owt-7be5be79\.pth into"):
        lpips(flat(0, 64), flat(0, 64))


def test_lpips_looks_through_the_backbone_it_is_given(hub: Path) -> None:
    from torchvision.models import squeezenet1_1

    torch.manual_seed(0)
    torch.save(squeezenet1_1(weights=None).state_dict(), hub / "squeezenet1_1-b8a52dc0.pth")
    a = torch.rand(2, 1, 64, 64) * 2 - 1
    b = torch.stack([a[0], -a[1]])
    same, other = lpips(a, b, "squeeze").tolist()
    assert same == pytest.approx(0.0, abs=1e-6)
    assert other > 1e-4
