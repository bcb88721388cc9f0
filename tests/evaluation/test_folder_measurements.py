"""``src/evaluate.py`` on folders that stylize.py wrote."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from impasto.base.errors import UserError
from impasto.base.notices import forget_notices, notices
from impasto.base.sheets import is_sheet
from impasto.base.spec import ImageSpec
from impasto.evaluation.arguments import is_of_checkpoint
from impasto.evaluation.figures.style_descriptions import StyleNetwork
from impasto.evaluation.folder_measurements import measure_pairs, measure_translated
from impasto.evaluation.folders import pack_folder, size_of_first
from impasto.evaluation.style_measurements import measure_styled
from impasto.inference.console import follow
from impasto.inference.stylize import stylize
from impasto.networks.pretrained.random_features import RandomFeatures
from impasto.painters.painter import Painter
from tests.evaluation.conftest import random_images, write_folder
from tests.evaluation.test_command import PROTOCOLS, composed_evaluate, shown, validate


class Negative(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.sign = nn.Parameter(-torch.ones(()))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.sign * images


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """Nine pictures, one of them in a folder and one a GIF; their negatives with a sheet; and twelve paintings."""
    content = write_folder(random_images(9, 0, 32), tmp_path / "content")
    (content / "more").mkdir()
    (content / "00008.png").rename(content / "more" / "00008.png")
    with Image.open(content / "00007.png") as picture:
        picture.save(content / "00007.gif")
    (content / "00007.png").unlink()
    spec = ImageSpec(3, 32, 32)
    generator = Painter(Negative(), spec, ("content",), spec)
    follow(stylize(generator, content, tmp_path / "painted", sheet=2))
    return {
        "generated": tmp_path / "painted",
        "content": content,
        "real": write_folder(random_images(12, 1, 32, bright=200), tmp_path / "real"),
    }


def measured(folders: dict[str, Path], *overrides: str):  # type: ignore[no-untyped-def]
    given = [f"{name}={folder}" for name, folder in folders.items()]
    return measure_translated(composed_evaluate(*given, *overrides), PROTOCOLS)


def test_a_folder_of_paintings_gets_its_controls(folders: dict[str, Path], tmp_path: Path) -> None:
    forget_notices()
    result = measured(folders)
    assert list(result.measurement.rows) == ["painted", "content", "content in the style's colours"]
    record = result.measurement.comparability["kid_tiny"]
    assert (record["generated"], record["real"], record["trained_against"]) == (9, 12, None)
    assert result.measurement.rows["content"]["structure"] == pytest.approx(1.0)
    assert 0 < result.measurement.figures["structure"] < 1
    assert set(result.measurement.figures) >= {"fd_tiny", "kid_tiny", "gram_random_features"}
    assert "does not say what its painter was trained against" in notices()["evaluation.statistics"]
    assert result.path == folders["generated"] / "evaluation.json"
    assert json.loads(json.dumps(result.report))["pairs"] == 9
    assert "9 pictures in each row, against 12 pictures" in " ".join(shown(result).split())


def test_what_was_not_painted_is_the_control_itself(folders: dict[str, Path], tmp_path: Path) -> None:
    result = measured({**folders, "generated": folders["content"]}, f"output={tmp_path / 'x.json'}")
    assert result.measurement.rows["painted"] == pytest.approx(result.measurement.rows["content"])


def test_pairs_are_complete_or_it_is_said(folders: dict[str, Path]) -> None:
    forget_notices()
    (folders["generated"] / "00000.png").unlink()
    (folders["content"] / "00001.png").write_bytes(b"no picture")
    result = measured(folders)
    assert result.report["pairs"] == 7
    assert result.report["bad_images"] == {"generated": 0, "content": 1, "real": 0}
    assert (folders["generated"] / "bad_images.csv").is_file()
    assert "1 of 8 pictures of content= were not painted" in notices()["evaluation.content"]
    (folders["content"] / "00002.png").unlink()
    with pytest.raises(UserError, match=r"has no picture for 1 of the 8 in generated=.* \(00002\.png\): pictures go"):
        measured(folders)
    for path in folders["content"].glob("0000[3-6].png"):
        path.unlink()
    with pytest.raises(UserError, match="no picture for 5 of the 8"):
        measured(folders)


def test_mistakes_are_named(folders: dict[str, Path]) -> None:
    with pytest.raises(UserError, match="image_size=8x8 is too small"):
        measured(folders, "image_size=8")
    with pytest.raises(UserError, match=r"evaluation\.split is for checkpoint="):
        measured(folders, "evaluation.split=train")
    for given in (["content=a"], ["content=a", "checkpoint=b"], ["content=a", "real=b"]):
        with pytest.raises(UserError, match=r"content=DIR goes with|Give either checkpoint="):
            is_of_checkpoint(composed_evaluate(*given))


def test_only_the_sheet_that_was_written_is_none(folders: dict[str, Path]) -> None:
    painted = folders["generated"]
    assert is_sheet(painted / "sheet.png")
    assert len(pack_folder(painted, (32, 32), "generated")) == 9
    assert len(pack_folder(painted, (32, 32), "real")) == 9
    with Image.open(painted / "sheet.png") as sheet:
        Image.fromarray(np.asarray(sheet)).save(painted / "sheet.png")  # a user's own
    assert not is_sheet(painted / "sheet.png")
    assert len(pack_folder(painted, (32, 32), "generated")) == 10
    for path in painted.glob("0*.png"):
        path.unlink()
    assert size_of_first(painted) == (32, 32), "more/00008.png comes first"


@pytest.fixture
def pairs(tmp_path: Path) -> dict[str, Path]:
    """Ten pictures, each the negative of a target that is a JPEG or PNG of the same name; inputs that equal them."""
    images = random_images(10, 0, 32)
    target = write_folder(255 - images, tmp_path / "target")
    with Image.open(target / "00003.png") as picture:
        picture.save(target / "00003.bmp")
    (target / "00003.png").unlink()
    return {
        "generated": write_folder(images, tmp_path / "generated"),
        "target": target,
        "content": write_folder(images, tmp_path / "content"),
    }


def test_pictures_are_compared_with_the_targets_of_their_names(pairs: dict[str, Path]) -> None:
    cfg = composed_evaluate(*(f"{name}={folder}" for name, folder in pairs.items()))
    result = measure_pairs(cfg, PROTOCOLS)
    assert result.measurement.rows["input as it is"] == pytest.approx(result.measurement.rows["painted"])
    assert set(result.measurement.figures) == {"psnr", "ssim", "fd_tiny", "kid_tiny"}
    assert result.report["pairs"] == 10
    assert "psnr ↑" in shown(result)
    same = {"generated": pairs["target"], "target": pairs["target"]}
    found = measure_pairs(composed_evaluate(*(f"{name}={folder}" for name, folder in same.items())), PROTOCOLS)
    assert found.measurement.figures["psnr"] == 100.0
    assert list(found.measurement.rows) == ["painted"], "without content there is no control"
    (pairs["target"] / "00003.bmp").unlink()
    with pytest.raises(UserError, match=r"target=.* has no picture for 1 of the 10 .*\(00003\.png\): pictures go tog"):
        measure_pairs(cfg, PROTOCOLS)
    for wrong in (["target=a"], ["generated=a", "real=b", "target=c"], ["checkpoint=a", "target=b"]):
        with pytest.raises(UserError, match="target=DIR goes with generated=DIR, instead of real=DIR"):
            is_of_checkpoint(composed_evaluate(*wrong))
    assert not is_of_checkpoint(composed_evaluate("generated=a", "target=b"))


def test_a_folder_of_restored_pictures_has_the_figures_of_restoration(pairs: dict[str, Path], tmp_path: Path) -> None:
    small = tmp_path / "small"  # what pictures twice as large were restored from
    small.mkdir()
    for path in pairs["content"].glob("*.png"):
        with Image.open(path) as picture:
            picture.resize((16, 16), Image.Resampling.BICUBIC).save(small / path.name)
    named = {"generated": pairs["content"], "target": pairs["content"], "content": small}
    given = [f"{name}={folder}" for name, folder in named.items()]
    result = measure_pairs(composed_evaluate(*given, "evaluation.metrics=[psnr,psnr_y,ssim,sharpness]"), PROTOCOLS)
    assert result.measurement.figures == {"psnr": 100.0, "psnr_y": 100.0, "ssim": pytest.approx(1), "sharpness": 1.0}
    control = result.measurement.rows["input as it is"]
    assert control["psnr"] < 40
    assert control["sharpness"] < 0.9, "noise is lost in pictures of half the size"
    validate(result.report, "evaluation.schema.json")
    assert result.measurement.conclusions["PSNR"].startswith(f"{100 - control['psnr']:.2f} dB above input as it is (")


@pytest.fixture
def styled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Nine pictures of 70 x 70, their negatives, and three style pictures; measured with a random network."""
    network = StyleNetwork(RandomFeatures())
    monkeypatch.setattr("impasto.evaluation.protocols.style.style_network", lambda *_: network)
    monkeypatch.setattr("impasto.evaluation.protocols.style.gallery", lambda *_: {})
    monkeypatch.setattr("impasto.evaluation.protocols.style_controls.find_spec", lambda _: None)
    content = random_images(9, 0, 70)
    return {
        "generated": write_folder(255 - content, tmp_path / "painted"),
        "content": write_folder(content, tmp_path / "content"),
        "style": write_folder(random_images(3, 1, 70, bright=200), tmp_path / "style"),
    }


