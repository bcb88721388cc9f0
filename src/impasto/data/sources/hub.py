"""Pictures streamed from a data set on the Hugging Face Hub, row by row, so that a limit limits the download."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from impasto.base.cache import cache_dir
from impasto.base.errors import UserError
from impasto.base.files import write_json
from impasto.data.sources.source import UNLABELLED, Item, Origin

HUB: Final = "https://huggingface.co"


class HubSource:
    """The pictures of a data set on the Hub, in its order.

    Its commit and class names are kept in the cache, so that pictures that were packed before can be used without
    network.

    Args:
        repository: ``owner/name`` on the Hub, or a folder of parquet files.
        label: column of the class; None for unlabelled pictures.
        config: of the repository; None takes its default.
        split: of the repository.
        revision: commit or branch; None takes the main branch.
        image: column of the picture.
    """

    origin: Origin = "hub"
    length = None
    """Unknown: pictures are taken from the beginning of the stream, and no more are downloaded than are taken."""

    def __init__(
        self,
        repository: str,
        label: str | None,
        *,
        config: str | None = None,
        split: str = "train",
        revision: str | None = None,
        image: str = "image",
    ) -> None:
        self.repository, self.label, self.image = repository, label, image
        self.arguments = {"path": repository, "name": config, "split": split, "revision": revision}

    @cached_property
    def description(self) -> dict[str, Any]:
        """``commit`` and, by column, ``classes``."""
        key = hashlib.sha256(json.dumps(self.arguments).encode()).hexdigest()[:16]
        path = cache_dir() / "hub" / f"{key}.json"
        try:
            found = {"commit": self._commit(), "classes": self._classes()}
        except UserError:
            if not path.exists():
                raise
            return dict(json.loads(path.read_text()))
        write_json(path, found)
        return found

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes as the data set numbers them.

        Raises:
            UserError: there is no such column of classes.
        """
        if self.label is None:
            return ()
        classes = self.description["classes"]
        if self.label not in classes:
            known = ", ".join(classes) or "none"
            raise UserError(f"{self.repository} has no classes by data.label={self.label}; it has: {known}.")
        return tuple(classes[self.label])

    def fingerprint(self) -> str:
        """A hash of the data set's commit, split and columns."""
        what = [self.arguments, self.image, self.label, self.description["commit"]]
        return hashlib.sha256(json.dumps(what).encode()).hexdigest()

    def items(self, start: int = 0) -> Iterator[Item]:
        """The pictures from position ``start`` on, not decoded; those before are skipped without decoding."""
        stream = self._stream()
        from datasets import Image

        columns = [self.image] if self.label is None else [self.image, self.label]
        stream = stream.select_columns(columns).cast_column(self.image, Image(decode=False)).skip(start)
        rows = iter(stream)
        position = start
        while True:
            try:
                row = next(rows, None)
            except Exception as problem:  # the network, fsspec and Arrow may raise anything
                raise self._unreachable(problem) from problem
            if row is None:
                return
            picture = row[self.image] or {}
            label = UNLABELLED if self.label is None or row[self.label] is None else int(row[self.label])
            yield Item(f"{self.repository}/{position:06d}", _content(picture), label)
            position += 1

    def _stream(self) -> Any:
        try:
            from datasets import load_dataset
        except ImportError:
            raise UserError("Pictures from the Hub need the package datasets: pip install datasets.") from None
        try:
            return load_dataset(**self.arguments, streaming=True)
        except Exception as problem:
            raise self._unreachable(problem) from problem

    def _classes(self) -> dict[str, list[str]]:
        stream = self._stream()
        features = stream.features or {}
        if self.image not in features:
            raise UserError(f"{self.repository} has no column {self.image} of pictures.")
        return {column: list(kind.names) for column, kind in features.items() if hasattr(kind, "names")}

    def _commit(self) -> str:
        folder = Path(self.repository)
        if folder.is_dir():
            files = sorted(path for path in folder.rglob("*") if path.is_file())
            stats = [
                (path.relative_to(folder).as_posix(), path.stat().st_size, path.stat().st_mtime_ns) for path in files
            ]
            return hashlib.sha256(json.dumps(stats).encode()).hexdigest()
        try:
            from huggingface_hub import HfApi

            return str(HfApi().dataset_info(self.repository, revision=self.arguments["revision"], timeout=30).sha)
        except Exception as problem:
            raise self._unreachable(problem) from problem

    def _unreachable(self, problem: Exception) -> UserError:
        reason = " ".join(str(problem).split())[:200] or type(problem).__name__
        return UserError(
            f"{self.repository} cannot be read from the Hub ({reason}): check the network, "
            "set data.root to a folder copy, or data.source=sample; what was packed so far is kept."
        )


def _content(picture: Mapping[str, Any]) -> bytes | Path:
    """The file of a row; a row without one counts as an empty file, and packing names it."""
    content, path = picture.get("bytes"), picture.get("path")
    return content if content is not None else Path(path) if path else b""
