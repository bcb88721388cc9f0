"""Generated pictures beside those trained on that are nearest to them."""

from typing import Any, Final

from torch import Tensor

from impasto.base.pixels import to_uint8
from impasto.evaluation.figures.distances import some_positions
from impasto.evaluation.figures.features import collect
from impasto.evaluation.figures.neighbours import memorisation, nearest, neighbour_sheet
from impasto.evaluation.protocols.measurement import Sheet
from impasto.evaluation.real.features import uint8_slice
from impasto.networks.pretrained.chooser import choose_extractor

SHOWN: Final = 8
"""Generated pictures on the sheet."""
BESIDE: Final = 5
"""Pictures trained on beside each."""


def beside_training(images: Tensor, data: Any, most: int) -> tuple[Sheet, dict[str, float], str]:
    """The sheet, the signs of learning by heart, and the name of the network whose features were compared.

    Args:
        images: generated (N, C, H, W) in [-1, 1].
        data: a data module that has been set up.
        most: pictures trained on that are searched.
    """
    trained_on = data.evaluation_images("image", "train")
    positions, extractor = some_positions(len(trained_on), most), choose_extractor("auto")
    generated = to_uint8(images)
    (known,) = collect([extractor], lambda start, n: uint8_slice(trained_on, positions, start, n), len(positions))
    (found,) = collect([extractor], lambda start, n: generated[start : start + n], len(generated))
    index = nearest(found.values[:SHOWN], known.values, min(BESIDE, len(positions))).index
    shown = uint8_slice(trained_on, positions[index.flatten().numpy()], 0, index.numel()).unflatten(0, index.shape)
    figures = memorisation(found.values, known.values) if len(positions) > 1 else {}
    return neighbour_sheet(generated[:SHOWN], shown), figures, str(extractor.name)