def in_style(folders: dict[str, Path], *overrides: str):  # type: ignore[no-untyped-def]
    given = [f"{name}={folder}" for name, folder in folders.items()]
    return measure_styled(composed_evaluate(*given, "image_size=64", *overrides), PROTOCOLS)


def test_a_folder_in_a_style_gets_its_controls(styled: dict[str, Path]) -> None:
    (styled["content"] / "00008.png").write_bytes(b"no picture")
    result = in_style(styled)
    found = result.measurement
    assert list(found.rows) == ["painted", "content", "content in the style's colours", "style pictures"]
    assert (result.report["pairs"], result.report["bad_images"]["content"]) == (8, 1)
    assert found.comparability["edges"]["trained_against"] is None
    assert found.figures["edges"] == pytest.approx(1.0, abs=0.01), "edges of a negative lie where they did"
    validate(result.report, "evaluation.schema.json")
    assert result.report["intervals"]["painted"]["direction"][0] < result.report["intervals"]["painted"]["direction"][1]
    text = shown(result, width=80)
    assert "…" not in text
    assert max(map(len, text[text.index("figure") : text.index("better than")].splitlines())) <= 80
    assert "better than all controls: no: style is not below that of content" in " ".join(text.split())
    assert "usual scores that controls fool: ssim (" in " ".join(text.split())
    assert "8 pictures in each row, against 3 pictures" in " ".join(text.split())


