"""Who is answered, and what can be asked for: over HTTP, without a browser."""

import os
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from impasto.app.server import COOKIE, guarded
from impasto.app.settings import Settings, settings_from
from impasto.app.start import check_port
from impasto.base.errors import UserError
from tests.app.conftest import Served, make_contenders


def app(token: str | None) -> TestClient:
    inner = FastAPI()
    guarded(inner, token, 1000)
    inner.get("/thing")(lambda: "inside")
    inner.post("/thing")(lambda: "changed")
    return TestClient(inner, base_url="http://127.0.0.1:7860", follow_redirects=False)


def test_this_machine_alone_is_answered_without_a_token() -> None:
    client = app(None)
    for host in ("127.0.0.1:7860", "localhost:7860", "[::1]:7860"):
        assert client.get("/thing", headers={"host": host}).json() == "inside"
    for host in ("evil.example", "192.168.0.7:7860", "127.0.0.1.evil.example", ""):
        assert client.get("/thing", headers={"host": host}).status_code == 403


def test_a_host_that_cannot_be_read_is_refused() -> None:
    client = app(None)
    assert client.get("/thing", headers={"host": "[::1"}).status_code == 403
    headers = {"origin": "http://[::1"}
    assert client.post("/thing", headers=headers).status_code == 403


def test_another_page_may_not_ask() -> None:
    client = app(None)
    assert client.post("/thing", headers={"origin": "http://evil.example"}).status_code == 403
    assert client.post("/thing", headers={"origin": "null"}).status_code == 403
    assert client.post("/thing", headers={"origin": "http://127.0.0.1:7860"}).json() == "changed"


def test_a_token_opens_the_page_and_leaves_the_address() -> None:
    client = app("a long enough one")
    assert client.get("/thing").status_code == 401
    assert client.get("/thing", cookies={COOKIE: "wrong"}).status_code == 401
    assert client.get("/?token=wrong").status_code == 401
    assert "That is not the token" in client.get("/?token=wrong").text
    opened = client.get("/", params={"token": "a long enough one"})
    assert (opened.status_code, opened.headers["location"]) == (303, "/")
    assert "httponly" in opened.headers["set-cookie"].lower()
    assert "samesite=strict" in opened.headers["set-cookie"].lower()
    assert client.get("/thing").json() == "inside"


def test_what_is_too_large_or_useless_is_refused() -> None:
    client = app(None)
    assert client.post("/thing", content=b"x" * 70_000).status_code == 413
    assert client.get("/gradio_api/proxy=http://example.org").status_code == 404
    answer = client.get("/thing")
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


PLAIN: dict[str, Any] = {
    **{"mode": "all", "checkpoint": None, "runs": "outputs", "styles": "outputs/styles", "rate": None, "votes": None},
    **{"host": None, "token": None, "port": 7860, "open": False, "max_megabytes": 1, "max_megapixels": 2},
    **{"train": [], "device": "cpu", "trust": []},
}


def test_only_a_host_needs_a_token_and_it_is_long() -> None:
    alone = settings_from(PLAIN)
    assert (alone.host, alone.token) == ("127.0.0.1", None)
    assert (alone.max_bytes, alone.max_pixels) == (10**6, 2 * 10**6)
    made = settings_from(PLAIN | {"host": "0.0.0.0"}).token
    assert made is not None
    assert len(made) >= 20
    assert settings_from(PLAIN | {"host": "0.0.0.0", "token": "1234567890123456"}).token == "1234567890123456"
    with pytest.raises(UserError, match="no text of 16"):
        settings_from(PLAIN | {"token": "123456789012345"})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"mode": "some"}, "give all or rate"),
        ({"mode": "rate"}, "give rate="),
        ({"rate": "/nowhere/at/all"}, "is no folder"),
        ({"port": "x"}, "port=x"),
        ({"port": 65536}, "port=65536 does not fit"),
        ({"open": "yes"}, "open=yes"),
        ({"runs": __file__}, "is a file; give a folder"),
        ({"styles": __file__}, "is a file; give a folder"),
        ({"votes": "/"}, "votes=/ is a folder"),
        ({"max_megabytes": 0}, "max_megabytes=0"),
    ],
)
def test_settings_that_do_not_fit_are_named(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        settings_from(PLAIN | given)


@pytest.fixture
def client(served: Served) -> httpx.Client:
    return httpx.Client(base_url=served.url)


@pytest.mark.parametrize(
    "address",
    [
        *("pictures/../../secret/shown.jpg", "pictures/%2e%2e/shown.jpg", "pictures/AAAAAAAAAAAAAAAAAAAAAA/shown.jpg"),
        *("results/AAAAAAAAAAAAAAAAAAAAAA/x.png", "results/%2e%2e%2f%2e%2e/passwd", "results/..%5c../x"),
        *("styles/own/../../../etc/passwd.jpg", "styles/own/%2e%2e%2f%2e%2e%2fsecret.jpg", "styles/brought/...jpg"),
        *("styles/shipped/nobody.jpg", "photographs/..%2fcat.jpg", "photographs/none.jpg"),
        *("gradio_api/file=/etc/passwd", "gradio_api/file=../../../../etc/passwd", "gradio_api/file=pyproject.toml"),
        *("file=/etc/passwd", "static/../../../etc/passwd", "assets/..%2f..%2f..%2fetc/passwd", "docs", "openapi.json"),
    ],
)
def test_nothing_outside_the_pages_folders_is_read(client: httpx.Client, served: Served, address: str) -> None:
    os.makedirs(served.work.parent / "secret", exist_ok=True)  # noqa: PTH103
    Image.new("RGB", (8, 8)).save(served.work.parent / "secret" / "shown.jpg")
    answer = client.get(f"{served.url}{address}")
    assert answer.status_code in (403, 404), answer.text[:200]
    assert "root:" not in answer.text


def test_uploads_above_the_limit_are_refused(client: httpx.Client, tmp_path: Path) -> None:
    answer = client.post("gradio_api/upload", files={"files": ("big.png", b"x" * 3 * 10**6)})
    assert answer.status_code == 413
    assert client.post("gradio_api/upload", files={"files": ("s.png", b"x" * 100)}).status_code == 200


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"port={port}"):
            check_port(Settings(Path("runs"), Path("styles"), port=port))


def test_what_cannot_be_a_machine_is_named() -> None:
    with pytest.raises(UserError, match=r"host=ü{70} port=7860 \(no name of a machine\)"):
        check_port(Settings(Path("runs"), Path("styles"), host="ü" * 70))


def test_mode_rate_opens_only_the_tab_rate(served: Served, tmp_path: Path) -> None:
    from impasto.app.build import build

    folder = make_contenders(tmp_path / "compare")
    settings = Settings(tmp_path, tmp_path, mode="rate", rate=folder, votes=tmp_path / "votes.jsonl")
    client = TestClient(build(settings, tmp_path), base_url="http://127.0.0.1:7860")
    page = client.get("/").text
    assert 'id="stage"' not in page
    assert '"elem_id":"ballot"' in page.replace('": "', '":"')
    assert '"elem_id":"stage"' not in page.replace('": "', '":"')
    assert client.get("/styles/shipped/van_gogh.jpg").status_code == 404
