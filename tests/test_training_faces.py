"""Faces after attributes: trained, measured beside controls, and painted between two."""

import json
from pathlib import Path

import numpy as np
from hydra import compose, initialize_config_dir
from PIL import Image

from generate import generate
from impasto.procedural.faces import PARAMETERS
from tests.training import CONF, composed, train

TINY = (
    *("experiment=faces", "kimg=0.016", "data.count=40", "data.batch_size=8", "data.image_size=16"),
    *("model.generator.features=4", "model.generator.max_features=8", "model.discriminator.features=4"),
    *("model.discriminator.max_features=8", "evaluation.num_images=10", "evaluation.num_learnt=20"),
    "evaluation.num_edits=2",
)


def test_a_run_is_measured_and_painted_with(tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(composed(run, *TINY, f"data.cache_dir={tmp_path / 'cache'}"))
    figures = json.loads((run / "summary.json").read_text())["metrics"]
    assert {"attribute_r2", "attribute_r2_smile", "edit_effect", "edit_leak"} <= set(figures)
    assert set(figures["attribute_r2"]["controls"]) == {"painted, asked for others", "real pictures"}
    assert figures["attribute_r2"]["higher_is_better"]
    assert not figures["edit_leak"]["higher_is_better"]
    table = tmp_path / "asked.csv"
    rows = [",".join(["file", *PARAMETERS]), ",".join(["a", *["1"] * 10]), ",".join(["b", *["-1"] * 10])]
    table.write_text("\n".join(rows))
    call = [f"checkpoint={run}", f"vectors={table}", "num_images=3"]
    with initialize_config_dir(CONF, version_base="1.3"):
        generate(compose("generate", [*call, f"output={tmp_path / 'own'}"]))
        generate(compose("generate", [*call, f"output={tmp_path / 'between'}", "blend=[0,1]"]))
    own, between = (
        [np.asarray(Image.open(path)).astype(int) for path in sorted((tmp_path / name).glob("*.png"))]
        for name in ("own", "between")
    )
    assert np.abs(between[0] - own[0]).max() <= 1
    assert np.abs(between[2] - own[1]).max() <= 1
