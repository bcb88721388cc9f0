import csv
import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.base.errors import UserError
from impasto.data.packing.pack import pack
from impasto.data.packing.packed import write_bad_images
from impasto.data.packing.sizing import SizePolicy
from impasto.data.sources.folder import FolderSource
from impasto.data.sources.source import Item
from tests.data.messy import bad_pictures, good_pictures, saved, write_all

TINY = SizePolicy(2, 2)


@dataclass
class Listed:
    """Whatever a test puts together."""

    entries: list[Item]
    class_names: tuple[str, ...] = ()
    known: bool = True
    origin: str = "sample"
    starts: list[int] = field(default_factory=list)

    @property
    def length(self) -> int | None:
        return len(self.entries) if self.known else None

    def fingerprint(self) -> str:
        return f"{len(self.entries)} listed"

    def items(self, start: int = 0) -> Iterator[Item]:
        self.starts.append(start)
        yield from self.entries[start:]


def flat(count: int, known: bool = True) -> Listed:
    """Picture i is flat grey of level i."""
    return Listed([Item(f"{i}", np.full((2, 2), i, np.uint8)) for i in range(count)], known=known)


def levels(packed) -> list[int]:
    return packed.batch(range(len(packed)))[:, 0, 0, 0].tolist()


@pytest.mark.parametrize("workers", [0, 2])
def test_messy_folder(tmp_path: Path, workers: int, caplog: pytest.LogCaptureFixture) -> None:
    write_all(tmp_path / "in")
    good, bad = good_pictures(), bad_pictures()
    source = FolderSource(tmp_path / "in")
    assert source.class_names == ("bad", "good")
    policy = SizePolicy(8, 8, "stretch")
    packed = pack(source, policy, tmp_path / "cache", workers=workers, max_bad_share=0.5, progress=False)
    assert (packed.num_bad, packed.num_duplicates) == (len(bad), 1)  # UPPER.JPEG is baseline.jpg once more
    assert set(packed.every_name()) == {f"good/{name}" for name in good} - {"good/baseline.jpg"}
    assert (packed.labels == 1).all()
    by_name = dict(zip(packed.every_name(), packed.batch(range(len(packed))), strict=True))
    for name in ("dot.png", "grey.jpg", "animated.gif", "two_eyes.mpo", "lab.tiff"):  # one colour stays one colour
        expected = good[name].pixels[0, 0]
        assert np.abs(by_name[f"good/{name}"].astype(int) - expected).max() <= good[name].tolerance

    written = write_bad_images(packed, tmp_path)
    with written.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert written.name == "bad_images.csv"
    reasons = {row["name"]: row["reason"] for row in rows}
    assert reasons.pop("good/baseline.jpg") == "duplicate of good/UPPER.JPEG"
    assert set(reasons) == {f"bad/{name}" for name in bad}
    assert reasons["bad/empty.jpg"] == "the file is empty"
    said = [record.getMessage() for record in caplog.records if record.name == "impasto"]
    assert f"{len(bad)} of {len(bad) + len(good)} pictures cannot be used and 1 repeat another" in said[-1]

    caplog.clear()  # a run that only takes up what is packed knows as much
    again = pack(FolderSource(tmp_path / "in"), policy, tmp_path / "cache", max_bad_share=0.5)
    assert list(again.bad()) == list(packed.bad())
    assert "cannot be used" in caplog.text


def test_pixels_labels_sizes_and_holes(tmp_path: Path) -> None:
    red, blue = (Image.new("RGB", (4, 2), colour) for colour in ((255, 0, 0), (0, 0, 255)))
    entries = [Item("red", saved(red, "png"), 1), Item("bad", b"?", 0), Item("blue", saved(blue, "bmp"), 0)]
    source = Listed(entries, class_names=("a", "b"))
    packed = pack(source, SizePolicy(4, 4, "fit", fill=9), tmp_path, max_bad_share=0.5, progress=False)
    assert len(packed) == 2
    assert packed.images.shape == (3, 4, 4, 3)
    assert isinstance(packed.images, np.memmap)
    assert packed.index.tolist() == [0, 2]
    assert packed.labels.tolist() == [1, 0]
    assert packed.labels.dtype == np.int64
    assert packed.sizes.tolist() == [[2, 4], [2, 4]]
    assert (packed.class_names, packed.shape) == (("a", "b"), (4, 4, 3))
    assert [packed.names(0), packed.names(1)] == ["red", "blue"]
    batch = packed.batch([1, 0, 1])
    assert (batch[0, :2] == (0, 0, 255)).all()
    assert (batch[1, :2] == (255, 0, 0)).all()
    assert (batch[2] == batch[0]).all()
    assert (batch[:, 2:] == 9).all()
    assert not packed.images[1].any()


