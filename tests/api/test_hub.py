"""Models and styles go to a stand-in for the Hub on this machine, its HTTP in small, and come back the same."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import huggingface_hub.constants
import numpy as np
import pytest
import torch

import impasto
from impasto.api.hub import from_pretrained, push_to_hub
from impasto.api.model import Model
from impasto.api.model_card import card, figures, shareable
from impasto.base.errors import UserError
from impasto.painters.adapters import Adapter, base_sha256, save_adapter
from tests.style_painter import photo, style_of, style_painter

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(BaseHTTPRequestHandler):
    """Holds files of repositories; takes commits whose files are inside, and gives files."""

    files: dict[str, dict[str, bytes]]
    asked: list[str]

    def do_POST(self) -> None:
        path = urlparse(self.path).path
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append(path)
        if path == "/api/repos/create":
            told = json.loads(body)
            name = "/".join(filter(None, (told.get("organization"), told["name"])))
            self.files.setdefault(name, {})
            return self.say({"url": f"{self.address}/{name}", "private": told.get("private")})
        if path == "/api/validate-yaml":
            return self.say({"errors": [], "warnings": []})
        name = "/".join(path.split("/")[3:5])
        if "/preupload/" in path:
            names = [each["path"] for each in json.loads(body)["files"]]
            return self.say(
                {"files": [{"path": each, "uploadMode": "regular", "shouldIgnore": False} for each in names]}
            )
        for line in body.splitlines():
            told = json.loads(line)
            if told["key"] == "file":
                self.files[name][told["value"]["path"]] = base64.b64decode(told["value"]["content"])
        return self.say({"success": True, "commitOid": COMMIT, "commitUrl": f"{self.address}/{name}/commit/{COMMIT}"})

    def do_GET(self) -> None:
        path = unquote(urlparse(self.path).path)
        self.asked.append(path)
        if path.startswith("/api/models/"):
            name = "/".join(path.split("/")[3:5])
            if name not in self.files:
                return self.refuse("RepoNotFound")
            siblings = [{"rfilename": each} for each in self.files[name]]
            return self.say({"id": name, "modelId": name, "sha": COMMIT, "siblings": siblings})
        name, _, file = path.strip("/").partition("/resolve/")
        file = file.partition("/")[2]
        if name not in self.files:
            return self.refuse("RepoNotFound")
        if file not in self.files[name]:
            return self.refuse("EntryNotFound")
        content = self.files[name][file]
        headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Repo-Commit": COMMIT}
        return self.answer(200, content, headers)

    do_HEAD = do_GET  # noqa: N815

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def say(self, told: Any) -> None:
        self.answer(200, json.dumps(told).encode(), {"Content-Type": "application/json"})

    def refuse(self, code: str) -> None:
        self.answer(404, b"{}", {"X-Error-Code": code, "X-Repo-Commit": COMMIT})

    def answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None: ...


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[str, type[Hub]]]:
    class Own(Hub):
        files: dict[str, dict[str, bytes]] = {}  # noqa: RUF012
        asked: list[str] = []  # noqa: RUF012

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Own)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", Own
    server.shutdown()
    server.server_close()


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    painter = style_painter()
    settings = {"style": "/home/somebody/pictures", "kimg": 1.6, "seconds": 61.5}
    path = tmp_path / "mine.safetensors"
    save_adapter(path, style_of(painter), base_sha256(painter), settings, {"nearest_patch": 0.51234}, 3)
    return path


def test_a_style_goes_there_and_back(hub: tuple[str, type[Hub]], adapter: Path) -> None:
    address, there = hub
    about = {"Pictures": "Three drawings of my own."}
    url = push_to_hub(adapter, "somebody/mine", licence="cc-by-4.0", about=about, token="hf_x", endpoint=address)
    assert url == f"{address}/somebody/mine"
    assert set(there.files["somebody/mine"]) >= {"style.safetensors", "README.md"}
    told = there.files["somebody/mine"]["README.md"].decode()
    assert told.startswith("---\nlicense: cc-by-4.0\nlibrary_name: impasto\n")
    assert "| nearest_patch |  | 0.5123 |" in told
    assert "A style learnt from 3 pictures" in told
    assert "Three drawings of my own." in told
    assert b"somebody/pictures" not in b"".join(there.files["somebody/mine"].values())
    back = from_pretrained("somebody/mine", token="hf_x", endpoint=address)
    assert isinstance(back, Adapter)
    own = impasto.read_adapter(adapter)
    assert torch.equal(back.style.code, own.style.code)
    assert back.scores == own.scores
    assert back.settings == {"style": "pictures", "kimg": 1.6, "seconds": 61.5}


def test_a_run_goes_there_and_back(hub: tuple[str, type[Hub]], run_dir: Path) -> None:
    address, there = hub
    record = {"best": 0.42, "higher_is_better": False, "interval": [0.29, 0.54], "controls": {"content": 1.2}}
    summary = {"metrics": {"frechet": record}, "protocols": {"all": {"split": "held_out", "path": "/home/me/x"}}}
    summary |= {"data": {"content": {"name": "folder cats", "fingerprint": "ab", "train": 7, "held_out": 2}}}
    summary |= {"overrides": ["data.root=/home/me/cats"], "seed": 3, "seconds": 12.0, "status": "complete"}
    (run_dir / "summary.json").write_text(json.dumps(summary))
    push_to_hub(run_dir, "me/model", licence="mit", token="hf_x", endpoint=address)
    files = there.files["me/model"]
    assert set(files) >= {"model.safetensors", "summary.json", "README.md"}
    told = files["README.md"].decode()
    assert "| frechet | lower | 0.42 | 0.29 to 0.54 | 1.2 |" in told
    assert "| content | folder cats | 7 | 2 | ab |" in told
    assert b"/home/me" not in b"".join(files.values())
    back = from_pretrained("me/model", device="cpu", token="hf_x", endpoint=address)
    assert isinstance(back, Model)
    pixels = photo(16, 16)
    assert np.array_equal(back.paint(pixels), impasto.load(run_dir, device="cpu").paint(pixels))


def test_what_the_hub_answers_is_a_sentence(hub: tuple[str, type[Hub]], monkeypatch: pytest.MonkeyPatch) -> None:
    address, there = hub
    with pytest.raises(UserError, match="nobody/none is not on the Hub, or not for you"):
        from_pretrained("nobody/none", token="hf_x", endpoint=address)
    there.files["some/thing"] = {"pytorch_model.bin": b"pickled"}
    with pytest.raises(UserError, match=r"holds neither model\.safetensors nor style\.safetensors"):
        from_pretrained("some/thing", token="hf_x", endpoint=address)
    there.files["some/thing"] = {"model.safetensors": b"no weights"}
    with pytest.raises(UserError, match="damaged, or no safetensors file"):
        from_pretrained("some/thing", token="hf_x", endpoint=address)
    with pytest.raises(UserError, match=r"a/b/c is no name on the Hub"):
        from_pretrained("a/b/c", endpoint=address)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="The Hub cannot be reached"):
        from_pretrained("nobody/other", endpoint=address)


def test_a_card_without_figures_says_so() -> None:
    told = card("Paints.", "me/model", {}, "mit", {})
    assert "Nothing was measured" in told
    assert "Not recorded." in told
    assert 'impasto.from_pretrained("me/model")' in told


def test_paths_keep_their_last_part() -> None:
    value = {"data": {"name": "/home/me/cats"}, "overrides": ["x=/home"], "list": ["/a/b", 3], "share": "1/2 of each"}
    assert shareable(value) == {"data": {"name": "cats"}, "list": ["b", 3], "share": "1/2 of each"}


def test_controls_of_several_figures_share_a_table() -> None:
    told = figures(
        {"metrics": {"a": {"best": 1.0, "controls": {"x": 2.0}}, "b": {"best": 3.0, "controls": {"y": 4.0}}}}
    )
    assert told.splitlines()[0] == "| figure | better | value | 95% interval | x | y |"
    assert told.splitlines()[3] == "| b |  | 3 |  |  | 4 |"
