"""The losses of AdaIN, by numbers worked out by hand."""

import pytest
import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.losses.terms.adain import AdaIN, means_and_deviations_distance
from impasto.losses.terms.term import GeneratorPass
from impasto.networks.adain import AdaINGenerator


class Doubling(nn.Module):
    """An encoder with two layers, the picture and its double, whose code is added to what it decodes."""

    def maps(self, images: Tensor) -> list[Tensor]:
        return [images, 2 * images]

    def told(self, features: Tensor, code: Tensor) -> Tensor:
        return features + code[:, :, None, None]


def row(*numbers: float) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float32)[None, None, None]


def test_both_parts_by_hand() -> None:
    given = {"content": row(1, 3), "style": row(2, 6), "code": torch.tensor([[2.0]])}
    found = AdaIN()(GeneratorPass(row(4, 4), Doubling(), **given))
    # decoded: 2 + 2 and 6 + 2, of mean size 6; painted 8 and 8: (4^2 + 0^2) / 2 / 6^2
    assert found["content"].item() == pytest.approx(8 / 36)
    # means alike at both layers; deviations 0 and 2, in units of 4, and the same doubled: 0.25 each, times 10
    assert found["style"].item() == pytest.approx(10 * 2 * 0.25, rel=0.01)


def test_statistics_are_compared_picture_by_picture() -> None:
    one, two = row(0, 2), row(3, 5)  # means 1 and 4, deviations 1, mean size of both 2.5
    same, swapped = torch.cat([one, two]), torch.cat([two, one])
    assert means_and_deviations_distance(same, same).item() == 0
    assert means_and_deviations_distance(same, swapped).item() == pytest.approx((3 / 2.5) ** 2)


def test_another_generator_is_refused() -> None:
    term = AdaIN()
    with pytest.raises(UserError, match="term=adain compares features that Doubling does not decode"):
        term.attach("generator", Doubling())
    term.attach("generator", AdaINGenerator(encoder="efficientnet_lite0", features=4))
    assert term.looks_through() == {"efficientnet_lite0"}
