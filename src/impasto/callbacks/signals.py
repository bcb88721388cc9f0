"""Signals that end a run after its current step, with a checkpoint."""

import logging
import os
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

log = logging.getLogger("impasto")

INSISTING: Final = ("SIGTERM", "SIGINT")
"""The second of these ends a run at once."""
WARNING: Final = ("SIGHUP", "SIGUSR1", "SIGUSR2")
"""Warnings, of a closed terminal and of queues before they take a machine away; these may come several times."""


class BrokenOff(KeyboardInterrupt):
    """A first signal within a block that can be broken off."""


class StopSignals:
    """Listens for the signals by which people, terminals and queues end a run.

    A warning signal that was ignored when the run began stays ignored: ``nohup`` relies on it. One with another
    handler, such as submitit's, which queues the job again, is passed on once the run is saved.

    Attributes:
        heard: name of the first signal; empty before one came.
    """

    def __init__(self) -> None:
        self.heard = ""
        self._insisted = 0
        self._breakable = False
        self._handlers: dict[int, Any] = {}

    def listen(self) -> None:
        """Take over the signals from Lightning, which would end the run without saving."""
        self.heard, self._insisted = "", 0
        for name in (*INSISTING, *WARNING):
            number = getattr(signal, name, None)  # Windows lacks some
            if number is None or (name in WARNING and signal.getsignal(number) == signal.SIG_IGN):
                continue
            try:
                self._handlers[number] = signal.signal(number, self._note)
            except ValueError:  # not the main thread, which alone handles signals
                return

    def give_back(self) -> None:
        """Restore the earlier handlers, unless they have been replaced since.

        A warning that has ended the run and has no other handler is ignored from here on: shells and queues repeat it,
        and the run still has files to write.
        """
        for number, handler in self._handlers.items():
            if signal.getsignal(number) == self._note:
                signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        if self.heard in WARNING and signal.getsignal(getattr(signal, self.heard)) == signal.SIG_DFL:
            signal.signal(getattr(signal, self.heard), signal.SIG_IGN)
        self._handlers = {}

    def pass_on(self) -> None:
        """Pass a warning that ended the run to its other handler; after :meth:`give_back`."""
        number = getattr(signal, self.heard) if self.heard in WARNING else None
        if number is not None and callable(handler := signal.getsignal(number)):
            handler(number, None)

    @contextmanager
    def may_break_off(self, allowed: bool = True) -> Iterator[None]:
        """A block in which a signal raises :class:`BrokenOff` at once, instead of waiting for the end of the step."""
        self._breakable = allowed
        try:
            yield
        finally:
            self._breakable = False

    def _note(self, number: int, frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        self._insisted += name in INSISTING
        if self._insisted > 1:
            raise KeyboardInterrupt
        if self.heard:
            return
        self.heard = name
        if name == "SIGHUP":
            leave_closed_terminal()
        log.warning("%s: saving after this step; Ctrl-C or SIGTERM %s ends at once.", name, self._how_often())
        if self._breakable:
            raise BrokenOff

    def _how_often(self) -> str:
        return "once more" if self._insisted else "twice"


def leave_closed_terminal() -> None:
    """Redirect output to the null device if its terminal is gone: writing there would raise an error."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        try:
            if stat.S_ISCHR(os.fstat(descriptor).st_mode) and not os.isatty(descriptor):
                os.dup2(nowhere, descriptor)
        except OSError:  # closed
            continue
    os.close(nowhere)
