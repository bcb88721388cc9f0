"""Every model trains, evaluates, checkpoints and resumes exactly, on tiny pictures."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from impasto.evaluation.protocols.figure_records import full_record
from tests.training import CONF, composed, make_pictures, train, weights

SEVERAL = ("multi_generator_paired", "multi_generator_unpaired")
TRANSLATION_MODELS = ("cut", "fastcut", "cyclegan", "pix2pix", "reference", "restoration", *SEVERAL)
OF_PAIRS = ("pix2pix", "reference", "restoration", "multi_generator_paired")
OF_LABELS = ("segmentation", "pix2pix_hd")
OF_STYLES = ("style", "adain", "personal_style")  # in tests/models, with the data that they need
OF_CLIPS = ("keyframes", "next_frame", "video", "texture")  # likewise, or in tests of their own
OF_SEQUENCES = ("sequence", "sequence_cycle", "sequence_transformer", "sequence_wgan_gp")  # in tests/sequences
OF_MUSIC = ("piano_roll_cycle", "piano_roll_paired")  # networks of rolls in models that are above
NOISE_MODELS = sorted(
    {path.stem for path in Path(CONF, "model").glob("*.yaml")}
    - {*TRANSLATION_MODELS, *OF_LABELS, *OF_STYLES, *OF_CLIPS, *OF_SEQUENCES, *OF_MUSIC}
)
SMALL = (
    "data=image_folder",
    "data.image_size=16",
    "data.batch_size=4",
    "evaluation.features=tests.evaluation.conftest.TinyExtractor",
    "evaluation.num_images=16",
    "evaluation.metrics=[frechet,kid,memorisation]",
    "logger=csv",
)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pictures(tmp_path_factory.mktemp("data") / "pictures")


def same(a: Any, b: Any) -> bool:
    """Equality of nested plain values and tensors, bit for bit."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


CONTRAST = ["model.generator.blocks=1", "term.nce.layers=[0,4]", "term.nce.patches=8", "evaluation.num_style=8"]
OF_ONE = {
    "cut": CONTRAST,
    "fastcut": CONTRAST,
    "cyclegan": ["model.generator.blocks=1", "model.pool_size=6", "evaluation.num_style=8"],
    "pix2pix": ["augment=diffaugment"],
    "reference": ["augment=diffaugment"],
    "restoration": ["evaluation=paired", "augment=diffaugment", "model.adversarial=0.5"],
    "multi_generator_paired": ["augment=diffaugment", "model.generator.mask_features=4"],
    "multi_generator_unpaired": [
        *("model.generator.generator.blocks=1", "model.generator.mask_features=4", "model.generator.count=2"),
        *CONTRAST[1:],
    ],
}


def features_of(name: str) -> str:
    """The setting of the channels of a model's generator, or of those that it is made of."""
    several = ".generator" if name.startswith(("multi_generator", "reference")) else ""
    return f"model.generator{several}.features=4"


NARROW = ["model.generator.features=4", "model.discriminator.features=4"]
# With its own penalty and augmentation.
NOISE = {name: [*SMALL, f"model={name}", features_of(name), NARROW[1]] for name in NOISE_MODELS}
TRANSLATION = {
    name: [
        f"model={name}",
        "data=paired" if name in OF_PAIRS else "data=unpaired",
        "data.image_size=32",
        "data.pack_size=40",
        "data.batch_size=4",
        "data.flip=true",
        features_of(name),
        "model.discriminator.features=4",
        "model.discriminator.layers=1",
        "evaluation.features=tests.evaluation.conftest.TinyExtractor",
        "evaluation.num_images=8",
        "logger=csv",
        *OF_ONE[name],
    ]
    for name in TRANSLATION_MODELS
}
NOISE["article"] = [*SMALL, "model=article", "data.image_size=28"]
NOISE["r3gan"] += ["model.generator.group=4", "model.discriminator.group=4"]
NOISE["cgan with state beside it"] = [*NOISE["cgan"], "augment=ada", "penalty=lecam"]
TRANSLATION["restoration without adversary"] = [*TRANSLATION["restoration"], "augment=none", "model.adversarial=0"]
SCENES = [
    *("data=segmentation", "data.image_size=32", "data.pack_size=36", "data.batch_size=4", "data.example.count=20"),
    *("evaluation.num_images=8", "logger=csv"),
]
LABELS = {
    "segmentation": [
        *("model=segmentation", *SCENES, *NARROW, "model.discriminator.layers=1", "augment=diffaugment"),
        *("evaluation.num_learnt=8",),
    ],
    "pix2pix_hd": [
        *("model=pix2pix_hd", *SCENES, "data=label_maps", "model.generator.features=4", "model.generator.blocks=1"),
        *("model.generator.halvings=1", "model.discriminator.settings.features=4"),
        *("model.discriminator.settings.layers=1", "model.discriminator.scales=2", "model.fixed_share=0.25"),
        *("term=feature_matching_hd", "evaluation.features=tests.evaluation.conftest.TinyExtractor"),
    ],
}
CASES = {**NOISE, **TRANSLATION, **LABELS}
WITHOUT_FIGURES = ["data.image_size=64", "data.pack_size=64", "data.batch_size=4", "logger=csv", "evaluation=none"]
STYLES = {
    "style": [
        *WITHOUT_FIGURES,
        *("model=style", "data=style", "data.hands=4", "data.photos_per_hand=2"),
        *("model.generator.features=[4,8]", "model.generator.blocks=[0,1]", "model.generator.code=8"),
        *("model.discriminator.settings.features=4", "model.discriminator.settings.projection=18"),
        "model.discriminator.settings.layers=2",
    ],
    "adain": [*WITHOUT_FIGURES, "model=adain", "data=unpaired", *NARROW, "model.discriminator.layers=1"],
}
"""Resumed in tests/models."""


def sources(name: str, pictures: Path) -> list[str]:
    if name in NOISE:
        return [f"data.root={pictures}"]
    if name in LABELS:  # drawn by code
        return []
    if name.split()[0] in OF_PAIRS:
        return [f"data.content={pictures / 'class_0'}", f"data.target={pictures / 'class_0'}"]
    if name == "style":
        return [f"data.photos={pictures / 'class_0'}"]
    return [f"data.content={pictures / 'class_0'}", f"data.style={pictures / 'class_1'}"]


@pytest.mark.parametrize("name", CASES)
def test_n_plus_m_images_are_n_and_m_images(name: str, pictures: Path, tmp_path: Path) -> None:
    overrides = [*CASES[name], *sources(name, pictures)]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(composed(whole, *overrides, "kimg=0.048"))
    train(composed(parts, *overrides, "kimg=0.048", "callbacks.stop.kimg=0.024"))  # as if stopped half-way
    train(composed(parts, *overrides, "kimg=0.048", f"resume={parts}"))
    a, b = weights(whole), weights(parts)
    assert a["impasto"]["images_seen"] == b["impasto"]["images_seen"] == 48
    assert same(a["state_dict"], b["state_dict"])
    assert same(a["optimizer_states"], b["optimizer_states"])
    for run_dir in (whole, parts):
        summary = json.loads((run_dir / "summary.json").read_text())
        assert summary["status"] == "complete"
        assert summary["images_seen"] == 48
        assert summary["metrics"]
        assert all(full_record(summary, name)["extractor"] for name in summary["metrics"])
        assert (run_dir / "report.html").is_file()
        assert (run_dir / "metrics.csv").is_file()
        assert (run_dir / "checkpoints" / "best.ckpt").is_file()
        assert list((run_dir / "samples").glob("[0-9]*.png"))
