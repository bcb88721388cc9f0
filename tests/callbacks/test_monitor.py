"""The monitor: what it sees by hand-made pictures, what it says by hand-made looks, and short runs of both kinds."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from impasto.base.notices import forget_notices, notices
from impasto.callbacks.findings import RULES, Case, findings
from impasto.callbacks.looks import Look, blotched_share, copied_share, energy_distance, striking
from impasto.callbacks.monitor import Monitor
from impasto.models.adversary import right_order
from impasto.models.noise import NoiseGAN
from tests.callbacks.conftest import FakeTrainer
from tests.callbacks.sabotage import HEALTHY, SABOTAGED
from tests.models.test_base import batch
from tests.training import composed, make_pictures, train, weights

CONFIG = {
    "model": {"optimizer_d": {"lr": 4e-4}, "optimizer_g": {"lr": 2e-4}, "n_critic": 2},
    "loss": {"_target_": "impasto.losses.adversarial.Minimax"},
    "penalty": {},
}


def points(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32)[:, None]


def test_energy_distance_by_hand() -> None:
    # between 5, 7, 3 and 5, so 5; within 2 and 2: 1 - (2 + 2) / (2 * 5)
    assert energy_distance(points(0, 2), points(5, 7)) == pytest.approx(0.6)
    numbers = torch.randn(2, 400, 8, generator=torch.Generator().manual_seed(0))
    assert energy_distance(*numbers) == pytest.approx(0, abs=0.01)
    assert energy_distance(numbers[0], numbers[1] + 10) > 0.7


def test_copies_are_much_nearer_to_one_picture_than_to_any_other() -> None:
    real = points(0, 10, 20, 30, 30)  # the last was shown twice, and is still one
    assert copied_share(real, points(30.1, 5, 24, 2)) == 0.5  # 0.1 of 9.9, 5 of 5, 4 of 6, 2 of 8
    assert copied_share(points(0, 10, 20, 20), points(30.1)) is None


def test_a_spot_is_a_place_that_stands_out_more_than_any_in_the_real_pictures() -> None:
    ramp = torch.linspace(-1, 1, 32).expand(2, 1, 32, 32).clone()
    spotted = ramp.clone()
    spotted[1, 0, 8:10, 2:4] = 1
    assert blotched_share(ramp, spotted) == 0.5
    assert blotched_share(spotted, ramp) == 0
    flat = torch.zeros(1, 1, 16, 16)
    flat[0, 0, 8, 8] = 1.0  # stands out by 48/49, and the 48 places around it by 1/49
    assert striking(flat).item() == pytest.approx((48 / 49) / ((48**2 + 48) / 49**2 / 256) ** 0.5)
    assert blotched_share(ramp[..., :8], ramp[..., :8]) is None


def test_order_counts_pairs_whose_real_picture_scores_higher() -> None:
    assert right_order(torch.tensor([1.0, 2, 3]), torch.tensor([0.0, 2, 1, 9])).item() == pytest.approx(2 / 3)


def looks(**series: Sequence[float]) -> list[Look]:
    count = len(next(iter(series.values())))
    return [Look(float(i), **{name: values[i] for name, values in series.items()}) for i in range(count)]  # type: ignore[arg-type]


def said(seen: list[Look], config: Mapping[str, Any] = CONFIG, **others: Any) -> dict[str, str]:
    case = Case(seen, seen, others.get("rollbacks", ()), config, others.get("figures", {}))
    return {each.name: each.sentence for each in findings(case, {})}


STILL = (0.3, 0.31, 0.3, 0.29, 0.3, 0.31, 0.3, 0.3)
BETTER = tuple(0.3 * 0.9**i for i in range(8))


@pytest.mark.parametrize(
    ("series", "others", "name", "words"),
    [
        (
            {"order": [0.99] * 8, "apart": STILL},
            {},
            "discriminator_too_strong",
            ["99% or more", "0.30, then 0.30", "loss=non_saturating, penalty=r1, or model.optimizer_d.lr=0.0001"],
        ),
        (
            {"order": [0.5] * 8, "apart": STILL},
            {},
            "discriminator_too_weak",
            ["only 50% or less of the pairs", "model.optimizer_d.lr=0.0016, or model.n_critic=3"],
        ),
        (
            {"diversity": [0.3] * 7 + [0.2]},
            {},
            "collapse",
            ["0.30 of the real", "penalty=r1, augment=diffaugment, model.optimizer_g.lr=0.0001"],
        ),
        (
            {"diversity": [0.9] * 8},
            {"rollbacks": ["At 3.0 kimg the generator's diversity fell to 0.1"]},
            "collapse",
            ["fell to 0.1"],
        ),
        ({"copied": [0.5] * 8}, {}, "memorising", ["50% or more", "augment=diffaugment", "kimg=3.5"]),
        ({"copied": [0.0] * 8}, {"figures": {"copied_crops": 0.4}}, "memorising", ["copied_crops is 0.40"]),
        (
            {"moved": [0.2] * 8, "apart": STILL},
            {},
            "oscillation",
            ["move by 0.20", "model.optimizer_g.lr=0.0001, model.optimizer_d.lr=0.0002"],
        ),
        ({"blotched": [0.6] * 8}, {}, "blotches", ["60% or more", "model.generator.norm=none"]),
        (
            {"order": [0.9] * 8},
            {"rollbacks": ["At 3.0 kimg loss_g is not finite"]},
            "divergence",
            ["loss_g is not finite", "model.optimizer_g.lr=5e-05"],
        ),
    ],
)
def test_each_rule_gives_evidence_and_a_remedy(
    series: dict[str, list[float]], others: dict[str, Any], name: str, words: list[str]
) -> None:
    found = said(looks(**series), **others)
    assert list(found) == [name]
    assert all(each in found[name] for each in words), found[name]
    assert found[name].startswith("At 7 kimg: ")


@pytest.mark.parametrize(
    "series",
    [
        {"order": [1.0] * 8, "apart": BETTER},  # strong, and the generator learns
        {"order": [0.5] * 8, "apart": [0.01] * 8},  # cannot tell, since they are alike
        {"order": [1.0] * 7, "apart": STILL[:7]},  # too early to say
        {"moved": [0.2] * 8, "apart": BETTER},
        {"diversity": [0.2] * 7 + [0.9]},
        {"copied": [0.9] * 7 + [0.02]},
        {"blotched": [1.0] * 7 + [0.0]},
        {"order": [1.0] * 7 + [None], "apart": STILL},  # a look right after the guard went back
    ],
)
def test_nothing_is_said_of_what_is_well_or_passes(series: dict[str, list[float]]) -> None:
    assert said(looks(**series)) == {}


def test_of_a_collapse_only_that_is_said() -> None:
    collapsed = looks(order=[1.0] * 8, apart=STILL, moved=[0.2] * 8, diversity=[0.1] * 8)
    assert list(said(collapsed)) == ["collapse"]


def test_remedies_leave_out_what_the_run_has_already() -> None:
    config = {**CONFIG, "penalty": {"r1": {"_target_": "x"}}, "augment": {"_target_": "DiffAugment"}, "loss": {}}
    strong = said(looks(order=[1.0] * 8, apart=STILL), config)["discriminator_too_strong"]
    assert strong.endswith("Remedy: model.optimizer_d.lr=0.0001.")
    assert "augment" not in said(looks(copied=[1.0] * 8), config)["memorising"]
    assert "model.optimizer_d.lr" in said(looks(order=[1.0] * 8, apart=STILL), {})["discriminator_too_strong"]


def test_it_changes_nothing_says_things_once_and_goes_on_where_it_was(trainer: FakeTrainer, model: NoiseGAN) -> None:
    forget_notices()
    monitor = Monitor(every_kimg=0.004)
    for _ in range(3):
        model.training_step(batch(), 0)
        before = torch.get_rng_state(), [p.clone() for p in model.parameters()]
        monitor.on_train_batch_end(trainer, model, None, batch(), 0)  # type: ignore[arg-type]
        assert torch.equal(torch.get_rng_state(), before[0])
        assert all(torch.equal(p, q) for p, q in zip(model.parameters(), before[1], strict=True))
    assert [each.kimg for each in monitor.looks] == [0.004, 0.008, 0.012]
    assert monitor.looks[0].order is not None
    model.state.rollbacks.append("At 0.0 kimg weights are not finite")
    monitor.on_train_end(trainer, model)  # type: ignore[arg-type]
    assert list(monitor.findings) == ["divergence"]
    assert "weights are not finite" in notices()["monitor.divergence"]
    again = Monitor(every_kimg=0.004)
    again.load_state_dict(monitor.state_dict())
    assert (again.looks, again.findings) == (monitor.looks, monitor.findings)
    monitor.judge(trainer, model)  # type: ignore[arg-type]
    assert monitor.looks[-1].moved is None, "the guard went back: what was painted before is of weights that are gone"


def test_a_resumed_monitor_sees_what_an_uninterrupted_one_sees(trainer: FakeTrainer, model: NoiseGAN) -> None:
    whole, resumed = Monitor(), Monitor()
    model.training_step(batch(), 0)
    whole.judge(trainer, model)  # type: ignore[arg-type]
    resumed.load_state_dict(whole.state_dict())
    model.training_step(batch(), 1)
    order = model.adversaries["discriminator"].order  # type: ignore[union-attr]
    scores = order.peek()["order"]  # type: ignore[operator, union-attr]
    whole.judge(trainer, model)  # type: ignore[arg-type]
    order.add("order", torch.tensor(scores))  # type: ignore[operator, union-attr]
    resumed.judge(trainer, model)  # type: ignore[arg-type]
    assert whole.looks[-1].moved is not None
    assert resumed.looks == whole.looks


def test_a_sabotaged_run_says_so_in_its_summary_and_report(tmp_path: Path) -> None:
    (overrides,) = SABOTAGED["divergence"].values()
    pictures = ["data=image_folder", f"data.root={make_pictures(tmp_path / 'pictures')}", "data.batch_size=4"]
    forget_notices()
    train(composed(tmp_path, *overrides, *pictures, "kimg=0.2"))
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert [each["name"] for each in summary["findings"]] == ["divergence"]
    report = (tmp_path / "report.html").read_text()
    assert "What is wrong" in report
    assert summary["findings"][0]["remedy"].split(",")[0] in report
    assert weights(tmp_path)["callbacks"]["Monitor"]["findings"] == summary["findings"]


@pytest.mark.nightly
@pytest.mark.parametrize("name", HEALTHY)
def test_it_is_silent_on_a_healthy_run(name: str, tmp_path: Path) -> None:
    forget_notices()
    train(composed(tmp_path, *HEALTHY[name]))
    assert json.loads((tmp_path / "summary.json").read_text())["findings"] == []


@pytest.mark.nightly
@pytest.mark.parametrize(("wrong", "name"), [(wrong, name) for wrong, runs in SABOTAGED.items() for name in runs])
def test_it_says_what_is_wrong_with_a_sabotaged_run(wrong: str, name: str, tmp_path: Path) -> None:
    forget_notices()
    train(composed(tmp_path, *SABOTAGED[wrong][name]))
    assert wrong in {each["name"] for each in json.loads((tmp_path / "summary.json").read_text())["findings"]}


def test_every_rule_has_a_sabotaged_run_and_ten_are_healthy() -> None:
    assert set(SABOTAGED) == set(RULES)
    assert len(HEALTHY) >= 10
