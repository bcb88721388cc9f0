"""A model that is told captions: one's own folder captioned, trained, resumed, measured, and painted with by prompt."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from PIL import Image

from explain import explain
from generate import generate
from impasto.base.errors import UserError
from impasto.data.captions import captions_as_vectors, read_captions
from impasto.data.sources.captioned_shapes import Picture, scene_of
from impasto.evaluation.command import measure_checkpoint
from impasto.run.command_line.arguments import with_text_quoted
from tests.test_training import NARROW, SMALL, same
from tests.training import CONF, composed, train, weights

EVALUATE = Path(CONF, "evaluation")
COUNT = 24


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of shapes in two folders, with a text beside each."""
    folder = tmp_path_factory.mktemp("data") / "pictures"
    for i in range(COUNT):
        path = folder / f"part_{i % 2}" / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(Picture(0, i)(np.zeros(1), 16)).save(path)
        path.with_suffix(".txt").write_text(scene_of(0, i).caption + "\n")
    return folder


def told(pictures: Path, *overrides: str) -> list[str]:
    tiny = [
        "model.generator.text.width=8",
        "model.discriminator.heads.matching.features=8",
        "model.discriminator.heads.captioning.width=8",
        "data.holdout=0.25",
    ]
    measured = ["evaluation=captions", "evaluation.num_images=8"]
    own = [f"data.root={pictures}", "data.flip=false", "data.resize=stretch", "condition=text"]
    small = [each for each in SMALL if not each.startswith("evaluation")]
    return [*small, *NARROW, "model=cgan", *own, *tiny, *measured, *overrides]


