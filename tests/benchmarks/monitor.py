"""What the monitor says of healthy and of sabotaged runs, and what it costs.

``make bench ARGS=monitor`` trains them all, half an hour on an idle core, and prints what was found in each;
``ARGS=monitor:overhead`` compares the processor time of the same run with and without it.
"""

import json
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.callbacks.sabotage import SMALL, all_runs
from tests.training import composed, train

ROUNDS = 4


def seconds(*overrides: str) -> float:
    """Processor time of a short run."""
    with tempfile.TemporaryDirectory() as folder:
        cfg = composed(Path(folder), *SMALL, "model=dcgan", "kimg=6", *overrides)
        began = time.process_time()
        train(cfg)
        return time.process_time() - began


def overhead() -> None:
    """The ratio of a run with the monitor and one without, by turns."""
    seconds()  # packs the pictures
    pairs = [(seconds(), seconds("callbacks.monitor=null")) for _ in range(ROUNDS)]
    ratios = [100 * (on / off - 1) for on, off in pairs]
    print(f"processor time with the monitor: {median(ratios):+.1f}% ({min(ratios):+.1f}% to {max(ratios):+.1f}%)")


def main(case: str = "") -> None:
    if case == "overhead":
        overhead()
        return
    print("| run | what is wrong with it | found |\n|---|---|---|")
    for name, (overrides, wrong) in all_runs().items():
        if case and case not in name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            train(composed(Path(folder), *overrides))
            found = json.loads((Path(folder) / "summary.json").read_text())["findings"]
        said = ", ".join(f"{each['name']} at {each['at_kimg']:.3g} kimg" for each in found)
        print(f"| {name} | {wrong or 'nothing'} | {said or 'nothing'} |", flush=True)
