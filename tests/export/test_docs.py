"""What docs/export.md shows for use elsewhere does what it says: from Python, and in a browser."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from impasto.export.command import export
from impasto.export.settings import Settings
from tests.export.painters import PAINTERS
from tests.style_painter import photo, style_painter

PAGE = (Path(__file__).parents[2] / "docs" / "export.md").read_text()
RUNTIME = "node_modules/onnxruntime-web/dist/ort.wasm.min.js"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A painter and pictures, as the page calls them."""
    folder = tmp_path_factory.mktemp("elsewhere")
    list(export(PAINTERS["plain"](), folder / "painter.onnx", Settings(uint8=True)))
    Image.fromarray(photo(37, 50)).save(folder / "photo.png")
    return folder


def run_without_impasto(code: str, folder: Path) -> None:
    """In a process that cannot import it, nor torch."""
    hidden = "import sys; sys.modules |= dict.fromkeys(('impasto', 'torch', 'onnx'))\n"
    subprocess.run([sys.executable, "-c", hidden + code.replace(".jpg", ".png")], cwd=folder, check=True, timeout=120)


def test_from_python(folder: Path) -> None:
    run_without_impasto(blocks("python")[0], folder)
    with Image.open(folder / "painting.png") as painting:
        assert painting.size == (50, 37)
        assert np.asarray(painting).std() > 1


def test_from_python_in_any_style(tmp_path: Path) -> None:
    painter = style_painter()
    list(export(painter, tmp_path / "base.onnx", Settings(uint8=True)))
    Image.fromarray(photo(37, 50)).save(tmp_path / "photo.png")
    Image.fromarray(photo(40, 40, 1)).save(tmp_path / "style.png")
    run_without_impasto(blocks("python")[1], tmp_path)
    with Image.open(tmp_path / "painting.png") as painting:
        assert painting.size == (50, 37)
        assert np.asarray(painting).std() > 1


def web_runtime(scratch: Path) -> Path:
    """A folder in which onnxruntime-web is installed: that of ``IMPASTO_NODE``, or a new one; skips without npm."""
    given = os.environ.get("IMPASTO_NODE")
    place = scratch if given is None else Path(given)
    if not (place / RUNTIME).is_file():
        if shutil.which("npm") is None:
            pytest.skip("npm is not installed")
        place.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "onnxruntime-web@1"]
        try:
            subprocess.run(command, cwd=place, check=True, capture_output=True, timeout=100)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            pytest.skip("npm cannot install onnxruntime-web")
    return place


def test_in_a_browser(folder: Path, tmp_path: Path) -> None:
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("chromium is not installed")
    (folder / "node_modules").symlink_to(web_runtime(tmp_path / "web") / "node_modules")
    content = photo(20, 26)
    clear = np.concatenate([content, np.full((20, 26, 1), 255, np.uint8)], 2)
    told = f"""<script>
      const picture = new ImageData(new Uint8ClampedArray({clear.flatten().tolist()}), 26, 20);
      const tell = (text) => fetch("/told", {{ method: "POST", body: text }});
      paint(picture).then(
        (painted) => tell(JSON.stringify([painted.width, painted.height, ...painted.data])),
        (problem) => tell(JSON.stringify(String(problem))));
    </script>"""
    (folder / "index.html").write_text(blocks("html")[0] + told)
    found = answer_of_page(browser, folder, tmp_path / "profile")
    assert isinstance(found, list), found
    painted = np.array(found[2:], np.uint8).reshape(found[1], found[0], 4)
    assert painted.shape == (20, 26, 4)
    session = onnxruntime.InferenceSession(str(folder / "painter.onnx"), providers=["CPUExecutionProvider"])
    wanted = session.run(None, {"content": content[None]})[0][0]
    assert wanted.std() > 1
    assert np.abs(painted[..., :3].astype(int) - wanted).max() <= 1


def answer_of_page(browser: str, folder: Path, profile: Path) -> Any:
    """What index.html sends back, of a folder that is served to a browser without a window."""
    answers: list[str] = []
    told = threading.Event()

    class Handler(SimpleHTTPRequestHandler):
        def do_POST(self) -> None:
            answers.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(204)
            self.end_headers()
            told.set()

        def log_message(self, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    flags += [f"--user-data-dir={profile}", "--disable-dev-shm-usage", f"http://127.0.0.1:{server.server_port}/"]
    command = [browser, *flags]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            assert told.wait(90), "the page said nothing"
        finally:
            process.terminate()
            server.shutdown()
            server.server_close()
    return json.loads(answers[0])
