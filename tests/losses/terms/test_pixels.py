"""Terms on pixels against numbers worked out by hand."""

import math

import pytest
import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.schedules import LinearDecay
from impasto.losses.terms.pixels import (
    L1,
    L2,
    PSNR,
    Charbonnier,
    FocalFrequency,
    ImageGradient,
    LaplacianPyramid,
    TotalVariation,
)
from impasto.losses.terms.term import GeneratorPass, Term, add_terms


def made(painted: Tensor, target: Tensor | None = None, **fields: object) -> GeneratorPass:
    return GeneratorPass(painted, nn.Identity(), target=target, **fields)  # type: ignore[arg-type]


BLACK, WHITE = -torch.ones(1, 1, 8, 8), torch.ones(1, 1, 8, 8)
STEP = torch.cat([torch.zeros(1, 1, 8, 4), torch.ones(1, 1, 8, 4)], 3)  # one edge from 0 to 1


def test_differences_by_hand() -> None:
    assert L1()(made(BLACK, WHITE)).item() == 2
    assert L2()(made(BLACK, WHITE)).item() == 4
    assert Charbonnier(eps=0.5)(made(BLACK, BLACK)).item() == 0.5
    assert Charbonnier(eps=1.5)(made(BLACK, WHITE)).item() == pytest.approx(2.5)  # sqrt(4 + 2.25)


def test_psnr_by_hand() -> None:
    # 0 dB for white against black; 20 dB for a tenth of the range; 80 dB for the same picture.
    assert PSNR()(made(BLACK, WHITE)).item() == pytest.approx(0, abs=1e-5)
    assert PSNR()(made(WHITE * 0.8, WHITE)).item() == pytest.approx(-20, abs=1e-4)
    assert PSNR()(made(WHITE, WHITE)).item() == pytest.approx(-80, abs=1e-4)
    both = PSNR()(made(torch.cat([BLACK, WHITE * 0.8]), torch.cat([WHITE, WHITE])))
    assert both.item() == pytest.approx(-10, abs=1e-4)  # the mean of dB, not of squares


def test_grey_is_compared_with_colour_channel_by_channel() -> None:
    colour = torch.cat([WHITE, BLACK, BLACK], 1)
    assert L1()(made(colour, WHITE)).item() == pytest.approx(4 / 3)


def test_content_is_mirrored_where_its_mirror_image_was_painted() -> None:
    p = made(STEP.flip(-1), content=STEP, flipped=True)
    assert L1(against="content")(p).item() == 0
    with pytest.raises(UserError, match="neither of target and content"):
        L1(against="style")


def test_variation_and_gradients_by_hand() -> None:
    # of seven differences across, one is 1; none is down
    assert TotalVariation()(made(STEP)).item() == pytest.approx(1 / 7)
    assert ImageGradient()(made(STEP, torch.zeros_like(STEP))).item() == pytest.approx(1 / 7)
    assert ImageGradient()(made(STEP, STEP - 1)).item() == 0


def test_the_pyramid_of_a_constant_is_in_its_last_level() -> None:
    for levels in (1, 2, 3):
        assert LaplacianPyramid(levels=levels)(made(WHITE, BLACK)).item() == pytest.approx(2)
    noise = torch.rand(1, 3, 16, 16)
    flat = L1()(made(noise, torch.zeros_like(noise))).item()
    assert LaplacianPyramid(levels=3)(made(noise - noise.mean(), torch.zeros_like(noise))).item() < flat


def test_focal_frequency_of_one_wave_by_hand() -> None:
    columns = torch.arange(8.0)
    wave = torch.cos(2 * math.pi * columns / 8).expand(1, 1, 8, 8)
    # 64 coefficients, of which two hold the whole energy: each 8 * 8 / 2 / 8 = 4, squared 16, with weight 1
    assert FocalFrequency()(made(wave, torch.zeros_like(wave))).item() == pytest.approx(2 * 16 / 64, rel=1e-4)


def test_weights_are_numbers_or_schedules_and_nothing_is_computed_at_none() -> None:
    class Refuses(Term):
        def forward(self, p: GeneratorPass) -> Tensor:
            raise AssertionError

    terms = nn.ModuleDict({"l1": L1(3.0), "l2": L2(LinearDecay(kimg=10)), "off": Refuses(0.0)})
    total, values = add_terms(torch.tensor(1.0), terms, made(BLACK, WHITE, kimg=5.0))
    assert total.item() == pytest.approx(1 + 3 * 2 + 0.5 * 4)
    assert {name: value.item() for name, value in values.items()} == {"l1": 2, "l2": 4}