@pytest.fixture(scope="module")
def whole(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 48 pictures."""
    run_dir = tmp_path_factory.mktemp("whole") / "run"
    train(composed(run_dir, *told(pictures, "kimg=0.048")))
    return run_dir


def test_a_run_is_measured_and_resumed(whole: Path, pictures: Path, tmp_path: Path) -> None:
    summary = json.loads((whole / "summary.json").read_text())
    assert summary["data"]["vectors"]["length"] == 10
    assert 0 <= summary["metrics"]["caption_all"]["final"] <= 1
    overrides = told(pictures, "kimg=0.048")
    train(composed(tmp_path, *overrides, "callbacks.stop.kimg=0.024"))  # as if stopped half-way
    train(composed(tmp_path, *overrides, f"resume={tmp_path}"))
    a, b = weights(whole), weights(tmp_path)
    assert "red" in a["impasto"]["spec"]["image"]["vocabulary"]["words"]
    assert same(a["state_dict"], b["state_dict"])


def test_measured_after_training_beside_its_controls(whole: Path) -> None:
    with initialize_config_dir(CONF, version_base="1.3"):
        cfg = compose("evaluate", [f"checkpoint={whole / 'checkpoints' / 'last.ckpt'}", "evaluation.num_images=6"])
    result = measure_checkpoint(cfg, EVALUATE)
    rows = result.measurement.rows
    assert list(rows) == ["painted", "painted, captions of others", "painted without a caption", "real pictures"]
    assert rows["real pictures"]["caption_relation"] > 0.8  # at 16 pixels not all can be read
    assert rows["painted"].keys() == rows["real pictures"].keys() >= {"caption_all", "caption_color", "caption_shape"}


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("prompt=a Red circle, above it: a sea", "a Red circle, above it: a sea"),
        ("prompt=[a red circle,a blue square]", ["a red circle", "a blue square"]),
        ("prompt=words.txt", "words.txt"),
    ],
)
def test_a_prompt_as_shells_write_it(given: str, meant: str | list[str]) -> None:
    with initialize_config_dir(CONF, version_base="1.3"):
        cfg = compose("generate", with_text_quoted(["checkpoint=run", "output=out", given]))
    assert cfg.prompt == meant


def paint(whole: Path, output: Path, *settings: str) -> None:
    with initialize_config_dir(CONF, version_base="1.3"):
        wanted = [f"checkpoint={whole}", f"output={output}", "device=cpu", "grid=2", *settings]
        generate(compose("generate", wanted))


def test_painted_by_prompt(whole: Path, tmp_path: Path) -> None:
    prompts = "prompt=['a red circle above a blue square','a small square']"
    paint(whole, tmp_path / "a", prompts, "num_images=3")
    with (tmp_path / "a" / "captions.csv").open() as file:
        rows = list(csv.reader(file))
    first, second = "a red circle above a blue square", "a small square"
    assert rows == [["file", "caption"], ["000000.png", first], ["000001.png", second], ["000002.png", first]]
    paint(whole, tmp_path / "b", prompts, "num_images=3", "truncation=0")
    a, b = (np.asarray(Image.open(tmp_path / name / "000000.png")) for name in "ab")
    assert not np.array_equal(a, b)
    again = [np.asarray(Image.open(tmp_path / "b" / f"00000{i}.png")) for i in (0, 2)]
    assert np.array_equal(*again)  # without chance, the same words make the same picture


def test_words_class_and_style_picture_of_one_model(pictures: Path, whole: Path, tmp_path: Path) -> None:
    mixed = [each.replace("condition=text", "condition=mixed") for each in told(pictures, "kimg=0.032")]
    unmeasured = [each for each in mixed if not each.startswith("evaluation")]
    train(composed(tmp_path / "run", *unmeasured, "model.drop_condition=0.5", "evaluation=none"))
    spec = weights(tmp_path / "run")["impasto"]["spec"]["image"]
    assert (spec["beside"], spec["class_names"]) == (["label", "style"], ["part_0", "part_1"])
    dark = tmp_path / "dark.png"
    Image.new("RGB", (9, 12), "navy").save(dark)
    prompt, label, style = "prompt=a red circle", "label=part_1", f"style={dark}"
    said = [(prompt, label, style), (prompt, label), (prompt, style), ("prompt=''", label, style), ("prompt=''",)]
    made = []
    for number, settings in enumerate(said):
        paint(tmp_path / "run", tmp_path / str(number), "num_images=1", *settings)
        made.append(np.asarray(Image.open(tmp_path / str(number) / "000000.png")))
    assert len({each.tobytes() for each in made}) == len(said)  # each is told, and each can be left out
    for settings, message in [
        ((prompt, style), "with style pictures"),
        ((prompt, label), "without labels"),
    ]:
        with pytest.raises(SystemExit, match=message):
            paint(whole, tmp_path, *settings)
    with pytest.raises(SystemExit, match="cannot be used"):
        paint(tmp_path / "run", tmp_path, prompt, "style=no.png")


@pytest.mark.parametrize(
    ("settings", "message"),
    [((), "set prompt="), (("prompt=3",), "any of these words"), (("prompt=no.txt",), "does not exist")],
)
def test_a_prompt_that_cannot_be_painted(whole: Path, tmp_path: Path, settings: list[str], message: str) -> None:
    with pytest.raises(SystemExit, match=message):
        paint(whole, tmp_path, *settings)


def test_directions_are_found_under_a_prompt(whole: Path, tmp_path: Path) -> None:
    few = ["num_images=64", "num_measured=8", "rows=1", "steps=2", "directions=1", "seconds=0", "num_searched=0"]
    few += ["methods=[sefa]"]
    call = [f"checkpoint={whole}", f"output={tmp_path}", "device=cpu", "attributes=[brightness]", *few]
    with initialize_config_dir(CONF, version_base="1.3"):
        untold, told_it = (compose("explain", [*call, *more]) for more in ([], ["prompt=a red circle"]))
    with pytest.raises(SystemExit, match="set prompt="):
        explain(untold)
    explain(told_it)
    assert set(json.loads((tmp_path / "sliders.json").read_text())["sliders"]) == {"sefa_1"}


def test_tables_go_before_texts_beside_pictures(pictures: Path, tmp_path: Path) -> None:
    beside = read_captions("auto", str(pictures), None)
    assert len(beside) == COUNT
    assert beside["part_1/3.png"] == scene_of(0, 3).caption
    (tmp_path / "captions.jsonl").write_text(
        '{"file": "a.png", "caption": "one"}\n\n{"file_name": "b.png", "text": "two"}\n'
    )
    assert read_captions("auto", str(tmp_path), {"c.png": "own"}) == {"c.png": "own"}
    assert read_captions("auto", str(tmp_path), None) == {"a.png": "one", "b.png": "two"}
    (tmp_path / "captions.csv").write_text("file,caption\na.png,first\na.png,second\n")
    assert read_captions("auto", str(tmp_path), None) == {"a.png": "first"}
    (tmp_path / "captions.csv").write_text("file,words\na.png,first\n")
    with pytest.raises(UserError, match="line 2, has no file or no caption"):
        read_captions("auto", str(tmp_path), None)
    with pytest.raises(UserError, match=r"data\.captions=3 is neither \.csv nor \.jsonl"):
        read_captions(3, None, None)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"data\.flip=false"):
        captions_as_vectors({"a.png": "left of it"}, "here", flip=True)