def test_reuse_is_by_source_policy_and_limit(tmp_path: Path) -> None:
    source = flat(20)
    first = pack(source, TINY, tmp_path, progress=False)
    assert source.starts == [0]
    assert pack(source, TINY, tmp_path).fingerprint == first.fingerprint
    assert source.starts == [0]  # not even asked
    others = [
        pack(source, SizePolicy(2, 3), tmp_path, progress=False),
        pack(source, SizePolicy(2, 2, "pad"), tmp_path, progress=False),
        pack(source, SizePolicy(2, 2, channels=1), tmp_path, progress=False),
        pack(source, TINY, tmp_path, limit=7, progress=False),
        pack(flat(21), TINY, tmp_path, progress=False),
    ]
    assert len({first.fingerprint, *(other.fingerprint for other in others)}) == 6


def test_limit_is_spread_where_the_length_is_known(tmp_path: Path) -> None:
    assert levels(pack(flat(20), TINY, tmp_path, limit=5, progress=False)) == [0, 4, 8, 12, 16]
    assert levels(pack(flat(7), TINY, tmp_path, limit=5, progress=False)) == [0, 1, 2, 4, 5]  # i * 7 // 5
    assert levels(pack(flat(3), TINY, tmp_path, limit=5, progress=False)) == [0, 1, 2]
    assert levels(pack(flat(20, known=False), TINY, tmp_path / "stream", limit=5, progress=False)) == [0, 1, 2, 3, 4]


def test_stream_is_read_no_further_than_the_limit(tmp_path: Path) -> None:
    class Costly(Listed):
        def items(self, start: int = 0) -> Iterator[Item]:
            yield from self.entries[start:]
            raise AssertionError("asked for more than the limit")

    packed = pack(Costly(flat(5).entries, known=False), TINY, tmp_path, limit=5, progress=False)
    assert levels(packed) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("count", [1, 255, 256, 257, 700])
