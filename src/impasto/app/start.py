"""Building the page of its parts, and answering."""

import logging
import os
import socket
import webbrowser
from pathlib import Path
from threading import Timer

from impasto.app.settings import Settings
from impasto.base.cache import scratch_folder
from impasto.base.errors import UserError
from impasto.base.visitors import address_of

log = logging.getLogger("impasto")


def serve(settings: Settings) -> None:
    """Build the page and answer until it is ended.

    Raises:
        UserError: Gradio is not installed, the port is taken, or nothing can be painted with.
    """
    with scratch_folder() as work:
        answer(settings, work)


def answer(settings: Settings, work: Path) -> None:
    """As :func:`serve`, with a folder for what visitors bring."""
    check_port(settings)
    prepare(work)
    try:
        import uvicorn

        from impasto.app.build import build
    except ImportError as problem:
        raise UserError(f"The page needs the extra app ({problem}): pip install 'impasto[app]'.") from None
    app = build(settings, work)
    config = uvicorn.Config(app, settings.host, settings.port, log_level="warning", timeout_graceful_shutdown=2)
    address = address_with_token(settings)
    log.info("The page is at %s (Ctrl-C ends it)", address)
    if settings.open:
        Timer(1, webbrowser.open, [address]).start()
    uvicorn.Server(config).run()


def check_port(settings: Settings) -> None:
    """Make sure that the address can be listened on, before anything is loaded.

    Raises:
        UserError: it cannot.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((settings.host, settings.port))
        except (OSError, TypeError) as problem:  # the latter for what cannot be encoded as a name
            reason = problem.strerror if isinstance(problem, OSError) else "no name of a machine"
            raise UserError(
                f"The page cannot be at host={settings.host} port={settings.port} ({reason}): give another "
                "port=, or an address of this machine's as host=."
            ) from None


def prepare(work: Path) -> None:
    """Set what Gradio reads as it is imported: it tells nobody anything, and keeps its files here."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_TEMP_DIR"] = str(work / "uploads")
    os.environ["GRADIO_RUN_HISTORY"] = "False"
    (work / "uploads").mkdir(exist_ok=True)


def address_with_token(settings: Settings) -> str:
    """Where a browser on this machine finds the page, and is let in."""
    return f"{address_of(settings.host, settings.port)}/" + (f"?token={settings.token}" if settings.token else "")
