"""A tiny painter of any style at random weights, with noise and modulation at work, and pictures for it."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from impasto.base.spec import ImageSpec
from impasto.networks.layers.modulated import ModulatedConv2d
from impasto.networks.layers.palette import palette_of
from impasto.networks.style_generator import StyleGenerator
from impasto.painters.painter import Origin
from impasto.painters.style import PaintStyle, StylePainter

NETWORK: dict[str, Any] = {
    "_target_": "impasto.networks.style_generator.StyleGenerator",
    "_partial_": True,
    "features": [4, 8],
    "blocks": [0, 2],
    "last": 4,
    "code": 12,
    "hidden": 16,
}


def style_painter(seed: int = 0) -> StylePainter:
    torch.manual_seed(seed)
    arguments = {name: value for name, value in NETWORK.items() if not name.startswith("_")}
    network, spec = StyleGenerator(**arguments), ImageSpec(3, 32, 32)
    for module in network.modules():
        if isinstance(module, ModulatedConv2d):
            torch.nn.init.normal_(module.scale.weight, std=0.3)
            torch.nn.init.normal_(module.brush, std=0.03)
            if module.noise is not None:
                torch.nn.init.normal_(module.noise, std=0.03)
    painter = StylePainter(network, spec, ("content", "style"), spec).eval().requires_grad_(False)
    painter.origin = Origin(config={"model": {"generator": NETWORK}}, images_seen=5)
    return painter


def deltas_of(painter: StylePainter, rank: int = 2, seed: int = 1) -> dict[str, Tensor]:
    """Deltas of every kind for every layer, of numbers that half precision holds."""
    g = torch.Generator().manual_seed(seed)
    return {
        f"{module.name}.{kind}": torch.randn(shape, generator=g).mul(0.2).half().float()
        for module in painter.generator.modules()
        if isinstance(module, ModulatedConv2d)
        for kind, shape in module.delta_shapes(rank).items()
    }


def style_of(painter: StylePainter, seed: int = 1) -> PaintStyle:
    """A style with deltas, of numbers that half precision holds."""
    g = torch.Generator().manual_seed(seed)
    hand = torch.randn(painter.generator.code - painter.generator.palette_length, generator=g)
    code = torch.cat([hand, palette_of(picture(16, 16, seed))[0]]).half().float()
    return PaintStyle(code, deltas_of(painter, seed=seed))


def photo(height: int, width: int, seed: int = 0) -> np.ndarray:
    """uint8 (H, W, 3) with soft shapes and some grain."""
    g = np.random.default_rng(seed)
    coarse = torch.from_numpy(g.random((1, 3, 4, 5), dtype=np.float32))
    soft = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic")[0].permute(1, 2, 0).numpy()
    return (soft * 220 + g.random((height, width, 3)) * 20).clip(0, 255).astype(np.uint8)


def picture(height: int, width: int, seed: int = 0) -> Tensor:
    """(1, 3, H, W) in [-1, 1]."""
    return torch.from_numpy(photo(height, width, seed)).permute(2, 0, 1)[None] / 127.5 - 1
