"""evaluate.py on clips."""

import json
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from PIL import Image

from evaluate import evaluate
from impasto.evaluation.protocols.figure_records import full_record
from tests.clips import write_clip
from tests.training import CONF
from tests.video.test_motion import texture

LOSSLESS = {"codec": "ffv1", "form": "bgr0", "options": {"level": "3"}}


def measure(*overrides: str) -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        evaluate(compose("evaluate", list(overrides)))


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    wide, paint = texture(96, 200), texture(96, 200, 5)
    draws = np.random.default_rng(0)
    cut = [slice(4 * i, 4 * i + 128) for i in range(5)]
    write_clip(tmp_path / "content.mkv", [wide[:, part] for part in cut], **LOSSLESS)
    write_clip(tmp_path / "steady.mkv", [paint[:, part] for part in cut], **LOSSLESS)
    restless = [draws.integers(0, 256, (96, 128, 3)).astype(np.uint8) for _ in cut]
    write_clip(tmp_path / "restless.mkv", restless, **LOSSLESS)
    (tmp_path / "style").mkdir()
    for seed in range(2):
        Image.fromarray(texture(96, 96, 7 + seed)).save(tmp_path / "style" / f"{seed}.png")
    return tmp_path


def test_rows_of_a_clip_its_content_and_others(clips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    others = f"+controls.alone={clips / 'restless.mkv'}"
    measure(f"generated={clips / 'steady.mkv'}", f"content={clips / 'content.mkv'}", others)
    report = json.loads((clips / "evaluation.json").read_text())
    rows = {row: figures["warping_error"] for row, figures in report["rows"].items()}
    assert list(rows) == ["painted", "content", "alone"]
    # Uniform noise in [0, 1] differs by 1 / 6 in the mean square, less where it is interpolated between pixels.
    assert 0.08 < rows["alone"] < 1 / 6 + 0.01
    assert rows["painted"] < 0.01 * rows["alone"]
    assert rows["content"] < 0.01 * rows["alone"]
    record = full_record(report, "warping_error")
    assert (record["frames"], record["higher_is_better"]) == (5, False)
    assert "warping_error" in capsys.readouterr().out


def test_style_scores_of_frames(clips: Path) -> None:
    generated, content = f"generated={clips / 'restless.mkv'}", f"content={clips / 'content.mkv'}"
    steady = f"+controls.steady={clips / 'steady.mkv'}"
    measure(generated, content, steady, f"style={clips / 'style'}", "image_size=96", "evaluation.num_images=2")
    rows = json.loads((clips / "evaluation.json").read_text())["rows"]
    (stroke,) = (name for name in rows["painted"] if name.startswith("stroke_"))
    assert rows["steady"][stroke] < rows["painted"][stroke]  # smooth as the style pictures are, not noise
    assert rows["content"]["edges"] == pytest.approx(1)


def test_what_does_not_go_together(clips: Path, tmp_path: Path) -> None:
    write_clip(clips / "short.mkv", [texture(96, 128)] * 3, **LOSSLESS)
    write_clip(clips / "small.mkv", [texture(48, 64)] * 5, **LOSSLESS)
    write_clip(clips / "one.mkv", [texture(96, 128)], **LOSSLESS)
    content = f"content={clips / 'content.mkv'}"
    for overrides, said in (
        ([f"generated={clips / 'short.mkv'}", content], "have different numbers of frames"),
        ([f"generated={clips / 'small.mkv'}", content], "has frames of 64 x 48 pixels"),
        ([f"generated={clips / 'one.mkv'}", f"content={clips / 'one.mkv'}"], "has one frame"),
        ([f"generated={clips / 'steady.mkv'}"], "goes with content="),
        ([f"generated={clips / 'steady.mkv'}", f"content={clips / 'style'}"], "is no clip"),
        ([f"generated={clips / 'steady.mkv'}", f"content={clips / 'nowhere.mkv'}"], "does not exist; give a clip"),
    ):
        with pytest.raises(SystemExit, match=said):
            measure(*overrides)
