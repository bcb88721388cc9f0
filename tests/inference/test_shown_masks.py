"""The masks of a model of several generators, as files: the painter of generate.py and stylize.py with masks=true."""

from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from impasto.base.spec import ImageSpec
from impasto.inference.generate import generate
from impasto.inference.repaint import Look
from impasto.inference.stylize import stylize
from impasto.networks.build import build_network
from impasto.networks.dcgan import DCGANGenerator
from impasto.networks.multi_generator import MultiGenerator, colours
from impasto.networks.resnet_translation import TranslationGenerator
from impasto.painters.painter import Painter


class LeftAndRight(nn.Module):
    """The first of two generators where pictures are dark, the second where they are light."""

    def forward(self, images: Tensor) -> Tensor:
        light = images.mean(1, keepdim=True)
        return torch.cat([-100 * light, 100 * light], 1)


def levels(colour: Tensor) -> np.ndarray:
    return (colour * 255).round().numpy()


def test_masks_of_photographs_are_written_under_their_names(tmp_path: Path) -> None:
    spec = ImageSpec(3, 16, 16)
    each = partial(TranslationGenerator, features=4, blocks=1)
    network = build_network(partial(MultiGenerator, generator=each, count=2, mask_features=4), spec, spec)
    network.mask = LeftAndRight()
    painter = Painter(network.eval(), spec, ("content",), spec).eval()
    photo = np.zeros((40, 80, 3), np.uint8)
    photo[:, 40:] = 255
    Image.fromarray(photo).save(tmp_path / "photo.png")
    for tile in (0, 32):
        list(stylize(painter.showing_masks(), tmp_path / "photo.png", tmp_path / f"{tile}", look=Look(tile=tile)))
        shown = np.asarray(Image.open(tmp_path / f"{tile}" / "photo.png")).astype(float)
        assert np.abs(shown[:, :40] - levels(colours(2)[0])).max() <= 1
        assert np.abs(shown[:, 40:] - levels(colours(2)[1])).max() <= 1


def test_masks_of_pictures_from_noise(tmp_path: Path) -> None:
    spec = ImageSpec(1, 16, 16, ("a", "b"))
    each = partial(DCGANGenerator, features=4, latent_dim=4)
    network = build_network(partial(MultiGenerator, generator=each, count=3, mask_features=4), spec).eval()
    painter = Painter(network, spec, ("latent", "label")).eval()
    list(generate(painter.showing_masks(), tmp_path / "masks", 2, seed=3))
    shown = np.asarray(Image.open(tmp_path / "masks" / "000001.png")).astype(float)
    expected = painter.showing_masks().sample(1, seed=3, start=1)[0].permute(1, 2, 0)
    assert np.abs(shown - levels((expected + 1) / 2)).max() <= 1
    assert (tmp_path / "masks" / "labels.csv").is_file()
