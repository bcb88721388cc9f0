"""Writing checkpoints to the disk."""

from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO


class PlainCheckpointIO(TorchCheckpointIO):
    """Writes straight to the given path, which the caller replaces in one step.

    Lightning's own writes each file to the folder for temporary files first, which may be on another, full disk. An
    error is kept, not raised: Lightning's processes wait for each other after writing.

    Attributes:
        problem: what went wrong with the latest file.
    """

    problem: OSError | None = None

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Write one file."""
        self.problem = None
        try:
            with Path(path).open("wb") as file:
                torch.save(checkpoint, file)
        except (OSError, RuntimeError) as error:
            self.problem = disk_error(error)
            if self.problem is None:
                raise


def disk_error(error: BaseException) -> OSError | None:
    """The disk's error behind one of torch, which only says that it wrote less than it should have."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, OSError):
        found = found.__cause__ or found.__context__
    return found
