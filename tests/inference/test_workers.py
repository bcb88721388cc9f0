"""Painting in several processes."""

import logging
import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from impasto.base import files
from impasto.base.errors import UserError
from impasto.base.notices import forget_notices, log, notice
from impasto.inference.batches import over_pictures
from impasto.inference.console import follow
from impasto.inference.events import Done, Painted, Progress, Skipped, Started
from impasto.inference.restyle import restyle
from impasto.inference.style_choice import choose_styles
from impasto.inference.workers import TRIES, Worker, choose_over, counted, over_workers, remove_parts, size_of_blocks
from tests.style_painter import photo, style_painter


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"launcher": "slurm"}, r"^launcher=slurm is not known: give launcher=ray, or"),
        ({"workers": 2}, r"^workers=2 paints in several processes: give launcher=ray too"),
        ({"launcher": "ray", "workers": 0}, r"^workers=0 does not fit"),
        (
            {"launcher": "ray", "workers": 100_000},
            r"^workers=100000 is too many for the cores of this machine: give \d+",
        ),
        ({"launcher": "ray", "sheet": 3}, r"^sheet= is made in one process: leave it out, or launcher=ray\.$"),
    ],
)
def test_settings_that_make_no_sense_are_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError, match=says):
        choose_over(given.get("launcher"), given.get("workers"), {"sheet": given.get("sheet")})


def test_without_a_launcher_pictures_are_painted_in_turn() -> None:
    assert choose_over(None, None, {"sheet": 3}) is over_pictures


@pytest.mark.parametrize(("pictures", "workers", "size"), [(3, 2, 1), (100, 2, 6), (10**6, 8, 16), (1, 64, 1)])
def test_workers_get_a_few_pictures_at_a_time(pictures: int, workers: int, size: int) -> None:
    assert size_of_blocks(pictures, workers) == size


def test_what_dead_workers_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    kept = [tmp_path / name for name in (".99887766aabbccdd.part", "a.png", ".abcd1234.txt")]
    for path in (*kept, tmp_path / ".abcd1234ffff0000.part"):
        path.touch()
    remove_parts([tmp_path / "a.png", tmp_path / "b.png"], "abcd1234")
    assert sorted(tmp_path.iterdir()) == sorted(kept)


def paint(source: Path, target: Path) -> Generator[Progress, None, Painted]:
    yield Progress(source, 0, 1)
    log.warning("something on %s", source.name)
    if source.name == "bad":
        raise UserError("it is bad.")
    if source.name == "full":
        raise OSError(28, "No space left on device", str(target))
    return Painted(source, target, ("a note",))


def test_a_worker_gives_the_events_of_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pickle

    monkeypatch.setattr(files, "part_mark", "")
    worker, found = Worker(lambda: paint, "abcd", 1), []
    assert files.part_mark == "abcd"
    for name in ("good", "bad", "full"):
        event, tries, said = pickle.loads(worker({"job": pickle.dumps((Path(name), tmp_path / name))})["event"])
        assert (tries, said) == (1, [(logging.WARNING, f"something on {name}")])
        found.append(event)
    assert not list(tmp_path.iterdir())
    assert found[0] == Painted(Path("good"), tmp_path / "good", ("a note",))
    assert found[1] == Skipped(Path("bad"), "it is bad")
    assert isinstance(found[2], UserError)
    assert "free some space" in str(found[2])


def test_tries_are_counted_beyond_the_death_of_a_process(tmp_path: Path) -> None:
    target = tmp_path / "below" / "a.png"

    def die() -> int:
        """As if the process ended within the block."""
        block = counted(target, "abcd")
        tries = block.__enter__()
        blocks.append(block)
        return tries

    blocks: list[Any] = []
    assert [die(), die()] == [1, TRIES] == [1, 2]
    with pytest.raises(UserError, match=r"^2 workers died when they painted it"), counted(target, "abcd"):
        raise AssertionError
    assert not list(target.parent.iterdir())
    for _ in range(3):  # one that lives on leaves nothing
        with counted(target, "abcd") as tries:
            assert tries == 1


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "below").mkdir(parents=True)
    for number, name in enumerate(("a.png", "b.jpg", "below/c.png", "d.gif", "e.png")):
        Image.fromarray(photo(20 + 3 * number, 31, number)).save(folder / name)
    (folder / "broken.png").write_bytes((folder / "a.png").read_bytes()[:300])
    Image.fromarray(np.arange(620, dtype=np.uint16).reshape(20, 31) * 100).save(folder / "deep.png")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_bytes_and_messages_as_in_one_process(
    ray: Any, photos: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "impasto")
    painter, said = style_painter(), {}
    for name, over in (("one", over_pictures), ("two", choose_over("ray", 2, {}))):
        caplog.clear()
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").write_bytes(b"painted before")
        events = restyle(painter, choose_styles("harvest"), photos, tmp_path / name, over=over)
        with pytest.raises(UserError, match=r"^1 of 6 pictures were skipped"):
            follow(events)
        told = [text for text in caplog.messages if not text.startswith("painting: ")]  # how far, on a slow machine
        said[name] = sorted(text.replace(str(tmp_path / name), "OUT") for text in told)
    assert said["one"] == said["two"]
    assert any(text.startswith(f"Skipped {photos / 'broken.png'}: ") for text in said["two"])
    assert len(contents(tmp_path / "one")) == 6
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert contents(tmp_path / "two")["a.png"] == b"painted before"
    assert "1 of 7 are there already; overwrite=true paints them again." in said["two"]


def deadly(source: Path, target: Path) -> Iterator[Progress]:
    """Kills its process the first time that it paints b, half way, and each time that it paints c."""
    yield Progress(source, 0, 1)
    notice("test", "Said by each worker.")
    with files.whole_or_not(target) as temporary:
        temporary.write_text("half")
        first = target.parent / "died"
        if source.name == "b" and not first.exists():
            first.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if source.name == "c":
            os.kill(os.getpid(), signal.SIGKILL)
        temporary.write_text(f"painted {source.name}")
    return Painted(source, target)  # type: ignore[return-value]


def test_workers_die_and_each_picture_is_painted_once(
    ray: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    forget_notices()
    jobs = {Path(name): tmp_path / name for name in "abdefc"}
    events = [*over_workers(jobs, (), tmp_path, deadly, workers=2)]  # type: ignore[arg-type]
    assert events[0] == Started(6)
    assert events[-1] == Done(5, 1, tmp_path)
    assert sorted(str(each.source) for each in events if isinstance(each, Painted)) == list("abdef")
    assert caplog.text.count("Said by each worker.") == 1
    assert caplog.text.count("A worker died, and another one went on") == 1
    lost = [each for each in events if isinstance(each, Skipped)]
    assert lost == [Skipped(Path("c"), "2 workers died when they painted it; it may not fit into memory")]
    left = contents(tmp_path)
    assert left.pop("died") == b""
    assert left == {name: f"painted {name}".encode() for name in "abdef"}, "no half files are left"
