"""What the service counts of itself, and the page of it for Prometheus."""

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from impasto.serve.easel import Painting

SECONDS: Final = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0)
PAGE_TYPE: Final = CONTENT_TYPE_LATEST
"""Of the page, for the header of its answer."""
OF_RAY_SERVE: Final = "ray_serve_"
"""Begins the names of what Ray Serve counts."""
PATIENCE: Final = 2.0
"""Seconds that Ray's own page may take."""


class Counters:
    """Counts requests and paintings.

    Attributes:
        waiting: requests that are being answered now.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        to: dict[str, Any] = {"registry": self.registry}
        self._answers = Counter("impasto_answers", "Requests for paintings by the status they got", ["status"], **to)
        self._seconds = Histogram("impasto_seconds", "From request to painting", buckets=SECONDS, **to)
        self._bytes = Counter("impasto_painted_bytes", "Bytes of paintings sent", **to)
        self._together = Histogram("impasto_together", "Pictures painted at once", buckets=(1, 2, 4, 8, 16, 32), **to)
        self._loads = Counter("impasto_style_loads", "Styles that a replica had to load", **to)
        self._retries = Counter("impasto_retries", "Pictures given to another replica when one died", **to)
        self._gauge = Gauge("impasto_waiting", "Requests that are being answered", **to)
        self.waiting = 0

    @contextmanager
    def answering(self) -> Iterator[None]:
        """A request is being answered within the block."""
        self.waiting += 1
        self._gauge.set(self.waiting)
        try:
            yield
        finally:
            self.waiting -= 1
            self._gauge.set(self.waiting)

    def answered(self, status: int) -> None:
        """A request for a painting got a status."""
        self._answers.labels(str(status)).inc()

    def painted(self, painting: Painting, seconds: float) -> None:
        """A painting was made."""
        self._seconds.observe(seconds)
        self._bytes.inc(len(painting.data))
        self._together.observe(painting.together)
        self._loads.inc(int(painting.loaded))

    def retried(self) -> None:
        """A replica died over a picture."""
        self._retries.inc()

    def page(self, of_ray: str | None = None) -> bytes:
        """All counts as Prometheus reads them.

        Args:
            of_ray: address of Ray's own page, of which what Ray Serve counts is added; None for none.
        """
        own = generate_latest(self.registry)
        if of_ray is None:
            return own
        try:
            with urllib.request.urlopen(of_ray, timeout=PATIENCE) as answer:
                text = answer.read().decode()
        except (OSError, ValueError):
            return own + b"# Ray's own page of metrics does not answer\n"
        return own + only_of_serve(text).encode()


def only_of_serve(page: str) -> str:
    """The lines of Ray's page that are about Ray Serve."""
    names = (OF_RAY_SERVE, f"# HELP {OF_RAY_SERVE}", f"# TYPE {OF_RAY_SERVE}")
    return "".join(f"{line}\n" for line in page.splitlines() if line.startswith(names))
