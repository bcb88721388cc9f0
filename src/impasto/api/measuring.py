"""Measuring from Python, as ``evaluate.py`` does."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from impasto.api.model import Model
from impasto.base.arguments import typed
from impasto.evaluation.command import Result
from impasto.evaluation.measure import measure
from impasto.run.command_line.composing import composed

File = str | os.PathLike[str]


@typed
def evaluate(
    checkpoint: File | Model | None = None,
    *,
    generated: File | None = None,
    real: File | None = None,
    target: File | None = None,
    content: File | None = None,
    style: File | None = None,
    controls: Mapping[str, File] | None = None,
    image_size: int | Sequence[int] | None = None,
    evaluation: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    direction: str | None = None,
    output: File | None = None,
    device: str = "auto",
    trust: Sequence[str] = (),
) -> Result:
    """Measure a model by the protocol of its run, or a folder of pictures against another.

    >>> import impasto
    >>> result = impasto.evaluate(generated="painted", target="photos", evaluation={"metrics": ["psnr"]})
    >>> round(result.figures["psnr"], 2)
    18.03
    >>> result.path.name
    'evaluation.json'

    Args:
        checkpoint: folder of a run, a checkpoint, or a model that was loaded from one.
        generated: instead, a folder of pictures, or a clip.
        real: what they are compared with as a set.
        target: what each of them should be, by name.
        content: what they were painted from, by name.
        style: pictures in the style, for style scores.
        controls: what other painters made of the same content, by name.
        image_size: of all folders, or (height, width).
        evaluation: settings of the protocol, as in ``conf/evaluation/``.
        data: changes to the data of the checkpoint's run, such as ``{"root": folder}`` if it has moved.
        direction: which painter of a model that has several.
        output: JSON file; None takes evaluation.json in the run's folder, or in that of the generated pictures.
        device: cpu, cuda, mps or auto.
        trust: packages of your own whose classes a checkpoint may name.

    Returns:
        The figures, by name in ``figures`` and with controls and intervals in ``report``, which is also what
        ``path``, the JSON file, holds.

    Raises:
        UserError: settings do not go together, something is not there, or nothing can be measured.
    """
    if isinstance(checkpoint, Model):
        origin = checkpoint.painter.origin
        checkpoint, direction = origin.path, direction or (origin.direction if len(origin.directions) > 1 else None)
    paths = {"checkpoint": checkpoint, "generated": generated, "real": real, "target": target}
    paths |= {"content": content, "style": style, "output": output}
    settings: dict[str, Any] = {name: as_text(path) for name, path in paths.items()}
    settings |= {"controls": {name: as_text(path) for name, path in (controls or {}).items()}}
    settings |= {"image_size": image_size if image_size is None or isinstance(image_size, int) else list(image_size)}
    settings |= {"direction": direction, "device": device, "trust": list(trust), "data": dict(data or {})}
    settings |= {f"evaluation.{name}": value for name, value in (evaluation or {}).items()}
    cfg: DictConfig = composed("evaluate", (), settings)
    return measure(cfg)


def as_text(path: File | None) -> str | None:
    """A path as configuration holds it."""
    return None if path is None else str(Path(path).expanduser())
