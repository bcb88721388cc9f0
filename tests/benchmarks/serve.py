"""Load on the service: paintings a second and waiting times by the number of clients, and when a replica is killed.

The service is a process of its own, started as a user starts it; clients are threads of this one, on the same machine,
which send photographs of 256 x 256 pixels as JPEG, each its next one as soon as it has an answer.
"""

import http.client
import io
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from impasto.data.sources.opening import SAMPLES
from tests.benchmarks.common import ROOT, report

SIDE = 256
SECONDS = 20.0
CLIENTS = (1, 4, 16)
REPLICAS = 2
STYLE = "harvest"
PATIENCE = 300.0
BATCHES = (1, 4)
"""Most pictures that are painted at once, each measured."""


@dataclass
class Answers:
    """What clients got."""

    seconds: list[float] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    sent: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def photographs() -> list[bytes]:
    """Files of 24 photographs at one size."""
    found = []
    for path in sorted((SAMPLES / "photos").rglob("*.jpg"))[::8][:24]:
        buffer = io.BytesIO()
        with Image.open(path) as image:
            image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(buffer, "JPEG", quality=95)
        found.append(buffer.getvalue())
    return found


@contextmanager
def service(batch: int) -> Iterator[int]:
    """The service runs within the block; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, str(ROOT / "src" / "serve.py"), f"port={port}", f"replicas={REPLICAS}", f"batch={batch}"]
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen([*command, "device=cpu"], stdout=said, stderr=said, cwd=ROOT)
        try:
            began = time.monotonic()
            while not is_up(port):
                if process.poll() is not None or time.monotonic() - began > PATIENCE:
                    said.seek(0)
                    raise RuntimeError(f"the service did not start: {said.read()}")
                time.sleep(0.2)
            yield port
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def is_up(port: int) -> bool:
    """Whether replicas run."""
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False


def load(port: int, clients: int, seconds: float, pictures: list[bytes]) -> Answers:
    """Answers to so many clients for so long."""
    answers, end = Answers(), time.perf_counter() + seconds

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        turn = number
        while time.perf_counter() < end:
            began = time.perf_counter()
            with answers.lock:
                answers.sent += 1
            try:
                connection.request("POST", f"/paint?style={STYLE}", pictures[turn % len(pictures)])
                response = connection.getresponse()
                body = response.read()
                problem = "" if response.status == 200 else f"{response.status} {body[:200]!r}"
                Image.open(io.BytesIO(body)).load()
            except (OSError, http.client.HTTPException) as error:
                problem = repr(error)
                connection.close()
            with answers.lock:
                if problem:
                    answers.lost.append(problem)
                else:
                    answers.seconds.append(time.perf_counter() - began)
            turn += 1

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def replicas() -> list[int]:
    """Processes of replicas on this machine."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes().startswith(b"ray::ServeReplica:impasto-"):
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def metric(port: int, name: str) -> float:
    """A count of the service."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/metrics")
    page = connection.getresponse().read().decode()
    return next((float(line.split()[1]) for line in page.splitlines() if line.startswith(f"{name} ")), 0.0)


def of_clients(port: int, pictures: list[bytes], what: str) -> list[tuple[str, float, str]]:
    """Figures for each number of clients."""
    rows: list[tuple[str, float, str]] = []
    for clients in CLIENTS:
        began = time.perf_counter()
        answers = load(port, clients, SECONDS, pictures)
        rate = len(answers.seconds) / (time.perf_counter() - began)
        p50, p99 = (1000 * float(np.quantile(answers.seconds, share)) for share in (0.5, 0.99))
        name = f"{what}, {clients} client{'s' if clients > 1 else ''}"
        rows += [(f"{name}: paintings", rate, "/s"), (f"{name}: p50", p50, "ms"), (f"{name}: p99", p99, "ms")]
        rows += [(f"{name}: lost", len(answers.lost), f"of {answers.sent}")]
    return rows


def of_a_death(port: int, pictures: list[bytes]) -> list[tuple[str, float, str]]:
    """Figures of 16 clients while a replica is killed with SIGKILL."""
    before = metric(port, "impasto_retries_total")

    def kill() -> None:
        time.sleep(SECONDS / 4)
        os.kill(replicas()[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    answers = load(port, max(CLIENTS), SECONDS, pictures)
    killer.join()
    return [
        ("a replica killed, 16 clients: lost", len(answers.lost), f"of {answers.sent}"),
        ("a replica killed, 16 clients: given to another", metric(port, "impasto_retries_total") - before, "pictures"),
        ("a replica killed, 16 clients: the longest", max(answers.seconds), "s"),
    ]


def main(case: str = "") -> None:
    """All figures, or those of one batch size, as in ``serve:4``."""
    pictures, rows = photographs(), []
    for batch in BATCHES if not case else (int(case),):
        with service(batch) as port:
            load(port, max(CLIENTS), 3, pictures)  # every replica has loaded the style
            rows += of_clients(port, pictures, f"batch={batch}")
            if batch == BATCHES[0]:
                rows += of_a_death(port, pictures)
    report(f"The service: {REPLICAS} replicas, {SIDE}x{SIDE}, {os.cpu_count()} cores", rows)


if __name__ == "__main__":
    main()
