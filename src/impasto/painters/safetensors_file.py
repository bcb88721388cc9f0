"""Reading safetensors files that may come from anyone: tensors and plain values, and a sentence if they are not."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from impasto.base.errors import UserError


def read_safetensors(path: Path, what: str, version: str, largest: int) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors of a file, and what its header says beside them.

    Args:
        path: of the file.
        what: the kind of file that is meant, such as ``an adapter``; its header says so.
        version: of the format that is read.
        largest: bytes.

    Returns:
        Tensors as they are stored, and the values of the header, of which each but kind and version is JSON.

    Raises:
        UserError: not there, too large, malformed, another kind of file, another version, or, where its header has a
            hash of the tensors, with others.
    """
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise UserError(f"{path} is not a file; give {what}.")
        if size > largest:
            raise UserError(f"{path} has {size:,} bytes, and {what} has at most {largest:,}; give another file.")
        with safe_open(os.fspath(path), "pt") as file:
            told = file.metadata() or {}
            check_kind(path, told, what, version)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
        values = {name: plain(text) for name, text in told.items() if name not in ("impasto", "format")}
        if values.get("sha256", own := digest(tensors)) != own:
            raise UserError(f"{path} was changed after it was written, or is damaged; give {what} as it was written.")
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; give {what}.") from None
    except OSError as problem:
        raise UserError(f"{path} cannot be read ({problem.strerror or problem}); give {what}.") from None
    except (SafetensorError, ValueError, RecursionError) as problem:
        reason = " ".join(str(problem).split()).rstrip(".")[:200]
        raise UserError(f"{path} is damaged, or no safetensors file ({reason}); give {what}.") from None
    return tensors, values


def kind_of(path: Path) -> str | None:
    """The kind of file that a header names; None if it names none, or the file cannot be read."""
    try:
        with safe_open(os.fspath(path), "pt") as file:
            return (file.metadata() or {}).get("impasto")
    except (OSError, SafetensorError):
        return None


def digest(tensors: Mapping[str, Tensor]) -> str:
    """Hex digest of tensors: of their names, types, shapes and values."""
    found = hashlib.sha256()
    for name, value in sorted(tensors.items()):
        found.update(f"{name} {value.dtype} {tuple(value.shape)};".encode())
        # Of the bytes, since NumPy does not know every type.
        found.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def check_kind(path: Path, told: Mapping[str, str], what: str, version: str) -> None:
    """Make sure that a header is of the kind and version that is meant.

    Raises:
        UserError: it is not.
    """
    if (kind := told.get("impasto")) != what:
        found = f"holds {kind[:50]!r}" if kind else "was not written by Impasto"
        raise UserError(f"{path} {found}, and {what} is wanted; give another file.")
    if (given := told.get("format")) != version:
        raise UserError(
            f"{path} has format {str(given)[:20]!r}, and this version of Impasto reads format {version}: make it "
            "again, or use the version that wrote it."
        )


def plain(text: str) -> Any:
    """The value of a JSON text, without numbers that are not finite.

    Raises:
        ValueError: it is no such text.
        RecursionError: it is nested too deeply.
    """

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is not a finite number")

    return json.loads(text, parse_constant=refuse)


def header(what: str, version: str, values: Mapping[str, Any]) -> dict[str, str]:
    """The header that :func:`read_safetensors` reads.

    Raises:
        ValueError: a number is not finite.
        TypeError: a value is not plain.
    """
    texts = {name: json.dumps(value, allow_nan=False, sort_keys=True) for name, value in values.items()}
    return {"impasto": what, "format": version, **texts}


def refuse_what_is_no_number(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Make sure that tensors are of finite floating-point numbers.

    Raises:
        UserError: one is not.
    """
    for name, value in tensors.items():
        if not value.is_floating_point() or not torch.isfinite(value).all():
            raise UserError(
                f"{path} holds numbers that are not finite ({name[:100]!r}): it is damaged; use another file."
            )
