"""How much of a picture's colours ``model=reference`` takes from its reference.

``python -m tests.benchmarks.reference RUN`` paints the held-out content of a run without a reference, after the target
itself, bent and mirrored, and after the target of another pair, and compares each with the target. A file as a second
argument gets some of them, in columns: content, without, after its own, after another's, that other, the target.
"""

import sys
from pathlib import Path

import torch
from omegaconf import OmegaConf
from PIL import Image
from torch import Tensor

from impasto.base.instantiate import make
from impasto.base.pixels import from_uint8, to_uint8
from impasto.evaluation.figures.image_metrics import psnr, ssim
from impasto.evaluation.protocols.sampling import Chosen
from impasto.models.reference import disguised
from impasto.painters.loading import load_painter
from impasto.painters.painter import Painter
from impasto.run.command_line.entry import register_resolvers
from impasto.run.fit import prepare

COUNT = 128
SHOWN = 6


@torch.no_grad()
def main(run: str, sheet: str | None = None) -> None:
    """Print the table."""
    register_resolvers()
    painter = load_painter(run, device="cpu")
    data = make(OmegaConf.create(dict(painter.origin.config)).data)
    prepare(data, Path(run))
    parts = (Chosen(data.evaluation_images(part, "held_out"), COUNT).all() for part in ("content", "target"))
    content, target = map(from_uint8, parts)
    torch.manual_seed(0)
    own, other = disguised(target, 0.2), target.roll(1, 0)
    rows = {"without": None, "after its own target": own, "after another's": other}
    painted = {name: in_parts(painter, content, style) for name, style in rows.items()}
    for name, images in painted.items():
        print(f"{name:24}{float(psnr(images, target).mean()):8.2f}{float(ssim(images, target).mean()):8.3f}")
    if sheet is not None:
        columns = [content.expand_as(target), *painted.values(), other, target]
        shown = torch.cat([torch.cat(list(column[:SHOWN]), 1) for column in columns], 2)
        Image.fromarray(to_uint8(shown[None])[0].permute(1, 2, 0).numpy()).save(sheet)


def in_parts(painter: Painter, content: Tensor, style: Tensor | None, size: int = 16) -> Tensor:
    """What is painted of content (N, C, H, W), a few pictures at a time."""
    styles = [None] * len(content) if style is None else style.split(size)
    return torch.cat([painter(content=c, style=s) for c, s in zip(content.split(size), styles, strict=False)])


if __name__ == "__main__":
    main(*sys.argv[1:])
