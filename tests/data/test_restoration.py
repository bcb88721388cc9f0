"""Clean pictures and their damaged versions: shapes of every task, exact draws, fixed pictures to measure, records."""

import os
import signal
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from PIL import Image

from impasto.base.errors import UserError
from impasto.base.notices import forget_notices, notices
from impasto.base.spec import ImageSpec
from impasto.data.restoration import RestorationDataModule, open_clean
from impasto.degradations.degradation import Damage, Degradation, Degrade
from tests.training import CONF

TASKS: dict[str, Any] = instantiate(OmegaConf.load(Path(CONF, "data/restoration.yaml")).tasks, _convert_="all")
SHAPES = {"inpaint": (4, 16, 24), "super_resolution": (3, 8, 12), "colorize": (1, 16, 24)}


def textured(i: int, size: tuple[int, int] = (40, 48)) -> np.ndarray:
    """A picture with something at every scale: uint8 (H, W, 3)."""
    random = np.random.default_rng(i)
    coarse = Image.fromarray(random.integers(0, 256, (6, 7, 3), np.uint8)).resize(size[::-1])
    return np.clip(np.asarray(coarse) + random.integers(-20, 20, (*size, 3)), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clean")
    for i in range(10):
        Image.fromarray(textured(i)).save(folder / f"{i}.png")
    return folder


@pytest.fixture(autouse=True)
def _few_crops(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("impasto.data.split.CROPS", 40)
    yield
    forget_notices()


def module(pictures: Path, task: str, **settings: Any) -> RestorationDataModule:
    fixed: dict[str, Any] = {"image_size": [16, 24], "pack_size": [40, 48], "resize": "fit", "batch_size": 4}
    fixed |= {"flip": True, "holdout": 0.2, "depth": 8, "root": str(pictures), "tasks": TASKS}
    made = RestorationDataModule(
        pictures=open_clean, task=task, **{**fixed, "cache_dir": str(pictures / "cache"), **settings}
    )
    made.prepare_data()
    made.setup("fit")
    return made


def batches(data: RestorationDataModule, count: int) -> list[dict[str, torch.Tensor]]:
    return [data.on_after_batch_transfer(batch, 0) for batch in islice(data.train_dataloader(), count)]


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_the_shapes_that_its_spec_says(pictures: Path, task: str) -> None:
    data = module(pictures, task)
    shapes = {"content": SHAPES.get(task, (3, 16, 24)), "target": (3, 16, 24)}
    assert {name: spec.shape for name, spec in data.spec.items()} == shapes
    assert data.expected_spec == data.spec
    assert (data.spec["content"].task, data.spec["target"].task) == (task, None)
    (batch,) = batches(data, 1)
    assert {name: part.shape[1:] for name, part in batch.items()} == shapes
    assert all(part.dtype == torch.float32 and part.abs().max() <= 1 for part in batch.values())
    for split in ("train", "held_out"):
        content, target = (data.evaluation_images(part, split) for part in shapes)  # type: ignore[arg-type]
        assert content.shape == (*shapes["content"][1:], shapes["content"][0])
        assert len(content) == len(target)
        assert np.array_equal(content.cut_from, target.cut_from)  # type: ignore[arg-type]
    preview = data.preview_batch(3)
    assert preview is not None
    assert {name: part.shape for name, part in preview.items()} == {name: (3, *shape) for name, shape in shapes.items()}
    (first,) = data.first_batches("content", 2, 1)
    assert first.shape == (2, *shapes["content"])
    whole = next(data.whole("content", "held_out", 1))
    scale = data.degradation.scale
    assert whole.shape == (1, shapes["content"][0], 40 // scale, 48 // scale)


def test_the_spec_with_its_task_is_kept_by_checkpoints() -> None:
    spec = ImageSpec(4, 16, 16, task="inpaint")
    assert ImageSpec.from_dict(spec.to_dict()) == spec
    old = {name: value for name, value in spec.to_dict().items() if name != "task"}
    assert ImageSpec.from_dict(old).task is None


@pytest.mark.parametrize("task", ["denoise", "mixed"])
@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_the_number_of_a_batch_decides_its_damage(pictures: Path, task: str) -> None:
    whole = batches(module(pictures, task), 4)
    resumed = module(pictures, task, num_workers=2)
    resumed.start_batch = 2
    for expected, batch in zip(whole[2:], batches(resumed, 2), strict=True):
        assert all(torch.equal(expected[part], batch[part]) for part in expected)
    other = batches(module(pictures, task, seed=1), 1)
    assert not torch.equal(other[0]["content"], whole[0]["content"])
    assert len({batch["content"].sum().item() for batch in whole}) == 4


def test_signals_to_all_processes_of_a_run_leave_its_batches(pictures: Path) -> None:
    loader = iter(module(pictures, "denoise", num_workers=1).train_dataloader())
    (worker,) = loader._workers  # type: ignore[attr-defined]
    next(loader)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM):
        os.kill(worker.pid, number)
    for _ in range(4):  # two are loaded ahead
        next(loader)
    assert worker.is_alive()


def test_processes_share_a_batch_whatever_their_number(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (whole,) = batches(module(pictures, "denoise"), 1)
    monkeypatch.setattr("impasto.base.distributed.world_size", lambda: 2)
    shares = []
    for rank in (0, 1):
        monkeypatch.setattr("impasto.base.distributed.rank", lambda rank=rank: rank)
        shares += batches(module(pictures, "denoise"), 1)
    assert torch.equal(torch.cat([share["content"] for share in shares]), whole["content"])


def test_targets_are_the_clean_pictures_and_known_pixels_are_theirs(pictures: Path) -> None:
    data = module(pictures, "inpaint", image_size=[40, 48], flip=False, holdout=0.0)
    clean = {textured(i).tobytes() for i in range(10)}
    for batch in batches(data, 3):
        pixels = (batch["target"] * 127.5 + 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
        assert all(picture.tobytes() in clean for picture in pixels)
        content, mask = batch["content"][:, :3], batch["content"][:, 3:]
        assert mask.unique().tolist() == [-1, 1]
        assert torch.equal(content.where(mask > 0, torch.zeros(())), batch["target"].where(mask > 0, torch.zeros(())))
        assert (content.where(mask < 0, torch.tensor(128 / 127.5 - 1)) - (128 / 127.5 - 1)).abs().max() < 1e-6


def test_measured_pictures_take_kinds_and_strengths_in_turns(pictures: Path) -> None:
    data = module(pictures, "denoise")
    damages = data.damages("held_out")
    assert len(damages) == 40  # crops of two pictures
    of_first = damages[::2]
    assert {(each.kind, each.strength) for each in of_first} == {
        (kind, strength) for kind in ("gaussian", "poisson", "sensor") for strength in (15.0, 25.0, 50.0)
    }
    clean, content = (data.evaluation_images(part, "held_out") for part in ("target", "content"))
    again = module(pictures, "denoise", seed=5).evaluation_images("content", "held_out")
    assert again.fingerprint == content.fingerprint
    errors = (content.batch(range(40)).astype(float) - clean.batch(range(40))).std((1, 2, 3))
    for error, damage in zip(errors, damages, strict=False):
        if damage.kind == "gaussian":
            assert 0.6 * damage.strength < error < 1.1 * damage.strength  # less where it was clipped
    chosen = data.evaluation_images("content", "held_out", strength=10.0, kind="gaussian")
    assert set(data.damages("held_out", 10.0, "gaussian")) == {Damage("gaussian", 10.0)}
    error = (chosen.batch(range(40)).astype(float) - clean.batch(range(40))).std()
    assert error == pytest.approx(10, abs=1)
    with pytest.raises(UserError, match="no kind pink: choose from gaussian, poisson, sensor"):
        data.evaluation_images("content", "held_out", kind="pink")
    with pytest.raises(UserError, match="strength 300 is out of range: give 0 to 255, in levels of 255"):
        data.evaluation_images("content", "held_out", strength=300)


def test_pictures_without_colours_do_not_measure_colours(tmp_path: Path) -> None:
    for i in range(4):
        picture = textured(i)
        Image.fromarray(picture if i else picture[..., :1].repeat(3, 2)).save(tmp_path / f"{i}.png")
    data = module(tmp_path, "colorize", holdout=0.0)
    clean, content = (data.evaluation_images(part, "train") for part in ("target", "content"))
    assert len(clean) == len(content) == len(data.damages("train")) == 30  # crops of three of four
    assert min(np.ptp(picture.astype(int), axis=2).max() for picture in clean.batch(range(30))) > 20
    assert "10 of 40 pictures to measure with lose nothing to data.task=colorize" in notices()["data.unharmed.train"]
    assert len(module(tmp_path, "jpeg", holdout=0.0).evaluation_images("target", "train")) == 40


def test_settings_are_recorded_and_compared_when_a_run_goes_on(pictures: Path) -> None:
    data = module(pictures, "low_light")
    found = data.provenance()
    assert found["content"]["degradation"] == {
        "task": "low_light",
        "name": "LowLight",
        "kinds": ["gamma", "low_light"],
        "strength": [1.0, 4.0],
        "measured_at": [1.0, 2.0, 3.0],
        "unit": "stops, each of which halves the light",
        "scale": 1,
        "electrons": 2000,
    }
    assert (found["target"]["train"], found["target"]["held_out"]) == (8, 2)
    assert found["target"]["name"].startswith("folder clean")
    assert found["image_size"] == [16, 24]
    data.load_state_dict(module(pictures, "low_light").state_dict())
    with pytest.raises(UserError, match=r"trained on data\.task=jpeg, not data\.task=low_light"):
        data.load_state_dict(module(pictures, "jpeg").state_dict())
    forget_notices()
    state = data.state_dict()
    data.load_state_dict({**state, "degradation": {**state["degradation"], "strength": [1.0, 2.0]}})
    assert "strength of data.task=low_light changed" in notices()["data.resumed"]


def test_by_default_the_embedded_photographs_are_damaged(tmp_path: Path) -> None:
    data = module(tmp_path, "jpeg", root=None, limit=4, image_size=32, pack_size=32, holdout=0.25)
    known = data.provenance()
    assert known["target"]["name"] == "embedded photographs"
    assert known["content"]["name"] == "jpeg of embedded photographs"
    assert known["content"]["origin"] == "sample"
    assert data.evaluation_images("content", "held_out").shape == (32, 32, 3)


def test_colours_are_changed_before_they_are_damaged(pictures: Path) -> None:
    (plain,), (jittered,) = (batches(module(pictures, "colorize", color_jitter=strength), 1) for strength in (0.0, 0.5))
    assert (plain["target"] - jittered["target"]).abs().max() > 0.1
    weights = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    brightness = (jittered["target"] * weights).sum(1, keepdim=True)
    assert (jittered["content"] - brightness).abs().max() < 1.1 / 127.5


class Negative(Degradation):
    """A degradation of a user's own."""

    known: ClassVar[Mapping[str, Degrade]] = {"negative": lambda pixels, strength, random: 255 - pixels}
    unit: ClassVar[str] = "not used"


def test_a_degradation_of_ones_own_is_a_task(pictures: Path) -> None:
    own = Negative(kinds=["negative"], strength=[1, 1], measured_at=[1])
    data = module(pictures, "mine", tasks={**TASKS, "mine": own})
    (batch,) = batches(data, 1)
    torch.testing.assert_close(batch["content"], -batch["target"], atol=1e-6, rtol=0)
    assert data.provenance()["content"]["degradation"]["name"] == "Negative"


@pytest.mark.parametrize(
    ("task", "settings", "message"),
    [
        ("denoising", {}, r"data\.task=denoising is not known: choose one of denoise, deblur"),
        ("denoise", {"depth": 16}, r"set data\.depth=8"),
        ("denoise", {"percentiles": [1, 99]}, r"data\.percentiles=null"),
        ("denoise", {"channels": 4}, r"set data\.channels=1 or 3"),
        ("colorize", {"channels": 1}, r"data\.task=colorize needs colours"),
        ("super_resolution", {"image_size": [15, 24]}, r"image_size=15x24 cannot be made 2 times smaller"),
        ("denoise", {"root": "nowhere"}, r"nowhere does not exist: set data\.root"),
        ("denoise", {"rooot": "a"}, r"data\.rooot"),
    ],
)
def test_settings_that_cannot_work(pictures: Path, task: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        module(pictures, task, **settings)


@pytest.mark.parametrize("task", [name for name in TASKS if name != "colorize"])
def test_grey_pictures_are_damaged_too(pictures: Path, task: str) -> None:
    (batch,) = batches(module(pictures, task, channels=1), 1)
    assert batch["target"].shape[1] == 1
    assert batch["content"].shape[1] == (2 if task == "inpaint" else 1)
