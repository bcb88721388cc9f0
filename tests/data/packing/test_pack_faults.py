"""Kills, full disks, read-only folders, two runs at once, a million pictures."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.base import files
from impasto.base.errors import UserError
from impasto.base.notices import forget_notices
from impasto.data.packing import pack as packing
from impasto.data.packing.pack import pack
from impasto.data.sources.source import Item
from tests.data.runs import COUNT, POLICY, Counted, check, start

CHUNK = 8


def killed(folder: Path, event: str, workers: int = 0) -> None:
    assert start(folder, event, workers).wait(60) == -signal.SIGKILL
    assert not list((folder / "packed").glob("*/meta.json")) or event == "finish"
    (folder / "log").unlink()


# Killed while item 30 is fetched, 3 chunks of 5 are done; in the middle of the third write, 2; at the end, all.
@pytest.mark.parametrize(("event", "done"), [("source", 3), ("stream source", 3), ("write", 2), ("finish", 5)])
def test_killed_packing_goes_on(tmp_path: Path, event: str, done: int) -> None:
    killed(tmp_path, event)
    source = Counted(tmp_path / "log", known=event != "stream source")
    packed = pack(source, POLICY, tmp_path, workers=0, progress=False)
    assert source.asked() == list(range(done * CHUNK, COUNT))
    check(packed)
    assert sorted(path.suffix for path in packed.folder.parent.iterdir()) in ([""], ["", ".lock"])


def test_killed_packing_with_workers_goes_on(tmp_path: Path) -> None:
    killed(tmp_path, "source", workers=1)
    source = Counted(tmp_path / "log")
    check(pack(source, POLICY, tmp_path, workers=2, progress=False))
    # Two chunks at most are on their way to one worker, so of the three that were handed out it had done two.
    assert source.asked()[0] in {2 * CHUNK, 3 * CHUNK}


def test_worker_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    code = """
import multiprocessing, os, signal, sys, time
from impasto.data.packing.chunks import start_worker
def work(pipe):
    start_worker()
    pipe.send(os.getpid())
    while True: time.sleep(60)
