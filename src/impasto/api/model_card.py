"""The card of a shared model or style: what it is, its figures beside controls, its data, licence and limits."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import impasto
from impasto.painters.adapters import Adapter

LIMITS: Final = (
    "It paints what pictures look like, not what they mean; pictures unlike those that it learnt from come out worse.",
    "Figures hold for the data and protocol that stand beside them, and are not comparable with those of other papers.",
)
NO_FIGURES: Final = "Nothing was measured in this run; `impasto evaluate` measures it."
NOT_AUDITED: Final = "Nobody has tried to find its pictures in it; `impasto audit checkpoint=RUN_DIR` does."
LOCAL: Final = ("path", "root", "cache_dir", "output", "overrides", "notices", "cause")
"""Names of what speaks of the machine that it was made on, which is nobody's business."""


def card(kind: str, repo_id: str, summary: Mapping[str, Any], licence: str, about: Mapping[str, str]) -> str:
    """The README.md of a shared model.

    Args:
        kind: what it is: a sentence.
        repo_id: its name on the Hub.
        summary: of ``summary.json``; empty where there is none.
        licence: identifier of SPDX, in small letters, as the Hub has it.
        about: further paragraphs by heading, such as ``{"Pictures": "..."}``.
    """
    head = [
        "---",
        f"license: {licence}",
        "library_name: impasto",
        "pipeline_tag: image-to-image",
        "tags: [impasto]",
        "---",
    ]
    use = f'```python\nimport impasto\n\nmodel = impasto.from_pretrained("{repo_id}")\n```'
    parts = [f"# {repo_id.rpartition('/')[2]}", kind, use, "## Figures", figures(summary)]
    parts += ["## Learnt from", sources(summary), "## What it gives away", privacy(summary), "## Made", made(summary)]
    for heading, text in about.items():
        parts += [f"## {heading}", text]
    parts += ["## Licence", f"{licence}, as whoever shares it says. Impasto itself is under Apache-2.0."]
    parts += ["## Limits", "\n".join(f"- {limit}" for limit in LIMITS)]
    return "\n".join(head) + "\n\n" + "\n\n".join(parts) + "\n"


def figures(summary: Mapping[str, Any]) -> str:
    """A table of the figures with their intervals and controls."""
    metrics = summary.get("metrics") or {}
    if not metrics:
        return NO_FIGURES
    controls = list(dict.fromkeys(name for record in metrics.values() for name in record.get("controls", {})))
    rows = [["figure", "better", "value", "95% interval", *controls]]
    for name, record in metrics.items():
        ends = record.get("interval")
        better = {True: "higher", False: "lower"}.get(record.get("higher_is_better"), "")
        found = [number(record["best"] if "best" in record else record["value"]), between(ends)]
        rows.append([name, better, *found, *(number(record.get("controls", {}).get(each)) for each in controls)])
    protocols = {name: plain for name, plain in (summary.get("protocols") or {}).items() if plain}
    if not protocols:
        return table(rows)
    told = json.dumps(shareable(protocols), indent=1)
    return f"{table(rows)}\n\nHow they were measured:\n\n```json\n{told}\n```"


def privacy(summary: Mapping[str, Any]) -> str:
    """What attacks found out about the pictures that it learnt from, and what was promised of them."""
    audit, promise = summary.get("audit") or {}, summary.get("privacy") or {}
    told = []
    if promise.get("epsilon") is not None:
        told.append(
            f"Trained under differential privacy: epsilon {number(promise['epsilon'])} at delta "
            f"{number(promise['delta'])} for each picture with its label ({promise['accountant']})."
        )
    rows = [["attack", "AUC (0.5 is a guess)", "95% interval", "control", "members found at 1% false alarms"]]
    for name, found in (audit.get("attacks") or {}).items():
        values = (number(found["auc"]), between(found["interval"]), number(found["control_auc"]))
        rows.append([name.replace("_", " "), *values, number(found["hits_at_1_percent"])])
    told += [table(rows)] if len(rows) > 1 else []
    copies = audit.get("copies") or summary.get("metrics") or {}
    if (copied := copies.get("copied_patches")) is not None:
        share = copied.get("value", copied.get("best")) if isinstance(copied, Mapping) else copied
        told.append(f"Share of painted patches that look copied from its pictures: {number(share)} (chance: 0.05).")
    return "\n\n".join(told) or NOT_AUDITED


def sources(summary: Mapping[str, Any]) -> str:
    """A table of the pictures that it learnt from: their name, how many, and their fingerprint."""
    data = summary.get("data") or {}
    parts = {name: part for name, part in data.items() if isinstance(part, Mapping) and "fingerprint" in part}
    parts = parts or ({"pictures": data} if "fingerprint" in data else {})
    if not parts:
        return "Not recorded."
    rows = [["part", "pictures of", "for training", "held out", "fingerprint"]]
    for name, part in parts.items():
        rows.append([name, *(number(part.get(key)) for key in ("name", "train", "held_out", "fingerprint"))])
    return table(rows)


def made(summary: Mapping[str, Any]) -> str:
    """With what, and how long."""
    versions = summary.get("versions") or {}
    told = {
        "with": f"Impasto {impasto.__version__}, torch {versions.get('torch', 'unknown')}",
        "revision": summary.get("git_revision"),
        "pictures shown": summary.get("images_seen"),
        "seconds": summary.get("seconds"),
        "machine": summary.get("device"),
        "precision": summary.get("precision"),
        "seed": summary.get("seed"),
        "ended": summary.get("status"),
    }
    return table([["", ""], *([name, number(value)] for name, value in told.items() if value is not None)])


def summary_of(adapter: Adapter) -> dict[str, Any]:
    """What an adapter says of itself, as a summary."""
    settings = adapter.settings
    metrics = {
        name: {"value": value, "higher_is_better": None}
        for name, value in adapter.scores.items()
        if isinstance(value, int | float)
    }
    told = {"metrics": metrics, "seconds": settings.get("seconds")}
    return told | {"images_seen": round(settings["kimg"] * 1000) if "kimg" in settings else None}


def shareable(value: Any) -> Any:
    """Plain values without what speaks of this machine: paths keep their last part."""
    if isinstance(value, Mapping):
        return {name: shareable(each) for name, each in value.items() if name not in LOCAL}
    if isinstance(value, list | tuple):
        return [shareable(each) for each in value]
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value


def table(rows: Sequence[Sequence[str]]) -> str:
    """Of Markdown; the first row is its head."""
    lines = [f"| {' | '.join(each.replace('|', '/') for each in row)} |" for row in rows]
    return "\n".join([lines[0], f"|{'---|' * len(rows[0])}", *lines[1:]])


def between(ends: Any) -> str:
    """An interval."""
    return f"{number(ends[0])} to {number(ends[1])}" if ends else ""


def number(value: Any) -> str:
    """A value as text: four significant digits."""
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
