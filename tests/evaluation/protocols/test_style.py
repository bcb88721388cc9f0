"""The protocol of style scores, for painters that take a style and for those that have one."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.notices import forget_notices, notices
from impasto.base.parts import Parts
from impasto.base.spec import ImageSpec
from impasto.data.packing.pack import pack
from impasto.data.packing.packed import PackedImages
from impasto.data.packing.sizing import SizePolicy
from impasto.data.sources.folder import FolderSource
from impasto.evaluation.figures.style_descriptions import StyleNetwork
from impasto.evaluation.protocols import style as module
from impasto.evaluation.protocols import style_controls
from impasto.evaluation.protocols.measurement import Measurement, check_fit
from impasto.evaluation.protocols.style import StyleProtocol, one_of_each
from impasto.evaluation.protocols.style_verdict import BETTER, FOOLED, REAL
from impasto.networks.pretrained.random_features import RandomFeatures
from impasto.painters.painter import Painter
from tests.evaluation.conftest import TinyExtractor, random_images, write_folder

SIDE = 64
ROWS = ["painted", "content", "content in the style's colours", REAL]


@pytest.fixture(scope="module")
def network() -> StyleNetwork:
    return StyleNetwork(RandomFeatures())


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, network: StyleNetwork) -> list[tuple[tuple[str, ...], str]]:
    """No trained network, no painter of others, and two other styles; what network is asked for."""
    asked: list[tuple[tuple[str, ...], str]] = []

    def chosen(trained_against: tuple[str, ...], wanted: str) -> StyleNetwork:
        asked.append((trained_against, wanted))
        return network

    def two_others(side: int, style: Tensor) -> Mapping[str, Any]:
        return {name: (name, lambda grey=grey: torch.full((2, 3, side, side), grey, dtype=torch.uint8))
                for name, grey in (("dark", 20), ("light", 220))}  # fmt: skip

    monkeypatch.setattr(module, "style_network", chosen)
    monkeypatch.setattr(module, "gallery", two_others)
    monkeypatch.setattr(style_controls, "find_spec", lambda _: None)
    return asked


class OneStyle:
    """A data module with one style, nothing else of which matters here."""

    parts = ("content", "style")
    image_size = (SIDE, SIDE)

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[tuple[str, str]] = []

    def packed(self, part: str, n: int, seed: int) -> PackedImages:
        images = random_images(n, seed, SIDE, bright=100 + 30 * seed)
        source = FolderSource(write_folder(images, self.folder / part))
        return pack(source, SizePolicy(SIDE, SIDE), self.folder / "cache", workers=0, progress=False)

    @cached_property
    def sets(self) -> dict[str, PackedImages]:
        return {part: self.packed(part, 8 + seed, seed) for seed, part in enumerate(self.parts)}

    def evaluation_images(self, part: str, split: str) -> PackedImages:
        self.asked.append((part, split))
        return self.sets[part]

    def provenance(self) -> dict[str, Any]:
        return {part: {"name": f"the {part}", "origin": "local"} for part in self.parts}


class ManyStyles(OneStyle):
    """Every picture has a style of its own."""

    parts = ("content", "target", "style")
    leaders = {"style": "target"}  # noqa: RUF012 - as data modules have it


class RealPaintings(ManyStyles):
    parts = ("content", "target", "style", "photo", "painting", "painting_other")
    leaders = {"style": "target", "painting_other": "painting"}  # noqa: RUF012


class Mixed(nn.Module):
    """The mean of content and style."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[int, ...]] = []

    def forward(self, content: Tensor, style: Tensor) -> Tensor:
        self.seen.append(tuple(style[:, 0, 0, 0].mul(127.5).add(127.5).round().int().tolist()))
        return (content + style) / 2


SPEC = ImageSpec(3, SIDE, SIDE)


def protocol(tmp_path: Path, **settings: Any) -> StyleProtocol:
    return StyleProtocol(features=TinyExtractor(), cache_dir=str(tmp_path / "known"), **settings)  # type: ignore[arg-type]


def test_a_painter_of_content_and_style_gets_one_style_after_the_other(tmp_path: Path) -> None:
    mixed, data = Mixed(), OneStyle(tmp_path)
    painter = Painter(mixed, SPEC, ("content", "style"), SPEC)
    found = protocol(tmp_path, num_style=4).measure(painter, data)
    assert data.asked == [("content", "held_out"), ("style", "held_out")]
    assert mixed.seen == [mixed.seen[0][:4] * 2]
    assert list(found.rows) == ROWS
    assert found.main == "stroke_random_features"
    assert set(found.figures) == set(found.comparability)
    assert {"style_random_features", "retrieval_random_features", "direction", "edges", "grid"} <= set(found.figures)
    record = found.comparability["style_random_features"]
    assert (record["generated"], record["real"], record["picture_size"]) == (8, 4, [SIDE, SIDE])
    assert record["origin"] == "the style"
    assert set(record["controls"]) == set(ROWS[1:])
    assert found.comparability["retrieval_random_features"]["styles"] == ["content", "dark", "light"]
    assert [n for n, r in found.comparability.items() if r["higher_is_better"]] == [
        "retrieval_random_features",
        "edges",
    ]
    assert found.intervals["painted"]["edges"] == tuple(found.comparability["edges"]["interval"])
    assert set(found.conclusions) == {BETTER, FOOLED}
    assert {"ssim", "kid_tiny"} <= set(found.rows["painted"])
    assert found.rows["content"]["structure_change_random_features"] == pytest.approx(0.0, abs=1e-6)


