"""Pairs: figures against torchmetrics and scikit-image on the same pictures, controls, and what is left out."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor, nn
from torchmetrics.functional.image import structural_similarity_index_measure
from torchmetrics.image import PeakSignalNoiseRatio, StructuralSimilarityIndexMeasure

from impasto.base.errors import UserError
from impasto.base.notices import forget_notices, notices
from impasto.base.pixels import from_uint8
from impasto.data.packing.pack import pack
from impasto.data.packing.packed import PackedImages
from impasto.data.packing.sizing import SizePolicy
from impasto.data.sources.folder import FolderSource
from impasto.evaluation.figures import brisque, by_picture
from impasto.evaluation.figures.by_picture import EQUAL_DB, ByPicture, available, check_independent, in_words, means
from impasto.evaluation.figures.image_metrics import ssim
from impasto.evaluation.figures.intervals import mean_estimate
from impasto.evaluation.protocols.paired import CLEAN, CONTROL, PAINTED, REFERENCE, PairedProtocol
from impasto.evaluation.protocols.pairs import with_channels
from tests.evaluation.conftest import TinyExtractor, random_images, write_folder

N = 12


class Halfway:
    """Paints the mean of the content and mid-grey."""

    takes = ("content",)
    trained_against = ()
    device = torch.device("cpu")

    def __call__(self, content: Tensor) -> Tensor:
        return (content / 2).expand(-1, 3, -1, -1)


class Data:
    """A data module of two aligned parts."""

    def __init__(self, sets: dict[str, PackedImages]) -> None:
        self.sets = sets

    def evaluation_images(self, part: str, split: str) -> PackedImages:
        return self.sets[part if split == "held_out" else f"{part}_train"]

    def provenance(self) -> dict[str, Any]:
        return {"content": {"origin": "local"}, "target": {"origin": "local", "held_out": N}}


@pytest.fixture
def sets(tmp_path: Path) -> dict[str, PackedImages]:
    made = {}
    for number, (name, channels) in enumerate((("content", 1), ("target", 3), ("target_train", 3))):
        folder = write_folder(random_images(N, number, 32, channels, bright=200), tmp_path / name)
        made[name] = pack(
            FolderSource(folder), SizePolicy(32, 32, channels=channels), tmp_path / "c", workers=0, progress=False
        )
    return made


def paired(tmp_path: Path, **changes: Any) -> PairedProtocol:
    given = {"features": TinyExtractor(), "kid_subset_size": 8, "cache_dir": str(tmp_path / "f")}
    return PairedProtocol(**{**given, **changes})


def test_figures_are_those_of_torchmetrics_and_scikit_image(sets: dict[str, PackedImages], tmp_path: Path) -> None:
    found = paired(tmp_path, metrics=["psnr", "ssim"]).measure(Halfway(), Data(sets))
    content, target = (
        torch.from_numpy(sets[name].batch(range(N))).permute(0, 3, 1, 2) for name in ("content", "target")
    )
    # What is painted, rounded to 8 bits: the mean of each value and mid-grey.
    painted = ((from_uint8(content) / 2) * 127.5 + 127.5).round().to(torch.uint8).expand(-1, 3, -1, -1)
    by_hand = [
        peak_signal_noise_ratio(b.numpy(), a.numpy(), data_range=255) for a, b in zip(painted, target, strict=True)
    ]
    assert found.figures["psnr"] == pytest.approx(np.mean(by_hand), rel=1e-5)
    each = [PeakSignalNoiseRatio(data_range=255.0)(a.float(), b.float()) for a, b in zip(painted, target, strict=True)]
    assert found.figures["psnr"] == pytest.approx(float(torch.stack(each).mean()), rel=1e-5)
    theirs = StructuralSimilarityIndexMeasure(data_range=2.0)(from_uint8(painted), from_uint8(target))
    assert found.figures["ssim"] == pytest.approx(float(theirs), abs=1e-5)
    record = found.comparability["psnr"]
    assert (record["value_range"], record["data_range"], record["bits"]) == ([-1, 1], 2.0, 8)
    assert record["higher_is_better"]
    assert record["interval"][0] < found.figures["psnr"] < record["interval"][1]


def test_ssim_is_that_of_scikit_image() -> None:
    torch.manual_seed(0)
    smooth = nn.functional.interpolate(torch.rand(1, 1, 20, 20), (320, 320), mode="bicubic").clamp(0, 1) * 2 - 1
    noisy = (smooth + 0.2 * torch.randn_like(smooth)).clamp(-1, 1)
    settings: dict[str, Any] = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "full": True}
    inside, everywhere = structural_similarity(smooth[0, 0].numpy(), noisy[0, 0].numpy(), data_range=2.0, **settings)
    _, ours = structural_similarity_index_measure(noisy, smooth, data_range=2.0, return_full_image=True)
    assert ours[..., 5:-5, 5:-5].mean().item() == pytest.approx(inside, abs=1e-4), "its score leaves the borders out"
    assert ssim(noisy, smooth).item() == pytest.approx(everywhere.mean(), abs=2e-4)


def test_every_table_has_its_control(sets: dict[str, PackedImages], tmp_path: Path) -> None:
    forget_notices()
    found = paired(tmp_path).measure(Halfway(), Data(sets))
    assert set(found.figures) == {"psnr", "ssim", "fd_tiny", "kid_tiny"}
    assert found.main == "psnr"
    assert list(found.rows) == [PAINTED, CONTROL, REFERENCE]
    assert found.rows[PAINTED] == found.figures
    assert set(found.rows[REFERENCE]) == {"fd_tiny", "kid_tiny"}
    assert found.comparability["fd_tiny"]["controls"].keys() == {CONTROL, REFERENCE}
    assert found.comparability["ssim"]["controls"].keys() == {CONTROL}
    assert "161 pixels or more, and these have 32" in notices()["evaluation.ms_ssim"]
    assert "LPIPS is left out: the weights of its backbone cannot be reached" in notices()["evaluation.lpips"]
    sheet, columns = found.sheets["pairs"]()
    assert (tuple(sheet.shape), columns) == ((8 * 3, 3, 32, 32), 3)
    assert torch.equal(sheet[2], from_uint8(torch.from_numpy(sets["target"].batch([0]))[0].permute(2, 0, 1)))


def test_inputs_and_targets_are_described_once(sets: dict[str, PackedImages], tmp_path: Path) -> None:
    first = paired(tmp_path).measure(Halfway(), Data(sets))
    files = list((tmp_path / "f").glob("*.safetensors"))
    assert len(files) == 3
    assert paired(tmp_path).measure(Halfway(), Data(sets)).rows == first.rows
    assert len(list((tmp_path / "f").glob("*.safetensors"))) == 3


def test_a_perfect_painter_is_at_no_distance(sets: dict[str, PackedImages], tmp_path: Path) -> None:
    found = paired(tmp_path).measure_pairs(sets["target"], sets["content"], sets["target"])
    assert found.figures["psnr"] == EQUAL_DB
    assert found.figures["ssim"] == pytest.approx(1.0)
    assert found.figures["fd_tiny"] == pytest.approx(0.0, abs=1e-5)


def test_crops_of_few_pictures_have_no_interval(sets: dict[str, PackedImages], tmp_path: Path) -> None:
    cut = replace(sets["target"], cut_from=np.arange(N) % 3)
    found = paired(tmp_path).measure_pairs(sets["target_train"], sets["content"], cut)
    assert found.comparability["psnr"]["interval"] is None
    assert "3 pictures" in found.comparability["psnr"]["interval_method"]


def test_channels_of_the_control() -> None:
    grey = torch.full((1, 1, 2, 2), 80, dtype=torch.uint8)
    assert with_channels(grey, 3).tolist() == grey.expand(-1, 3, -1, -1).tolist()
    colour = torch.tensor([100, 50, 200], dtype=torch.uint8).view(1, 3, 1, 1)
    assert with_channels(colour, 1).item() == 82  # 0.299 * 100 + 0.587 * 50 + 0.114 * 200 = 82.05


def test_a_mask_is_left_out_of_the_control() -> None:
    with_mask = torch.arange(16, dtype=torch.uint8).view(1, 4, 2, 2)
    assert torch.equal(with_channels(with_mask, 3), with_mask[:, :3])
    assert torch.equal(with_channels(with_mask[:, 2:], 1), with_mask[:, 2:3])


def test_the_gain_over_a_control_is_taken_picture_by_picture(sets: dict[str, PackedImages], tmp_path: Path) -> None:
    found = paired(tmp_path, metrics=["psnr"]).measure(Halfway(), Data(sets))
    ours, theirs = found.rows[PAINTED]["psnr"], found.rows[CONTROL]["psnr"]
    assert found.comparability["psnr"]["gains"][CONTROL] == pytest.approx(ours - theirs)
    word = "above" if ours > theirs else "below"
    assert found.conclusions["PSNR"].startswith(f"{abs(ours - theirs):.2f} dB {word} input as it is (")


def test_figures_that_need_no_target_are_given_of_the_targets_too(
    sets: dict[str, PackedImages], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brisque, "at_hand", lambda: True)
    scores = {"brisque": ByPicture(lambda images, _: images.mean((1, 2, 3)), higher_is_better=False)}
    monkeypatch.setattr(by_picture, "FIGURES", {**by_picture.FIGURES, **scores})
    monkeypatch.setattr(by_picture, "version", lambda _: "1.0")
    found = paired(tmp_path, metrics=["brisque", "sharpness"]).measure_pairs(sets["target_train"], None, sets["target"])
    assert list(found.rows) == [PAINTED, CLEAN]
    assert found.rows[CLEAN].keys() == {"brisque"}
    assert found.comparability["brisque"]["extractor"] == "brisque 1.0"
    assert found.comparability["sharpness"]["higher_is_better"] is None


def test_pictures_without_a_score_are_left_out_and_counted() -> None:
    values = torch.tensor([1.0, math.nan, 3.0])
    (figure,) = means({"brisque": values}, None).values()
    assert (figure.value, figure.protocol["pictures_without"]) == (2.0, 1)
    assert means({"brisque": values[1:2]}, None) == {}


def test_without_its_package_a_score_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_notices()
    monkeypatch.setattr(brisque, "at_hand", lambda: False)
    assert list(available(["brisque", "psnr"], 64, "alex")) == ["psnr"]
    assert notices()["evaluation.brisque"] == (
        "BRISQUE is left out: its package is not installed (pip install brisque to have it)."
    )


def test_lpips_that_was_trained_against_is_named() -> None:
    forget_notices()
    check_independent(["psnr", "lpips"], "vgg", ["lpips_alex"])
    check_independent(["psnr"], "vgg", ["lpips_vgg"])
    assert "evaluation.lpips_backbone" not in notices()
    check_independent(["psnr", "lpips"], "vgg", ["vgg19", "lpips_vgg"])
    assert notices()["evaluation.lpips_backbone"].endswith("set evaluation.lpips_backbone=alex or squeeze.")


def test_gains_in_words() -> None:
    values = torch.arange(16.0)
    assert in_words(("control", mean_estimate(values[:4] - 2, None, ""))) == "0.50 dB below control"
    assert in_words(("control", mean_estimate(values, None, ""))) == "7.50 dB above control (4.96 to 10.04)"
    assert in_words(("control", mean_estimate(-values, None, ""))) == "7.50 dB below control (4.96 to 10.04)"


def test_mistakes_are_named(sets: dict[str, PackedImages], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="precision not among psnr"):
        paired(tmp_path, metrics=["precision"])
    with pytest.raises(UserError, match="LPIPS has no backbone resnet; choose alex"):
        paired(tmp_path, lpips_backbone="resnet")
    with pytest.raises(UserError, match="There are 12 inputs and 5 targets"):
        paired(tmp_path).measure_pairs(sets["content"], sets["content"], sets["target"].subset(range(5)))
