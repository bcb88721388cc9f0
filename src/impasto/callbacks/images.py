"""Sheets handed to loggers."""

from collections.abc import Iterable
from pathlib import Path

from lightning.pytorch.loggers import Logger, TensorBoardLogger


def log_image(loggers: Iterable[Logger], key: str, path: Path, step: int) -> None:
    """Show a picture in every logger that can show one.

    Args:
        loggers: the trainer's.
        key: under what name.
        path: a PNG file.
        step: pictures shown to the discriminator so far.
    """
    for logger in loggers:
        if (log_picture := getattr(logger, "log_picture", None)) is not None:
            log_picture(key, path, step)
        elif isinstance(logger, TensorBoardLogger):
            import numpy as np
            from PIL import Image

            with Image.open(path) as picture:
                logger.experiment.add_image(key, np.asarray(picture.convert("RGB")), step, dataformats="HWC")
