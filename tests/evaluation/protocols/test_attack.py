"""Attacks on a linear classifier, whose worst pictures are known."""

import pytest
import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.evaluation.figures.attacks import ATTACKS, attacked
from impasto.evaluation.protocols.attack import (
    AttackProtocol,
    Target,
    best_level,
    clopper_pearson,
    telling_apart,
)

pytest.importorskip("art", reason="the attack extra is not installed")

# Brightness over 128 is class 1. Margins, in levels: 1 and 5 below, 1 and 5 above.
GREYS = torch.tensor([127, 123, 129, 133], dtype=torch.uint8)
PICTURES, LABELS = GREYS[:, None, None, None].expand(4, 1, 8, 8).contiguous(), torch.tensor([0, 0, 1, 1])


def by_brightness(images: Tensor) -> Tensor:
    above = (images.mean((1, 2, 3)) - (128 / 127.5 - 1)) * 50
    return torch.stack([-above, above], 1)


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("budget", [2, 8])
def test_what_a_budget_can_mislead_is_misled_within_it(attack: str, budget: int) -> None:
    found = attacked(by_brightness, PICTURES, LABELS, 2, attack, budget, 10)
    assert (found.int() - PICTURES.int()).abs().max() <= budget
    right = by_brightness(found / 127.5 - 1).argmax(1) == LABELS
    if attack == "noise":
        assert (found.int() - PICTURES.int()).abs().min() == budget, "every pixel moves"
    else:
        assert right.tolist() == [False, budget == 2, False, budget == 2]
    assert torch.equal(found, attacked(by_brightness, PICTURES, LABELS, 2, attack, budget, 10)), "by the seed alone"


def test_accuracy_falls_to_the_share_beyond_the_budget() -> None:
    target = Target({0: by_brightness}, {0: PICTURES}, {0: LABELS}, 2)
    found = AttackProtocol(budgets=[2], attacks=["pgd"], steps=5).measure_targets({"classifier": target}, {})
    assert found.figures == {"classifier_accuracy": 1.0, "classifier_pgd_2": 0.5}
    assert found.comparability["classifier_pgd_2"]["pictures"] == 4
    with pytest.raises(UserError, match=r"evaluation\.attacks: bim is not among noise, fgsm"):
        AttackProtocol(attacks=["bim"])


def test_a_discriminator_is_asked_under_each_condition() -> None:
    class Judge(nn.Module):
        """Brighter than its label is real."""

        def forward(self, images: Tensor, condition: Tensor) -> Tensor:
            return images.mean((1, 2, 3)) * 127.5 + 127.5 - condition

    real, fake = (torch.full((2, 1, 2, 2), level, dtype=torch.uint8) for level in (90, 80))
    real[1], fake[1] = 190, 180
    target = telling_apart(Judge(), real, torch.tensor([0, 100]), fake, torch.tensor([0, 100]))
    assert target.labels[0].tolist() == target.labels[100].tolist() == [1, 0]
    for label, logits in target.logits.items():
        assert logits(target.pictures[label] / 127.5 - 1).argmax(1).tolist() == [1, 0]
        assert logits(torch.full((1, 1, 2, 2), (85 + label + 0.5) / 127.5 - 1)).argmax(1).item() == 1, "parted at 85"
        assert logits(torch.full((1, 1, 2, 2), (85 + label - 0.5) / 127.5 - 1)).argmax(1).item() == 0


def test_the_level_with_the_fewest_mistakes() -> None:
    scores, answers = torch.tensor([3.0, 1.0, 2.0, 4.0]), torch.tensor([1, 0, 0, 1])
    assert best_level(scores, answers) == 2.5
    assert best_level(torch.tensor([1.0, 2.0]), torch.tensor([1, 1])) < 1


def test_the_exact_interval_of_a_share() -> None:
    assert clopper_pearson(0, 10) == pytest.approx([0, 0.30850], abs=1e-4)  # 1 - 0.025^(1/10)
    assert clopper_pearson(10, 10) == pytest.approx([0.69150, 1], abs=1e-4)


def test_where_there_is_nothing_to_attack_it_is_said() -> None:
    with pytest.raises(UserError, match="holds no discriminator, and the data has no classes; give checkpoint=RUN_DIR"):
        AttackProtocol().measure_targets({}, {})
