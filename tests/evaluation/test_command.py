"""``src/evaluate.py`` from end to end, on models that were trained for a few pictures."""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from hydra import compose, initialize_config_dir
from jsonschema import Draft202012Validator, ValidationError
from omegaconf import DictConfig, OmegaConf
from PIL import Image
from referencing import Registry, Resource
from rich.console import Console
from torch import nn

from impasto.base.cache import cache_dir
from impasto.base.errors import UserError
from impasto.base.notices import forget_notices, notices
from impasto.base.spec import ImageSpec
from impasto.evaluation.arguments import is_of_checkpoint
from impasto.evaluation.command import (
    Result,
    build_data,
    measure_checkpoint,
    output_of,
    protocol,
)
from impasto.evaluation.folder_measurements import measure_folders
from impasto.evaluation.folders import labels_of, open_generated, pack_folder, size_of_first
from impasto.evaluation.protocols.figure_records import full_record
from impasto.evaluation.protocols.measurement import Measurement, check_fit
from impasto.evaluation.protocols.noise import NoiseProtocol
from impasto.evaluation.protocols.translation import TranslationProtocol
from impasto.evaluation.style_measurements import measure_styled
from impasto.evaluation.table import show
from impasto.painters.loading import load_painter
from impasto.painters.painter import Origin, Painter
from impasto.run.command_line.entry import register_resolvers
from tests.evaluation.conftest import random_images, write_folder
from tests.training import CONF, ROOT, composed, make_pictures, train

PROTOCOLS = Path(CONF, "evaluation")
MORE = ("classification", "attack", "corruption", "dna")
TINY = "evaluation.features=tests.evaluation.conftest.TinyExtractor"


def composed_evaluate(*overrides: str) -> DictConfig:
    register_resolvers()
    with initialize_config_dir(CONF, version_base="1.3"):
        return compose("evaluate", [TINY, *overrides])


def test_every_setting_of_a_protocol_can_be_given() -> None:
    known = {
        key
        for file in ("default", "translation", "paired", "restoration", "style", *MORE)
        for key in OmegaConf.load(PROTOCOLS / f"{file}.yaml")
    }
    given = composed_evaluate().evaluation
    assert set(given) == known - {"_target_"}


def shown(result: Result, width: int = 160) -> str:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    show(result, console)
    return console.export_text()


@pytest.fixture(scope="module")
def noise_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp_path = tmp_path_factory.mktemp("noise")
    pictures = make_pictures(tmp_path / "pictures", each=20)
    data = ["data=image_folder", f"data.root={pictures}", "data.image_size=16", "data.batch_size=4"]
    small = ["model.generator.latent_dim=4", "model=gan", "kimg=0.008", TINY]
    small += ["evaluation.num_images=16", "evaluation.kid_subset_size=8", "callbacks.evaluation.every_kimg=0.004"]
    train(composed(tmp_path / "run", *data, *small))
    return tmp_path / "run"


def test_a_run_is_measured_while_and_after_it_trains_alike(noise_run: Path) -> None:
    summary = json.loads((noise_run / "summary.json").read_text())
    assert summary["main_metric"] == "fd_tiny"
    record = full_record(summary, "fd_tiny")
    assert {"extractor", "weights_sha256", "resizer", "generated", "real", "split", "fingerprint", "interval"} <= set(
        record
    )
    assert (noise_run / "samples" / "neighbours.png").is_file()
    with (noise_run / "metrics.csv").open() as file:
        assert sum(bool(row.get("eval/fd_tiny")) for row in csv.DictReader(file)) == 2
    last = noise_run / "checkpoints" / "last.ckpt"
    result = measure_checkpoint(composed_evaluate(f"checkpoint={last}"), PROTOCOLS)  # by the run's own protocol
    assert result.path == noise_run / "evaluation.json"
    assert output_of(composed_evaluate("protocol=attack"), noise_run) == noise_run / "evaluation_attack.json"
    assert result.report["sheets"] == ["evaluation_samples.png", "evaluation_neighbours.png"]
    with Image.open(noise_run / "evaluation_samples.png") as sheet:
        assert sheet.size == (8 * 18 - 2, 8 * 18 - 2)
    assert (noise_run / "evaluation_neighbours.png").read_bytes() == (
        noise_run / "samples" / "neighbours.png"
    ).read_bytes()
    for name, value in result.measurement.figures.items():
        assert value == pytest.approx(summary["metrics"][name]["final"], rel=1e-5, abs=1e-9), name
    assert full_record(json.loads(json.dumps(result.report)), "kid_tiny")["generated"] == 16
    narrow = shown(result, width=80)
    assert "…" not in narrow, "no name is cut short"
    table = narrow[narrow.index("figure ") : narrow.index("by tiny")].splitlines()
    assert len(table) == 2 + len(result.measurement.figures) + narrow.count("real against real"), "one line a figure"
    assert max(map(len, table)) <= 80
    text = shown(result)
    assert "real against real" in text
    assert "real against real" in (noise_run / "report.html").read_text()
    assert "fd ↓" in text
    assert "fd_classifier ↓" in text