if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    context.Process(target=work, args=(there,)).start()
    print(here.recv(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    script = tmp_path / "orphan.py"
    script.write_text(code)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run([sys.executable, script], stdout=subprocess.PIPE, text=True, env=environment)
    # The pipe of the output is at its end only when the orphan is gone too; else this would hang.
    assert run.returncode == -signal.SIGKILL
    assert int(run.stdout) > 0


def test_torn_journal_line_is_dropped(tmp_path: Path) -> None:
    killed(tmp_path, "source")
    (journal,) = (tmp_path / "packed").glob("*.partial/journal.jsonl")
    journal.write_bytes(journal.read_bytes()[:-20])
    source = Counted(tmp_path / "log")
    check(pack(source, POLICY, tmp_path, workers=0, progress=False))
    assert source.asked()[0] == 2 * CHUNK


def test_chunk_missing_in_the_middle(tmp_path: Path) -> None:
    killed(tmp_path, "source")
    (journal,) = (tmp_path / "packed").glob("*.partial/journal.jsonl")
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(lines[2] + lines[0])
    check(pack(Counted(tmp_path / "log"), POLICY, tmp_path, workers=0, progress=False))


def test_runs_at_once_share_the_work(tmp_path: Path) -> None:
    runs = [start(tmp_path, "none", 0) for _ in range(3)]
    answers = {run.communicate(timeout=60)[0] for run in runs}
    assert [run.returncode for run in runs] == [0, 0, 0]
    assert len(answers) == 1
    source = Counted(tmp_path / "log")
    assert source.asked() == list(range(COUNT))  # one of them packed
    check(pack(source, POLICY, tmp_path))


def test_second_run_waits_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = threading.Event()
    monkeypatch.setattr(files, "notice", lambda key, sentence: waits.set())

    class Slow(Counted):
        def items(self, start: int = 0) -> Iterator[Item]:
            second.start()
            assert waits.wait(30)
            yield from super().items(start)

    results = []
    source = Counted(tmp_path / "other log")
    second = threading.Thread(target=lambda: results.append(pack(source, POLICY, tmp_path, workers=0, progress=False)))
    check(pack(Slow(tmp_path / "log"), POLICY, tmp_path, workers=0, progress=False))
    second.join(30)
    check(results[0])
    assert source.asked() == []


@pytest.mark.parametrize("workers", [0, 1])
def test_full_disk(tmp_path: Path, workers: int) -> None:
    partial = tmp_path / "packed" / (packing._key(Counted(tmp_path / "log"), POLICY, None) + ".partial")
    partial.mkdir(parents=True)
    (partial / "images.u8").symlink_to("/dev/full")  # the kernel's own full disk
    with pytest.raises(UserError, match=r"its disk is full: set data\.cache_dir"):
        pack(Counted(tmp_path / "log"), POLICY, tmp_path, workers=workers, progress=False)
    (partial / "images.u8").unlink()
    check(pack(Counted(tmp_path / "log"), POLICY, tmp_path, workers=0, progress=False))


@pytest.mark.parametrize("place", ["save", "rename"])
def test_disk_fails_at_the_end(tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(*((np, "save", full) if place == "save" else (Path, "rename", full)))
        with pytest.raises(UserError, match="its disk is full"):
            pack(Counted(tmp_path / "log"), POLICY, tmp_path, workers=0, progress=False)
    assert not [path for path in (tmp_path / "packed").iterdir() if path.is_dir() and path.suffix != ".partial"]
    check(pack(Counted(tmp_path / "log"), POLICY, tmp_path, workers=0, progress=False))


def test_too_little_room_is_seen_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=10**7)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    source = Counted(tmp_path / "log")
    with pytest.raises(UserError, match=r"77 MB are needed in .*, 10 MB are free: set data\.cache_dir"):
        pack(source, POLICY, tmp_path, progress=False)
    assert source.asked() == []


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without root's right to write anywhere."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may look into, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    folder.chmod(0o777)
    shutil.rmtree(folder)


def test_read_only_cache(open_folder: Path) -> None:
    open_folder.chmod(0o555)
    with as_nobody(), pytest.raises(UserError, match=r"permission denied: set data\.cache_dir"):
        pack(Counted(open_folder / "log"), POLICY, open_folder, workers=0, progress=False)
    open_folder.chmod(0o777)
    pack(Counted(open_folder / "log"), POLICY, open_folder, workers=0, progress=False)
    open_folder.chmod(0o555)
    (open_folder / "packed").chmod(0o555)
    with as_nobody():  # what is there can be read without writing
        check(pack(Counted(open_folder / "log"), POLICY, open_folder, progress=False))
    (open_folder / "packed").chmod(0o777)


def test_file_in_the_way_of_the_cache(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="a part of the path is a file"):
        pack(Counted(tmp_path / "log"), POLICY, tmp_path / "file", workers=0, progress=False)


def test_unreadable_cache_is_not_taken_for_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = pack(Counted(tmp_path / "log"), POLICY, tmp_path, workers=0, progress=False)

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(np, "load", refuse)
        with pytest.raises(UserError, match="cannot be used, permission denied"):
            pack(Counted(tmp_path / "log"), POLICY, tmp_path, workers=0, progress=False)
    assert (packed.folder / "meta.json").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("names.jsonl", b""),
        ("names.jsonl", b'"00000'),
        ("names.jsonl", None),
        ("name_offsets.npy", b""),
        ("name_offsets.npy", None),
        ("bad_images.csv", None),
        ("status.npy", b""),
        ("meta.json", b"[1]"),
        ("meta.json", b'{"rows": "x", "shape": [3], "class_names": []}'),
    ],
)
def test_damaged_records_are_packed_again(
    tmp_path: Path, name: str, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    path = pack(Counted(tmp_path / "log"), POLICY, tmp_path, workers=0, progress=False).folder / name
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    forget_notices()
    again = pack(Counted(tmp_path / "log"), POLICY, tmp_path, workers=0, progress=False)
    check(again)
    assert len(list(again.every_name())) == len(again)
    assert "are damaged and are packed again" in caplog.text


@pytest.mark.parametrize("damage", ["cut", "meta", "labels"])
def test_damaged_array_is_packed_again(tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    packed = pack(Counted(tmp_path / "log"), POLICY, tmp_path, workers=0, progress=False)
    if damage == "cut":
        os.truncate(packed.folder / "images.u8", 1000)
    else:
        path = packed.folder / {"meta": "meta.json", "labels": "labels.npy"}[damage]
        path.write_bytes(path.read_bytes()[:20])
    check(pack(Counted(tmp_path / "log"), POLICY, tmp_path, workers=0, progress=False))
    assert "are damaged and are packed again" in caplog.text


def test_killed_worker_is_explained(tmp_path: Path) -> None:
    class Deadly(Counted):
        def items(self, start: int = 0) -> Iterator[Item]:
            yield Item("x", Killer())  # type: ignore[arg-type]

    with pytest.raises(UserError, match="was killed, most likely for lack of memory"):
        pack(Deadly(tmp_path / "log"), POLICY, tmp_path, workers=1, progress=False)


class Killer:
    """Kills the process that unpickles it."""

    def __reduce__(self) -> tuple:
        return _suicide, ()


def _suicide() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


MEMORY = """
import json, resource, sys
from pathlib import Path
import numpy as np
from impasto.data.packing.packed import open_packed
packed = open_packed(Path(sys.argv[1]))
rng = np.random.default_rng(0)
for _ in range(300):
    packed.batch(rng.integers(len(packed), size=64))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def sparse(folder: Path, rows: int) -> Path:
    """Packed black pictures of 64x64 that take no room."""
    folder.mkdir()
    (folder / "images.u8").touch()
    os.truncate(folder / "images.u8", rows * 64 * 64 * 3)
    np.save(folder / "status.npy", np.zeros(rows, np.uint8))
    np.save(folder / "sizes.npy", np.full((rows, 2), 64, np.int32))
    np.save(folder / "labels.npy", np.zeros(rows, np.int64))
    np.save(folder / "name_offsets.npy", np.zeros(rows, np.int64))
    (folder / "names.jsonl").write_text('"black"\n')
    (folder / "bad_images.csv").write_text("name,reason\n")
    meta = {"format": 1, "rows": rows, "shape": [64, 64, 3], "class_names": ["a"]}
    (folder / "meta.json").write_text(json.dumps(meta))
    return folder


def test_memory_of_reading_does_not_grow_with_the_pictures(tmp_path: Path) -> None:
    used = []
    for rows in (1000, 1_000_000):
        command = [sys.executable, "-c", MEMORY, str(sparse(tmp_path / str(rows), rows))]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        used.append(int(subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment).stdout))
    assert (used[1] - used[0]) * 1024 < 100e6  # of 12 GB, 250 MB of which are read


PACKING_MEMORY = """
import resource, sys, tempfile
import numpy as np
from impasto.data.sources.source import Item
from impasto.data.packing.pack import pack
from impasto.data.packing.sizing import SizePolicy
class Many:
    origin, class_names = "sample", ()
    def __init__(self, length): self.length = length
    def fingerprint(self): return str(self.length)
    def items(self, start=0):
        for i in range(start, self.length):
            yield Item(f"{i:0100}", np.frombuffer(i.to_bytes(4, "little"), np.uint8).reshape(2, 2))
with tempfile.TemporaryDirectory() as folder:
    def peak(count):
        pack(Many(count), SizePolicy(2, 2, channels=1), folder, workers=0, progress=False)
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    few = peak(1000)
    print(peak(41000) - few)
"""


def test_memory_of_packing_does_not_grow_with_the_pictures() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run([sys.executable, "-c", PACKING_MEMORY], stdout=subprocess.PIPE, check=True, env=environment)
    # 40,000 names of 100 letters would take 6 MB as Python objects; arrays take 29 bytes an item, 3 MB with copies.
    assert int(run.stdout) * 1024 < 6e6


def test_a_script_without_a_guard_packs_in_processes(tmp_path: Path) -> None:
    """A spawned process imports the script that runs, which would begin anew in each."""
    (tmp_path / "in").mkdir()
    for number in range(4):
        Image.fromarray(np.full((4, 4, 3), number, np.uint8)).save(tmp_path / "in" / f"{number}.png")
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\n"
        "from impasto.data.packing.pack import pack\n"
        "from impasto.data.packing.sizing import SizePolicy\n"
        "from impasto.data.sources.folder import FolderSource\n"
        f"place = Path({str(tmp_path)!r})\n"
        "print(len(pack(FolderSource(place / 'in'), SizePolicy(2, 2), place / 'cache', workers=1, progress=False)))\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, env=os.environ)
    assert done.stdout == "4\n", done.stderr
