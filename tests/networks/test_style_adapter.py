"""The adapter of the style base: bit-identical while nothing is moved, and apart from its base."""

from typing import Any

import pytest
import torch

from impasto.networks.style_adapter import StyleAdapter
from impasto.networks.style_generator import StyleGenerator
from impasto.painters.style import StylePainter
from tests.style_painter import picture, style_painter


def adapter(**settings: Any) -> StyleAdapter:
    made = StyleAdapter(style_painter().generator.requires_grad_(True), **settings).eval()
    torch.manual_seed(1)
    made.start_at(made.encoder(picture(32, 32))[0])
    return made


def test_with_nothing_moved_it_is_its_base_bit_for_bit() -> None:
    made, photo = adapter(), picture(32, 48, seed=2)
    expected = style_painter().generator(photo, made.start[None])
    assert torch.equal(made(photo), expected)
    assert torch.equal(made.unmoved(photo), expected)


def test_everything_that_is_moved_gets_a_gradient_and_the_base_none() -> None:
    made = adapter()
    with torch.no_grad():
        for value in made.moved.values():  # away from 0, where a product's second factor has no gradient
            value.add_(0.01)
    made(picture(32, 32)).square().mean().backward()
    assert all(value.grad is not None and value.grad.abs().sum() > 0 for value in made.moved.values())
    assert all(p.grad is None and not p.requires_grad for p in made.base.parameters())


def test_numbers_move_at_their_own_pace() -> None:
    made = adapter(paces={"code": 10.0, "bias": 2.0})
    with torch.no_grad():
        for value in made.moved.values():
            value.fill_(0.5)
    assert made.deltas["grow.0.bias"].unique().tolist() == [1.0]
    assert made.deltas["grow.0.scale"].unique().tolist() == [0.5]
    palette = made.base.palette_length
    torch.testing.assert_close(made.code[:-palette], made.start[:-palette] + 5)
    assert torch.equal(made.code[-palette:], made.start[-palette:])


def test_rank_and_paces_choose_what_is_moved() -> None:
    plain = {name.rpartition("/")[2] for name in adapter(rank=0).moved}
    assert plain == {"code", "scale", "bias", "noise"}
    still = {name.rpartition("/")[2] for name in adapter(rank=2, paces={"noise": 0.0}).moved}
    assert still == {"code", "scale", "bias", "up", "down"}
    whole = adapter(rank=None)
    assert list(whole.moved) == ["code"]
    assert all(p.requires_grad for p in whole.base.grow.parameters())


def test_the_full_size_fits_into_a_hundred_kilobytes() -> None:
    numbers = sum(value.numel() for value in StyleAdapter(StyleGenerator()).moved.values())
    assert 40_000 < numbers < 45_000  # two bytes each, and some 6 kB of names
    assert 2 * numbers + 10_000 < 100_000


@pytest.mark.parametrize("rank", [0, 1])
def test_its_style_paints_the_same_through_the_base(rank: int) -> None:
    made, photo = adapter(rank=rank), picture(32, 32, seed=3)
    with torch.no_grad():
        for value in made.moved.values():
            value.add_(0.05 * torch.randn(value.shape))
    base = style_painter()
    assert isinstance(base, StylePainter)
    from impasto.painters.style import PaintStyle

    painted = base.in_style(PaintStyle(made.code.detach(), made.deltas))(content=photo)
    torch.testing.assert_close(painted, made(photo).detach(), atol=1e-5, rtol=1e-4)
