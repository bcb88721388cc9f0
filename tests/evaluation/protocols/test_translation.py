from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.notices import forget_notices, notices
from impasto.base.spec import ImageSpec
from impasto.data.packing.pack import pack
from impasto.data.packing.packed import PackedImages
from impasto.data.packing.sizing import SizePolicy
from impasto.data.sources.folder import FolderSource
from impasto.evaluation.figures.feature_statistics import (
    Moments,
    averaged,
    gram_distance,
    mean_std_distance,
    moments,
)
from impasto.evaluation.figures.structure import self_similarity, structure_score
from impasto.evaluation.protocols.color_matching import Colours, colours_of, match_colours
from impasto.evaluation.protocols.measurement import Measurement
from impasto.evaluation.protocols.translation import CONTROLS, OURS, REFERENCE, TranslationProtocol
from impasto.networks.pretrained.chooser import STATISTICS, feature_maps
from impasto.networks.pretrained.random_features import RandomFeatures, local_contrast
from impasto.painters.painter import Painter
from tests.evaluation.conftest import TinyExtractor, random_images, write_folder


def test_colours_are_matched_exactly_where_nothing_is_cut() -> None:
    torch.manual_seed(0)
    images = (torch.randn(2, 3, 40, 40) * 12 + 120).round().to(torch.uint8)
    target = Colours(
        torch.tensor([100.0, 150.0, 90.0]).double(), torch.tensor([[90.0, 30, 0], [30, 80, 5], [0, 5, 60]]).double()
    )
    for image in match_colours(images, target):
        found = colours_of(image[None])
        torch.testing.assert_close(found.mean, target.mean, atol=0.1, rtol=0)
        torch.testing.assert_close(found.covariance, target.covariance, atol=1.0, rtol=0)


def test_one_channel_by_hand() -> None:
    # Mean 20 and deviation 10 (over one less than the count) to mean 100 and deviation 20
    images = torch.tensor([10, 20, 30], dtype=torch.uint8).view(1, 1, 1, 3)
    target = Colours(torch.tensor([100.0]).double(), torch.tensor([[400.0]]).double())
    assert match_colours(images, target).flatten().tolist() == [80, 100, 120]


def test_a_grey_picture_in_colour_is_no_error() -> None:
    grey = random_images(1, 0, channels=1).repeat(1, 3, 1, 1)
    target = colours_of(random_images(2, 1))
    assert match_colours(grey, target).shape == grey.shape
    assert match_colours(torch.full_like(grey, 7), target).float().std((2, 3)).max() == 0


def test_self_similarity_by_hand() -> None:
    # Three places with features (1, 0), (-1, 0) and (0, 3): less the mean (0, 1) they are (1, -1), (-1, -1), (0, 2).
    features = torch.tensor([[1.0, 0], [-1, 0], [0, 3]]).T.view(1, 2, 1, 3)
    half = -(0.5**0.5)
    wanted = torch.tensor([[[1.0, 0, half], [0, 1, half], [half, half, 1]]])
    torch.testing.assert_close(self_similarity(features), wanted)


def test_structure_is_blind_to_what_features_look_like() -> None:
    torch.manual_seed(0)
    features = torch.randn(2, 8, 5, 6)
    rotation = torch.linalg.qr(torch.randn(8, 8))[0]
    turned = torch.einsum("dc,nchw->ndhw", rotation, features) * 3 + torch.randn(1, 8, 1, 1)
    torch.testing.assert_close(structure_score(turned, features), torch.ones(2))
    assert (structure_score(torch.randn(2, 8, 5, 6), features).abs() < 0.3).all()
    assert structure_score(torch.zeros(1, 8, 5, 6), features[:1]).item() == 0


def test_moments_and_distances_by_hand() -> None:
    # One channel, values 1 and 3: mean 2, mean square 5, deviation 1.
    style = moments(torch.tensor([1.0, 3.0]).view(1, 1, 1, 2))
    assert (style.mean.item(), style.second.item(), style.deviation.item()) == (2.0, 5.0, 1.0)
    ours = Moments(torch.tensor([3.0]).double(), torch.tensor([[13.0]]).double())  # deviation 2
    assert gram_distance([ours], [style]) == pytest.approx(8 / 5)
    assert mean_std_distance([ours], [style]) == pytest.approx(2**0.5)
    assert gram_distance([style, style], [style, style]) == 0


