"""All benchmarks, or those that are named: ``make bench ARGS="overhead inputs"``.

A name may say which case: ``ARGS=translation:cyclegan/128/1``.
"""

import sys
from importlib import import_module
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[2] / "src")]

ALL = (
    *("startup", "inputs", "precision", "overhead", "large_picture", "translation", "restoration", "restoration_data"),
    *("style", "video", "network_parts", "export", "serve", "live", "compression", "directions", "monitor"),
)


def main() -> None:
    for given in sys.argv[1:] or ALL:
        name, _, case = given.partition(":")
        if name not in ALL:
            sys.exit(f"Error: no benchmark {name}; there are {', '.join(ALL)}.")
        import_module(f"tests.benchmarks.{name}").main(*([case] if case else []))


if __name__ == "__main__":
    main()
