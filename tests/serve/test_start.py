"""The service as a whole, on Ray Serve: replicas, batches, deaths."""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

pytest.importorskip("ray.serve", reason="the serve extra is not installed")
pytest.importorskip("uvicorn", reason="the serve extra is not installed")

import uvicorn
from hydra import compose, initialize_config_dir

from impasto.base.errors import UserError
from impasto.base.visitors import Limits
from impasto.inference.repaint import Look
from impasto.painters.adapters import base_sha256, save_adapter
from impasto.painters.style_base import load_base, save_base
from impasto.serve.easel import Easel, Order
from impasto.serve.front import Front
from impasto.serve.settings import Settings
from impasto.serve.shelf import Shelf
from impasto.serve.start import listening, serving
from impasto.serve.uploads import inspect
from serve import serve as command
from tests.serve.pictures import encoded, pixels
from tests.style_painter import style_of, style_painter
from tests.training import CONF

LIMITS = Limits(10**6, 10**6)
PATIENCE = 200


def settings(checkpoint: Path, adapters: Path, **others: Any) -> Settings:
    given: dict[str, Any] = {
        **{"checkpoint": str(checkpoint), "adapters": adapters, "kept": 4, "replicas": 2, "cores": 1, "batch": 4},
        **{"limits": LIMITS, "max_waiting": 64, "host": "127.0.0.1", "port": 1, "token": None, "device": "cpu"},
        **{"direction": None, "trust": ()},
    }
    return Settings(**{**given, **others})


@dataclass
class Service:
    front: Front
    url: str
    easel: Easel

    def paint(self, data: bytes) -> httpx.Response:
        return httpx.post(f"{self.url}/paint?style=mine", content=data, timeout=PATIENCE, trust_env=False)

    def expected(self, data: bytes) -> bytes:
        canvas = self.easel.prepare(Order(inspect(data, LIMITS), "mine", Look(brush="auto")))
        self.easel.paint([canvas])
        return self.easel.finish(canvas, 1).data


@pytest.fixture(scope="module")
def service(ray: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("served")
    save_base(style_painter(), folder / "base.safetensors")
    painter = load_base(folder / "base.safetensors", device="cpu")
    (folder / "adapters").mkdir()
    save_adapter(folder / "adapters" / "mine.safetensors", style_of(painter), base_sha256(painter))
    with ExitStack() as stack:
        front = stack.enter_context(serving(settings(folder / "base.safetensors", folder / "adapters")))
        listener = stack.enter_context(listening("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(front.app(), log_level="warning"))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            yield Service(front, url, Easel(painter, Shelf(folder / "adapters"), LIMITS))
        finally:
            server.should_exit = True
            thread.join()


def test_paintings_are_those_of_the_easel(service: Service) -> None:
    data = encoded("JPEG")
    response = service.paint(data)
    assert (response.status_code, response.headers["content-type"]) == (200, "image/jpeg")
    assert response.content == service.expected(data)
    assert httpx.get(f"{service.url}/health", trust_env=False).json() == {"replicas": 2}
    refused = service.paint(b"hello")
    assert (refused.status_code, list(refused.json())) == (415, ["error"])


def test_ray_keeps_other_machines_out(service: Service) -> None:
    import ray.util
    from ray._private.authentication.authentication_utils import is_token_auth_enabled, validate_request_token

    assert ray.util.get_node_ip_address() == "127.0.0.1"
    assert service.front.of_ray is not None
    assert service.front.of_ray.startswith("http://127.0.0.1:")
    # One port of each replica is open to other machines nevertheless.
    assert is_token_auth_enabled()
    assert validate_request_token(f"Bearer {os.environ['RAY_AUTH_TOKEN']}")
    assert not validate_request_token("Bearer other")


def test_no_request_is_lost_when_a_replica_is_killed(service: Service) -> None:
    pictures = [encoded("PNG", 240, 320, seed) for seed in range(24)]
    expected = [service.expected(data) for data in pictures]
    pids = {pid_of(process) for process in Path("/proc").iterdir() if process.name.isdecimal()} - {0}
    assert len(pids) == 2
    value = service.front.counters.registry.get_sample_value
    before = value("impasto_retries_total")
    painted, killed = threading.Event(), threading.Event()

    def client(data: bytes) -> list[httpx.Response]:
        """Asks again and again, so that both replicas have several at hand whenever one of them is killed."""
        answers = []
        while not killed.is_set():
            answers.append(service.paint(data))
            painted.set()
        return answers

    with ThreadPoolExecutor(len(pictures)) as pool:
        clients = [pool.submit(client, data) for data in pictures]
        assert painted.wait(PATIENCE)
        os.kill(min(pids), signal.SIGKILL)
        killed.set()
        answered = [each.result() for each in clients]
    for answers, whole in zip(answered, expected, strict=True):
        for response in answers:
            assert response.status_code == 200
            assert np.abs(pixels(response.content) - pixels(whole)).max() <= 1  # a batch rounds otherwise
    after = {name: value(f"impasto_{name}") or 0 for name in ("retries_total", "together_sum", "together_count")}
    assert before == 0
    assert after["retries_total"] >= 1
    assert after["together_sum"] > after["together_count"], "some were painted together"


def pid_of(process: Path) -> int:
    """Of a replica's process that belongs to this one; 0 for others."""
    try:
        title = (process / "cmdline").read_bytes()
        return int(process.name) if title.startswith(b"ray::ServeReplica:impasto-%d" % os.getpid()) else 0
    except OSError:
        return 0


def test_the_command_serves_what_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Settings] = []
    monkeypatch.setattr("impasto.serve.start.serve_paintings", told.append)
    for token in (None, "a-token-of-enough-letters"):
        if token is None:
            monkeypatch.delenv("IMPASTO_TOKEN", raising=False)
        else:
            monkeypatch.setenv("IMPASTO_TOKEN", token)
        with initialize_config_dir(CONF, version_base="1.3"):
            command(compose("serve", ["replicas=3"]))
        assert (told[-1].replicas, told[-1].host, told[-1].token) == (3, "127.0.0.1", token)


def test_an_address_that_is_taken_is_said_before_anything_starts() -> None:
    with listening("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(UserError, match=rf"^host=127\.0\.0\.1 port={port} cannot be listened on"),
            listening("127.0.0.1", port),
        ):
            pass
