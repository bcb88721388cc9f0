"""LPIPS as a term, with random weights in place of those that are downloaded."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from impasto.base.errors import UserError
from impasto.base.parts import Parts
from impasto.losses.terms.lpips import LearnedSimilarity
from impasto.losses.terms.term import GeneratorPass
from impasto.networks.pretrained.lpips import LPIPS, lpips_network


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    (tmp_path / "checkpoints").mkdir()
    lpips_network.cache_clear()
    yield tmp_path / "checkpoints"
    lpips_network.cache_clear()


def test_it_is_the_mean_of_the_distance_and_moves_the_painted_picture(hub: Path) -> None:
    from torchvision.models import squeezenet1_1

    torch.manual_seed(0)
    torch.save(squeezenet1_1(weights=None).state_dict(), hub / "squeezenet1_1-b8a52dc0.pth")
    term = LearnedSimilarity(backbone="squeeze")
    target = torch.rand(2, 3, 64, 64) * 2 - 1
    painted = (-target * 0.9).requires_grad_()
    value = term(GeneratorPass(painted, nn.Identity(), target=target))
    assert value.item() == pytest.approx(LPIPS("squeeze")(painted, target).mean().item(), rel=1e-5)
    value.backward()
    assert painted.grad is not None
    assert painted.grad.abs().sum() > 0
    assert term(GeneratorPass(target, nn.Identity(), target=target)).item() == pytest.approx(0.0, abs=1e-6)
    assert not list(term.parameters())
    assert not term.state_dict()
    assert term.looks_through() == {"lpips_squeeze"}


def test_without_weights_a_run_is_refused_before_it_begins(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impasto.networks.pretrained.weights.reachable", lambda _: False)
    term = LearnedSimilarity()
    (refusal,) = Parts(terms={"lpips": term}).findings()
    assert refusal.sentence.startswith("term.lpips looks through a network whose weights cannot be reached: put https")
    assert refusal.sentence.endswith("or take term=perceptual, which has a stand-in.")


def test_an_unknown_backbone_is_named() -> None:
    with pytest.raises(UserError, match="LPIPS has no backbone resnet"):
        LearnedSimilarity(backbone="resnet")  # type: ignore[arg-type]