SCHEMAS = {
    name: json.loads((ROOT / "src" / "impasto" / "run" / "records" / name).read_text())
    for name in ("summary.schema.json", "evaluation.schema.json")
}


def validate(content: Any, schema: str) -> None:
    resources = Registry().with_resources((name, Resource.from_contents(text)) for name, text in SCHEMAS.items())
    Draft202012Validator(SCHEMAS[schema], registry=resources).validate(json.loads(json.dumps(content)))


def test_what_is_written_follows_its_schema_and_says_nothing_twice(noise_run: Path) -> None:
    summary = json.loads((noise_run / "summary.json").read_text())
    validate(summary, "summary.schema.json")
    report = measure_checkpoint(composed_evaluate(f"checkpoint={noise_run}"), PROTOCOLS).report
    validate(report, "evaluation.schema.json")
    for content in (summary, report):
        assert set(content["protocols"]) == {"all", "tiny", "classifier", "pixels"}
        assert "generated" in content["protocols"]["all"]
        for entry in content["metrics"].values():
            shared = content["protocols"]["all"] | content["protocols"][entry["protocol"]]
            assert shared.keys().isdisjoint(entry)
        assert full_record(content, "class_share_min")["extractor"] == "classifier"
        by_class = {name: entry["by_class"] for name, entry in content["metrics"].items() if "by_class" in entry}
        assert all(classes.keys() == {"class_0", "class_1"} for classes in by_class.values())
        assert {"class_share_min", "class_balance_min", "class_diversity_tiny"} <= set(by_class)
    with pytest.raises(ValidationError):
        validate({**report, "metrics": {}}, "evaluation.schema.json")


def test_a_model_that_is_told_no_labels_is_not_judged_by_them(noise_run: Path) -> None:
    summary = json.loads((noise_run / "summary.json").read_text())
    assert summary["conditional"] is False
    result = measure_checkpoint(composed_evaluate(f"checkpoint={noise_run}"), PROTOCOLS)
    for metrics in (summary["metrics"], result.report["metrics"]):
        assert "class_accuracy" not in metrics
        assert metrics["class_share_max"]["by_class"].keys() == {"class_0", "class_1"}
        assert metrics["class_diversity_tiny"]["grouped_by"] == "classifier"
    assert "Columns:" not in (noise_run / "report.html").read_text()


def test_pictures_are_compared_with_those_trained_on(noise_run: Path, tmp_path: Path) -> None:
    more = make_pictures(tmp_path / "more", each=21)
    forget_notices()
    measure_checkpoint(composed_evaluate(f"checkpoint={noise_run}"), PROTOCOLS)
    assert "evaluation.data" not in notices()
    cfg = composed_evaluate(f"checkpoint={noise_run}", f"+data.root={more}", "evaluation.metrics=[kid]")
    result = measure_checkpoint(cfg, PROTOCOLS)
    assert "trained on 40 pictures, and now there are 42" in result.report["notices"]["evaluation.data"]
    (more / "class_0").rename(more / "dress")
    with pytest.raises(UserError, match=r"trained on the classes class_0, class_1, and the data has class_1, dress"):
        measure_checkpoint(cfg, PROTOCOLS)
    with pytest.raises(UserError, match=r"evaluation\.split=zzz is not known: choose one of train, held_out"):
        measure_checkpoint(composed_evaluate(f"checkpoint={noise_run}", "evaluation.split=zzz"), PROTOCOLS)


def test_a_checkpoints_cache_is_not_read(noise_run: Path, tmp_path: Path) -> None:
    generator = load_painter(noise_run, device="cpu")
    generator.origin.config["data"]["cache_dir"] = str(tmp_path / "poisoned")
    data = build_data(generator, composed_evaluate())
    assert data.cache_dir == cache_dir()
    assert not (tmp_path / "poisoned").exists()
    assert build_data(generator, composed_evaluate(f"+data.cache_dir={tmp_path}")).cache_dir == tmp_path