def test_moments_of_parts_are_moments_of_the_whole() -> None:
    features = torch.randn(5, 4, 3, 3)
    whole, parts = moments(features), averaged([moments(features[:3]), moments(features[3:])], [3, 2])
    torch.testing.assert_close(parts.mean, whole.mean)
    torch.testing.assert_close(parts.second, whole.second)


def test_random_features_are_the_same_everywhere_and_blind_to_colour_and_contrast() -> None:
    network = RandomFeatures()
    torch.testing.assert_close(network.weight1[0, 0, 0], torch.tensor([-0.0132, 0.0616, -0.0209]), atol=1e-4, rtol=0)
    images = torch.rand(1, 3, 48, 48) - 0.5
    maps = network.maps(images, (0, 3))
    assert [tuple(x.shape) for x in maps] == [(1, 32, 48, 48), (1, 128, 6, 6)]
    torch.testing.assert_close(network.maps(images.roll(1, 1), (3,))[0], maps[1], atol=1e-4, rtol=1e-4)
    assert (network.maps(images * 2, (3,))[0] - maps[1]).abs().mean() < 0.1 * maps[1].abs().mean()
    assert local_contrast(torch.zeros(1, 1, 6, 6)).abs().max() == 0


def test_statistics_come_from_a_network_that_was_not_trained_against() -> None:
    forget_notices()
    assert feature_maps("auto", STATISTICS).name == "efficientnet_lite0"
    assert feature_maps("auto", STATISTICS, {"efficientnet_lite0"}).name == "random_features"
    assert "random network" in notices()["evaluation.statistics"]
    feature_maps("efficientnet_lite0", STATISTICS, {"efficientnet_lite0"})
    assert "prove nothing" in notices()["evaluation.statistics"]
    with pytest.raises(UserError, match="statistics=resnet"):
        feature_maps("resnet", STATISTICS)


@pytest.fixture
def sets(tmp_path: Path) -> dict[str, PackedImages]:
    made = {}
    for number, name in enumerate(("content", "style", "reference")):
        images = random_images(20, number, 32, bright=150 + 50 * number)
        folder = write_folder(images, tmp_path / name)
        made[name] = pack(FolderSource(folder), SizePolicy(32, 32), tmp_path / "cache", workers=0, progress=False)
    return made


def evaluator(tmp_path: Path) -> TranslationProtocol:
    return TranslationProtocol(
        features=TinyExtractor(), num_images=16, num_style=20, kid_subset_size=10, cache_dir=str(tmp_path / "views")
    )


def measured(measure: TranslationProtocol, paint: Any, sets: dict[str, PackedImages]) -> Measurement:
    return measure.measure_pictures(paint, sets["content"], sets["style"], reference=sets["reference"])


def test_every_table_has_its_controls(sets: dict[str, PackedImages], tmp_path: Path) -> None:
    found = measured(evaluator(tmp_path), lambda images: images, sets)
    assert list(found.rows) == [OURS, *CONTROLS, REFERENCE]
    assert found.rows[OURS] == pytest.approx(found.rows["content"]), "a painter that does nothing is the control"
    assert found.figures["structure"] == pytest.approx(1.0)
    assert found.rows[CONTROLS[1]]["structure"] < 1
    assert set(found.figures) == set(found.comparability)
    assert set(found.comparability["kid_tiny"]["controls"]) == {*CONTROLS, REFERENCE}
    assert found.comparability["structure"]["higher_is_better"]
    assert found.main == "fd_tiny"


def test_a_perfect_painter_is_at_no_distance(sets: dict[str, PackedImages], tmp_path: Path) -> None:
    style = torch.from_numpy(sets["style"].batch(range(20))).permute(0, 3, 1, 2)
    measure = TranslationProtocol(features=TinyExtractor(), num_images=20, num_style=20, cache_dir=str(tmp_path / "v"))
    found = measured(measure, lambda images: style[: len(images)], sets)
    assert found.figures["fd_tiny"] == pytest.approx(0.0, abs=1e-5)
    assert found.figures["gram_efficientnet_lite0"] == pytest.approx(0.0, abs=1e-9)
    assert found.figures["structure"] < 0.9


