"""How figures are written to ``summary.json`` and ``evaluation.json``: what they share is written once.

``metrics`` has an entry for each figure; its ``protocol`` names an entry of ``protocols``. How a figure was measured is
``protocols["all"]``, then ``protocols[entry["protocol"]]``, then the entry itself; :func:`full_record` puts them
together. ``by_class`` maps names of classes to numbers, in every figure that has it. The schemas are
``impasto/run/records/summary.schema.json`` and ``evaluation.schema.json``.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

OF_ONE_FIGURE: Final = (
    *("higher_is_better", "interval", "interval_method", "controls", "counts_of_controls", "by_class"),
    *("by_strength", "gains"),
    *("value", "final", "best", "best_at_images"),
)
"""Never shared, even if they happen to be equal."""
ALL: Final = "all"
"""The protocol of what all figures share."""


def share_records(metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, dict[str, Any]]]:
    """``metrics`` and ``protocols`` from complete records.

    Args:
        metrics: by figure, its values and its protocol; ``extractor`` names what it was measured with.
    """
    shareable = {name: _without(record, OF_ONE_FIGURE) for name, record in metrics.items()}
    protocols = {ALL: _common(shareable.values())}
    rest = {name: _without(record, protocols[ALL]) for name, record in shareable.items()}
    extractors = {name: str(record.get("extractor") or ALL) for name, record in metrics.items()}
    for extractor in dict.fromkeys(extractors.values()):
        if extractor != ALL:
            protocols[extractor] = _common(record for name, record in rest.items() if extractors[name] == extractor)
    return {
        "metrics": {
            name: {"protocol": extractors[name], **_without(record, {**protocols[ALL], **protocols[extractors[name]]})}
            for name, record in metrics.items()
        },
        "protocols": protocols,
    }


def full_record(report: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The complete record of a figure.

    Args:
        report: content of ``summary.json`` or ``evaluation.json``.
        name: of the figure.
    """
    entry: Mapping[str, Any] = report["metrics"][name]
    return {**report["protocols"][ALL], **report["protocols"][entry["protocol"]], **entry}


def _without(record: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    left_out = set(names)
    return {name: value for name, value in record.items() if name not in left_out}


def _common(records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What all records have, with the same value."""
    first, *others = list(records) or [{}]
    return {k: v for k, v in first.items() if all(k in record and record[k] == v for record in others)}
