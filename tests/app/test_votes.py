"""Pairs are blind, in an order of the rater's own, each once, with check pairs; votes are lines that survive."""

import json
from pathlib import Path

import pytest

from impasto.app.rate import result, shown, voted
from impasto.app.votes import EVERY, Comparison, Pair, Waiting, read_votes
from impasto.base.errors import UserError
from tests.app.conftest import make_contenders


@pytest.fixture
def comparison(tmp_path: Path) -> Comparison:
    return Comparison(make_contenders(tmp_path / "c", ("a", "b", "c"), pictures=4), tmp_path / "votes.jsonl")


def answer_all(comparison: Comparison, rater: str) -> list[Pair]:
    pairs = []
    while (pair := comparison.next_pair(rater, comparison.votes())) is not None:
        comparison.add(rater, pair, "left" if pair.left < pair.right else "right", 1.0)
        pairs.append(pair)
    return pairs


def test_every_pair_once_and_a_check_after_every_eight(comparison: Comparison) -> None:
    pairs = answer_all(comparison, "Ann")
    asked = [pair for pair in pairs if not pair.check]
    assert len({(p.picture, *sorted((p.left, p.right))) for p in asked}) == len(asked) == 3 * 4
    assert [i for i, pair in enumerate(pairs) if pair.check] == [EVERY]
    check = pairs[EVERY]
    assert Pair(check.picture, check.right, check.left) in pairs[:EVERY]


def test_order_and_sides_differ_between_raters_and_stay_for_one(comparison: Comparison) -> None:
    assert comparison.ordered("Ann") == comparison.ordered("Ann")
    assert comparison.ordered("Ann") != comparison.ordered("Ben")
    on_the_left = [pair.left < pair.right for rater in "ABCDEFGH" for pair in comparison.ordered(rater)]
    assert 0.3 < sum(on_the_left) / len(on_the_left) < 0.7


def test_a_rater_goes_on_where_they_stopped_also_after_a_line_cut_short(comparison: Comparison) -> None:
    first = comparison.next_pair("Ann", comparison.votes())
    assert first is not None
    comparison.add("Ann", first, "neither", 2.34)
    comparison.add("Ben", first, "left", 1.0)
    with comparison.file.open("a") as file:
        file.write('{"rater": "Ann", "pic\n[1]\n{"rater": "Ann"}\n')
    assert len(comparison.votes()) == 2
    second = Comparison(comparison.folder, comparison.file).next_pair("Ann", comparison.votes())
    assert second is not None
    assert second != first
    line = json.loads(comparison.file.read_text().splitlines()[0])
    assert line | {"time": ""} == {
        **{"rater": "Ann", "picture": first.picture, "left": first.left, "right": first.right},
        **{"chosen": "neither", "check": False, "seconds": 2.3, "time": ""},
    }


def test_what_is_shown_tells_nothing_and_counts_once(comparison: Comparison) -> None:
    waiting = Waiting()
    state = shown(comparison, waiting, "Ann")
    told = json.dumps(state)
    assert not any(f'"{name}"' in told or f"/{name}/" in told for name in comparison.contenders)
    again = voted(comparison, waiting, state, state["pair"], "left")
    voted(comparison, waiting, state, state["pair"], "left")
    assert len(read_votes(comparison.file)) == 1
    assert again["done"] == 1
    assert again["pair"] != state["pair"]
    refused = voted(comparison, waiting, again, again["pair"], "both")
    assert "Choose" in refused["note"]
    assert shown(comparison, waiting, "")["state"] == "asking"


def test_the_winner_of_all_pairs_leads(comparison: Comparison) -> None:
    for rater in ("Ann", "Ben"):
        answer_all(comparison, rater)
    found = result(comparison)
    assert [rank["name"] for rank in found["ranks"]] == ["a", "b", "c"]
    assert (found["votes"], found["raters"]) == (24, 2)
    assert found["agreement"].startswith("Raters agree in 12 of 12 cases")


def test_contenders_without_a_common_picture_are_refused(tmp_path: Path) -> None:
    make_contenders(tmp_path / "c", ("a",))
    with pytest.raises(UserError, match="no two sub-folders"):
        Comparison(tmp_path / "c", tmp_path / "v")
