"""Making the base that the package ships of a run of ``experiment=style_base``.

python -c "from impasto.painters.shipping import ship_base as ship; ship('outputs/RUN', photos='PHOTOGRAPHS')"
"""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.pixels import from_uint8
from impasto.painters.checkpoints import SHIPPED, discriminator_of, find_checkpoint, read_checkpoint
from impasto.painters.loading import load_painter
from impasto.painters.style import StylePainter
from impasto.painters.style_base import save_base

SIDE: Final = 256
"""Shorter side of the photographs whose mean code is the neutral one, in pixels."""
KEPT: Final = ("images_seen", "seconds", "device", "precision", "versions", "git_revision", "seed", "overrides", "data")
"""What the card takes of the run's summary."""


def ship_base(run_dir: str | Path, photos: str | Path, path: str | Path = SHIPPED) -> None:
    """Write a base with its discriminator, its neutral code, and where it comes from.

    Args:
        run_dir: of a run of model=style.
        photos: folder of photographs, whose mean code is the neutral one.
        path: of the file.

    Raises:
        UserError: the run is of another model or has not ended, or there are no photographs.
    """
    run_dir = Path(run_dir)
    painter = load_painter(run_dir, device="cpu")
    if not isinstance(painter, StylePainter):
        raise UserError(f"{run_dir} paints in one way only: give a run of model=style.")
    discriminator = discriminator_of(read_checkpoint(find_checkpoint(run_dir)))
    summary: dict[str, Any] = json.loads((run_dir / "summary.json").read_text())
    if summary["images_seen"] != painter.origin.images_seen:
        raise UserError(
            f"The summary of {run_dir} is older than its checkpoint: end the run, or let it end, and try again."
        )
    card: dict[str, Any] = {name: summary[name] for name in KEPT if name in summary}
    # Where the run lay is nobody's concern.
    of_run = ("output_dir=", "hydra.")
    card["overrides"] = [given for given in card.get("overrides", []) if not given.startswith(of_run)]
    neutral = mean_code(painter, sorted(Path(photos).rglob("*.jpg")))
    save_base(painter, path, card=card, neutral=neutral, discriminator=discriminator)


@torch.no_grad()
def mean_code(painter: StylePainter, files: list[Path]) -> Tensor:
    """Mean code (D,) of photographs.

    Raises:
        UserError: there are none.
    """
    if not files:
        raise UserError("There are no photographs (.jpg) in this folder: name another.")
    codes = []
    for file in files:
        with Image.open(file) as opened:
            photo = opened.convert("RGB")
        scale = SIDE / min(photo.size)
        photo = photo.resize((round(photo.width * scale), round(photo.height * scale)), Image.Resampling.LANCZOS)
        codes.append(painter.encode([from_uint8(torch.from_numpy(np.array(photo)).permute(2, 0, 1)[None])]).code)
    return torch.stack(codes).mean(0)
