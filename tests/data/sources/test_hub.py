"""Streaming from the Hub, tried on a folder of parquet files that goes through the same code."""

import io
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from impasto.base.errors import UserError
from impasto.data.packing.pack import pack
from impasto.data.packing.sizing import SizePolicy
from impasto.data.sources.hub import HubSource
from impasto.data.sources.wikiart import open_wikiart


def png(level: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((5, 6, 3), level, np.uint8)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three files of ten grey pictures each: picture i has level i, style i % 3, genre i % 2."""
    import datasets

    datasets.disable_progress_bars()
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path / "cache"))
    kinds = {"artist": ["a", "b"], "genre": ["portrait", "landscape"], "style": ["Cubism", "Pop_Art", "Rococo"]}
    features = datasets.Features(
        {"image": datasets.Image(), **{k: datasets.ClassLabel(names=v) for k, v in kinds.items()}}
    )
    folder = tmp_path / "repository" / "data"
    folder.mkdir(parents=True)
    for shard in range(3):
        rows = [
            {"image": {"bytes": png(i), "path": None}, "artist": 0, "genre": i % 2, "style": i % 3}
            for i in range(10 * shard, 10 * shard + 10)
        ]
        made = datasets.Dataset.from_list(rows, features=features)
        made.to_parquet(str(folder / f"train-{shard:05d}-of-00003.parquet"), batch_size=5)
    return folder.parent


def spoil(repository: Path, shard: int) -> None:
    (repository / "data" / f"train-{shard:05d}-of-00003.parquet").write_bytes(b"no longer a file of rows" * 100)


def test_bytes_labels_and_classes_come_through(repository: Path) -> None:
    pictures = open_wikiart("hub", label="style", repository=str(repository))
    assert (pictures.name, pictures.source.origin, pictures.label) == ("wikiart", "hub", "style")
    assert pictures.source.class_names == ("Cubism", "Pop_Art", "Rococo")
    items = list(pictures.source.items())
    assert [item.label for item in items] == [i % 3 for i in range(30)]
    assert items[7].load == png(7)


def test_auto_is_genre(repository: Path) -> None:
    assert open_wikiart("hub", repository=str(repository)).source.class_names == ("portrait", "landscape")


def test_reading_starts_anywhere(repository: Path) -> None:
    source = HubSource(str(repository), None)
    assert [item.load for item in source.items(28)] == [png(28), png(29)]


def test_a_limit_reads_no_more_than_it_needs(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    class Counting(HubSource):
        def items(self, start: int = 0) -> Any:
            for item in super().items(start):
                read.append(item.name)
                yield item

    source = Counting(str(repository), "genre")
    assert source.length is None
    source.fingerprint()
    spoil(repository, 1)
    spoil(repository, 2)
    packed = pack(source, SizePolicy(5, 6), repository.parent / "cache", limit=8, workers=0, progress=False)
    assert packed.batch(range(8))[:, 0, 0, 0].tolist() == list(range(8))
    assert len(read) == 8


def test_a_broken_stream_is_one_sentence(repository: Path) -> None:
    spoil(repository, 1)
    with pytest.raises(UserError, match=r"cannot be read from the Hub.*data.source=sample"):
        list(HubSource(str(repository), "genre").items())


def test_no_such_label(repository: Path) -> None:
    with pytest.raises(UserError, match=r"no classes by data.label=mood; it has: artist, genre, style"):
        _ = HubSource(str(repository), "mood").class_names
    with pytest.raises(UserError, match=r"data.label=mood is not known here"):
        open_wikiart("hub", label="mood", repository=str(repository))


def test_what_was_packed_is_used_without_network(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = repository.parent / "cache"
    first = pack(HubSource(str(repository), "genre"), SizePolicy(5, 6), cache, limit=4, workers=0, progress=False)

    def down(self: HubSource) -> Any:
        raise self._unreachable(OSError("no route to host"))

    monkeypatch.setattr(HubSource, "_stream", down)
    again = pack(HubSource(str(repository), "genre"), SizePolicy(5, 6), cache, limit=4, workers=0, progress=False)
    assert again.fingerprint == first.fingerprint
    with pytest.raises(UserError, match="no route to host"):
        next(iter(HubSource(str(repository), "genre").items()))


def test_without_the_package_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    with pytest.raises(UserError, match="pip install datasets"):
        next(iter(HubSource("owner/name", None).items()))


def test_a_row_without_a_picture_is_left_to_packing(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    row = {"image": None, "genre": 1}
    monkeypatch.setattr(HubSource, "_stream", lambda self: datasets.IterableDataset.from_generator(lambda: iter([row])))
    monkeypatch.setattr(datasets.IterableDataset, "cast_column", lambda self, *_: self)
    (item,) = islice(HubSource(str(repository), "genre").items(), 2)
    assert item.load == b""
