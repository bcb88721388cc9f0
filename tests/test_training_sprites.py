"""Sprites from data to files: a run told captions is measured, and paints clean edges, few colours and a sheet."""

import json
from pathlib import Path

import numpy as np
from hydra import compose, initialize_config_dir
from PIL import Image

from generate import generate
from tests.training import CONF, composed, train

TINY = (
    *("experiment=sprites", "kimg=0.032", "data.count=40", "data.batch_size=8", "evaluation.num_images=12"),
    *("model.generator.features=4", "model.generator.max_features=8", "model.generator.text.width=8"),
    *("model.discriminator.features=4", "model.discriminator.max_features=8", "data.image_size=32"),
    "model.discriminator.heads.matching.features=8",
)


def test_a_run_paints_sprites(tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(composed(run, *TINY, f"data.cache_dir={tmp_path / 'cache'}"))
    summary = json.loads((run / "summary.json").read_text())
    figures = summary["metrics"]
    assert {"sprite_all", "sprite_kind", "halo", "halo_worst", "edges_clean", "rim_difference"} <= set(figures)
    assert figures["halo_worst"]["final"] == 0
    assert figures["sprite_all"]["controls"]["real sprites"] == 1
    assert Image.open(next((run / "samples").glob("0*.png"))).mode == "RGB"  # on checks
    call = [
        f"checkpoint={run}",
        f"output={tmp_path / 'out'}",
        "num_images=5",
        "sprite_sheet=3",
        "palette=6",
        "device=cpu",
    ]
    with initialize_config_dir(CONF, version_base="1.3"):
        generate(compose("generate", [*call, "prompt='red knight with sword'"]))
    pictures = [np.asarray(Image.open(tmp_path / "out" / f"00000{i}.png")) for i in range(5)]
    assert all(picture.shape == (32, 32, 4) and set(np.unique(picture[..., 3])) <= {0, 255} for picture in pictures)
    seen = np.concatenate([picture[picture[..., 3] > 0, :3] for picture in pictures])
    assert len(np.unique(seen, axis=0)) <= 6
    sheet = json.loads((tmp_path / "out" / "sprites.json").read_text())
    place = sheet["frames"]["000004.png"]["frame"]
    whole = np.asarray(Image.open(tmp_path / "out" / "sprites.png"))
    assert (whole[place["y"] : place["y"] + 32, place["x"] : place["x"] + 32] == pictures[4]).all()
