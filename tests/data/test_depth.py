"""Pictures of 16 bits and of many channels keep both from the file to the batch."""

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.data.module import ImageDataModule
from impasto.data.packing.depth import as_depth
from impasto.data.packing.sizing import SizePolicy, adapt_channels, to_size
from impasto.data.sources.decode import BadImage
from impasto.data.sources.opening import open_folder


def save_deep(folder: Path, count: int = 6) -> list[np.ndarray]:
    """Grey PNG of 16 bits whose values differ by less than a step of 8 bits."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = [(30000 + 40 * i + np.arange(64).reshape(8, 8)).astype(np.uint16) for i in range(count)]
    for i, pixels in enumerate(pictures):
        Image.fromarray(pixels).save(folder / f"{i}.png")
    return pictures


def module(root: Path, **settings: Any) -> ImageDataModule:
    fixed: dict[str, Any] = {"pictures": open_folder, "root": str(root), "channels": 1, "batch_size": 2}
    fixed |= {"image_size": 8, "resize": "crop", "cache_dir": str(root.parent / "cache")}
    data = ImageDataModule(**{**fixed, **settings})
    data.prepare_data()
    data.setup("fit")
    return data


def batches(data: ImageDataModule, count: int) -> list[dict[str, torch.Tensor]]:
    return [data.on_after_batch_transfer(batch, 0) for batch in islice(data.train_dataloader(), count)]


@pytest.mark.parametrize("depth", ["auto", 16])
def test_16_bits_reach_the_batch(tmp_path: Path, depth: Any) -> None:
    pictures = save_deep(tmp_path / "deep")
    data = module(tmp_path / "deep", depth=depth)
    assert np.array_equal(data.train["image"].batch(range(6))[..., 0], np.stack(pictures))
    seen = torch.cat([batch["image"] for batch in batches(data, 3)])
    assert seen.dtype == torch.float32
    expected = torch.tensor(np.stack(pictures).astype(np.float64) / 32767.5 - 1)
    values = seen[:, 0].flatten(1).sort(0).values.double()
    torch.testing.assert_close(values, expected.flatten(1), atol=1e-6, rtol=0)
    record = data.provenance()
    assert (record["depth"], record["levels"]) == (16, [[0.0, 65535.0]])


def test_8_bits_are_asked_for_or_found(tmp_path: Path) -> None:
    save_deep(tmp_path / "deep")
    shallow = module(tmp_path / "deep", depth=8)
    assert shallow.train["image"].batch([0]).dtype == np.uint8
    assert shallow.train["image"].batch([0])[0, 0, 0, 0] == round(30000 / 257)
    (tmp_path / "flat").mkdir()
    Image.fromarray(np.full((8, 8), 9, np.uint8)).save(tmp_path / "flat/a.png")
    flat = module(tmp_path / "flat")
    assert (flat.provenance()["depth"], flat.provenance()["levels"]) == (8, None)
    assert flat.train["image"].fingerprint == module(tmp_path / "flat", depth=8).train["image"].fingerprint
    with pytest.raises(UserError, match=r"data\.depth=12 is not known: choose one of 8, 16, auto"):
        module(tmp_path / "flat", depth=12)


def test_percentiles_are_mapped_to_the_range_of_networks_and_recorded(tmp_path: Path) -> None:
    values = np.concatenate([np.stack(save_deep(tmp_path / "deep")).ravel()])
    data = module(tmp_path / "deep", percentiles=[10, 90])
    lower, upper = np.percentile(values, [10, 90])
    assert data.provenance()["levels"] == [[pytest.approx(lower), pytest.approx(upper)]]
    assert data.spec["image"].levels == ((pytest.approx(lower / 65535), pytest.approx(upper / 65535)),)
    assert ImageSpec.from_dict(data.spec["image"].to_dict()) == data.spec["image"]
    seen = torch.cat([batch["image"] for batch in batches(data, 3)])
    expected = np.clip((values - lower) / (upper - lower) * 2 - 1, -1, 1)
    torch.testing.assert_close(
        seen.flatten().sort().values.double(), torch.tensor(np.sort(expected)), atol=1e-4, rtol=0
    )
    measured = data.evaluation_images("image", "train")
    assert measured.as_bytes(range(6)).dtype == np.uint8
    bytes_expected = np.rint(np.clip((values - lower) / (upper - lower), 0, 1) * 255)
    assert np.abs(measured.as_bytes(range(6)).ravel() - bytes_expected).max() <= 1
    preview = data.preview_batch(6)
    assert preview is not None
    assert np.abs(preview["image"].numpy().ravel() - expected).max() < 1e-4
    assert measured.fingerprint != module(tmp_path / "deep").evaluation_images("image", "train").fingerprint
    with pytest.raises(UserError, match=r"data\.percentiles=\[99, 1\]"):
        module(tmp_path / "deep", percentiles=[99, 1])


def test_crops_of_deep_pictures_are_deep(tmp_path: Path) -> None:
    pictures = save_deep(tmp_path / "deep")
    data = module(tmp_path / "deep", image_size=4, pack_size=8, flip=True)
    (batch,) = batches(data, 1)
    found = ((batch["image"] + 1) * 32767.5).round().long().flatten().tolist()
    assert set(found) <= set(np.stack(pictures).ravel().tolist())
    crops = data.evaluation_images("image", "train")
    assert crops.shape == (4, 4, 1)
    assert crops.batch([0]).dtype == np.uint16
    assert crops.batch([0])[0, 0, 0, 0] in pictures[0]


@pytest.mark.parametrize(("dtype", "depth"), [(np.uint8, 8), (np.uint16, 16)])
def test_seven_channels(tmp_path: Path, dtype: Any, depth: int) -> None:
    tifffile = pytest.importorskip("tifffile")
    (tmp_path / "sat").mkdir()
    samples = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (3, 8, 8, 7)).astype(dtype)
    for i, pixels in enumerate(samples):
        tifffile.imwrite(tmp_path / f"sat/{i}.tif", pixels, photometric="minisblack", planarconfig="contig")
    data = module(tmp_path / "sat", channels=7, flip=True)
    assert data.spec["image"].shape == (7, 8, 8)
    assert data.provenance()["depth"] == depth
    assert np.array_equal(data.train["image"].batch(range(3)), samples)
    assert batches(data, 1)[0]["image"].shape == (2, 7, 8, 8)
    with pytest.raises(UserError, match=r"it has 7 channels, and data\.channels=5"):
        module(tmp_path / "sat", channels=5)


def test_from_one_depth_to_the_other() -> None:
    everything = np.arange(256, dtype=np.uint8)
    assert as_depth(everything, 16)[[0, 1, 255]].tolist() == [0, 257, 65535]
    assert np.array_equal(as_depth(as_depth(everything, 16), 8), everything)
    assert as_depth(np.array([127, 128, 385, 386, 65535], np.uint16), 8).tolist() == [0, 0, 1, 2, 255]


def test_sizes_and_greys_of_deep_pictures() -> None:
    ramp = np.linspace(0, 65535, 64).astype(np.uint16).reshape(1, 64, 1).repeat(64, 0)
    small, _ = to_size(ramp, SizePolicy(16, 16, "crop", 1, depth=16))
    assert small.dtype == np.uint16
    expected = ramp[:16].astype(float).reshape(16, 16, 4).mean(2)
    assert np.abs(small[4:12, 4:12, 0] - expected[4:12, 4:12]).max() < 3
    padded, _ = to_size(ramp[:32], SizePolicy(16, 16, "pad", 1, depth=16))
    assert padded[0, 0, 0] == 65535
    assert adapt_channels(np.full((1, 1, 3), (65535, 0, 0), np.uint16), 1).item() == round(65535 * 0.299)
    with pytest.raises(BadImage, match="2 channels"):
        adapt_channels(np.zeros((1, 1, 2), np.uint16), 3)
