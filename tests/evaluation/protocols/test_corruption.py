"""Change of paintings over change of their content, of painters whose answer is known."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from impasto.base.errors import UserError
from impasto.evaluation.arguments import is_of_checkpoint
from impasto.evaluation.corruption_measurements import measure_corrupted
from impasto.evaluation.protocols.attack import AttackProtocol
from impasto.evaluation.protocols.classification import ClassificationProtocol
from impasto.evaluation.protocols.corruption import CorruptionProtocol, change, geometric_mean
from tests.evaluation.conftest import random_images
from tests.evaluation.test_command import PROTOCOLS, composed_evaluate


def test_a_painter_that_halves_contrast_halves_the_change() -> None:
    content, style = random_images(4, 1, size=32) // 2 + 64, random_images(2, 2, size=32)  # noise is not clipped
    measure = CorruptionProtocol(noise=[20], jpeg=[10], blur=[2])

    def handed_through(images: Tensor, _: Tensor) -> Tensor:
        return images

    def halved(images: Tensor, _: Tensor) -> Tensor:
        return (images.float() / 2).round().to(torch.uint8)

    same = measure.measure_pictures(handed_through, content, style).figures
    assert [same[f"gain_{kind}"] for kind in ("noise_20", "jpeg_10", "blur_2")] == pytest.approx([1, 1, 1])
    assert same["changed_noise_20"] == pytest.approx(20, rel=0.03)
    assert same["changed_again"] == 0
    found = measure.measure_pictures(halved, content, style)
    assert found.figures["gain_noise_20"] == pytest.approx(0.5, rel=0.01)
    assert found.comparability["changed_noise_20"]["content_changed"] == pytest.approx(20, rel=0.03)


def test_a_painter_that_does_not_look_has_no_gain() -> None:
    measure = CorruptionProtocol(noise=[20], jpeg=[], blur=[])
    content = random_images(3, 1, size=32)
    found = measure.measure_pictures(lambda images, _: torch.zeros_like(images), content, content).figures
    assert found == {"changed_again": 0, "changed_noise_20": 0}


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: CorruptionProtocol(jpeg=[500]), "evaluation.jpeg=500 is out of range; give a number from 1 to 100"),
        (lambda: CorruptionProtocol(noise=5), r"write it in brackets, such as 'evaluation.noise=\[5\]'"),
        (lambda: ClassificationProtocol(per_class=20), r"such as 'evaluation.per_class=\[20\]'"),
        (lambda: AttackProtocol(attacks="pgd"), r"such as 'evaluation.attacks=\[pgd\]'"),
        (lambda: AttackProtocol(attacks=[]), r"evaluation.attacks=\[\] leaves nothing of evaluation.budgets"),
        (lambda: AttackProtocol(budgets=[]), r"evaluation.budgets=\[\] leaves nothing of evaluation.attacks"),
        (lambda: CorruptionProtocol(noise=[], jpeg=[], blur=[]), "protocol=corruption has no damage to measure"),
    ],
)
def test_strengths_and_numbers_of_pictures_are_lists_within_their_range(build: Callable[[], Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        build()


def test_styles_come_in_turn() -> None:
    asked: list[int] = []

    def paint(images: Tensor, style: Tensor) -> Tensor:
        asked.append(int(style[0, 0, 0, 0]))
        return images

    style = torch.arange(2, dtype=torch.uint8)[:, None, None, None].expand(2, 3, 32, 32)
    CorruptionProtocol(noise=[5], jpeg=[], blur=[]).measure_pictures(paint, random_images(3, 1, size=32), style)
    assert asked == [0, 0, 0, 1, 1, 1, 0, 0, 0]


def test_change_and_the_mean_of_ratios() -> None:
    before = torch.tensor([0, 10], dtype=torch.uint8)
    assert change(before, torch.tensor([3, 14], dtype=torch.uint8)) == pytest.approx(12.5**0.5)
    mean, record = geometric_mean([0.5, 2.0], {})
    assert mean == pytest.approx(1)
    low, high = record["interval"]
    assert low * high == pytest.approx(1)


def test_the_base_is_measured_unless_another_painter_is_given(tmp_path: Path) -> None:
    small = ["image_size=64", "evaluation.num_images=2", "evaluation.noise=[25]", "evaluation.jpeg=[]"]
    cfg = composed_evaluate(
        "protocol=corruption", *small, "evaluation.blur=[2]", "~evaluation.features", f"output={tmp_path}/e.json"
    )
    assert not is_of_checkpoint(cfg)
    found = measure_corrupted(cfg, PROTOCOLS)
    assert 0 < found.figures["gain_noise_25"] < 2
    assert found.report["checkpoint"].endswith("style_base.safetensors")


@pytest.mark.parametrize("given", ["++controls.a=b", "++data.root=a", "real=a"])
def test_what_it_would_not_look_at_is_refused(given: str) -> None:
    with pytest.raises(
        UserError, match=f"takes content= and style=, and no {re.findall(r'[a-z]+', given)[0]}: leave it out"
    ):
        is_of_checkpoint(composed_evaluate("protocol=corruption", given))
