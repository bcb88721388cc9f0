"""The gallery: a tile for each recipe, from what stands at the head of its page; with ``--rerun``, run again.

``python docs/gallery.py`` writes ``docs/gallery.md``. ``make gallery`` runs the recipes' own commands, shortest first,
until two hours are spent, and writes ``outputs/gallery/index.html`` with what came out beside what the pages say. A
recipe that is complete is not run again, and one that was interrupted goes on.
"""

import argparse
import html
import json
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parents[1]
DOCS: Final = ROOT / "docs"
RUN: Final = "outputs/RUN"
"""How a recipe's commands name the folder of its run."""
SPARE: Final = 1.5
"""Times what its page says that a recipe may take before it is ended: other machines are slower."""


@dataclass(frozen=True)
class Tile:
    """What the head of a page says of a recipe.

    Attributes:
        page: below ``docs``.
        title: of the tile.
        field: whose recipe it is, such as medicine.
        command: what is run, in this order; the first one trains, and all name its folder ``outputs/RUN``.
        minutes: that training took.
        figure: what came out, with its interval.
        control: what it is beside.
        better: whether it is better than the control, intervals apart.
        picture: file in ``docs/pictures``, or None.
        data: what was trained on.
        licence: of that data.
    """

    page: str
    title: str
    field: str
    command: tuple[str, ...]
    minutes: float
    figure: str
    control: str
    better: bool
    picture: str | None
    data: str
    licence: str

    @property
    def name(self) -> str:
        """Of its folder: the experiment, or the title."""
        named = [word.partition("=")[2] for word in self.command[0].split() if word.startswith("experiment=")]
        return (named or [self.title])[0].strip("[]'").replace(",", "_").replace(" ", "_").lower()


def tiles() -> list[Tile]:
    """All tiles, in the order of fields and titles.

    Raises:
        SystemExit: the head of a page lacks something, or has what no tile knows.
    """
    known = {each.name for each in fields(Tile)} - {"page"}
    found = []
    for path in sorted(DOCS.rglob("*.md")):
        page = path.relative_to(DOCS).as_posix()
        for head in heads_of(path.read_text("utf-8")):
            if wrong := known ^ set(head):
                raise SystemExit(
                    f"{page}: the head of a recipe must have {', '.join(sorted(known))}; see {sorted(wrong)}."
                )
            commands = [head["command"]] if isinstance(head["command"], str) else head["command"]
            found.append(Tile(**{**head, "page": page, "command": tuple(commands)}))
    return sorted(found, key=lambda tile: (tile.field, tile.title))


def heads_of(text: str) -> list[dict[str, Any]]:
    """The recipes in the YAML at the head of a page; none without one."""
    if not text.startswith("---\n"):
        return []
    return (yaml.safe_load(text[4:].partition("\n---\n")[0]) or {}).get("recipes", [])


def gallery() -> str:
    """The page ``docs/gallery.md``."""
    found = tiles()
    lines = [
        "# Gallery",
        "",
        "A recipe for each field, with what it takes, what comes out, and what that is beside. Minutes are of training",
        "on the machine that the page names, two cores or fewer. `make gallery` runs what fits into two hours again",
        "and writes `outputs/gallery/index.html`. `python docs/gallery.py` makes this page.",
    ]
    for field in dict.fromkeys(tile.field for tile in found):
        lines += ["", f"## {field[0].upper()}{field[1:]}"]
        for tile in (each for each in found if each.field == field):
            lines += ["", f"### [{tile.title}]({tile.page})", ""]
            if tile.picture is not None:
                lines += [f"[![{tile.title}](pictures/{tile.picture})]({tile.page})", ""]
            verdict = "better, intervals apart" if tile.better else "not shown to be better"
            lines += ["```", *tile.command, "```", "", f"{tile.minutes:g} minutes. {sentence(tile.figure)}"]
            lines += [f"Beside it: {sentence(tile.control)} The recipe is {verdict}.", f"Data: {sentence(tile.data)}"]
            lines += [f"Licence: {sentence(tile.licence)}"]
    return "\n".join(lines) + "\n"


def sentence(text: str) -> str:
    """With a capital and a full stop, on one line."""
    text = " ".join(text.split())
    return text[0].upper() + text[1:].rstrip(".") + "."


