"""Textures from one picture: no place is special, tiles join, and any size is painted."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from PIL import Image

from generate import generate
from impasto.base.errors import UserError
from impasto.evaluation.figures.seams import blended, mirrored, seam_inside, seam_ratio
from impasto.networks.texture import TextureGenerator
from impasto.procedural.stones import draw_stones
from tests.training import CONF, composed, train


def test_rolled_noise_paints_the_same_rolled() -> None:
    torch.manual_seed(0)
    network = TextureGenerator(3, 16, 32, noise=2, features=4, doublings=3, norm="pixel")
    z = torch.randn(1, network.latent_dim)
    rolled = z.unflatten(1, (2, 2, 4)).roll((1, 1), (2, 3)).flatten(1)
    assert torch.allclose(network(rolled), network(z).roll((8, 8), (2, 3)), atol=1e-6)
    assert network.resized(32, 8)(torch.randn(1, 2 * 4 * 1)).shape == (1, 3, 32, 8)
    with pytest.raises(UserError, match="multiples of 8"):
        network.resized(32, 12)


def test_seams_by_hand() -> None:
    ramp = (10 * torch.arange(6, dtype=torch.uint8)).expand(1, 1, 6, 6)
    # Columns differ by 10, and by 50 across the seam; rows do not differ at all.
    assert seam_ratio(ramp).item() == 2.5
    assert seam_inside(ramp).item() == 0
    assert seam_inside(mirrored(ramp)).item() == 1
    wide = (10 * torch.arange(20, dtype=torch.uint8)).expand(1, 1, 20, 20)
    assert seam_ratio(blended(wide, 4)).item() < 0.2 * seam_ratio(wide).item()


def test_a_picture_of_ones_own(tmp_path: Path) -> None:
    Image.fromarray(draw_stones(48)).save(tmp_path / "wall.png")
    tiny = [f"data.root={tmp_path / 'wall.png'}", "data.image_size=32", "data.batch_size=2", "kimg=0.008"]
    small = ["model.generator.features=4", "model.generator.max_features=4", "model.discriminator.settings.features=4"]
    run = tmp_path / "run"
    train(composed(run, "experiment=texture", *tiny, *small, "evaluation.num_images=8", f"data.cache_dir={tmp_path}"))
    figures = json.loads((run / "summary.json").read_text())["metrics"]
    assert {"fd_random_features", "seam_ratio", "seam_inside"} <= set(figures)
    call = [f"checkpoint={run}", f"output={tmp_path / 'out'}", "num_images=1"]
    with initialize_config_dir(CONF, version_base="1.3"):
        generate(compose("generate", [*call, "size=[32,64]"]))
        with pytest.raises(SystemExit, match="multiples of 16"):
            generate(compose("generate", [*call, "size=40"]))
    assert np.asarray(Image.open(tmp_path / "out" / "000000.png")).shape == (32, 64, 3)
