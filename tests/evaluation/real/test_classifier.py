from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from impasto.base.notices import forget_notices, notices
from impasto.data.packing.pack import pack
from impasto.data.packing.packed import PackedImages
from impasto.data.packing.sizing import SizePolicy
from impasto.data.sources.folder import FolderSource
from impasto.evaluation.figures.by_class import better, class_balance, class_diversity, class_figures
from impasto.evaluation.protocols.noise import NoiseProtocol, RealPictures
from impasto.evaluation.protocols.sampling import labels_like
from impasto.evaluation.real.classifier import can_be_classified, classifier_for, different_pictures
from impasto.evaluation.real.features import uint8_slice
from tests.evaluation.conftest import TinyExtractor, random_images, write_folder


@pytest.fixture
def labelled(tmp_path: Path) -> PackedImages:
    """60 dark and 30 bright pictures."""
    write_folder(random_images(60, 1, bright=90), tmp_path / "real" / "dark")
    write_folder(random_images(30, 2) // 2 + 128, tmp_path / "real" / "light")
    return pack(FolderSource(tmp_path / "real"), SizePolicy(16, 16), tmp_path / "cache", workers=0, progress=False)


def test_figures_by_hand() -> None:
    logits = torch.tensor([[1.0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 0, 0]])
    figures, by_class = class_figures(logits, torch.tensor([0, 1, 1, 2]))
    assert figures == {"class_share_min": 0.0, "class_share_max": 0.75, "class_accuracy": 0.5}
    assert by_class == {"share": [0.75, 0.25, 0.0], "accuracy": [1.0, 0.5, 0.0]}
    assert "class_accuracy" not in class_figures(logits, None)[0]


def test_balance_by_hand() -> None:
    # Asked for 60%, 30%, 10% and nothing; found 50%, 45%, 5% and nothing: 5/6, 3/2, 1/2.
    found = class_balance([0.5, 0.45, 0.05, 0.0], torch.tensor([6, 3, 1, 0]))
    assert found == {"class_balance_min": pytest.approx(0.5), "class_balance_max": pytest.approx(1.5)}


def test_shares_of_unequal_classes_are_neither_better_nor_worse() -> None:
    names = ("class_share_min", "class_share_max", "class_balance_min", "class_balance_max", "class_accuracy")
    equal, unequal = torch.tensor([10, 10, 11]), torch.tensor([20, 10, 1])
    assert [better(name, equal) for name in names] == [True, False, True, False, True]
    assert [better(name, unequal) for name in names] == [None, None, True, False, True]


def test_diversity_by_hand() -> None:
    # Class 0: distances 2 against 4; class 1: a single picture against others; class 2 has one real picture only.
    real = torch.tensor([[0.0], [4.0], [0.0], [1.0], [9.0]])
    fake = torch.tensor([[1.0], [3.0], [5.0], [5.0], [2.0], [3.0]])
    found = class_diversity(fake, torch.tensor([0, 0, 1, 1, 2, 2]), real, torch.tensor([0, 0, 1, 1, 2]))
    assert found == {0: pytest.approx(0.5), 1: 0.0}


def test_a_classifier_learns_and_is_kept(labelled: PackedImages, tmp_path: Path) -> None:
    before = torch.random.get_rng_state()
    classifier = classifier_for(labelled, images=3000, folder=tmp_path / "c")
    assert torch.equal(torch.random.get_rng_state(), before)
    assert classifier.accuracy == 1.0
    again = classifier_for(labelled, images=3000, folder=tmp_path / "c")
    assert len(list((tmp_path / "c").glob("*.safetensors"))) == 1
    assert again.network.weights_sha256 == classifier.network.weights_sha256
    assert not any(p.requires_grad for p in again.network.parameters())
    larger = random_images(2, 0, 40)
    assert classifier.network.with_logits(larger)[1].shape == (2, 2)


def test_real_pictures_pass_for_what_they_are(labelled: PackedImages, tmp_path: Path) -> None:
    measure = NoiseProtocol(features=TinyExtractor(), cache_dir=str(tmp_path / "f"), metrics=["frechet", "classes"])
    everything = np.arange(90)
    generate = lambda start, n: uint8_slice(labelled, everything, start, n)  # noqa: E731
    labels = torch.from_numpy(np.asarray(labelled.labels))
    measured = measure.measure_pictures(generate, RealPictures(labelled), num_images=90, labels=labels)
    found = measured.figures
    assert found["class_accuracy"] > 0.95
    assert found["class_share_max"] == pytest.approx(2 / 3, abs=0.05)
    assert found["class_diversity_tiny"] == pytest.approx(1.0)
    assert found["fd_classifier"] == pytest.approx(0.0, abs=1e-3)
    assert len(list((tmp_path / "f").glob("*.safetensors"))) == 3, "the classifier is kept beside the features"
    record = measured.comparability["class_accuracy"]
    assert record["extractor"] == "classifier"
    assert record["accuracy_on_real"] == 1.0
    assert found["class_balance_min"] == pytest.approx(1.0, abs=0.1)
    assert measured.comparability["class_share_min"]["higher_is_better"] is None
    unasked = measure.measure_pictures(generate, RealPictures(labelled), num_images=90)
    assert unasked.figures["class_balance_max"] == pytest.approx(1.0, abs=0.1), "expected in the real proportions"
    assert unasked.comparability["class_balance_max"]["asked_of"] == "real pictures"
    shares = measured.comparability["class_share_max"]["by_class"]
    assert shares == {"dark": pytest.approx(2 / 3, abs=0.05), "light": pytest.approx(1 / 3, abs=0.05)}
    assert record["by_class"].keys() == {"dark", "light"}


def test_labels_follow_the_real_proportions() -> None:
    real = np.array([0] * 60 + [2] * 30 + [1] * 10)
    labels = labels_like(real, 1000)
    assert torch.bincount(labels).tolist() == pytest.approx([600, 100, 300], abs=3)
    assert torch.bincount(labels[300:400]).tolist() == pytest.approx([60, 10, 30], abs=3)
    assert torch.equal(labels_like(real, 50), labels[:50])


def test_a_few_pictures_of_a_class_are_not_classified(labelled: PackedImages, tmp_path: Path) -> None:
    # 90 crops of 7 pictures: 0, 2, 4 and 6 are dark, the others light
    few = replace(labelled, cut_from=np.arange(90) % 7, labels=(np.arange(90) % 7) % 2)
    assert different_pictures(labelled).tolist() == [60, 30]
    assert different_pictures(few).tolist() == [4, 3]
    assert can_be_classified(labelled)
    forget_notices()
    measure = NoiseProtocol(features=TinyExtractor(), cache_dir=str(tmp_path / "f"), num_images=90)
    generate = lambda start, n: random_images(90, 4)[start : start + n]  # noqa: E731
    found = measure.measure_pictures(generate, RealPictures(few))
    assert not any("class" in name for name in found.figures)
    assert "they need 20 real pictures of every class, and there are 3 of light" in notices()["evaluation.classes"]
