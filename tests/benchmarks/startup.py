"""How long the command line takes to answer."""

import subprocess
import sys
import time
from statistics import median

from tests.benchmarks.common import ROOT, report

CASES = {
    "--help": ["--help"],
    "--cfg job model=cgan data=wikiart": ["--cfg", "job", "model=cgan", "data=wikiart"],
    "a misspelt group": ["modle=cgan"],
    "a misspelt key": ["model.generator.latent_dmi=3"],
}


def seconds(arguments: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, str(ROOT / "src" / "train.py"), *arguments], capture_output=True, check=False)
    return time.perf_counter() - began


def main() -> None:
    rows = [(name, median(seconds(arguments) for _ in range(5)), "s") for name, arguments in CASES.items()]
    report("Answers of the command line", rows)


if __name__ == "__main__":
    main()
