"""A page on this machine that shows paintings as they come: MJPEG, which every browser plays without a script."""

import io
import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from PIL import Image

from impasto.base.errors import UserError
from impasto.base.visitors import LOOPBACK, address_of, is_loopback, name_asked_for
from impasto.live.pipeline import Shown

log = logging.getLogger("impasto")

QUALITY: Final = 85
WAIT: Final = 1.0
"""Seconds after which a viewer without a new painting looks whether the page is closed."""
PAGE: Final = Path(__file__).with_name("page.html")


class Page:
    """Shows paintings in a browser on this machine; nobody else can see them.

    Args:
        port: of the address; 0 takes a free one.

    Attributes:
        address: of the page.

    Raises:
        UserError: the port is in use.
    """

    def __init__(self, port: int) -> None:
        self.changed = threading.Condition()
        self.last: Shown | None = None
        self.viewers, self.closed = 0, False
        self._encoded: tuple[int, bytes] = (0, b"")
        page = self

        class Answer(Answering):
            """Answers for this page."""

            shown_on = page

        try:
            self._server = ThreadingHTTPServer((LOOPBACK, port), Answer)
        except OSError as problem:
            raise UserError(
                f"port={port} cannot be used ({problem.strerror}): give another, or 0 for a free one."
            ) from None
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.address = f"{address_of(LOOPBACK, self.port)}/"
        threading.Thread(target=self._server.serve_forever, name="page", daemon=True).start()
        log.info("The paintings are shown on %s", self.address)

    def show(self, shown: Shown) -> None:
        """See :class:`~impasto.live.pipeline.Show`."""
        with self.changed:
            self.last = shown
            if self.viewers:
                self._encoded = shown.painted, as_jpeg(shown)
            self.changed.notify_all()

    def close(self) -> None:
        """See :class:`~impasto.live.pipeline.Show`."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def newer(self, number: int) -> tuple[int, bytes] | None:
        """The newest painting's number and its JPEG, if it is not the one of this number; None if none came yet."""
        with self.changed:
            self.changed.wait_for(lambda: self._encoded[0] > number or self.closed, WAIT)
            return self._encoded if self._encoded[0] > number else None


def as_jpeg(shown: Shown) -> bytes:
    """The bytes of a JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(shown.pixels).save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


class Answering(BaseHTTPRequestHandler):
    """Answers a browser."""

    shown_on: Page
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        """Answer: the page, the stream, or the rate."""
        # A name of another site that was made to lead here is refused: its scripts would see the camera.
        if not is_loopback(name_asked_for(self.headers.get("Host"))):
            self.send_error(403, "This page is for this machine alone")
        elif self.path == "/":
            self.answer("text/html; charset=utf-8", PAGE.read_bytes())
        elif self.path == "/rate":
            self.answer("application/json", json.dumps(told(self.shown_on.last)).encode())
        elif self.path == "/stream":
            self.stream()
        else:
            self.send_error(404)

    def answer(self, kind: str, content: bytes) -> None:
        """Send one document."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def stream(self) -> None:
        """Send paintings until the browser or the page is closed."""
        page = self.shown_on
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace;boundary=painting")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        with page.changed:
            page.viewers += 1
        number = 0
        try:
            while not page.closed:
                if (found := page.newer(number)) is not None:
                    number, jpeg = found
                    head = f"--painting\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                    self.wfile.write(head.encode() + jpeg + b"\r\n")
        except (BrokenPipeError, ConnectionError):
            pass  # the browser has gone
        finally:
            with page.changed:
                page.viewers -= 1

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing: the terminal shows the rate."""


def told(shown: Shown | None) -> dict[str, Any]:
    """What the page says below the painting."""
    if shown is None:
        return {"text": "no painting yet"}
    height, width = shown.pixels.shape[:2]
    text = f"{shown.rate:.1f} a second · {width} x {height} · {shown.latency * 1000:.0f} ms · {shown.dropped} dropped"
    return {"text": text, "rate": shown.rate, "latency": shown.latency, "dropped": shown.dropped}
