"""Restored pictures: figures by hand, controls, curves over the strength, and what a run writes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio
from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.notices import forget_notices
from impasto.base.parts import Parts
from impasto.data.restoration import RestorationDataModule, open_clean
from impasto.evaluation.command import measure_checkpoint
from impasto.evaluation.figures.by_picture import EQUAL_DB
from impasto.evaluation.protocols.figure_records import full_record
from impasto.evaluation.protocols.paired import PAINTED
from impasto.evaluation.protocols.pairs import CONTROL
from impasto.evaluation.protocols.restoration import RestorationProtocol
from impasto.painters.painter import Origin
from tests.training import CONF

TASKS: dict[str, Any] = instantiate(OmegaConf.load(Path(CONF, "data/restoration.yaml")).tasks, _convert_="all")


def textured(i: int, size: tuple[int, int]) -> np.ndarray:
    """A picture with edges and something at every scale: uint8 (H, W, 3)."""
    random = np.random.default_rng(i)
    coarse = Image.fromarray(random.integers(0, 256, (5, 6, 3), np.uint8)).resize(size[::-1], Image.Resampling.BICUBIC)
    return np.clip(np.asarray(coarse) + random.integers(-6, 6, (*size, 3)), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clean")
    for i in range(40):
        Image.fromarray(textured(i, (32, 32))).save(folder / f"{i:02d}.png")
    return folder


def module(pictures: Path, task: str, **settings: Any) -> RestorationDataModule:
    fixed: dict[str, Any] = {"image_size": 32, "pack_size": 32, "resize": "fit", "holdout": 0.3, "depth": 8}
    fixed |= {"root": str(pictures), "tasks": TASKS, "cache_dir": str(pictures / "cache")}
    made = RestorationDataModule(pictures=open_clean, task=task, **{**fixed, **settings})
    made.prepare_data()
    return made


def protocol(folder: Path, **settings: Any) -> RestorationProtocol:
    fixed: dict[str, Any] = {"metrics": ["psnr", "sharpness"], "cache_dir": str(folder)}
    return RestorationProtocol(**{**fixed, **settings})


class Keeps:
    """Gives back what it is given, without a mask; small pictures with pixels repeated."""

    takes = ("content",)
    trained_against = ()
    device = torch.device("cpu")

    def __call__(self, content: Tensor) -> Tensor:
        colours = content[:, :3] if content.shape[1] > 1 else content.expand(-1, 3, -1, -1)
        factor = 32 // colours.shape[-1]
        return colours.repeat_interleave(factor, 2).repeat_interleave(factor, 3)


@pytest.mark.parametrize("task", TASKS)
def test_the_input_is_measured_like_a_painter_that_keeps_it(pictures: Path, task: str, tmp_path: Path) -> None:
    found = protocol(tmp_path, curve_images=0).measure(Keeps(), module(pictures, task))
    assert found.rows[PAINTED] == pytest.approx(found.rows[CONTROL])
    assert found.main == "psnr"
    assert found.comparability["psnr"]["gains"][CONTROL] == pytest.approx(0, abs=1e-5)
    assert found.comparability["psnr"]["damage"]["measured_at"] == list(TASKS[task].measured_at)
    assert set(found.intervals) == set(found.rows)
    low, high = found.intervals[CONTROL]["psnr"]
    assert low < found.rows[CONTROL]["psnr"] < high
    assert "by_strength" not in found.comparability["psnr"]


def test_psnr_is_that_of_the_pictures_of_the_data(pictures: Path, tmp_path: Path) -> None:
    data = module(pictures, "denoise")
    found = protocol(tmp_path).measure(Keeps(), data)
    sides = [data.evaluation_images(part, "held_out", strength=25.0) for part in ("content", "target")]
    noisy, clean = (packed.batch(range(len(packed))) for packed in sides)
    by_hand = [peak_signal_noise_ratio(b, a, data_range=255) for a, b in zip(noisy, clean, strict=True)]
    record = found.comparability["psnr"]["by_strength"]["25"]
    assert record[CONTROL] == pytest.approx(np.mean(by_hand), rel=1e-5)
    assert record[CONTROL] == pytest.approx(20 * np.log10(255 / 25), abs=1.0), "but for clipping and kinds of noise"


def test_a_ladder_of_strengths_is_in_order(pictures: Path, tmp_path: Path) -> None:
    for task in ("denoise", "inpaint", "low_light"):
        found = protocol(tmp_path).measure(Keeps(), module(pictures, task))
        curve = found.comparability["psnr"]["by_strength"]
        assert [float(strength) for strength in curve] == sorted(TASKS[task].measured_at)
        values = [rows[CONTROL] for rows in curve.values()]
        assert values == sorted(values, reverse=True), task
    sharp = found.comparability["sharpness"]["by_strength"]
    assert set(sharp["1"]) == set(found.rows), "every row is on the curves"


def test_a_perfect_painter_exceeds_every_control(pictures: Path, tmp_path: Path) -> None:
    data = module(pictures, "denoise")
    clean = data.evaluation_images("target", "held_out")
    count = iter(range(0, 10**6))

    class Knows(Keeps):
        def __call__(self, content: Tensor) -> Tensor:
            numbers = [next(count) % len(clean) for _ in content]
            return torch.from_numpy(clean.batch(numbers)).permute(0, 3, 1, 2) / 127.5 - 1

    found = protocol(tmp_path, curve_images=0).measure(Knows(), data)
    assert found.figures == {"psnr": EQUAL_DB, "sharpness": pytest.approx(1.0)}
    assert all(gain > 60 for gain in found.comparability["psnr"]["gains"].values())
    assert found.conclusions["PSNR"].count(" dB above ") == len(found.rows) - 1


def test_controls_are_measured_once(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = module(pictures, "jpeg")
    first = protocol(tmp_path).measure(Keeps(), data)

    def again(*_: object) -> None:
        raise AssertionError("a control was made anew")

    monkeypatch.setattr("impasto.evaluation.protocols.classical.total_variation", again)
    second = protocol(tmp_path).measure(Keeps(), data)
    assert second.rows == first.rows
    assert list(second.figures) == list(first.figures)
    with pytest.raises(AssertionError, match="anew"):
        protocol(tmp_path, split="train").measure(Keeps(), data)


def test_the_sheets_show_controls_and_curves(pictures: Path, tmp_path: Path) -> None:
    found = protocol(tmp_path).measure(Keeps(), module(pictures, "inpaint"))
    sheet, columns = found.sheets["pairs"]()
    assert columns == len(found.rows) + 1, "and the clean picture"
    assert sheet.shape[1:] == (3, 32, 32)
    plot, columns = found.sheets["strengths"]()
    assert (plot.shape[:2], columns) == ((1, 3), 1)
    assert plot.min() < -0.9
    assert plot.max() == 1


def test_other_data_is_refused(tmp_path: Path) -> None:
    class Pairs:
        parts = ("content", "target")

    (refusal,) = protocol(tmp_path).check_with(Parts(data=Pairs()))
    assert "evaluation=restoration measures pictures that data=restoration damages" in refusal.sentence
    with pytest.raises(UserError, match="or evaluation=paired for pairs"):
        protocol(tmp_path).measure(Keeps(), Pairs())


def test_settings_out_of_range_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"evaluation\.curve_images"):
        protocol(tmp_path, curve_images=-1)
    with pytest.raises(UserError, match="nope not among psnr"):
        protocol(tmp_path, metrics=["nope"])


def test_damaged_data_of_a_run_that_was_not_measured_has_its_protocol(pictures: Path) -> None:
    from impasto.evaluation.command import protocol_for
    from tests.evaluation.test_command import PROTOCOLS, composed_evaluate
    from tests.translation_run import repainter

    painter = repainter(torch.nn.Identity())
    painter.origin = Origin(config={"evaluation": {}})
    found = protocol_for(composed_evaluate(), painter, module(pictures, "denoise"), PROTOCOLS)
    assert type(found) is RestorationProtocol


def test_what_a_run_writes(pictures: Path, tmp_path: Path) -> None:
    from tests.evaluation.test_command import PROTOCOLS, composed_evaluate, shown, validate
    from tests.training import composed, train

    forget_notices()
    run = tmp_path / "run"
    overrides = [
        "model=pix2pix",
        "data=restoration",
        f"data.root={pictures}",
        "data.image_size=32",
        "data.pack_size=32",
    ]
    overrides += ["model.generator.levels=3", "model.generator.features=4", "model.discriminator.features=4"]
    overrides += ["data.holdout=0.3", "data.batch_size=2", "kimg=0.004", "evaluation=restoration"]
    overrides += ["evaluation.metrics=[psnr,psnr_y,ssim,sharpness]", f"evaluation.cache_dir={tmp_path}"]
    train(composed(run, *overrides))
    summary = json.loads((run / "summary.json").read_text())
    validate(summary, "summary.schema.json")
    record = full_record(summary, "psnr")
    assert record["controls"].keys() == {CONTROL, "non-local means", "bilateral filter"}
    assert record["by_strength"].keys() == {"15", "25", "50"}
    assert (run / "samples" / "strengths.png").is_file()
    page = (run / "report.html").read_text()
    assert "Over the strength of the damage" in page
    assert "non-local means" in page
    result = measure_checkpoint(
        composed_evaluate(f"checkpoint={run}", "evaluation.curve_images=4", f"evaluation.cache_dir={tmp_path}"),
        PROTOCOLS,
    )
    validate(result.report, "evaluation.schema.json")
    assert set(result.report["sheets"]) == {"evaluation_pairs.png", "evaluation_strengths.png"}
    assert result.measurement.figures["psnr"] == pytest.approx(summary["metrics"]["psnr"]["final"], rel=1e-5)
    text = shown(result, width=80)
    assert "PSNR: " in text
    assert max(map(len, text[text.index("figure") : text.index("PSNR: ")].splitlines())) <= 80