def rerun(chosen: Sequence[Tile], folder: Path, minutes: float) -> None:
    """Run recipes, shortest first, as long as the next one fits into the time that is left; then write the page."""
    ends = time.monotonic() + 60 * minutes
    states: dict[str, str] = {}
    for tile in sorted(chosen, key=lambda each: each.minutes):
        left = (ends - time.monotonic()) / 60
        if left < tile.minutes:
            states[tile.name] = f"left out: {tile.minutes:g} minutes, and {max(left, 0):.0f} were left"
        else:
            print(f"{tile.name}: {tile.minutes:g} minutes, {left:.0f} left", flush=True)
            states[tile.name] = run(tile, folder / tile.name, 60 * max(SPARE * tile.minutes, 2))
        print(f"{tile.name}: {states[tile.name]}", flush=True)
        write_page(chosen, folder, states)
    print(f"Written to {folder / 'index.html'}")


def run(tile: Tile, folder: Path, seconds: float) -> str:
    """Run the commands of a recipe, each logged in its folder, and say how it went."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, line in enumerate(commands_in(tile, folder)):
        log = folder / f"command_{number}.log"
        with log.open("w") as file:
            try:
                code = subprocess.run(line, cwd=ROOT, stdout=file, stderr=file, timeout=seconds, check=False).returncode
            except subprocess.TimeoutExpired:
                return f"ended after {seconds / 60:.0f} minutes: see {log}"
        if code:
            return f"failed: see {log}"
    return "complete"


def commands_in(tile: Tile, folder: Path) -> Iterator[list[str]]:
    """The commands with a folder in place of ``outputs/RUN``; a run that stands goes on, or is left as it is."""
    summary, last = folder / "summary.json", folder / "checkpoints" / "last.ckpt"
    complete = summary.is_file() and json.loads(summary.read_text()).get("status") == "complete"
    for number, command in enumerate(tile.command):
        words = [word.replace(RUN, str(folder)) for word in shlex.split(command)]
        words[0] = sys.executable
        if number == 0 and complete:
            continue
        if number == 0:
            words = [*words[:2], f"resume={folder}"] if last.is_file() else [*words, f"hydra.run.dir={folder}"]
        yield words


def write_page(chosen: Sequence[Tile], folder: Path, states: Mapping[str, str]) -> None:
    """Write ``index.html``: every recipe, with the figures that its files hold now."""
    from impasto.base.page import document, inside, picture

    body = "<h1>Gallery</h1>"
    for tile in chosen:
        body += f"<h2>{html.escape(tile.title)}</h2>"
        if tile.picture is not None:
            body += f'<p><img src="{inside(DOCS / "pictures" / tile.picture, "image/jpeg")}" alt=""></p>'
        body += f"<p>{html.escape(sentence(tile.figure))} Beside it: {html.escape(sentence(tile.control))}</p>"
        body += f"<p class=quiet>Here: {html.escape(states.get(tile.name, 'not yet run'))}.</p>"
        body += "".join(f"<pre>{html.escape(line)}</pre>" for line in (*tile.command, *figures_in(folder / tile.name)))
        sheets = sorted((folder / tile.name / "samples").glob("*.png"))
        body += picture(sheets[-1]) if sheets else ""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text(document("Gallery", body), "utf-8")


def figures_in(folder: Path) -> Iterator[str]:
    """A line for each figure that the files of a run hold, with its interval, and one for each control's."""
    for path in (*sorted(folder.glob("evaluation*.json")), folder / "summary.json"):
        report = json.loads(path.read_text()) if path.is_file() else {}
        for name, record in report.get("metrics", {}).items():
            value = record.get("value", record.get("final"))
            if isinstance(value, int | float):
                ends = record.get("interval")
                interval = f" ({ends[0]:.4g} to {ends[1]:.4g})" if isinstance(ends, list) and len(ends) == 2 else ""
                yield f"{path.name}: {name} {value:.4g}{interval}"
        for row, values in report.get("rows", {}).items():
            yield f"{path.name}: {row}: " + ", ".join(f"{name} {value:.4g}" for name, value in values.items())


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description="Build docs/gallery.md, or run the recipes again.")
    parser.add_argument("--rerun", action="store_true", help="run the recipes and write outputs/gallery/index.html")
    parser.add_argument("--minutes", type=float, default=120, help="of all recipes together (default 120)")
    parser.add_argument("--only", nargs="*", default=[], help="names of recipes: their experiments")
    given = parser.parse_args()
    found = tiles()
    names = {tile.name for tile in found}
    if unknown := set(given.only) - names:
        raise SystemExit(f"There is no recipe {', '.join(sorted(unknown))}; there are {', '.join(sorted(names))}.")
    if given.rerun:
        chosen = [tile for tile in found if not given.only or tile.name in given.only]
        rerun(chosen, ROOT / "outputs" / "gallery", given.minutes)
    else:
        (DOCS / "gallery.md").write_text(gallery(), "utf-8")
        print(f"{len(found)} recipes in docs/gallery.md")


if __name__ == "__main__":
    main()
