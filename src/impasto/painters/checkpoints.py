"""Checkpoint files: where a run keeps them, and how they are read without running what may be in them."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from impasto.base.checks import as_path
from impasto.base.errors import UserError

FORMAT: Final = 2
"""Version of what a checkpoint holds; 2 came with painters and networks by name."""

SHIPPED: Final = Path(__file__).parent / "shipped" / "style_base.safetensors"
"""The base that the package carries."""


def find_checkpoint(path_or_run_dir: str | Path) -> Path:
    """The checkpoint itself, or the best of a run, or its last.

    Raises:
        UserError: there is none.
    """
    path = as_path("checkpoint", path_or_run_dir)
    if path.is_file():
        return path
    folder = path if path.name == "checkpoints" else path / "checkpoints"
    for name in ("best.ckpt", "last.ckpt"):
        if (folder / name).is_file():
            return folder / name
    found = "holds no checkpoints/best.ckpt nor last.ckpt" if path.is_dir() else "does not exist"
    raise UserError(f"checkpoint={path} {found}; give the folder of a run, or a .ckpt file.")


def run_folder(checkpoint: Path) -> Path:
    """The folder of the run that a checkpoint is of, or else the folder that it lies in."""
    return checkpoint.parent.parent if checkpoint.parent.name == "checkpoints" else checkpoint.parent


def shipped_base() -> Path:
    """The base that the package carries: a painter of any style.

    Raises:
        UserError: there is none.
    """
    if not SHIPPED.is_file():
        raise UserError("This version of Impasto comes without a base: give checkpoint=, a run of model=style.")
    return SHIPPED


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """Read a checkpoint without running anything that may be hidden in it.

    Raises:
        UserError: not a checkpoint, damaged, cut short, or holding objects other than tensors and plain values.
    """
    import torch  # here, so that a wrong path is answered at once

    try:
        check_sums(Path(path))
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist.") from None
    except Exception as problem:
        hidden = "Unsupported" in str(problem) or "Weights only" in str(problem)
        reason = "holds objects that are not weights and was not opened" if hidden else "is damaged or cut short"
        raise UserError(f"{path} {reason}; use a checkpoint that train.py wrote.") from None
    if not isinstance(content, dict) or "impasto" not in content:
        raise UserError(f"{path} is not a checkpoint of this project; use one that train.py wrote.")
    if (version := content["impasto"].get("version")) != FORMAT:
        raise UserError(
            f"{path} has format {version}, and this version of Impasto reads format {FORMAT}: train again, or use the "
            "version that wrote it."
        )
    return content


def check_sums(path: Path) -> None:
    """Compare the bytes with the sums that were written with them: torch maps the file, and does not look.

    Raises:
        zipfile.BadZipFile: they differ, or it is no zip file.
    """
    with zipfile.ZipFile(path) as file:
        if (wrong := file.testzip()) is not None:
            raise zipfile.BadZipFile(f"{wrong} is not what was written")


def discriminator_of(content: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Class and arguments of the discriminator in a checkpoint, as in ``conf/``, and its weights; None without one."""
    node, prefix = content["impasto"]["config"]["model"].get("discriminator"), "networks.discriminator."
    weights = {k.removeprefix(prefix): v for k, v in content["state_dict"].items() if k.startswith(prefix)}
    return (node, weights) if node is not None and weights else None