def test_a_painter_that_has_a_style_is_given_content_alone(tmp_path: Path) -> None:
    painter = Painter(nn.Identity(), SPEC, ("content",), SPEC)
    found = protocol(tmp_path).measure(painter, OneStyle(tmp_path))
    assert found.rows["painted"] == pytest.approx(found.rows["content"]), "one that does nothing is the control"
    assert found.conclusions[BETTER].startswith("no: style is not below that of content")
    pictures, columns = found.sheets["style"]()
    assert (pictures.shape, columns) == ((24, 3, SIDE, SIDE), 3)
    torch.testing.assert_close(pictures[0], pictures[2])


def test_a_network_that_was_trained_against_is_not_measured_with(
    tmp_path: Path, quick: list[tuple[tuple[str, ...], str]]
) -> None:
    painter = Painter(nn.Identity(), SPEC, ("content",), SPEC, trained_against=("vgg19", "efficientnet_lite2"))
    protocol(tmp_path).measure(painter, OneStyle(tmp_path))
    assert quick == [(("efficientnet_lite2", "vgg19"), "auto")]


def test_data_of_many_styles_is_measured_in_the_shipped_one(tmp_path: Path) -> None:
    forget_notices()
    painter = Painter(Mixed(), SPEC, ("content", "style"), SPEC, given_part="content", painted_part="target")
    found = protocol(tmp_path).measure(painter, ManyStyles(tmp_path))
    assert found.comparability["edges"]["origin"] == "embedded paintings by Van Gogh"
    assert found.comparability["edges"]["real"] == 8
    assert "a style of its own" in notices()["evaluation.style"]
    data = RealPaintings(tmp_path / "real")
    found = protocol(tmp_path).measure(painter, data)
    assert data.asked == [("content", "held_out"), ("painting", "held_out")]
    folder = write_folder(random_images(3, 7, SIDE), tmp_path / "mine")
    found = protocol(tmp_path, style=str(folder)).measure(painter, ManyStyles(tmp_path / "again"))
    assert (found.comparability["edges"]["origin"], found.comparability["edges"]["real"]) == ("folder mine", 3)


def test_one_crop_of_each_picture_is_measured(tmp_path: Path) -> None:
    data = OneStyle(tmp_path)
    crops = replace(data.sets["content"], cut_from=np.array([0, 0, 0, 1, 1, 1, 2, 2]))
    assert list(one_of_each(crops).every_name()) == ["00000.png", "00003.png", "00006.png"]
    data.sets["content"] = crops
    found = protocol(tmp_path).measure(Painter(nn.Identity(), SPEC, ("content",), SPEC), data)
    assert found.comparability["edges"]["generated"] == 3
    assert found.comparability["edges"]["interval"] is None
    assert found.conclusions[BETTER] == "unknown: too few pictures for intervals"


def test_grey_pictures_are_measured_too(tmp_path: Path) -> None:
    class Grey(OneStyle):
        def packed(self, part: str, n: int, seed: int) -> PackedImages:
            source = FolderSource(write_folder(random_images(n, seed, SIDE, channels=1), self.folder / part))
            return pack(source, SizePolicy(SIDE, SIDE, channels=1), self.folder / "cache", workers=0, progress=False)

    spec = ImageSpec(1, SIDE, SIDE)
    found: Measurement = protocol(tmp_path).measure(Painter(nn.Identity(), spec, ("content",), spec), Grey(tmp_path))
    assert found.figures["edges"] == pytest.approx(1.0, abs=1e-3)


def test_mistakes_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="style_network=resnet is not a network; choose auto, efficientnet_lite2"):
        StyleProtocol(style_network="resnet")
    with pytest.raises(UserError, match="num_style"):
        StyleProtocol(num_style=0)
    with pytest.raises(UserError, match="needs data with the part style"):
        check_fit(StyleProtocol(), ("content",), ("content", "target"))
    data = OneStyle(tmp_path)
    small = pack(FolderSource(write_folder(random_images(2, 0, 32), tmp_path / "small")), SizePolicy(32, 32),
                 tmp_path / "cache", workers=0, progress=False)  # fmt: skip
    data.sets.update(content=small)
    with pytest.raises(UserError, match=r"at least 64x64 pixels, and these have 32x32: set data\.image_size=64"):
        protocol(tmp_path).measure(Painter(nn.Identity(), SPEC, ("content",), SPEC), data)
    refusals = list(StyleProtocol().check_with(Parts(data=SimpleNamespace(image_size=(32, 128)))))
    assert "these have 32x128" in refusals[0].sentence
