"""Pictures with opacity: conversions, clean edges and their measure, against numbers worked out by hand."""

import torch

from impasto.base.opacity import cleaned, halo, keyed, on_checks, straight


def one(
    color: tuple[int, int, int], opacity: int, at: tuple[int, int] = (4, 4), ground: torch.Tensor | None = None
) -> torch.Tensor:
    """A square of 3 x 3 opaque grey pixels in the upper left, and one pixel more: uint8 (1, 4, 8, 8)."""
    picture = torch.zeros(1, 4, 8, 8, dtype=torch.uint8)
    picture[0, :, 1:4, 1:4] = torch.tensor([100, 100, 100, 255], dtype=torch.uint8)[:, None, None]
    picture[0, :, at[0], at[1]] = torch.tensor([*color, opacity], dtype=torch.uint8)
    return picture


def test_colours_are_divided_by_opacity() -> None:
    found = straight(one((50, 20, 0), 100))[0, :, 4, 4]
    assert found.tolist() == [128, 51, 0, 100]  # 50 * 255 / 100 = 127.5, 20 * 255 / 100
    assert straight(one((50, 20, 0), 0))[0, :, 4, 4].tolist() == [0, 0, 0, 0]


def test_hard_edges_are_opaque_or_clear() -> None:
    assert cleaned(one((100, 100, 100), 127))[0, :, 4, 4].tolist() == [0, 0, 0, 0]
    assert cleaned(one((64, 64, 64), 128))[0, :, 4, 4].tolist() == [128, 128, 128, 255]


def test_soft_edges_take_the_colour_of_the_body_and_nothing_stays_apart_from_it() -> None:
    beside, apart = cleaned(one((90, 0, 0), 100), soft=True), cleaned(one((90, 0, 0), 100, at=(6, 6)), soft=True)
    assert beside[0, :, 4, 4].tolist() == [100, 100, 100, 100]
    assert apart[0, :, 6, 6].tolist() == [0, 0, 0, 0]


def test_halo_is_what_shows_around_the_body() -> None:
    assert halo(one((0, 0, 0), 0)).item() == 0
    assert halo(one((100, 100, 100), 40)).item() == 0  # at the rim, in the body's colour
    assert halo(one((100, 100, 100), 40, at=(6, 6))).item() == 40  # apart from it
    assert abs(halo(one((255, 255, 255), 51)).item() - 155 * 0.2) < 1e-4  # a white fringe, a fifth opaque
    assert halo(cleaned(one((255, 255, 255), 100), soft=True)).item() == 0


def test_what_is_cut_from_white_keeps_a_fringe() -> None:
    found = keyed(one((50, 50, 50), 128))[0, :, 4, 4]
    assert found.tolist() == [177, 177, 177, 255]  # half grey, half white
    assert keyed(one((0, 0, 0), 0))[0, :, 7, 7].tolist() == [0, 0, 0, 0]


def test_checks_show_through_what_is_clear() -> None:
    shown = on_checks(one((0, 0, 0), 0).float() / 127.5 - 1)
    assert shown.shape == (1, 3, 8, 8)
    assert torch.allclose(shown[0, :, 2, 2], torch.tensor(100 / 127.5 - 1))
    assert shown[0, 0, 7, 0] != shown[0, 0, 7, 7]