def test_what_no_model_has_a_part_in_is_measured_once(sets: dict[str, PackedImages], tmp_path: Path) -> None:
    asked: list[int] = []

    def paint(images: Tensor) -> Tensor:
        asked.append(len(images))
        return 255 - images

    first = measured(evaluator(tmp_path), paint, sets)
    files = sorted((tmp_path / "views").glob("*.safetensors"))
    assert len(files) == 4
    assert measured(evaluator(tmp_path), paint, sets) == first
    assert sorted((tmp_path / "views").glob("*.safetensors")) == files
    assert asked == [16, 16]


def test_all_rows_are_of_as_many_pictures(sets: dict[str, PackedImages], tmp_path: Path) -> None:
    measure = evaluator(tmp_path)  # 16 of 20, against 20
    found = measure.measure_pictures(lambda images: images, sets["content"], sets["style"], reference=sets["content"])
    assert found.rows[REFERENCE] == {k: v for k, v in found.rows["content"].items() if k != "structure"}
    record = found.comparability["fd_tiny"]
    assert (record["generated"], record["real"]) == (16, 20)
    assert record["counts_of_controls"] == {row: [16, 20] for row in (*CONTROLS, REFERENCE)}


def test_crops_of_few_pictures_have_no_interval(sets: dict[str, PackedImages], tmp_path: Path) -> None:
    measure = evaluator(tmp_path)
    found = measured(measure, lambda images: images, sets)
    low, high = found.comparability["kid_tiny"]["interval"]
    assert low < found.figures["kid_tiny"] < high
    for side in ("content", "style"):
        crops = {**sets, side: replace(sets[side], cut_from=np.arange(20) % 3)}
        assert (other := measured(measure, lambda images: images, crops)).figures == found.figures
        for name in ("fd_tiny", "kid_tiny"):
            assert other.comparability[name]["interval"] is None
            assert "one side is of 3 pictures" in other.comparability[name]["interval_method"]


class Data:
    """Content is held out, the style is too little for that."""

    def provenance(self) -> dict[str, Any]:
        style = {"train": 2, "held_out": 0, "origin": "local"}
        return {"content": {"train": 8, "held_out": 4, "origin": "sample"}, "style": style}


def test_the_part_that_was_measured_is_on_record_for_each_side(sets: dict[str, PackedImages], tmp_path: Path) -> None:
    measure = evaluator(tmp_path)
    wanted = {"split": "train", "content_split": "held_out", "style_pictures": 2, "content_pictures": 4}
    assert measure.sources(Data()) == {**wanted, "origin": "local"}
    found = measure.measure_pictures(
        lambda images: images, sets["content"], sets["style"], about=measure.sources(Data())
    )
    assert all(wanted.items() <= record.items() for record in found.comparability.values())
    measure.split = "train"
    assert measure.sources(Data())["content_split"] == "train"


def test_mistakes_are_named() -> None:
    with pytest.raises(UserError, match="precision not among frechet, kid"):
        TranslationProtocol(metrics=["precision"])
    with pytest.raises(UserError, match="statistics=vgg16"):
        TranslationProtocol(statistics="vgg16")


class BothWays:
    """Content and style, whose pictures are asked for by part."""

    def __init__(self, sets: dict[str, PackedImages]) -> None:
        self.sets, self.asked = sets, []

    def evaluation_images(self, part: str, split: str) -> PackedImages:
        self.asked.append((part, split))
        return self.sets[part]

    def provenance(self) -> dict[str, Any]:
        return {part: {"train": 8, "held_out": 4, "origin": part} for part in self.sets}


def test_a_painter_of_the_other_direction_is_compared_with_what_it_paints_like(
    sets: dict[str, PackedImages], tmp_path: Path
) -> None:
    spec, data = ImageSpec(3, 32, 32), BothWays(sets)
    back = Painter(nn.Identity(), spec, ("content",), spec, given_part="style", painted_part="content")
    found = evaluator(tmp_path).measure(back, data)
    assert data.asked == [("style", "held_out"), ("content", "held_out"), ("content", "train")]
    assert all(record["origin"] == "content" for record in found.comparability.values())
