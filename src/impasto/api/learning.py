"""Learning a style from Python, as ``train.py experiment=personal_style`` does."""

import os
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from impasto.api.pictures import Picture, on_paper
from impasto.api.training import train
from impasto.base.arguments import typed
from impasto.base.errors import UserError
from impasto.painters.adapters import Adapter, read_adapter
from impasto.run.command_line.composing import composed
from impasto.run.records.run_folder import claim, claim_or_beside, release

File = str | os.PathLike[str]


@typed
def learn_style(
    pictures: Picture | Sequence[Picture],
    *,
    content: File | Sequence[File] | None = None,
    base: File | None = None,
    minutes: float | None = None,
    kimg: float | None = None,
    seed: int = 0,
    output: File | None = None,
    overrides: Sequence[str] = (),
) -> Adapter:
    """Learn a style from 1 to 20 pictures, in 2 to 8 minutes on two CPU cores.

    >>> import impasto
    >>> adapter = impasto.learn_style("paintings", kimg=0.008, output="run")
    >>> adapter.path.name
    'style.safetensors'
    >>> adapter.save("mine.safetensors")
    >>> painted = impasto.load().paint("photo.jpg", style=adapter)

    A style is learnt well without ``kimg=0.008``, which shows 8 pictures. Ctrl-C ends the training and keeps what was
    learnt. Previews, figures and a report are in the run's folder, which is that of ``adapter.path``; ``train.py
    resume=`` goes on with it.

    Args:
        pictures: a folder of them, a picture, or several: files, images of Pillow or arrays.
        content: folder or folders of photographs to learn on; None takes those that come along.
        base: to start from, a file or a run of model=style; None takes the one that comes along.
        minutes: of training at most; None goes by the number of pictures.
        kimg: thousands of pictures shown in training; likewise.
        seed: of everything that is drawn.
        output: folder of the run; None takes a new one in ``outputs/``.
        overrides: further settings, as on the command line of ``train.py``.

    Returns:
        The style: a small file, its ``path``, and the ``scores`` of its painting.

    Raises:
        UserError: pictures or settings do not fit, the folder holds a run already, or training ended before there was
            anything to keep.
    """
    folder = run_folder(output)
    try:
        style = style_folder(pictures, folder / "style_pictures")
        settings: dict[str, Any] = {"data.style": str(style), "base": None if base is None else str(base), "seed": seed}
        settings |= {} if content is None else {"data.content": as_names(content)}
        settings |= {name: value for name, value in (("minutes", minutes), ("kimg", kimg)) if value is not None}
        settings |= {"output_dir": str(folder), "name": "personal_style"}
        train(composed("train", ["experiment=personal_style", *overrides], settings, record=folder))
    finally:
        release()
    written = folder / "style.safetensors"
    if not written.is_file():
        raise UserError(f"Training ended before a style was written to {folder}: give it more minutes, or kimg.")
    return read_adapter(written)


def run_folder(output: File | None) -> Path:
    """The folder of the run, claimed for this process.

    Raises:
        UserError: it holds a run already, is a file, or another process is using it.
    """
    if output is None:
        return claim_or_beside(Path("outputs", f"{datetime.now():%Y-%m-%d_%H-%M-%S}_personal_style")).resolve()
    folder = Path(output).expanduser().resolve()
    if folder.exists() and not folder.is_dir():
        raise UserError(f"output={output} is a file; give a folder for the run.")
    claim(folder, None)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def style_folder(pictures: Picture | Sequence[Picture], folder: Path) -> Path:
    """A folder with the pictures of a style: their own, or one that they are copied into.

    Args:
        pictures: folder, picture or pictures.
        folder: for copies; one beside it if it holds something.

    Raises:
        UserError: there are none, or one cannot be read.
    """
    if isinstance(pictures, str | os.PathLike) and Path(pictures).expanduser().is_dir():
        return Path(pictures).expanduser().resolve()
    several: Any = [pictures] if isinstance(pictures, str | os.PathLike | Image.Image | np.ndarray) else pictures
    if not isinstance(several, list | tuple) or not several:
        raise UserError("learn_style needs pictures: give a folder, a picture or several.")
    first, number = folder, 1
    while folder.is_dir() and any(folder.iterdir()):  # those of a call that failed would be learnt, too
        number += 1
        folder = first.with_name(f"{first.name}_{number}")
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(several):
        if isinstance(picture, str | os.PathLike):
            file = Path(picture).expanduser()
            if not file.is_file():
                raise UserError(f"{file} does not exist; give a picture, or a folder of them alone.")
            shutil.copyfile(file, folder / f"{number:03d}{file.suffix}")
        else:
            Image.fromarray(on_paper(picture)).save(folder / f"{number:03d}.png")
    return folder


def as_names(folders: File | Sequence[File]) -> str | list[str]:
    """Folders as configuration holds them."""
    return str(folders) if isinstance(folders, str | os.PathLike) else [str(folder) for folder in folders]
