"""IDX files: pixels, labels, headers that lie; MNIST and Fashion-MNIST from folders, downloads and the sample."""

import gzip
import struct
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from impasto.base import notices
from impasto.base.errors import UserError
from impasto.data.sources import idx
from impasto.data.sources.idx import IdxSource, idx_file, open_idx, read_idx
from impasto.data.sources.opening import SAMPLES

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
LABELS = np.array([7, 1], np.uint8)


def idx_bytes(values: np.ndarray, kind: int = 8) -> bytes:
    return struct.pack(f">BBBB{values.ndim}I", 0, 0, kind, values.ndim, *values.shape) + values.tobytes()


def write(folder: Path, part: str = "train", compress: bool = False) -> Path:
    folder.mkdir(exist_ok=True)
    for name, values in ((f"{part}-images-idx3-ubyte", IMAGES), (f"{part}-labels-idx1-ubyte", LABELS)):
        data = idx_bytes(values)
        (folder / (f"{name}.gz" if compress else name)).write_bytes(gzip.compress(data) if compress else data)
    return folder


@pytest.mark.parametrize("compress", [False, True])
def test_pixels_and_labels_come_out_as_written(tmp_path: Path, compress: bool) -> None:
    source = IdxSource(write(tmp_path, compress=compress), "train", [str(n) for n in range(10)])
    items = list(source.items())
    assert [item.label for item in items] == [7, 1]
    assert [item.name for item in items] == ["train/00000", "train/00001"]
    np.testing.assert_array_equal(np.stack([item.load for item in items]), IMAGES)  # type: ignore[arg-type]
    assert [item.name for item in source.items(1)] == ["train/00001"]


def test_compression_does_not_change_the_fingerprint(tmp_path: Path) -> None:
    plain, packed = write(tmp_path / "a"), write(tmp_path / "b", compress=True)
    assert IdxSource(plain, "train").fingerprint() == IdxSource(packed, "train").fingerprint()
    assert IdxSource(plain, "train").fingerprint() != IdxSource(plain, "train", list("0123456789")).fingerprint()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "two zero bytes"),
        (b"<html>not found</html>", "two zero bytes"),
        (idx_bytes(IMAGES, kind=0x0D), "0x0d"),
        (idx_bytes(IMAGES)[:-1], "promises 40 bytes, it has 39"),
        (idx_bytes(IMAGES) + b"x", "promises 40 bytes, it has 41"),
        (idx_bytes(IMAGES)[:9], "ends within its header"),
        (gzip.compress(idx_bytes(IMAGES), mtime=0)[:-9], "cannot be read"),
    ],
)
def test_damaged_files_are_named(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(data)
    with pytest.raises(UserError, match=message) as problem:
        read_idx(path)
    assert str(path) in str(problem.value)


def test_labels_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(UserError, match="label 7, but there are 5 classes"):
        list(IdxSource(tmp_path, "train", list("abcde")).items())
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx_bytes(np.zeros(3, np.uint8)))
    with pytest.raises(UserError, match="3 labels for 2 pictures"):
        list(IdxSource(tmp_path, "train", list("0123456789")).items())


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no train-images-idx3-ubyte and no train-labels-idx1-ubyte"):
        open_idx("local", str(tmp_path), name="mnist")


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_the_embedded_subset_is_balanced(name: str) -> None:
    pictures = open_idx("sample", name=name)
    assert pictures.name == f"{name} (embedded sample of 2000 pictures)"
    for source, each in ((pictures.source, 200), (pictures.held_out, 50)):
        assert isinstance(source, IdxSource)
        assert source.labels is not None
        assert np.bincount(source.labels).tolist() == [each] * 10
        assert source.images.shape == (10 * each, 28, 28)
        assert source.images.max() == 255


def test_without_labels() -> None:
    pictures = open_idx("sample", label="none", name="mnist")
    assert pictures.source.class_names == ()
    assert next(iter(pictures.source.items())).label == -1


def test_auto_takes_the_folder_then_a_known_place_then_the_network_then_the_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices.forget_notices()
    folder, place = write(tmp_path / "given"), write(tmp_path / "place")
    asked: list[str] = []
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(idx, "reachable", lambda url: bool(asked.append(url)))

    def opened(root: Path | None = None, places: tuple[Path, ...] = ()) -> tuple[str, str]:
        pictures = open_idx("auto", root and str(root), name="mnist", places=[str(p) for p in places])
        return pictures.source.origin, pictures.name

    assert opened(folder) == ("local", "mnist")
    assert opened(places=(tmp_path / "nowhere", place)) == ("local", "mnist")
    assert notices.notices() == {}
    assert asked == []
    assert opened()[0] == "sample"
    assert asked == [idx.mirror("mnist")]
    assert "data.source" in notices.notices()

    def fetch(downloads: Path, name: str) -> Path:
        raw = idx.raw_folder(downloads, name)
        raw.mkdir(parents=True)
        return write(raw)

    monkeypatch.setattr(idx, "reachable", lambda url: True)
    monkeypatch.setattr(idx, "download", fetch)
    assert opened() == ("hub", "mnist")
    # Once downloaded, the network is not asked again.
    monkeypatch.setattr(idx, "reachable", lambda url: pytest.fail("asked"))
    monkeypatch.setattr(idx, "download", lambda downloads, name: idx.raw_folder(downloads, name))
    assert opened() == ("hub", "mnist")


def test_a_failed_download_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        mirrors = ("http://mirror/",)

        def __init__(self, root: str, download: bool) -> None:
            raise RuntimeError("Error downloading\ntrain-images")

    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path))
    monkeypatch.setattr(idx, "_torchvision", lambda name: Broken)
    with pytest.raises(
        UserError, match=r"mnist cannot be downloaded \(Error downloading train-images\).*data.source=sample"
    ):
        open_idx("hub", name="mnist")


def test_downloads_at_the_same_time_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work: list[int] = []
    together: list[int] = []

    class Slow:
        mirrors = ("http://mirror/",)

        def __init__(self, root: str, download: bool) -> None:
            at_work.append(1)
            together.append(len(at_work))
            time.sleep(0.05)
            at_work.pop()

    monkeypatch.setattr(idx, "_torchvision", lambda name: Slow)
    threads = [threading.Thread(target=idx.download, args=(tmp_path / "downloads", "mnist")) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == [1, 1, 1]


def test_files_with_a_dot_in_their_name_are_found(tmp_path: Path) -> None:
    (tmp_path / "t10k-images.idx3-ubyte.gz").touch()
    assert idx_file(tmp_path, "t10k", "images") == tmp_path / "t10k-images.idx3-ubyte.gz"


def test_manifests_list_what_is_shipped() -> None:
    for name in ("mnist", "fashion_mnist"):
        listed = {line.split(",")[0] for line in (SAMPLES / name / "manifest.csv").read_text().splitlines()[1:]}
        assert listed == {path.name for path in (SAMPLES / name).glob("*.gz")}