def test_a_model_that_repaints_gets_its_controls(tmp_path: Path) -> None:
    sides = {
        side: write_folder(random_images(8, i, 32), tmp_path / side) for i, side in enumerate(("content", "style"))
    }
    data = ["data=unpaired", *(f"data.{side}={folder}" for side, folder in sides.items())]
    data += ["data.image_size=16", "data.pack_size=32", "data.holdout=0.5"]
    small = ["model=fastcut", "model.generator.features=4", "model.generator.blocks=1", "term.nce.layers=[0,4]"]
    small += ["model.discriminator.features=4", "model.discriminator.layers=1", "kimg=0.002", TINY]
    small += ["evaluation.num_images=8", "evaluation.num_style=16"]
    train(composed(tmp_path / "run", *data, *small))
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert set(summary["metrics"]["kid_tiny"]["controls"]) == {
        "content",
        "content in the style's colours",
        "paintings trained on",
    }
    result = measure_checkpoint(composed_evaluate(f"checkpoint={tmp_path / 'run'}"), PROTOCOLS)
    assert result.measurement.figures["structure"] == pytest.approx(summary["metrics"]["structure"]["final"], rel=1e-5)
    record = full_record(result.report, "kid_tiny")
    assert (record["generated"], record["content_pictures"]) == (8, 4)
    assert (record["split"], record["content_split"]) == ("held_out", "held_out")
    assert "structure ↑" in shown(result, width=80)
    text = shown(result)
    assert "content in the style's colours" in text
    assert "structure ↑" in text
    text = " ".join(text.split())
    assert len(re.findall("no interval, one side is of [2-4] pictures", text)) == 1
    assert "8 crops of 4 pictures in each row, against 16 crops of 4 pictures" in text
    report = (tmp_path / "run" / "report.html").read_text()
    assert re.search("none: one side is of [2-4] pictures", report)
    assert "generated 8, real 16" in report


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    real = make_pictures(tmp_path / "real", each=20)
    generated = write_folder(random_images(9, 0), tmp_path / "generated")
    rows = [(f"{i:05d}.png", f"class_{i % 2}") for i in range(9)]
    with (generated / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "label"), *rows])
    write_folder(random_images(1, 0, 64), tmp_path / "sheet")
    (tmp_path / "sheet" / "00000.png").rename(generated / "grid.png")
    return {"generated": generated, "real": real}


def test_a_folder_against_a_folder(folders: dict[str, Path], tmp_path: Path) -> None:
    cfg = composed_evaluate(*(f"{name}={folder}" for name, folder in folders.items()), f"output={tmp_path / 'x.json'}")
    result = measure_folders(cfg, PROTOCOLS)
    record = result.measurement.comparability["fd_tiny"]
    assert record["generated"] == 9, "grid.png is a sheet"
    assert record["split"] is None
    assert 0 <= result.measurement.figures["class_accuracy"] <= 1
    assert result.path == tmp_path / "x.json"
    assert result.report["image_size"] == [16, 16]


