"""The command on a small model from noise: its page in a browser, and painting with the sliders that it found."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig
from PIL import Image
from torch import nn

from explain import explain
from generate import generate
from impasto.base.errors import UserError
from impasto.explain.attributes import choose_attributes, score
from impasto.explain.pictures import files_of
from impasto.explain.settings import Settings
from impasto.networks.dcgan import DCGANGenerator
from impasto.painters.loading import load_painter
from impasto.painters.sliders import load_sliders, shift_of
from tests.inference.test_generate import SMALL, write_run
from tests.training import CONF

NODE = {"_target_": "impasto.networks.dcgan.DCGANGenerator", "attention": [4], **SMALL}


def composed(command: str, *overrides: str) -> DictConfig:
    with initialize_config_dir(CONF, version_base="1.3"):
        return compose(command, list(overrides))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes, and a generator that is told them."""
    torch.manual_seed(0)
    network = DCGANGenerator(3, 8, 8, num_classes=2, attention=[4], **SMALL)  # type: ignore[arg-type]
    for weight in network.parameters():
        nn.init.normal_(weight, std=0.3)
    return write_run(tmp_path_factory.mktemp("explained") / "run", network, NODE, ("dress", "shoe"))


@pytest.fixture(scope="module")
def page(run: Path) -> Path:
    Image.fromarray(np.full((9, 12, 3), 90, np.uint8)).save(run / "grey.png")
    few = ["num_images=64", "num_measured=8", "rows=2", "steps=3", "directions=1", "seconds=0.2", "project_steps=2"]
    explain(composed("explain", f"checkpoint={run}", f"project={run / 'grey.png'}", "attributes=[warmth,down]", *few))
    return run / "explain" / "explain.html"


def test_the_page_shows_everything_and_asks_for_nothing(page: Path, browser: Any) -> None:
    window, asked = browser.new_page(), list[str]()
    window.on("request", lambda r: None if r.url.startswith(("file:", "data:")) else asked.append(r.url))
    window.on("console", lambda m: asked.append(m.text) if m.type == "error" else None)
    window.goto(page.as_uri())
    titles = window.locator("h2").all_inner_texts()
    assert titles == [
        *("Sliders", "What they change", "Pictures in latent space"),
        *("Walks through latent space", "From class to class", "Attention"),
    ]
    window.wait_for_function("[...document.images].every(each => each.complete && each.naturalWidth > 0)")
    window.wait_for_function("[...document.querySelectorAll('video')].every(each => each.readyState > 1)")
    assert window.locator("video").count() == 2
    assert window.locator("figcaption").first.inner_text().startswith("sefa_1: closed form (SeFa); changes ")
    rows = window.locator("table.changes tr")
    assert rows.nth(0).locator("th").all_inner_texts()[1:3] == ["warmth", "down"]
    assert rows.count() == 1 + 2 + 2 * 2 + 1  # head, two methods, both attributes alone and not, control
    assert "does not say what it was trained on" in window.locator(".notice").first.inner_text()
    assert not asked
    window.close()


def test_generate_paints_with_the_sliders(page: Path, run: Path, tmp_path: Path) -> None:
    file = page.parent / "sliders.json"
    call = [f"checkpoint={run}", "num_images=3", "device=cpu", f"edit={file}"]
    generate(composed("generate", *call, f"output={tmp_path / 'moved'}", "++sliders.warmth=2", "++sliders.sefa_1=-1"))
    painter = load_painter(run, device="cpu")
    known = load_sliders(file, painter)
    shift = shift_of(known, {"warmth": 2, "sefa_1": -1}, painter)
    torch.testing.assert_close(shift, 2 * known["warmth"].vector - known["sefa_1"].vector)
    expected = painter.sample(3, shift=shift)[2].permute(1, 2, 0)
    pixels = np.asarray(Image.open(tmp_path / "moved" / "000002.png"))
    np.testing.assert_array_equal(pixels, (expected * 127.5 + 127.5).round().byte().numpy())
    assert not torch.equal(expected, painter.sample(3)[2].permute(1, 2, 0))
    with pytest.raises(SystemExit, match=r"needs values, such as sliders\.sefa_1=2; it has sefa_1, pca_1, warmth"):
        generate(composed("generate", *call, f"output={tmp_path / 'still'}"))
    with pytest.raises(SystemExit, match=r"sliders\.joy is not in the file"):
        generate(composed("generate", *call, f"output={tmp_path / 'still'}", "++sliders.joy=2"))
    with pytest.raises(SystemExit, match=r"sliders\.joy= needs edit=FILE"):
        generate(composed("generate", *call[:-1], f"output={tmp_path / 'still'}", "++sliders.joy=2"))
    with pytest.raises(SystemExit, match="sliders=3 names no slider: give a value to each"):
        generate(composed("generate", *call[:-1], f"output={tmp_path / 'still'}", "sliders=3"))


def test_a_page_is_not_written_over(page: Path, run: Path) -> None:
    with pytest.raises(SystemExit, match="is there already"):
        explain(composed("explain", f"checkpoint={run}"))
    with pytest.raises(SystemExit, match="methods: guess is not known"):
        explain(composed("explain", f"checkpoint={run}", "overwrite=true", "methods=[guess]"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "else"}, "holds no sliders"),
        ({"sliders": {}}, "holds no slider:"),
        ({"sliders": {"a b": {"vector": [0.0] * 4}}}, "cannot be called"),
        ({"sliders": {"a": {"vector": [0.0] * 3}}}, "has 3 numbers, and this model takes 4"),
        *(
            ({"sliders": {"a": {"vector": [0.0, 0.0, 0.0, wrong]}}}, "not a list of numbers")
            for wrong in (float("nan"), True, 10**400, "0")
        ),
    ],
)
def test_a_file_that_holds_no_sliders_of_this_model_is_refused(
    page: Path, run: Path, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    told = json.loads((page.parent / "sliders.json").read_text())
    (tmp_path / "sliders.json").write_text(json.dumps(told | changes))
    with pytest.raises(UserError, match=said):
        load_sliders(tmp_path / "sliders.json", load_painter(run, device="cpu"))


def test_a_file_that_is_no_json_is_refused(run: Path, tmp_path: Path) -> None:
    painter = load_painter(run, device="cpu")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    with pytest.raises(UserError, match=r"deep\.json is no JSON"):
        load_sliders(tmp_path / "deep.json", painter)
    with pytest.raises(UserError, match=r"cannot be read .*: give sliders\.json"):
        load_sliders(tmp_path, painter)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"methods": []}, "methods: nothing is not known; give a list"),
        ({"methods": "sefa"}, r"write it in brackets, such as 'methods=\[sefa\]'"),
        ({"attributes": 3}, r"write it in brackets, such as 'attributes=\[3\]'"),
        ({"attributes": []}, "leaves nothing to measure by"),
        ({"reach": None}, "reach=None is out of range; give a number from 0.1 to 20 standard deviations"),
        ({"seconds": float("nan")}, "seconds=nan is out of range"),
    ],
)
def test_settings_that_do_not_fit_are_told(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        Settings(**settings)


def test_what_a_scorer_of_the_users_cannot_do_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="attributes: getcwd cannot score pictures"):
        score(choose_attributes(["os.getcwd"], 3, dict), torch.zeros(2, 3, 8, 8))
    with pytest.raises(UserError, match="attributes: 3 is not known"):
        choose_attributes([3], 3, dict)  # type: ignore[list-item]
    with pytest.raises(UserError, match=f"There are no pictures in {tmp_path}: set project to"):
        files_of("project", tmp_path, 8)
