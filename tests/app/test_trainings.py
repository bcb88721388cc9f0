"""One training at a time, the others in a queue; what was learnt is kept when one is stopped."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from PIL import Image

from impasto.app import trainings as module
from impasto.app.learn import kept
from impasto.app.places import NotHere, Shelf
from impasto.app.records import title_of
from impasto.app.trainings import Training, Trainings, command, seconds_of
from impasto.base.errors import UserError
from impasto.run.command_line.arguments import with_text_quoted
from impasto.run.command_line.entry import register_resolvers
from tests.app.conftest import pretended
from tests.training import CONF

Start = Callable[..., Trainings]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    (tmp_path / "learnt").write_bytes(b"a style")
    monkeypatch.setattr(module, "command", pretended(tmp_path / "learnt"))
    opened: list[Trainings] = []

    def start(*further: str) -> Trainings:
        opened.append(Trainings(tmp_path / "outputs", Shelf(tmp_path / "lessons"), further))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


@pytest.fixture
def pictures(tmp_path: Path) -> Sequence[Path]:
    Image.new("RGB", (64, 64), "red").save(tmp_path / "red.png")
    return [tmp_path / "red.png"]


def until(state: str, training: Training) -> None:
    limit = time.monotonic() + 120
    while training.state != state:
        assert time.monotonic() < limit, (training.state, (training.folder / "train.log").read_text())
        time.sleep(0.02)


def test_one_learns_while_the_other_waits_and_stopping_keeps_the_style(start: Start, pictures: Sequence[Path]) -> None:
    trainings = start()
    first, second = trainings.ask(pictures), trainings.ask(pictures)
    until("learning", first)
    assert (second.state, trainings.place(second), trainings.place(first)) == ("waiting", 1, 0)
    assert first.minutes == 2
    assert first.seconds_left() is not None
    limit = time.monotonic() + 60
    while not first.style.is_file() or first.said_left[0] != 90:
        assert time.monotonic() < limit
        time.sleep(0.02)
    left = first.seconds_left()
    assert left is not None
    assert left <= 90
    assert first.sheet == first.run / "samples" / "000000196.png"
    trainings.stop(second)
    assert (second.state, trainings.place(second)) == ("failed", 0)
    trainings.stop(first)
    until("done", first)
    assert first.style.is_file()


def test_a_training_that_fails_says_why_and_the_next_begins(start: Start, pictures: Sequence[Path]) -> None:
    trainings = start("fail")
    first, second = trainings.ask(pictures), trainings.ask(pictures)
    until("failed", second)
    assert first.reason == "Nothing was learnt: No picture here can be read; give others."
    for token in ("", "..", None, second.folder.name[:-1]):
        with pytest.raises(NotHere):
            trainings.of(token)


def test_a_style_is_kept_once_under_a_harmless_name(start: Start, pictures: Sequence[Path], tmp_path: Path) -> None:
    training = start("short").ask(pictures)
    until("done", training)
    own = tmp_path / "styles"
    assert kept(own, training, "../../Ink & <rice>") == "Ink rice"
    assert (own / "Ink rice.safetensors").read_bytes() == training.style.read_bytes()
    assert title_of(training.run) == "Ink rice"
    for name, said in (("Ink rice", "already"), ("van_gogh", "already"), ("../", "Give it a name"), (None, "name")):
        with pytest.raises(UserError, match=said):
            kept(own, training, name)


def test_runs_of_the_same_second_have_folders_of_their_own(start: Start, pictures: Sequence[Path]) -> None:
    trainings = start()
    runs = [trainings.ask(pictures).run for _ in range(3)]
    assert len(set(runs)) == 3
    assert all("_personal_style" in run.name for run in runs)
    assert {title_of(run) for run in runs} <= {"personal style", "personal style 2", "personal style 3"}


def test_the_real_command_composes(tmp_path: Path) -> None:
    (tmp_path / "a b" / "pictures").mkdir(parents=True)
    training = Training(tmp_path / "a b", tmp_path / "run=1", 2.0)
    _, script, *overrides = command(training, ["minutes=1"])
    assert Path(script).name == "train.py"
    register_resolvers()
    with initialize_config_dir(CONF, version_base="1.3"):
        cfg = compose("train", with_text_quoted(overrides), return_hydra_config=True)
    assert (cfg.data.style, cfg.minutes) == (str(tmp_path / "a b" / "pictures"), 1)
    assert cfg.hydra.run.dir == str(tmp_path / "run=1")


@pytest.mark.parametrize(("clock", "seconds"), [("0:05", 5), ("2:03", 123), ("1:02:03", 3723)])
def test_clocks_are_read(clock: str, seconds: float) -> None:
    assert seconds_of(clock) == seconds
