"""A tiny painter of every kind, at random weights."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import torch
from torch import nn

from impasto.base.spec import ImageSpec, LabelMap
from impasto.networks.build import build_network
from impasto.networks.coarse_to_fine import CoarseToFineGenerator
from impasto.networks.dcgan import DCGANGenerator
from impasto.networks.half_unet import HalfUNet
from impasto.networks.mlp import MLPGenerator
from impasto.networks.multi_generator import MultiGenerator
from impasto.networks.r3gan import R3GANGenerator
from impasto.networks.resnet import ResNetGenerator
from impasto.networks.resnet_translation import TranslationGenerator
from impasto.networks.style_adapter import StyleAdapter
from impasto.networks.unet import UNetGenerator
from impasto.painters.labels import LabelPainter
from impasto.painters.painter import Origin, Painter
from tests.restoring import painter_of
from tests.style_painter import style_painter

RGB: Final = ImageSpec(3, 16, 16)
LABELS: Final = LabelMap(("sky", "sea", "land"), ((0, 0, 255), (0, 255, 255), (0, 255, 0)))
MAPS: Final = ImageSpec(3, 16, 16, label_map=LABELS)
WITH_BOUNDARIES: Final = ImageSpec(4, 32, 32, label_map=LabelMap(LABELS.class_names, LABELS.colors, boundaries=True))

Network = Callable[..., nn.Module]


def painter(network: Network, gives: ImageSpec, given: ImageSpec | None = None, **arguments: Any) -> Painter:
    """From noise without ``given``, else from pictures."""
    torch.manual_seed(0)
    made = build_network(partial(network, **arguments), gives, given)
    for value in made.parameters():
        if value.dim() > 1 and given is None:  # so that paintings are far from grey
            nn.init.normal_(value, std=value[0].numel() ** -0.5)
    told = ("vector",) if gives.condition_dim else ("label",) if gives.num_classes else ()
    takes = ("latent", *told) if given is None else ("content",)
    found = Painter(made, gives, takes, given)
    node = {"_target_": f"{network.__module__}.{network.__qualname__}", "_partial_": True, **arguments}
    found.origin = Origin(config={"model": {"generator": node}}, images_seen=3, direction="painter")
    return found.eval().requires_grad_(False)


def segmentation() -> Painter:
    network = build_network(partial(UNetGenerator, features=4, levels=3), MAPS, RGB)
    found = LabelPainter(network, MAPS, ("content",), RGB)
    found.origin = Origin(config={"model": {"generator": node_of(UNetGenerator, features=4, levels=3)}})
    return found.eval()  # type: ignore[return-value]


def node_of(network: Network, **arguments: Any) -> dict[str, Any]:
    return {"_target_": f"{network.__module__}.{network.__qualname__}", "_partial_": True, **arguments}


def personal_style() -> Painter:
    """As one that is being learnt: every number of the adapter has moved."""
    base = style_painter()
    network = StyleAdapter(base.generator, rank=2)  # type: ignore[arg-type]
    network.start_at(base.encode([torch.rand(1, 3, 32, 32) * 2 - 1]).code)
    for value in network.moved.values():
        nn.init.normal_(value, std=0.05)
    return Painter(network, RGB, ("content",), RGB).eval().requires_grad_(False)


def restoration(task: str) -> Painter:
    found = painter_of(task)
    arguments = {"features": 4, "encoder": [1], "middle": 1, "decoder": [1], "shrink": 2}
    node = {"_target_": "impasto.networks.nafnet.NAFNet", "_partial_": True, **arguments}
    found.origin = Origin(config={"model": {"generator": node}})
    return found


SMALL: Final = {"features": 4, "max_features": 8, "latent_dim": 6}
TRANSLATION: Final = {"features": 4, "blocks": 1}
CLASSES: Final = ImageSpec(3, 16, 16, ("a", "b", "c"))
VECTORS: Final = ImageSpec(3, 12, 20, condition_dim=5)

PAINTERS: Final[dict[str, Callable[[], Painter]]] = {
    "dcgan": lambda: painter(DCGANGenerator, RGB, **SMALL),
    "labels": lambda: painter(ResNetGenerator, CLASSES, **SMALL, spectral_norm=True, attention=[8]),
    "vectors": lambda: painter(R3GANGenerator, VECTORS, **SMALL, group=4),
    "mlp": lambda: painter(MLPGenerator, RGB, **SMALL),
    "several from noise": lambda: painter(
        MultiGenerator, RGB, generator=partial(DCGANGenerator, **SMALL), count=2, mask_features=4
    ),
    "repaint": lambda: painter(TranslationGenerator, RGB, RGB, **TRANSLATION, fast=True),
    "plain": lambda: painter(TranslationGenerator, RGB, RGB, **TRANSLATION, norm="none", antialias=False),
    "cycle": lambda: painter(
        TranslationGenerator, RGB, RGB, **TRANSLATION, antialias=False, upsampling="transposed", residual=True
    ),
    "several from pictures": lambda: painter(
        MultiGenerator, RGB, RGB, generator=partial(TranslationGenerator, **TRANSLATION), count=2, mask_features=4
    ),
    "pair": lambda: painter(UNetGenerator, RGB, ImageSpec(1, 16, 16), features=4, levels=3),
    "labels to pictures": lambda: painter(
        CoarseToFineGenerator,
        ImageSpec(3, 32, 32),
        WITH_BOUNDARIES,
        features=4,
        halvings=2,
        blocks=1,
        enhancer_blocks=1,
    ),
    "maps to pictures": lambda: painter(TranslationGenerator, RGB, MAPS, **TRANSLATION),
    "next frame": lambda: painter(HalfUNet, RGB, ImageSpec(6, 16, 16, frames=2), features=4, blocks=1, move=True),
    "keyframes": lambda: painter(HalfUNet, RGB, RGB, features=4, blocks=1),
    "segmentation": segmentation,
    "denoise": lambda: restoration("denoise"),
    "inpaint": lambda: restoration("inpaint"),
    "colorize": lambda: restoration("colorize"),
    "super_resolution": lambda: restoration("super_resolution"),
    "style": style_painter,
    "personal style": personal_style,
}
"""By kind."""

MANY: Final = {
    "plain",
    "mlp",
    "several from noise",
    "maps to pictures",
    "keyframes",
    "denoise",
    "colorize",
    "personal style",
    "style",
}
"""Kinds that are much like others, or that other tests export."""