def test_a_sheet_is_no_picture_on_either_side(
    folders: dict[str, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "impasto")
    (folders["generated"] / "00000.png").rename(folders["generated"] / "000000.png")  # as generate.py names it
    cfg = composed_evaluate(*(f"{name}={folders['generated']}" for name in folders), f"output={tmp_path / 'x.json'}")
    record = measure_folders(cfg, PROTOCOLS).measurement.comparability["fd_tiny"]
    assert (record["generated"], record["real"]) == (9, 9)
    assert "10 pictures" not in caplog.text
    (folders["generated"] / "000000.png").rename(folders["generated"] / "mine.png")
    assert len(pack_folder(folders["generated"], (16, 16), "real")) == 10, "a picture that happens to be named so"


def test_bad_pictures_are_named_counted_and_skipped(
    folders: dict[str, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folders["generated"] / "00000.png").write_bytes(b"\x89PNG no picture")
    (folders["generated"] / "00001.png").write_bytes((folders["generated"] / "00002.png").read_bytes())
    (folders["real"] / "class_0" / "broken.png").write_bytes(b"")
    cfg = composed_evaluate(*(f"{name}={folder}" for name, folder in folders.items()), f"output={tmp_path / 'x.json'}")
    result = measure_folders(cfg, PROTOCOLS)
    assert result.report["bad_images"] == {"generated": 1, "real": 1}
    assert (
        result.measurement.comparability["fd_tiny"]["generated"],
        result.measurement.comparability["fd_tiny"]["real"],
    ) == (8, 40)
    with (tmp_path / "bad_images.csv").open(newline="") as file:
        named = [row["name"] for row in csv.DictReader(file)]
    assert named == [str(folders["generated"] / "00000.png"), str(folders["real"] / "class_0" / "broken.png")]
    assert all(name in caplog.text for name in named)


def test_folders_have_no_parts(folders: dict[str, Path]) -> None:
    cfg = composed_evaluate(*(f"{name}={folder}" for name, folder in folders.items()), "evaluation.split=held_out")
    with pytest.raises(UserError, match=r"evaluation\.split is for checkpoint="):
        measure_folders(cfg, PROTOCOLS)


@pytest.mark.parametrize("setting", ["split=held_out", "style=there"])
def test_a_folder_of_style_is_named_by_style(folders: dict[str, Path], setting: str) -> None:
    given = (f"generated={folders['generated']}", f"content={folders['real']}", f"style={folders['real']}")
    with pytest.raises(UserError, match=rf"evaluation\.{setting.partition('=')[0]} is for checkpoint=.*with style="):
        measure_styled(composed_evaluate(*given, f"evaluation.{setting}"), PROTOCOLS)


def test_a_table_of_labels_without_its_columns_is_named(folders: dict[str, Path], tmp_path: Path) -> None:
    (folders["generated"] / "labels.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match=r"labels\.csv has no columns file and label"):
        open_generated(folders["generated"], (16, 16), tmp_path / "packed")


def test_labels_are_told_by_name(folders: dict[str, Path], tmp_path: Path) -> None:
    assert size_of_first(folders["generated"]) == (16, 16)
    generated = open_generated(folders["generated"], (16, 16), tmp_path / "packed")
    real = open_generated(folders["real"], (16, 16), tmp_path / "packed")
    labels = labels_of(generated, real, 5)
    assert labels is not None
    assert labels.tolist() == [0, 1, 0, 1, 0]
    assert labels_of(real, generated.subset([0]), 5) is not None
    (folders["generated"] / "labels.csv").write_text("file,label\n00000.png,else\n")
    assert labels_of(open_generated(folders["generated"], (16, 16), tmp_path / "again"), real, 5) is None


def test_what_to_measure_must_be_clear() -> None:
    assert is_of_checkpoint(composed_evaluate("checkpoint=a"))
    assert not is_of_checkpoint(composed_evaluate("generated=a", "real=b"))
    for wrong in ([], ["generated=a"], ["checkpoint=a", "real=b"], ["checkpoint=a", "generated=a", "real=b"]):
        with pytest.raises(UserError, match="either checkpoint"):
            is_of_checkpoint(composed_evaluate(*wrong))


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(UserError, match=r"evaluation\.nope is no setting of default\.yaml"):
        protocol(composed_evaluate("+evaluation.nope=1"), PROTOCOLS / "default.yaml")
    assert protocol(composed_evaluate("evaluation.num_images=7"), PROTOCOLS / "default.yaml").num_images == 7


def test_a_protocol_starts_from_the_runs_own() -> None:
    file = PROTOCOLS / "default.yaml"
    run = {"_target_": "os.getcwd", "num_images": 7, "num_real": None, "cache_dir": "/poisoned", "nonsense": 1}
    found = protocol(composed_evaluate(), file, run)
    assert isinstance(found, NoiseProtocol)
    assert (found.num_images, found.num_real, found.cache_dir) == (7, None, None)
    assert protocol(composed_evaluate("evaluation.num_images=9"), file, run).num_images == 9
    assert protocol(composed_evaluate("evaluation.num_images=9"), file, None).num_real == 10_000


@pytest.mark.parametrize(
    "own",
    [
        {"features": "os.getcwd"},
        {"features": {"_target_": "os.getcwd"}},
        {"features": "impasto.networks.pretrained.inception.torch.load"},
        {"num_images": "${oc.create:{_target_: os.getcwd}}"},
        {"metrics": [{"_target_": "os.getcwd"}]},
        {"seed": torch.zeros(1)},
    ],
)
def test_a_protocol_from_a_checkpoint_runs_nothing(own: dict[str, Any]) -> None:
    cfg = composed_evaluate()
    cfg.evaluation.features = None
    with pytest.raises(UserError, match="not opened"):
        protocol(cfg, PROTOCOLS / "default.yaml", own)


class Own:
    """A protocol of a user's own."""

    takes = "latent"
    parts = ("image",)

    def __init__(self, depth: int = 1) -> None:
        self.depth = depth

    def measure(self, painter: Any, data: Any) -> Measurement:
        return Measurement({"own": float(self.depth)}, {"own": {"extractor": "none", "generated": 1, "real": 1}}, "own")


def test_a_runs_own_protocol_is_used_if_it_is_trusted() -> None:
    own = {"_target_": f"{Own.__module__}.Own", "depth": 3}
    cfg = composed_evaluate("trust=[tests]")
    cfg.evaluation.features = None
    found = protocol(cfg, PROTOCOLS / "default.yaml", own)
    assert isinstance(found, Own)
    assert found.depth == 3
    forget_notices()
    cfg.trust = []
    assert isinstance(protocol(cfg, PROTOCOLS / "default.yaml", own), NoiseProtocol)
    assert "trust=[package]" in notices()["evaluation.protocol"]
    translation = {"_target_": "impasto.evaluation.protocols.translation.TranslationProtocol", "num_images": 7}
    found = protocol(cfg, PROTOCOLS / "default.yaml", translation)
    assert isinstance(found, TranslationProtocol)
    assert found.num_images == 7


def test_what_does_not_fit_is_refused_in_one_sentence() -> None:
    check_fit(NoiseProtocol, ("latent", "label"), ("image",))
    check_fit(object(), ("content",), ("content",))
    with pytest.raises(UserError, match="NoiseProtocol measures painters that take latent, and this one takes content"):
        check_fit(NoiseProtocol, ("content",))
    with pytest.raises(UserError, match="needs data with the part style, and there is content and target: set eval"):
        check_fit(TranslationProtocol, ("content",), ("content", "target"))
    with pytest.raises(UserError, match="there is content and style and target: set evaluation=style"):
        check_fit(NoiseProtocol, ("latent",), ("content", "style", "target"))


def test_extractors_of_ones_own_can_be_trusted() -> None:
    cfg = composed_evaluate("trust=[tests]")
    cfg.evaluation.features = None
    own = {"features": "tests.evaluation.conftest.TinyExtractor"}
    assert protocol(cfg, PROTOCOLS / "default.yaml", own).extractor.name == "tiny"


@pytest.mark.parametrize(
    "pictures", [{"_target_": "os.mkdir"}, "${oc.create:{_target_: os.mkdir, path: marker}}"], ids=["plain", "hidden"]
)
def test_data_from_a_checkpoint_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pictures: Any) -> None:
    monkeypatch.chdir(tmp_path)
    data = {"_target_": "impasto.data.module.ImageDataModule", "pictures": pictures}
    generator = Painter(nn.Identity(), ImageSpec(3, 4, 4), ("content",))
    generator.origin = Origin(tmp_path, {"data": data})
    with pytest.raises(UserError, match="not opened"):
        build_data(generator, composed_evaluate())
    assert not (tmp_path / "marker").exists()


def test_help_and_mistakes_need_no_torch() -> None:
    code = (
        "import sys; sys.path.insert(0, 'src'); import evaluate; assert not {'torch', 'lightning'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)
    run = subprocess.run([sys.executable, "src/evaluate.py"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert run.returncode == 1
    either = "Error: Give either checkpoint=RUN_DIR|PATH, or both generated=DIR and real=DIR"
    assert run.stderr == f"{either}, or generated=DIR, content=DIR and style=DIR.\n"


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["checkpoint=/nope"], "checkpoint=/nope does not exist"),
        (["generated=/nope", "real=/"], "/nope does not exist: set generated to a folder of pictures"),
        (["generated=/", "real=/nope"], "/nope does not exist: set real to a folder of pictures"),
        (["generated=/", "real=/", "output=/"], "output=/ is a folder; give the name of a JSON file"),
    ],
)
def test_wrong_paths_need_no_torch(overrides: list[str], words: str) -> None:
    code = (
        "import sys; sys.path.insert(0, 'src'); import evaluate\n"
        "from omegaconf import OmegaConf\n"
        "names = ('checkpoint', 'generated', 'real', 'target', 'content', 'style', 'output', 'protocol')\n"
        "cfg = {**dict.fromkeys(names), 'controls': {}}\n"
        "try: evaluate.evaluate(OmegaConf.merge(cfg, OmegaConf.from_dotlist(sys.argv[1:])))\n"
        "finally: assert not {'torch', 'lightning'} & set(sys.modules)"
    )
    command = [sys.executable, "-c", code, *overrides]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert words in run.stderr
    assert "Traceback" not in run.stderr


def test_where_nothing_could_be_measured_it_is_an_error(folders: dict[str, Path]) -> None:
    for path in sorted(folders["generated"].glob("*.png"))[1:]:
        path.unlink()
    cfg = composed_evaluate(
        *(f"{name}={folder}" for name, folder in folders.items()), "evaluation.metrics=[frechet,kid]"
    )
    with pytest.raises(
        UserError, match=r"Nothing could be measured of .*kid needs 2 pictures or more of each kind; there are 1"
    ):
        measure_folders(cfg, PROTOCOLS)
    assert not (folders["generated"] / "evaluation.json").exists()
