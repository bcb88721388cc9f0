"""Shared by all tests: nothing leaves the machine, nothing is written outside a test's own folder."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from impasto.base.ray_session import prepare, ray_session

# Before torch is imported: tests run side by side, and some start several processes.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["WANDB_MODE"] = "offline"
os.environ["WANDB_SILENT"] = "true"
# Before Ray is imported, which some test modules do; whatever cluster this machine may belong to.
os.environ.pop("RAY_ADDRESS", None)
prepare()

LOCAL = ("127.0.0.1", "::1", "localhost", "0.0.0.0", "")


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for the whole session, so that data is packed once."""
    folder = tmp_path_factory.mktemp("cache")
    os.environ["IMPASTO_CACHE"] = str(folder)
    os.environ["IMPASTO_OFFLINE"] = os.environ["HF_HUB_OFFLINE"] = "1"
    return folder


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that reaches for the network fails at once instead of depending on it."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and str(address[0]) not in LOCAL:  # type: ignore[index]
            raise OSError(f"tests do not use the network (asked for {address})")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """The folder of a run that trained a tiny translation model."""
    import torch

    from tests.translation_run import checkpoint_content

    folder = tmp_path / "run"
    (folder / "checkpoints").mkdir(parents=True)
    torch.save(checkpoint_content(), folder / "checkpoints" / "last.ckpt")
    return folder


@pytest.fixture(scope="session")
def ray(cache: Path) -> Iterator[Any]:
    """One small Ray for all tests that need one, since its start costs seconds."""
    found = pytest.importorskip("ray", reason="the serve extra is not installed")
    pytest.importorskip("ray.data", reason="the serve extra is not installed")
    with ray_session(cores=8):
        yield found