def test_any_number_of_items(tmp_path: Path, count: int, known: bool) -> None:
    """A chunk of 2x2 pictures is 256 items."""
    entries = [Item(f"{i}", np.full((2, 2, 3), (i % 256, i // 256, 0), np.uint8)) for i in range(count)]
    packed = pack(Listed(entries, known=known), TINY, tmp_path, progress=False)
    pixels = packed.batch(range(count))[:, 1, 1].astype(int)
    np.testing.assert_array_equal(pixels[:, 0] + 256 * pixels[:, 1], np.arange(count))
    assert list(packed.every_name()) == [f"{i}" for i in range(count)]
    assert packed.images.nbytes == (packed.folder / "images.u8").stat().st_size == count * 12


def test_interrupted_stream_goes_on(tmp_path: Path) -> None:
    class Dropped(Listed):
        def items(self, start: int = 0) -> Iterator[Item]:
            self.starts.append(start)
            yield from self.entries[start:600]
            if len(self.starts) == 1:
                raise UserError("the connection was lost")
            yield from self.entries[600:]

    entries = [Item(f"{i}", np.full((2, 2), i % 256, np.uint8) + np.uint8([[i // 256, 0], [0, 0]])) for i in range(700)]
    source = Dropped(entries, known=False)
    with pytest.raises(UserError, match="connection"):
        pack(source, TINY, tmp_path, progress=False)
    packed = pack(source, TINY, tmp_path, progress=False)
    assert source.starts == [0, 512]  # two chunks of 256 were kept
    assert packed.batch(range(700))[:, 1, 1, 0].tolist() == [i % 256 for i in range(700)]


def test_subset_and_pickle(tmp_path: Path) -> None:
    packed = pack(flat(10), TINY, tmp_path, progress=False)
    part = packed.subset([7, 2, 5])
    assert levels(part) == [7, 2, 5]
    assert [part.names(i) for i in range(3)] == list(part.every_name()) == ["7", "2", "5"]
    assert levels(part.subset([2])) == [5]
    assert len({packed.fingerprint, part.fingerprint, packed.subset([2, 7, 5]).fingerprint}) == 3
    assert packed.subset([7, 2, 5]).fingerprint == part.fingerprint
    _ = part.images
    copy = pickle.loads(pickle.dumps(part))
    assert len(pickle.dumps(part)) < 2000
    assert levels(copy) == [7, 2, 5]
    with pytest.raises(IndexError):
        packed.batch([10])


def test_duplicates(tmp_path: Path) -> None:
    entries = [
        Item(name, np.full((2, 2), level, np.uint8)) for name, level in zip("abcde", [1, 2, 1, 1, 2], strict=True)
    ]
    packed = pack(Listed(entries), TINY, tmp_path, max_bad_share=0, progress=False)
    assert (levels(packed), packed.num_duplicates, packed.num_bad) == ([1, 2], 3, 0)
    assert list(packed.bad()) == [("c", "duplicate of a"), ("d", "duplicate of a"), ("e", "duplicate of b")]
    source = Listed(entries)
    kept = pack(source, TINY, tmp_path, duplicates="keep")
    assert (levels(kept), source.starts) == ([1, 2, 1, 1, 2], [])  # nothing is packed again for that
    assert kept.fingerprint != packed.fingerprint


def test_no_bad_images_no_file(tmp_path: Path) -> None:
    packed = pack(flat(3), TINY, tmp_path, progress=False)
    assert write_bad_images(packed, tmp_path) is None
    assert not (tmp_path / "bad_images.csv").exists()


def test_bad_images_of_several_sources_in_one_file(tmp_path: Path) -> None:
    one = pack(Listed([*flat(2).entries, Item("x", b"?")]), TINY, tmp_path, max_bad_share=0.5, progress=False)
    other = pack(Listed([*flat(5).entries, Item("y\udcff,", b"")]), TINY, tmp_path, max_bad_share=0.5, progress=False)
    assert write_bad_images([one, other], tmp_path).read_bytes() == (
        b'name,reason\r\nx,it is not a picture in a format that is read\r\n"y\xff,",the file is empty\r\n'
    )


def test_too_many_bad_ones_stop(tmp_path: Path) -> None:
    entries = [*flat(8).entries, Item("bad 1", b""), Item("bad 2", b"?")]
    with pytest.raises(UserError) as raised:
        pack(Listed(entries), TINY, tmp_path, progress=False)
    message = str(raised.value)
    assert "2 of 10 pictures cannot be used, 20.0% where 10.0% are allowed" in message
    assert "bad 1: the file is empty; bad 2: it is not a picture" in message
    assert "data.max_bad_share=0.25" in message
    listed = Path(message.split("listed in ")[1].split(")")[0])
    assert listed.read_text().splitlines()[1] == "bad 1,the file is empty"
    assert len(pack(Listed(entries), TINY, tmp_path, max_bad_share=0.25, progress=False)) == 8
    again = Listed(entries)
    with pytest.raises(UserError, match="2 of 10"):  # what is packed already is judged as well
        pack(again, TINY, tmp_path, progress=False)
    assert again.starts == []


def test_too_many_bad_ones_stop_long_before_the_end(tmp_path: Path) -> None:
    asked = []

    class Watched(Listed):
        def items(self, start: int = 0) -> Iterator[Item]:
            for entry in self.entries[start:]:
                asked.append(entry.name)
                yield entry

    with pytest.raises(UserError, match=r"256 of 2000 pictures cannot be used, 12\.8%"):
        pack(Watched([Item(f"{i}", b"?") for i in range(2000)]), TINY, tmp_path, workers=0, progress=False)
    assert len(asked) <= 512


@pytest.mark.parametrize("share", [0.1, 1.0])
def test_all_bad(tmp_path: Path, share: float) -> None:
    source = Listed([Item(f"{i}", b"") for i in range(3)])
    for _ in range(2):
        with pytest.raises(UserError, match=r"Not one picture of 3 can be used \(the first: 0: the file is empty"):
            pack(source, TINY, tmp_path, max_bad_share=share, progress=False)
    if share == 1.0:
        assert source.starts == [0]  # and not packed again


@pytest.mark.parametrize("known", [True, False])
def test_no_items(tmp_path: Path, known: bool) -> None:
    with pytest.raises(UserError, match="no pictures"):
        pack(Listed([], known=known), TINY, tmp_path, progress=False)


@pytest.mark.parametrize(("values", "message"), [({"limit": 0}, "data.limit=0"), ({"max_bad_share": 2}, "not a share")])
def test_nonsense_is_refused(tmp_path: Path, values: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        pack(flat(1), TINY, tmp_path, **values)
