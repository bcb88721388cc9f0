"""Training of the style base, resumed exactly."""

from pathlib import Path

from PIL import Image

from tests.style_painter import photo
from tests.test_training import same
from tests.training import composed, train, weights


def test_a_resumed_base_is_the_uninterrupted_one(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for seed in range(4):
        Image.fromarray(photo(60, 70, seed)).save(tmp_path / "photos" / f"{seed}.png")
    overrides = [
        "experiment=style_base",
        f"data.photos={tmp_path / 'photos'}",
        *("data.hands=4", "data.photos_per_hand=2", "data.image_size=64", "data.pack_size=64", "data.batch_size=4"),
        *("model.generator.features=[4,8]", "model.generator.blocks=[0,1]", "model.generator.code=8"),
        *("model.discriminator.settings.features=4", "model.discriminator.settings.projection=18"),
        *("model.discriminator.settings.layers=2", "kimg=0.024", "logger=csv", "callbacks.guard=null"),
    ]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(composed(whole, *overrides))
    train(composed(parts, *overrides, "callbacks.stop.kimg=0.012"))
    train(composed(parts, *overrides, f"resume={parts}"))
    a, b = weights(whole), weights(parts)
    assert a["impasto"]["images_seen"] == b["impasto"]["images_seen"] == 24
    assert same(a["state_dict"], b["state_dict"])
    assert same(a["optimizer_states"], b["optimizer_states"])
