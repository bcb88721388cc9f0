"""What the page says of attention layers and of the discriminator, for any model that has them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor

from impasto.explain.attention import attention_layers, attention_maps
from impasto.explain.from_pictures import rgb
from impasto.explain.heat import boxes_of, marked, over
from impasto.explain.judged import saliency_rows
from impasto.explain.page import Section, paragraph, sheet
from impasto.painters.painter import Painter


def attention(painter: Painter, run: Callable[[], Tensor], folder: Path) -> Iterator[Section]:
    """Where each attention layer looks from four places of one painting; nothing for a network without any.

    Args:
        painter: of any kind.
        run: paints one picture (1, C, H, W).
        folder: of the page.
    """
    if not attention_layers(painter.network):
        return
    with torch.no_grad():
        painted = run()
    boxes = boxes_of(*painted.shape[2:])
    size = torch.tensor(painted.shape[2:])
    places = torch.stack([(boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2], 1) / size
    found = attention_maps(painter.network, run, places)
    framed = marked(rgb(painted).expand(len(boxes), -1, -1, -1), boxes)
    body = ""
    for name, maps in found.items():
        images = torch.stack([framed, over(painted.expand(len(boxes), -1, -1, -1), maps)], 1).flatten(0, 1)
        gamma = float(attention_layers(painter.network)[name].gamma)
        caption = f"{name}: from the middle of each frame, red is attended to; its share in the result is {gamma:+.3f}"
        body += sheet(images, 4, folder / f"attention_{name.replace('.', '_')}.png", caption, wide=True)
    yield Section("Attention", body)


def saliency(real: Tensor, painted: Tensor, score: Callable[[Tensor], Tensor], folder: Path) -> Section:
    """What the discriminator's scores depend on, for real and for painted pictures (N, C, H, W)."""
    rows, scores = zip(*(saliency_rows(score, images) for images in (real, painted)), strict=True)
    told = "; ".join(
        f"{name}: {', '.join(f'{value:+.2f}' for value in values)}"
        for name, values in zip(("scores of the real pictures", "of the painted ones"), scores, strict=True)
    )
    body = sheet(torch.cat(rows), 2 * len(real), folder / "saliency.png", wide=True)
    about = "Above real, below painted pictures, each followed by what its score depends on (red: smoothed gradients). "
    return Section("What the discriminator looks at", body + paragraph(about + told + "."))
