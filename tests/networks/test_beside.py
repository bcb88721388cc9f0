"""What is told beside captions: laid out, dropped apart, and added to the sentence."""

from functools import partial
from types import SimpleNamespace

import pytest
import torch

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.base.vocabulary import Vocabulary
from impasto.data.module import check_beside
from impasto.models.noise import NoiseGAN
from impasto.networks.beside import columns_of, style_of, told_apart, with_beside
from impasto.networks.build import build_network
from impasto.networks.dcgan import DCGANGenerator

WORDS = Vocabulary(("a", "red", "bee"), 4)
SPEC = ImageSpec(3, 16, 16, ("x", "y"), condition_dim=4, vocabulary=WORDS, beside=("label", "style"))
CAPTIONS = torch.from_numpy(WORDS.encode(["a red bee", "a bee"]))


def test_colours_and_grain_by_hand() -> None:
    flat = torch.full((1, 1, 8, 8), 0.25)
    assert style_of(flat).tolist() == [[0.25, 0, 0, 0, 0]]
    board = torch.ones(8, 8).triu(1) * 0 + (torch.arange(8)[:, None] + torch.arange(8)) % 2 * 2 - 1
    mean, deviation, finest, middle, coarse = style_of(board[None, None])[0].tolist()
    spread = board.std().item()  # of 64 values, half -1 and half 1
    assert (mean, middle, coarse) == (0, 0, 0)
    assert deviation == pytest.approx(spread)
    assert finest == pytest.approx(4 * spread)  # means of 2 x 2 are 0, so that all is in the finest band


def test_columns_are_laid_out_and_taken_apart() -> None:
    assert columns_of(SPEC) == {"label": slice(4, 5), "style": slice(5, 21)}
    told = with_beside(SPEC, CAPTIONS, torch.tensor([0, 1]), torch.rand(2, 3, 16, 16))
    words, beside = told_apart(SPEC, told)
    assert torch.equal(words, CAPTIONS)
    assert beside["label"].tolist() == [[1], [2]]
    assert beside["style"][:, 0].tolist() == [1, 1]
    alone, nothing = told_apart(SPEC, CAPTIONS)  # captions alone tell nothing beside
    assert torch.equal(alone, CAPTIONS)
    assert not nothing["label"].any()
    assert not nothing["style"].any()
    assert torch.equal(with_beside(SPEC, CAPTIONS), torch.nn.functional.pad(CAPTIONS, (0, 17)))


def test_each_is_dropped_apart() -> None:
    torch.manual_seed(0)
    many = CAPTIONS[:1].expand(4000, -1)
    batch = {"condition": many, "label": torch.zeros(4000, dtype=torch.long), "image": torch.ones(4000, 3, 16, 16)}
    told = NoiseGAN.told(SimpleNamespace(image=SPEC, part="image", drop_condition=0.25), batch)  # type: ignore[arg-type]
    assert told is not None
    kept = torch.stack([told[:, 0] > 0, told[:, 4] > 0, told[:, 5] > 0]).float()
    assert kept.mean(1).tolist() == pytest.approx([0.75] * 3, abs=0.03)
    assert (kept.prod(0).mean().item(), (1 - kept).prod(0).mean().item()) == pytest.approx((0.75**3, 0.25**3), abs=0.03)


def test_what_is_not_told_changes_nothing() -> None:
    torch.manual_seed(0)
    make = partial(DCGANGenerator, features=4, max_features=4, latent_dim=3, norm="none")
    network = build_network(make, SPEC)
    z = torch.randn(1, 3).expand(2, 3)
    untold = network(z, CAPTIONS)
    assert torch.equal(network(z, with_beside(SPEC, CAPTIONS)), untold)
    for labels, style in [(torch.tensor([0, 0]), None), (None, torch.rand(1, 3, 16, 16))]:
        assert (network(z, with_beside(SPEC, CAPTIONS, labels, style)) - untold).abs().max() > 1e-4


def test_what_cannot_be_told_beside() -> None:
    assert check_beside(["style", "label"], "auto") == ("label", "style")
    with pytest.raises(UserError, match="names size"):
        check_beside(["size"], "auto")
    with pytest.raises(UserError, match="condition=text"):
        check_beside(["label"], None)
