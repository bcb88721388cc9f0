"""Scores that the field reports of repainted pictures, computed to say which of them the controls fool."""

from collections.abc import Mapping
from functools import cached_property
from typing import Final

import torch
from torch import Tensor

from impasto.base.pixels import from_uint8
from impasto.evaluation.figures.distances import frechet, kid_estimate, statistics
from impasto.evaluation.figures.features import CHUNK, concatenate, exactly, extract
from impasto.evaluation.figures.image_metrics import lpips, ssim
from impasto.evaluation.protocols.comparison import CONTROLS, OURS
from impasto.networks.pretrained.extractor import Extractor, best_device
from impasto.networks.pretrained.lpips import LPIPS

LEAST_KID: Final = 4
"""Pictures on each side with which the kernel distance is computed."""
HIGHER_IS_BETTER: Final = ("ssim",)


class UsualScores:
    """SSIM with the content, kernel distance from the style pictures, and LPIPS and ArtFID where weights are at hand.

    ArtFID (Wright and Ommer 2022) is (1 + LPIPS) (1 + FID). Its authors measure FID with a network of their own that
    was trained on art; here it is the extractor's, and the figure carries its name.

    Args:
        extractor: for distances between sets.
        content: uint8 (n, 3, H, W), what pictures were made from.
        style: uint8 (m, 3, H, W).
    """

    def __init__(self, extractor: Extractor, content: Tensor, style: Tensor) -> None:
        self.extractor, self.content, self.style = extractor, content, style

    def of(self, images: Tensor) -> dict[str, float]:
        """Scores of pictures (n, 3, H, W) that were made from the content, in its order."""
        found = {"ssim": float(self._by_picture(images, ssim).mean())}
        name = self.extractor.name
        ours = self._features(images)
        size = min(len(ours), len(self._of_style))
        if size >= LEAST_KID:
            found[f"kid_{name}"] = kid_estimate(ours, self._of_style, subset_size=size).value
        if LPIPS.at_hand("alex"):
            distance = float(self._by_picture(images, lpips).mean())
            found["lpips_alex"] = distance
            if size >= LEAST_KID:
                between = frechet(statistics(ours), statistics(self._of_style))
                found[f"artfid_{name}"] = (1 + distance) * (1 + between)
        return found

    @cached_property
    def _of_style(self) -> Tensor:
        return self._features(self.style)

    def _features(self, images: Tensor) -> Tensor:
        with exactly():
            return concatenate([extract(self.extractor, chunk) for chunk in images.split(CHUNK)]).values

    def _by_picture(self, images: Tensor, compare: object) -> Tensor:
        assert callable(compare)
        pairs = zip(images.split(CHUNK), self.content.split(CHUNK), strict=True)
        with exactly():
            return torch.cat([compare(*(from_uint8(x.to(best_device())) for x in pair)).cpu() for pair in pairs])


def fooled(rows: Mapping[str, Mapping[str, float]]) -> dict[str, list[str]]:
    """Usual scores by which the content, as it is or recoloured, is as good as the repainted pictures or better.

    Args:
        rows: scores by row, :data:`OURS` among them.

    Returns:
        For each such score, the rows that fool it.
    """
    found: dict[str, list[str]] = {}
    for name, value in rows[OURS].items():
        sign = -1 if name in HIGHER_IS_BETTER else 1
        for control in CONTROLS:
            if sign * rows[control][name] <= sign * value:
                found.setdefault(name, []).append(control)
    return found
