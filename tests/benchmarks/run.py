"""All benchmarks, or those that are named: ``make bench ARGS="overhead inputs"``."""

import sys
from importlib import import_module
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[2] / "src")]

ALL = ("startup", "inputs", "precision", "overhead", "large_picture")


def main() -> None:
    for name in sys.argv[1:] or ALL:
        if name not in ALL:
            sys.exit(f"Error: no benchmark {name}; there are {', '.join(ALL)}.")
        import_module(f"tests.benchmarks.{name}").main()


if __name__ == "__main__":
    main()
