import http.server
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from impasto.base import reachability as reach
from impasto.base.cache import cache_dir


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path))
    monkeypatch.setenv("IMPASTO_OFFLINE", "0")
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    reach.reachable.cache_clear()
    yield tmp_path
    reach.reachable.cache_clear()


@pytest.fixture
def server() -> Iterator[str]:
    handler = type("Handler", (http.server.BaseHTTPRequestHandler,), {"log_message": lambda *_: None})
    running = http.server.HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}/some/file"
    running.shutdown()
    running.server_close()


def test_a_server_that_answers_even_with_an_error_is_reachable(fresh: Path, server: str) -> None:
    assert reach.reachable(server)
    assert next(iter(json.loads((fresh / "reach.json").read_text()).values()))[0] == 1


def test_no_server(fresh: Path) -> None:
    assert not reach.reachable("http://127.0.0.1:9/")


def test_the_answer_is_remembered_on_disk_for_a_while(
    fresh: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = server.split("/")[2]
    (fresh / "reach.json").write_text(json.dumps({host: [0.0, time.time()]}))
    assert not reach.reachable(server)
    reach.reachable.cache_clear()
    (fresh / "reach.json").write_text(json.dumps({host: [0.0, time.time() - 2 * reach.REMEMBERED]}))
    assert reach.reachable(server)


def test_a_silent_server_is_given_up_in_time(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "PATIENCE", 0.2)
    waiting = threading.Event()
    monkeypatch.setattr(reach, "_answers", lambda url: waiting.wait(30))
    began = time.monotonic()
    assert not reach.reachable("http://silent.example/")
    assert time.monotonic() - began < 5
    waiting.set()


def test_offline_by_wish(fresh: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPASTO_OFFLINE", "1")
    assert not reach.reachable(server)


def test_hugging_face_alone_offline_by_wish(fresh: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(reach, "_answers", lambda url: True)
    assert not reach.reachable("https://huggingface.co")
    assert reach.reachable("https://api.wandb.ai")
    assert reach.reachable(server)


def test_cache_dir_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path / "elsewhere"))
    assert cache_dir() == tmp_path / "elsewhere"
    monkeypatch.delenv("IMPASTO_CACHE")
    assert cache_dir() == Path.home() / ".cache" / "impasto"
