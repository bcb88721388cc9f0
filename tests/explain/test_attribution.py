"""Attributions, attention and maps, where what drives what is known."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from explain import explain
from impasto.explain.attention import attention_maps
from impasto.explain.heat import boxes_of, marked, over
from impasto.explain.judged import scorer
from impasto.explain.style_map import components
from impasto.networks.layers.attention import SelfAttention
from impasto.networks.patchgan import PatchGAN
from impasto.painters.style_base import save_base
from tests.explain.test_page import composed
from tests.style_painter import style_painter

pytest.importorskip("captum", reason="attributions need captum: it is in the extra explain")

from impasto.explain.attribution import REGIONS, by_gradient, by_hiding_patches, by_leaving_out, of_scores

HALF = REGIONS // 2


def test_leaving_out_what_paints_the_left_half_changes_the_left_half() -> None:
    def paint(weights: Tensor) -> Tensor:
        left, right = weights[0]
        return torch.cat([left.expand(1, 1, 16, 8), 0.5 * right.expand(1, 1, 16, 8)], 3)

    found = by_leaving_out(paint, 2)
    expected = torch.zeros(2, REGIONS, REGIONS)
    expected[0, :, :HALF], expected[1, :, HALF:] = 1, 0.5
    torch.testing.assert_close(found, expected)


def test_a_hidden_patch_changes_the_region_that_is_painted_from_it() -> None:
    picture = torch.zeros(1, 3, 16, 16)
    picture[..., 8:, 8:] = 1.0
    found = by_hiding_patches(lambda given: given.flip(3), picture, 8)
    assert found.shape == (2, 2, REGIONS, REGIONS)
    expected = torch.zeros(REGIONS, REGIONS)
    expected[HALF:, :HALF] = 0.75  # mirrored; a quarter of the picture is 1, so that its mean is 0.25
    torch.testing.assert_close(found[1, 1], expected)
    expected = torch.zeros(REGIONS, REGIONS)
    expected[:HALF, HALF:] = 0.25
    torch.testing.assert_close(found[0, 0], expected)


def test_gradients_are_where_the_box_is_painted_from() -> None:
    found = by_gradient(lambda given: given.flip(2), torch.zeros(1, 1, 8, 8), torch.tensor([0, 0, 2, 4]))
    expected = torch.zeros(8, 8)
    expected[6:, :4] = 1 / 8
    torch.testing.assert_close(found, expected)


def test_a_score_depends_on_the_pixel_that_it_is() -> None:
    found = of_scores(lambda images: 3 * images[:, 0, 2, 1], torch.zeros(2, 3, 4, 4))
    expected = torch.zeros(2, 4, 4)
    expected[:, 2, 1] = 3
    torch.testing.assert_close(found, expected)


def test_a_discriminator_is_asked_with_what_it_is_told() -> None:
    network = PatchGAN(3, 3, features=4, layers=1).eval()
    images, beside = torch.randn(2, 2, 3, 16, 16)
    expected = network(images, None, beside).maps[0].mean((1, 2, 3))
    torch.testing.assert_close(scorer(network, None, beside)(images), expected)


def test_attention_finds_the_place_whose_key_is_the_query() -> None:
    layer = SelfAttention(8, spectral=False)
    for weight in (layer.query.weight, layer.key.weight):
        torch.nn.init.zeros_(weight)
        weight.data[0, 0] = 10
    x = torch.zeros(1, 8, 4, 4)
    x[0, 0, 0, 3] = 1.0  # the pooled place at the upper right
    (found,) = attention_maps(layer, lambda: layer(x), torch.tensor([[0.0, 0.75], [0.9, 0.1]])).values()
    torch.testing.assert_close(found.sum((1, 2)), torch.ones(2))
    assert found[0, 0, 1] > 0.99
    torch.testing.assert_close(found[1], torch.full((2, 2), 0.25))  # a query of zeros looks everywhere


def test_codes_lie_along_the_direction_in_which_they_differ() -> None:
    codes = torch.tensor([[0.0, 0, 7], [3, 0, 7], [6, 0, 7], [3, 1, 7], [3, -1, 7]])
    at, share = components(codes)
    torch.testing.assert_close(at.abs(), torch.tensor([[3.0, 0], [0, 0], [3, 0], [0, 1], [0, 1]]), atol=1e-5, rtol=0)
    torch.testing.assert_close(share, torch.tensor([0.9, 0.1]))
    assert components(codes[:1])[0].tolist() == [[0, 0]]


def test_the_strongest_place_of_a_map_is_red_and_the_least_grey() -> None:
    maps = torch.zeros(1, 4, 4)
    maps[0, :2] = 5.0
    drawn = over(torch.zeros(1, 3, 4, 4), maps)[0]
    assert drawn[0, 0, 0] > 0.8 > drawn[2, 0, 0]
    assert drawn[:, 3, 0].abs().max() < 1e-6
    boxes = boxes_of(8, 8)
    assert boxes.tolist() == [[1, 1, 3, 3], [1, 5, 3, 7], [5, 1, 7, 3], [5, 5, 7, 7]]
    assert marked(torch.zeros(4, 1, 8, 8), boxes)[3].sum() == 4  # a frame of one pixel around two by two


@pytest.fixture(scope="module")
def styled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small base with four style pictures."""
    folder = tmp_path_factory.mktemp("styled")
    save_base(style_painter(), folder / "base.safetensors")
    (folder / "styles").mkdir()
    for i in range(4):
        pixels = np.random.default_rng(i).integers(0, 60 * (i + 1), (24, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "styles" / f"{i}.png")
    return folder


def test_a_painter_of_any_style_gets_a_page(styled: Path, browser: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impasto.explain.command.CONTENT", 32)
    call = ["seconds=0.2", "patch=16", f"style={styled / 'styles'}", f"input={styled / 'styles' / '0.png'}"]
    explain(composed("explain", f"checkpoint={styled / 'base.safetensors'}", *call))
    window, asked = browser.new_page(), list[str]()
    window.on("request", lambda r: None if r.url.startswith(("file:", "data:")) else asked.append(r.url))
    window.goto((styled / "explain" / "explain.html").as_uri())
    window.wait_for_function("[...document.images].every(each => each.complete && each.naturalWidth > 0)")
    assert window.locator("h2").all_inner_texts() == [
        *("Which style picture drove which region", "Map of the styles", "From style to style"),
        *("Which patch of a style picture drove which region", "What a region depends on"),
    ]
    assert window.locator("svg image").count() == 4
    assert "holds no discriminator" in window.locator(".notice").inner_text()
    assert not asked
    window.close()


def test_settings_of_another_kind_of_model_are_refused(styled: Path) -> None:
    with pytest.raises(SystemExit, match=r"label=dress: this model does not take it"):
        explain(composed("explain", f"checkpoint={styled / 'base.safetensors'}", "overwrite=true", "label=dress"))


def test_a_painter_of_one_way_gets_its_sections_and_its_attention(
    run_dir: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    explain(composed("explain", f"checkpoint={run_dir}", f"output={tmp_path / 'page'}"))
    page = (tmp_path / "page" / "explain.html").read_text()
    assert "What a region depends on" in page
    assert "holds no discriminator" in page
    assert "<h2>Attention" not in page
