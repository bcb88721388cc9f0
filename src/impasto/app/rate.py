"""The tab Rate: two paintings side by side, of which a rater prefers one without knowing whose they are."""

import secrets
from pathlib import Path
from typing import Any, Final

import gradio as gr

from impasto.app.easel import EVENTS, State
from impasto.app.parts import event_data, part
from impasto.app.ranking import Agreement, agreement, consistency, ranking
from impasto.app.votes import Comparison, Waiting
from impasto.base.errors import UserError

LONGEST_NAME: Final = 40
FEW: Final = 10
"""Comparisons, below which nothing is said of chance."""


def rate_tab(comparison: Comparison | None, waiting: Waiting) -> None:
    """Lay out the tab, and say what happens on it.

    Args:
        comparison: None where nothing is to be compared.
        waiting: pairs that were shown.
    """
    ballot = part("ballot", {"state": "empty" if comparison is None else "asking"})
    if comparison is None:
        return

    def begin(event: gr.EventData) -> State:
        return shown(comparison, waiting, rater_of(event_data(event).get("rater")))

    def vote(state: State, event: gr.EventData) -> State:
        told = event_data(event)
        return voted(comparison, waiting, state, told.get("pair"), told.get("chosen"))

    def results(state: State) -> State:
        return state | {"ranking": result(comparison)}

    ballot.begin(begin, None, ballot, **EVENTS)
    ballot.vote(vote, ballot, ballot, **EVENTS)
    ballot.results(results, ballot, ballot, **EVENTS)


def rater_of(given: object) -> str:
    """The name of a rater."""
    return " ".join(str(given).split())[:LONGEST_NAME] if isinstance(given, str) else ""


def shown(comparison: Comparison, waiting: Waiting, rater: str) -> State:
    """The tab with the next pair of a rater."""
    if not rater:
        return {"state": "asking", "note": "Say who you are: a name or a letter will do."}
    votes = comparison.votes()
    pair = comparison.next_pair(rater, votes)
    done = sum(vote.rater == rater and not vote.check for vote in votes)
    state: State = {"rater": rater, "done": done, "total": len(comparison.pairs)}
    if pair is None:
        return state | {"state": "done", "ranking": result(comparison)}
    token = secrets.token_urlsafe(16)
    waiting.show(token, rater, pair)
    sides = {side: f"ballots/{token}/{side}.jpg" for side in ("left", "right")}
    content = f"ballots/{token}/content.jpg" if pair.picture in comparison.content else None
    return state | sides | {"state": "voting", "pair": token, "content": content}


def voted(comparison: Comparison, waiting: Waiting, state: State, token: object, chosen: object) -> State:
    """Write a vote down, and show the next pair. A pair is voted on once, however often its key is pressed."""
    found = waiting.of(token)
    if found is None or not isinstance(token, str):
        return shown(comparison, waiting, rater_of(state.get("rater")))
    rater, pair, seconds = found
    try:
        comparison.add(rater, pair, str(chosen), seconds)
    except UserError as problem:
        return state | {"note": str(problem)}
    waiting.forget(token)
    return shown(comparison, waiting, rater)


def result(comparison: Comparison) -> dict[str, Any]:
    """The ranking as it is now, and how far it can be trusted."""
    votes = comparison.votes()
    return {
        "ranks": [vars(rank) for rank in ranking(votes)],
        "votes": sum(not vote.check for vote in votes),
        "raters": len({vote.rater for vote in votes}),
        "agreement": told("Raters agree in {} where two of them saw the same pair", agreement(votes)),
        "consistency": told("Where a pair came again, the same was chosen in {}", consistency(votes)),
    }


def told(sentence: str, found: Agreement) -> str | None:
    """Agreement in words; None if there is nothing to compare."""
    if found.same is None:
        return None
    beyond = "" if found.beyond_chance is None or found.pairs < FEW else f" ({found.beyond_chance:.2f} beyond chance)"
    return f"{sentence.format(f'{round(found.same * found.pairs)} of {found.pairs} cases')}{beyond}."


def side_of(comparison: Comparison, waiting: Waiting, token: str, side: str) -> Path | None:
    """The file that is shown on one side of a pair; None if there is none."""
    found = waiting.of(token)
    if found is None:
        return None
    pair = found[1]
    if side == "content":
        return comparison.content.get(pair.picture)
    contender = {"left": pair.left, "right": pair.right}.get(side)
    return None if contender is None else comparison.contenders[contender][pair.picture]
