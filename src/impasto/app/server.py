"""Who is answered, and with which files: this machine alone, or visitors who know the token."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse

from impasto.app.places import NotHere
from impasto.base.errors import UserError
from impasto.base.visitors import is_loopback, name_asked_for, parts_of, same

DOOR: Final = Path(__file__).parent / "static" / "door.html"
"""What a visitor without the token sees."""
COOKIE: Final = "impasto"
HEADERS: Final = {
    # Parts of the page are compiled from templates in the browser, hence unsafe-eval; nothing comes from elsewhere.
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; "
    "worker-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "camera=(self)",
    "Cross-Origin-Opener-Policy": "same-origin",
}
REPORT: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox"
"""Policy of reports of runs: they show themselves and do nothing."""
REFUSED: Final = (
    *("/openapi.json", "/docs", "/redoc", "/proxy=", "/monitoring"),
    *("/gradio_api/proxy=", "/gradio_api/deep_link", "/gradio_api/vibe"),
)
"""Beginnings of addresses of Gradio's that the page has no use for."""

Next = Callable[[Request], Awaitable[Response]]


def guarded(app: FastAPI, token: str | None, max_bytes: int) -> None:
    """Let an application answer only who may ask.

    Args:
        app: the application.
        token: what a visitor must know; None answers requests for a name of this machine alone.
        max_bytes: of a request.
    """

    @app.middleware("http")
    async def guard(request: Request, go_on: Next) -> Response:
        refused = refusal(request, token, max_bytes)
        response = refused if refused is not None else await go_on(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    @app.exception_handler(UserError)
    async def not_here(_: Request, __: Exception) -> Response:
        return PlainTextResponse(str(NotHere()), 404)  # what a sentence of another kind names is not told

    @app.get("/manifest.json")
    def manifest() -> dict[str, Any]:
        return {"name": "Impasto", "start_url": "./", "display": "browser"}


def refusal(request: Request, token: str | None, max_bytes: int) -> Response | None:
    """The answer to who may not ask; None to who may."""
    if token is None and not is_loopback(name_asked_for(request.headers.get("host"))):
        return PlainTextResponse("This page answers its own machine alone.", 403)
    origin = request.headers.get("origin")
    if request.method not in ("GET", "HEAD") and origin and parts_of(origin).netloc != request.headers.get("host"):
        return PlainTextResponse("Another page may not ask this one.", 403)
    if request.url.path.startswith(REFUSED):
        return PlainTextResponse("There is nothing here.", 404)
    if int_of(request.headers.get("content-length")) > max_bytes + 2**16:
        return PlainTextResponse("That is too large.", 413)
    return None if token is None else unknown_visitor(request, token)


def unknown_visitor(request: Request, token: str) -> Response | None:
    """The answer to who does not know the token; None to who does."""
    given = request.query_params.get("token")
    if given is not None and same(given, token) and request.method == "GET":
        # The address with the token leaves the browser's bar; the cookie stays until the browser is closed.
        answer = RedirectResponse(request.url.path, 303)
        answer.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=request.url.scheme == "https")
        return answer
    if same(request.cookies.get(COOKIE, ""), token):
        return None
    if request.url.path != "/" or request.method != "GET":
        return PlainTextResponse("This page needs its token.", 401)
    wrong = "<p>That is not the token.</p>" if given else ""
    return HTMLResponse(DOOR.read_text(encoding="utf-8").replace("<!-- wrong -->", wrong), 401)


def int_of(text: str | None) -> int:
    """A whole number; 0 for none."""
    return int(text) if text and text.isdecimal() else 0
