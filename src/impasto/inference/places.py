"""Input and output paths of the commands; imports no torch, so that a wrong path is reported at once."""

from pathlib import Path

from impasto.base.checks import as_path
from impasto.base.errors import UserError
from impasto.inference.formats import PICTURE_ENDINGS
from impasto.video.endings import is_clip


def existing_input(value: object) -> Path:
    """The input to paint.

    Raises:
        UserError: it does not exist.
    """
    path = as_path("input", value)
    if not path.exists():
        raise UserError(f"input={path} does not exist; give a picture, a clip, or a folder of them.")
    return path


def output_folder(value: object) -> Path:
    """The folder to write pictures to, which need not exist yet.

    Raises:
        UserError: it is a file, or named like a picture or a clip.
    """
    path = as_path("output", value)
    if path.exists() and not path.is_dir():
        raise UserError(f"output={path} is a file; give a folder.")
    if not path.is_dir() and (path.suffix.lower() in PICTURE_ENDINGS or is_clip(path)):
        kind = "clip" if is_clip(path) else "picture"
        raise UserError(f"output={path} is named like a {kind}, and a folder is wanted; leave {path.suffix} out.")
    return path


def require_checkpoint(task: object, checkpoint: object) -> None:
    """Make sure that a model is given where a picture is to be restored: none comes along.

    Raises:
        UserError: there is none.
    """
    if task is not None and checkpoint is None:
        raise UserError(
            f"task={task} takes a model of yours: give checkpoint=, a run of model=restoration that was trained for it."
        )
