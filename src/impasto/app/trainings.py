"""Learning styles: one training at a time, in a process of its own, and the others in a queue."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from impasto.app.places import NotHere, Shelf
from impasto.base.errors import UserError
from impasto.data.style_budget import style_budget
from impasto.inference.style_choice import ADAPTER
from impasto.run.command_line.console import commands

MOST_WAITING: Final = 20
LEFT: Final = re.compile(r"((?:\d+:)?\d+:\d\d) left")
"""What a line of training says of the time left."""
BEGUN: Final = re.compile(r"planned_kimg .*\bminutes ([\d.]+)")
"""What the first line of a training says; nothing is learnt before it."""
BEFORE: Final = ("waiting", "starting", "learning", "ending")
"""States of a training that is not over."""


@dataclass
class Training:
    """One style that is learnt.

    Attributes:
        folder: of the pictures, of a log, and of nothing else; its name is the visitor's token.
        run: folder of the run.
        minutes: that it is given.
        state: ``waiting``, ``starting``, ``learning``, ``ending``, ``done`` or ``failed``.
        reason: why it failed, a sentence.
    """

    folder: Path
    run: Path
    minutes: float
    state: str = "waiting"
    reason: str = ""
    process: subprocess.Popen[bytes] | None = None
    wanted: bool = True
    began: float = 0.0
    said_left: tuple[float, float] = field(default=(0.0, 0.0))

    @property
    def style(self) -> Path:
        """Its adapter; there after the first twenty seconds of learning."""
        return self.run / f"style{ADAPTER}"

    @property
    def sheet(self) -> Path | None:
        """The newest sheet of previews: photographs, what the base makes of them, and the style."""
        return max((self.run / "samples").glob("[0-9]*.png"), default=None)

    def read_log(self) -> None:
        """Take from the log how far it is."""
        text = (self.folder / "train.log").read_text(errors="replace")
        if self.state == "starting" and (found := BEGUN.search(text)):
            self.state, self.began, self.minutes = "learning", time.monotonic(), float(found[1])
        if self.state == "learning" and re.search(r"kimg seen,", text):
            self.state = "ending"
        if (said := LEFT.findall(text)) and seconds_of(said[-1]) != self.said_left[0]:
            self.said_left = seconds_of(said[-1]), time.monotonic()

    def seconds_left(self) -> float | None:
        """Until learning ends, as far as is known."""
        if self.state != "learning":
            return None
        left, when = self.said_left
        known = left - (time.monotonic() - when) if when else self.minutes * 60 - (time.monotonic() - self.began)
        return max(known, 0.0)


class Trainings:
    """Trains one style after the other.

    Args:
        runs: folder for the runs.
        shelf: of what visitors bring.
        further: settings of ``train.py``.
        base: to start from; None for the shipped one.
    """

    def __init__(self, runs: Path, shelf: Shelf, further: Sequence[str] = (), base: str | None = None) -> None:
        self.runs, self.shelf = runs, shelf
        self.further = [*further, *([] if base is None else [f"base={base}"])]
        self._all: dict[str, Training] = {}
        self._waiting: deque[Training] = deque()
        self._change = threading.Condition()
        self._closed = False
        self._worker = threading.Thread(target=self._work, daemon=True)
        self._worker.start()

    def ask(self, pictures: Sequence[Path]) -> Training:
        """Learn from pictures, as soon as those who asked before are done.

        Raises:
            UserError: too many wait.
        """
        with self._change:
            if len(self._waiting) >= MOST_WAITING:
                raise UserError(f"{MOST_WAITING} styles are waiting to be learnt already: try again later.")
            folder = self.shelf.new()
            (folder / "pictures").mkdir()
            for number, picture in enumerate(pictures):
                shutil.copyfile(picture, folder / "pictures" / f"{number:02d} {picture.name}")
            minutes = style_budget(str(folder / "pictures"), "minutes")
            run = self.free_run(f"{datetime.now():%Y-%m-%d_%H-%M-%S}_personal_style")
            training = self._all[folder.name] = Training(folder, run, minutes)
            self._waiting.append(training)
            self._change.notify_all()
        return training

    def free_run(self, name: str) -> Path:
        """A folder of a run that is neither there nor asked for by another visitor in the same second."""
        root, number = self.runs.resolve(), 1
        asked = {each.run for each in self._all.values()}
        while (run := root / (name if number == 1 else f"{name}_{number}")).exists() or run in asked:
            number += 1
        return run

    def of(self, token: object) -> Training:
        """A training by its token.

        Raises:
            NotHere: there is none.
        """
        if not isinstance(token, str) or token not in self._all:
            raise NotHere
        self.shelf.of(token)
        return self._all[token]

    def place(self, training: Training) -> int:
        """How many come before it."""
        with self._change:
            running = any(each.state in BEFORE[1:] for each in self._all.values())
            return self._waiting.index(training) + running if training in self._waiting else 0

    def stop(self, training: Training) -> None:
        """End it after its current step; what was learnt is kept."""
        with self._change:
            training.wanted = False
            if training in self._waiting:
                self._waiting.remove(training)
                training.state, training.reason = "failed", "It was given up before it began."
            elif training.process is not None and training.process.poll() is None and training.state != "ending":
                training.state = "ending"
                training.process.send_signal(signal.SIGTERM)

    def close(self) -> None:
        """End the training that runs, keep what it learnt, and begin no other."""
        with self._change:
            self._closed = True
            running = [each for each in self._all.values() if each.process is not None]
            self._change.notify_all()
        for each in running:
            self.stop(each)
        self._worker.join(60)

    def _work(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                training = self._waiting.popleft()
                training.state = "starting"
            try:
                self._train(training)
            except OSError as problem:
                training.state, training.reason = "failed", f"It could not be started ({problem.strerror})."

    def _train(self, training: Training) -> None:
        """Train one in a process, and follow what it writes."""
        with (training.folder / "train.log").open("wb") as log:
            process = subprocess.Popen(
                command(training, self.further),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | {"COLUMNS": "200"},
                start_new_session=True,  # Ctrl-C at the page's terminal reaches it once, through close()
            )
            training.process = process
            if not training.wanted:
                process.send_signal(signal.SIGTERM)
            while process.poll() is None:
                time.sleep(0.2)
                training.read_log()
        if training.style.is_file():
            training.state = "done"
        else:
            training.state, training.reason = "failed", last_error(training.folder / "train.log")


def command(training: Training, further: Sequence[str]) -> list[str]:
    """How a style is learnt on the command line."""
    return [
        *(sys.executable, str(commands()["train"]), "experiment=personal_style"),
        *(f"data.style={training.folder / 'pictures'}", f"hydra.run.dir={training.run}"),
        *further,
    ]


def last_error(log: Path) -> str:
    """Why a training ended without a style, in its own words."""
    lines: list[Any] = [line.removeprefix("Error: ") for line in log.read_text(errors="replace").splitlines() if line]
    return f"Nothing was learnt: {lines[-1]}" if lines else "Nothing was learnt, and nothing was said."


def seconds_of(clock: str) -> float:
    """Seconds of ``1:02:03`` or ``2:03``."""
    total = 0.0
    for part in clock.split(":"):
        total = 60 * total + int(part)
    return total
