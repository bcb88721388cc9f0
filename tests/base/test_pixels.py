import pytest
import torch

from impasto.base.pixels import as_rgb, from_uint8, luma, to_uint8


def test_every_byte_survives_the_way_there_and_back() -> None:
    everything = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(to_uint8(from_uint8(everything)), everything)
    assert from_uint8(everything)[[0, 255]].tolist() == [-1.0, 1.0]


def test_numbers_beyond_the_range_are_black_and_white() -> None:
    assert to_uint8(torch.tensor([-7.0, 1.5])).tolist() == [0, 255]


def test_grey_is_its_own_brightness_and_repeats_in_three_channels() -> None:
    grey = torch.rand(2, 1, 3, 4)
    assert torch.equal(luma(grey), grey)
    assert luma(as_rgb(grey)).flatten().tolist() == pytest.approx(grey.flatten().tolist())
    assert luma(torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1)).item() == pytest.approx(0.299)