def test_style_scores_of_a_folder_say_what_they_need(styled: dict[str, Path]) -> None:
    with pytest.raises(UserError, match="image_size=32x32 is too small for style scores; give 64 or more"):
        in_style(styled, "image_size=32")
    with pytest.raises(UserError, match=r"evaluation\.split is for checkpoint="):
        in_style(styled, "evaluation.split=train")
    few = in_style(styled, "evaluation.num_images=4", "evaluation.num_style=2").measurement
    assert (few.comparability["edges"]["generated"], few.comparability["edges"]["real"]) == (4, 2)


def test_results_of_other_painters_are_controls(styled: dict[str, Path], tmp_path: Path) -> None:
    other = write_folder(random_images(9, 5, 70), tmp_path / "other")
    found = in_style(styled, f"+controls.adain={other}").measurement
    assert list(found.rows)[3:] == ["adain", "style pictures"]
    assert abs(found.rows["adain"]["edges"]) < 0.2
    assert "adain" in found.conclusions["better than all controls"]
    (other / "00003.png").unlink()
    with pytest.raises(UserError, match=r"controls\.adain=.* has no good picture for 1 of the 9 generated ones"):
        in_style(styled, f"+controls.adain={other}")
    with pytest.raises(UserError, match=r"controls\.NAME=DIR goes with"):
        is_of_checkpoint(composed_evaluate("generated=a", "real=b", "+controls.adain=c"))


def test_style_goes_with_generated_and_content_or_a_checkpoint() -> None:
    assert not is_of_checkpoint(composed_evaluate("generated=a", "content=b", "style=c"))
    assert is_of_checkpoint(composed_evaluate("checkpoint=a", "style=c"))
    for wrong in (["style=c"], ["generated=a", "style=c"], ["generated=a", "content=b", "style=c", "real=d"]):
        with pytest.raises(UserError, match="style=DIR goes with generated=DIR and content=DIR, or with checkpoint="):
            is_of_checkpoint(composed_evaluate(*wrong))
