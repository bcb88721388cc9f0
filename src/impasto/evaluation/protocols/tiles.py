"""The protocol for textures: whether tiles join at their borders, and how like the texture they are."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Final

import torch
from torch import Tensor

from impasto.base import distributed
from impasto.base.checks import check_number
from impasto.base.pixels import from_uint8
from impasto.base.ranges import Seed
from impasto.evaluation.figures.distances import frechet_estimate
from impasto.evaluation.figures.features import Pictures, from_first
from impasto.evaluation.figures.seams import blended, mirrored, seam_inside, seam_ratio
from impasto.evaluation.protocols.controlled import Values, controlled
from impasto.evaluation.protocols.measurement import Measurement, Sheet, check_fit
from impasto.evaluation.protocols.sampling import Chosen, known_of, pictures_of
from impasto.networks.pretrained.random_features import RandomFeatures

PAINTED: Final = "painted"
CROPS: Final = "crops of the picture"
BLENDED: Final = "crops, borders blended"
MIRRORED: Final = "crops, mirrored"
CHUNK: Final = 64


class TileProtocol:
    """Seams of tiles, and their distance from crops of the picture, beside controls.

    ``seam_ratio`` is the gradient across the seams as a multiple of the interior's mean (1 where nothing shows), and
    ``seam_inside`` the share of tiles whose seams are no stronger than their strongest line inside.
    ``fd_random_features`` is the Fréchet distance of means and deviations of a network with random weights, which sees
    brightness alone (:mod:`impasto.networks.pretrained.random_features`), between tiles rolled by half their size, so
    that seams lie in the middle, and crops. The controls are crops as they are, with borders blended, and mirrored.

    Args:
        num_images: tiles to paint, and crops to compare with.
        seed: of the painted tiles.

    Raises:
        UserError: a number is out of range.
    """

    takes: ClassVar[str] = "latent"
    parts: ClassVar[tuple[str, ...]] = ("image",)
    asks: ClassVar[tuple[str, ...]] = ("evaluation_images",)

    def __init__(self, *, num_images: int = 512, seed: Seed = 0) -> None:
        check_number("evaluation.num_images", num_images, 4)
        check_number("evaluation.seed", seed, 0)
        self.num_images, self.seed = num_images, seed

    def measure(self, painter: Any, data: Any) -> Measurement:
        """Measure a painter on a data module's crops; every process must call it, and gets the figures."""
        check_fit(self, painter.takes)
        real = Chosen(data.evaluation_images("image", "train"), 2 * self.num_images)
        paint = pictures_of(painter.sample, self.seed, None)
        if distributed.rank() > 0:
            return from_first(Measurement())
        found = from_first(self._measured(real, paint, known_of(data, "image")))
        return replace(found, sheets={"tiles": partial(sheet_of_tiles, paint)})

    def _measured(self, real: Chosen, paint: Pictures, known: Mapping[str, Any]) -> Measurement:
        every = real.all()
        compared, crops = every[::2], every[1::2]
        painted = torch.cat([paint(i, min(CHUNK, self.num_images - i)).cpu() for i in range(0, self.num_images, CHUNK)])
        seen = {PAINTED: painted, CROPS: crops, BLENDED: blended(crops), MIRRORED: mirrored(crops)}
        network = RandomFeatures()
        features = statistics_of(network, compared)
        rows = {row: figures_of(network, tiles, features) for row, tiles in seen.items()}
        record = {
            "extractor": RandomFeatures.name,
            "generated": self.num_images,
            "real": len(compared),
            "fingerprint": real.packed.fingerprint,
            "split": "train",
            "origin": known.get("origin"),
            "seed": self.seed,
        }
        return controlled(rows, record, "fd_random_features", ("seam_inside",))


def figures_of(network: RandomFeatures, tiles: Tensor, features: Tensor) -> Values:
    """All figures of tiles uint8 (N, C, H, W) against features of crops (m, d)."""
    rolled = tiles.roll((tiles.shape[2] // 2, tiles.shape[3] // 2), (2, 3))
    return {
        "fd_random_features": frechet_estimate(statistics_of(network, rolled), features),
        "seam_ratio": seam_ratio(tiles),
        "seam_inside": seam_inside(tiles),
    }


@torch.no_grad()
def statistics_of(network: RandomFeatures, tiles: Tensor) -> Tensor:
    """Means and deviations of three layers for tiles uint8 (N, C, H, W): (N, 448)."""
    found = []
    for some in tiles.split(CHUNK):
        maps = network.maps(from_uint8(some), (0, 1, 2))
        found.append(torch.cat([each for x in maps for each in (x.mean((2, 3)), x.std((2, 3)))], 1))
    return torch.cat(found)


def sheet_of_tiles(paint: Pictures, count: int = 8) -> Sheet:
    """The first tiles, each repeated twice by twice."""
    tiles = from_uint8(paint(0, count).cpu())
    return tiles.repeat(1, 1, 2, 2), 4
