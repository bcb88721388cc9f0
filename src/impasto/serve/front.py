"""The service over HTTP: who may ask, how a request is read, and what it is answered."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from impasto.base.errors import UserError
from impasto.base.visitors import Limits, is_loopback, name_asked_for, same
from impasto.inference.repaint import Look
from impasto.inference.stylize import check_look
from impasto.serve.counters import PAGE_TYPE, Counters
from impasto.serve.easel import Order
from impasto.serve.refusals import Refusal
from impasto.serve.retrying import Paint
from impasto.serve.shelf import Shelf
from impasto.serve.uploads import check_size, inspect

log = logging.getLogger("impasto")

SETTINGS: Final = ("style", "strength", "preserve_color", "brush")
"""Of the address of a painting."""
UPLOAD_SECONDS: Final = 60.0
"""That a picture may take to arrive."""
PAINT_SECONDS: Final = 600.0
"""That a painting may take, with its time in the queue."""
MEDIA: Final = {
    **{".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".avif": "image/avif", ".gif": "image/gif"},
    **{".tif": "image/tiff", ".bmp": "image/bmp", ".heic": "image/heic", ".jxl": "image/jxl"},
}
PATHS: Final = "POST /paint, GET /styles, GET /health and GET /metrics"

Answer = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Front:
    """What the service needs to answer.

    Attributes:
        paint: paints.
        running: tells how many replicas run; may wait.
        shelf: where styles are found.
        limits: of pictures.
        max_waiting: requests that are answered at a time; more are sent away.
        token: what those who ask must know; None answers requests to a name of this machine alone.
        any_style: whether the model paints in any style, of which one must be named.
        of_ray: see :meth:`~impasto.serve.counters.Counters.page`.
        counters: of requests.
    """

    paint: Paint
    running: Callable[[], int]
    shelf: Shelf
    limits: Limits
    max_waiting: int = 64
    token: str | None = None
    any_style: bool = True
    of_ray: str | None = None
    counters: Counters = field(default_factory=Counters)

    def app(self) -> Starlette:
        """The application."""
        routes = [
            Route("/paint", self.guarded(self.answer_paint), methods=["POST"]),
            Route("/styles", self.guarded(self.answer_styles)),
            Route("/health", self.answer_health),
            Route("/metrics", self.guarded(self.answer_metrics)),
        ]
        handlers: Mapping[Any, Any] = {HTTPException: refused_by_router, Exception: failed}
        return Starlette(routes=routes, exception_handlers=handlers)

    def guarded(self, answer: Answer) -> Answer:
        """Answers only who may ask, and refusals in their sentence."""

        async def guard(request: Request) -> Response:
            try:
                self.check_visitor(request)
                return await answer(request)
            except Refusal as refusal:
                return refused(refusal)

        return guard

    def check_visitor(self, request: Request) -> None:
        """Make sure that a request may be answered.

        Raises:
            Refusal: 401 without the token; 403 for a name of another machine, which a page in a browser may have been
                given for this one (DNS rebinding), where no token is needed.
        """
        if self.token is None:
            if not is_loopback(name := name_asked_for(request.headers.get("host"))):
                raise Refusal(403, f"This service answers its own machine alone, not {name[:100]!r}: ask 127.0.0.1.")
            return
        given = request.headers.get("authorization", "")
        if not same(given, f"Bearer {self.token}"):
            raise Refusal(401, "The token is missing or wrong: send the header Authorization: Bearer TOKEN.")

    async def answer_paint(self, request: Request) -> Response:
        """A painting of the picture in the body."""
        began = time.perf_counter()
        try:
            response = await self.painting(request, began)
        except Refusal as refusal:
            response = refused(refusal)
        except Exception as problem:
            response = await failed(request, problem)
        self.counters.answered(response.status_code)
        return response

    async def painting(self, request: Request, began: float) -> Response:
        """Read, paint and answer.

        Raises:
            Refusal: whatever is wrong.
        """
        style, look = settings_of(request.query_params.multi_items())
        if self.any_style and style is not None:
            await run_in_threadpool(self.shelf.find, style)
        if self.counters.waiting >= self.max_waiting:
            raise Refusal(503, f"{self.max_waiting} requests are being answered: try again in a few seconds.")
        with self.counters.answering():
            data = await body_of(request, self.limits)
            upload = await run_in_threadpool(inspect, data, self.limits)
            try:
                painting = await asyncio.wait_for(self.paint(Order(upload, style, look)), PAINT_SECONDS)
            except TimeoutError:
                raise Refusal(504, f"The painting took more than {PAINT_SECONDS:.0f} seconds: send less.") from None
        self.counters.painted(painting, time.perf_counter() - began)
        headers = {"X-Content-Type-Options": "nosniff"}
        if painting.notes:
            headers["Impasto-Notes"] = "; ".join(painting.notes).encode("ascii", "replace").decode()
        return Response(painting.data, media_type=MEDIA[painting.ending], headers=headers)

    async def answer_styles(self, request: Request) -> Response:
        """The names of all styles."""
        return JSONResponse({"styles": await run_in_threadpool(self.shelf.names) if self.any_style else []})

    async def answer_health(self, request: Request) -> Response:
        """Whether anyone paints, for whoever watches or balances; needs no token and says nothing else."""
        replicas = await run_in_threadpool(self.running)
        return JSONResponse({"replicas": replicas}, 200 if replicas else 503)

    async def answer_metrics(self, request: Request) -> Response:
        """Counts, as Prometheus reads them."""
        page = await run_in_threadpool(self.counters.page, self.of_ray)
        return Response(page, headers={"Content-Type": PAGE_TYPE})


def settings_of(given: list[tuple[str, str]]) -> tuple[str | None, Look]:
    """The style and the look that an address asks for.

    Raises:
        Refusal: 400.
    """
    values = dict(given)
    if unknown := sorted(set(values) - set(SETTINGS)):
        raise Refusal(400, f"{unknown[0][:100]!r} is no setting of a painting: there are {', '.join(SETTINGS)}.")
    if len(values) < len(given):
        raise Refusal(400, "A setting is given twice: give it once.")
    switch = values.get("preserve_color", "false").lower()
    if switch not in ("true", "false"):
        raise Refusal(400, "preserve_color is true or false.")
    brush = values.get("brush", "auto")
    look = Look(
        number("strength", values.get("strength", "1")),
        switch == "true",
        None,
        "auto" if brush == "auto" else number("brush", brush),
    )
    try:
        check_look(look)
    except UserError as problem:
        raise Refusal(400, str(problem)) from None
    return values.get("style") or None, look


def number(name: str, text: str) -> float:
    """The number that a setting is given.

    Raises:
        Refusal: 400, it is none.
    """
    try:
        return float(text)
    except ValueError:
        raise Refusal(400, f"{name} is a number, and {text[:100]!r} is none.") from None


async def body_of(request: Request, limits: Limits) -> bytes:
    """The body of a request, of which no more is read than is taken.

    Raises:
        Refusal: 408 it does not arrive, 413 it is too large.
    """
    length = request.headers.get("content-length", "")
    if length.isdecimal():
        check_size(int(length), limits)
    data = bytearray()
    try:
        async with asyncio.timeout(UPLOAD_SECONDS):
            async for part in request.stream():
                data += part
                check_size(len(data), limits)
    except TimeoutError:
        raise Refusal(408, f"The picture did not arrive within {UPLOAD_SECONDS:.0f} seconds.") from None
    except ClientDisconnect:
        raise Refusal(400, "The picture did not arrive in full.") from None
    return bytes(data)


def refused(refusal: Refusal) -> Response:
    """A refusal as an answer."""
    headers = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "2"}}.get(refusal.status, {})
    if refusal.status in (408, 413):
        headers = {"Connection": "close"}  # what is left of the body is not read
    return JSONResponse({"error": refusal.sentence}, refusal.status, headers)


async def refused_by_router(_: Request, problem: HTTPException) -> Response:
    """An address or a method that there is not."""
    return JSONResponse({"error": f"There is no such address here: there are {PATHS}."}, problem.status_code)


async def failed(_: Request, problem: Exception) -> Response:
    """An error of the service's own."""
    log.error("A request failed: %s", problem)
    return JSONResponse({"error": "The service failed; its log says why."}, 500)
