"""What was written, on the terminal."""

import sys
from collections.abc import Iterable

from impasto.export.command import Written


def follow(events: Iterable[Written]) -> None:
    """Export, and print a few lines for each file; Ctrl-C leaves those that are whole, and says which these are."""
    files: list[str] = []
    try:
        for event in events:
            told(event)
            files.append(event.path.name)
    except KeyboardInterrupt:
        again = f"{files[0]} is whole, and no other file was written; overwrite=true" if files else ""
        again = again or "no file was written; the same command"
        print(f"\nInterrupted: {again} begins anew.", file=sys.stderr)
        raise


def told(event: Written) -> None:
    """Print what a file takes and gives, and how far it is from its painter."""
    size, parity = event.report["bytes"] / 1e6, event.parity
    print(f"{event.path} ({size:.1f} MB): {', '.join(map(shown, event.report['inputs']))} -> ", end="")
    print(", ".join(map(shown, event.report["outputs"])))
    print(f"  differs from the painter by at most {parity.largest:.1e}, {parity.mean:.1e} in the mean, in ", end="")
    print(f"{len(parity.cases)} cases; {event.path.name}.json says more.", flush=True)
    if (found := event.report.get("quantisation")) is not None:
        for layer, loss in sorted(found["sensitivity"].items(), key=lambda each: -each[1]):
            kept = "  stays in float" if layer in found["kept_in_float"] else ""
            print(f"  {layer:30} alone moves the painting by {loss:.2%} of the range{kept}")
        print(f"  all that is in 8 bits together: {found['loss']:.2%}", flush=True)


def shown(value: dict[str, object]) -> str:
    """An input or output: its name, shape and range."""
    shape = value["shape"]
    assert isinstance(shape, list)
    limits = "" if value["low"] is None else f" in [{value['low']:g}, {value['high']:g}]"
    return f"{value['name']} ({', '.join(map(str, shape))}){limits}"
