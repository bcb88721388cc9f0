"""A model that knows its pictures is found out; a picture is found in runs, and forgotten exactly."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig
from PIL import Image
from torch import Tensor, nn

from impasto.api.model_card import card
from impasto.audit.command import audit, sentences
from impasto.audit.finding import find
from impasto.audit.membership import nearest_attack, score_attack
from impasto.base.errors import UserError
from impasto.base.files import read_json
from impasto.base.notices import forget_notices
from impasto.data.fingerprints import check_forgotten, looks_of
from tests.training import CONF, composed, train, weights

SMALL = (
    *("model=cgan", "data=image_folder", "evaluation=none", "data.batch_size=8", "data.image_size=16", "kimg=0.024"),
    *("model.discriminator.features=4", "model.generator.features=4", "model.generator.latent_dim=4"),
    *("callbacks.samples=null", "data.holdout=0.5", "seed=3"),
)


def photographs(folder: Path) -> Path:
    """Smooth pictures that differ in their looks, in two classes."""
    numbers = np.random.default_rng(0)
    for label in range(2):
        (folder / f"class_{label}").mkdir(parents=True)
        for i in range(44):
            coarse = Image.fromarray(numbers.integers(0, 255, (6, 6, 3), dtype=np.uint8))
            coarse.resize((40, 40), Image.Resampling.BICUBIC).save(folder / f"class_{label}" / f"{i}.png")
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("audit")
    photographs(root / "pictures")
    train(of(root / "runs" / "one", root / "pictures"))
    return root


def of(run: Path, pictures: Path, *overrides: str) -> DictConfig:
    return composed(run, *SMALL, f"data.root={pictures}", f"data.cache_dir={pictures.parent}/cache", *overrides)


def settings(*overrides: str) -> DictConfig:
    with initialize_config_dir(CONF, version_base="1.3"):
        return compose("audit", list(overrides))


class Packed:
    """Grey pictures of one value each."""

    vectors = labels = levels_to_map = cut_from = None

    def __init__(self, values: "list[int]") -> None:
        self.values = np.array(values, np.uint8)

    def __len__(self) -> int:
        return len(self.values)

    def batch(self, rows: np.ndarray) -> np.ndarray:
        return np.broadcast_to(self.values[rows][:, None, None, None], (len(rows), 4, 4, 1)).copy()


class Knows(nn.Module):
    """Scores by brightness."""

    def forward(self, images: Tensor, condition: Tensor | None) -> Tensor:
        return images.mean((1, 2, 3))


def test_a_discriminator_and_a_painter_that_know_their_pictures_are_found_out() -> None:
    members, others = Packed(list(range(128, 256))), Packed(list(range(128)))
    assert score_attack(Knows(), members, others, 1000, "cpu").auc == 1  # type: ignore[arg-type]
    assert score_attack(Knows(), others, members, 1000, "cpu").auc == 0  # type: ignore[arg-type]

    def sample(n: int, seed: int, start: int, condition: Tensor | None) -> Tensor:  # copies of members
        return ((torch.arange(start, start + n) % 128 + 128) / 127.5 - 1)[:, None, None, None].expand(n, 1, 4, 4)

    painter: Any = SimpleNamespace(conditional=False, sample=sample)
    assert nearest_attack(painter, members, others, 1000, 128, 0).auc == 1  # type: ignore[arg-type]


def test_an_audit_stands_in_the_summary_and_on_the_card(trained: Path) -> None:
    run, shadows = trained / "runs" / "one", [trained / "shadows" / str(draw) for draw in (1, 2, 3)]
    for draw, shadow in enumerate(shadows, 1):
        train(of(shadow, trained / "pictures", f"data.holdout_draw={draw}", "kimg=0.008"))
    given = f"shadows=[{','.join(map(str, shadows))}]"
    path, record = audit(settings(f"checkpoint={run}", "num_generated=64", "device=cpu", given))
    assert path == run / "audit.json"
    assert set(record["attacks"]) == {"discriminator", "nearest_neighbour", "shadow_models"}
    counts = [record["attacks"]["shadow_models"][side] for side in ("members", "others")]
    # Of halves drawn at random, a quarter of the pictures is in all three shadows or in none.
    assert sum(counts) == pytest.approx(88 * 3 / 4, abs=15)
    assert record["attacks"]["discriminator"]["members"] == record["attacks"]["discriminator"]["others"] == 44
    assert read_json(path)["attacks"] == record["attacks"]
    assert "AUC" in sentences(record)[0]
    summary = read_json(run / "summary.json")
    assert summary["audit"] == {"attacks": record["attacks"]}
    text = card("A model.", "me/model", summary, "cc0-1.0", {})
    assert f"| nearest neighbour | {record['attacks']['nearest_neighbour']['auc']:.4g} |" in text
    assert "impasto audit checkpoint=RUN_DIR" in card("A model.", "me/model", {}, "cc0-1.0", {})


def test_a_picture_is_found_and_forgotten_exactly(trained: Path, tmp_path: Path) -> None:
    run, pictures = trained / "runs" / "one", trained / "pictures"
    told = {p: list(find(str(p), str(trained / "runs"))) for p in sorted(pictures.rglob("*.png"))}
    inside = {p: lines for p, lines in told.items() if lines[0].startswith(f"{run} was trained on {p}.")}
    assert len(inside) == 44  # the others are held out
    picture, lines = next(iter(inside.items()))
    forget = lines[1].partition("data.forget=[")[2].rstrip("]'")
    assert lines[1].startswith("  Again without: python src/train.py")

    small = tmp_path / "small.jpg"  # another copy
    Image.open(picture).resize((34, 34)).save(small, quality=80)
    (line,) = find(str(small), str(trained / "runs"))
    assert f"looks like {small}" in line
    assert forget in line

    never = tmp_path / "never"
    shutil.copytree(pictures, never)
    (never / picture.relative_to(pictures)).unlink()
    train(of(tmp_path / "without", never))
    forget_notices()
    train(of(trained / "runs" / "again", pictures, f"data.forget=[{forget}]"))
    first, second = weights(tmp_path / "without"), weights(trained / "runs" / "again")
    assert all(torch.equal(value, second["state_dict"][key]) for key, value in first["state_dict"].items())
    assert not all(torch.equal(v, weights(run)["state_dict"][k]) for k, v in first["state_dict"].items())
    assert not any("again was trained on" in line for line in find(str(picture), str(trained / "runs")))


def test_mistakes_are_sentences(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"data.forget=12 is no fingerprint: .*audit.py"):
        check_forgotten(["12"])
    with pytest.raises(UserError, match="holds no run with a record"):
        list(find(str(next((trained / "pictures").rglob("*.png"))), str(tmp_path)))
    run = trained / "runs" / "one"
    for given, words in (
        (f"[{run}]", "names 1 runs: give at least 2"),
        (f"[{run},{run}]", "trained on all of the pic"),
    ):
        with pytest.raises(UserError, match=words):
            audit(settings(f"checkpoint={run}", "num_generated=64", "device=cpu", f"shadows={given}"))
    with pytest.raises(UserError, match="is no picture"):
        list(find(str(tmp_path / "nothing.png"), str(trained / "runs")))


def test_looks_are_where_a_picture_rises() -> None:
    ramp = np.tile(np.arange(36, dtype=np.uint8)[None, :, None], (32, 1, 3))
    assert looks_of(ramp, (32, 36)) == 2**64 - 1
    assert looks_of(ramp[:, ::-1], (32, 36)) == 0
