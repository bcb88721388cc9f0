"""Events of a batch on the terminal: a bar, and a line in the log for each remark and reason."""

import logging
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

from impasto.base.errors import UserError
from impasto.base.progress import Tick, counting
from impasto.inference.events import Done, Event, Painted, Progress, Skipped, Started

log = logging.getLogger("impasto")


def follow(events: Iterable[Event]) -> int:
    """Run the batch of a stream of events, and report on it.

    Returns:
        Number of pictures painted.

    Raises:
        UserError: at the end, that some pictures were skipped.
    """
    painted = 0
    share = 0.0  # of the current picture, or frames of the current clip
    frames: Mapping[Path, int] = {}

    def ignore(pictures: float) -> None: ...

    tick: Tick = ignore
    with ExitStack() as stack:
        for event in events:
            match event:
                case Started():
                    for remark in event.remarks:
                        log.info(remark)
                    frames = event.frames
                    total = event.total + sum(frames.values()) - len(frames)
                    tick = stack.enter_context(counting("painting", total, bar=True))
                case Progress():
                    done = frames.get(event.source, 1) * event.done / event.total
                    tick(done - share)
                    share = done
                case Painted():
                    for note in event.notes:
                        log.warning("%s: %s.", event.source or event.target, note)
                case Skipped():
                    log.warning("Skipped %s: %s.", event.source, event.reason)
                case Done():
                    stack.close()
                    painted = event.painted
                    log.info("Painted in %s: %d", event.output, painted)
                    if event.skipped:
                        raise UserError(
                            f"{event.skipped} of {painted + event.skipped} pictures were skipped; each is named above "
                            "with its reason."
                        )
            if isinstance(event, Painted | Skipped):
                tick((1 if event.source is None else frames.get(event.source, 1)) - share)
                share = 0.0
    return painted
