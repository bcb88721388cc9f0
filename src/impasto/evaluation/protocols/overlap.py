"""The protocol for regions such as organs: Dice and Hausdorff 95, beside what every segmentation is measured by."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from impasto.evaluation.figures.features import CHUNK
from impasto.evaluation.figures.intervals import Estimate, by_picture, mean_estimate
from impasto.evaluation.figures.overlap import dice, hausdorff_of_classes
from impasto.evaluation.figures.segmentation import marginals
from impasto.evaluation.protocols.segmentation import Classify, Compared, SegmentationProtocol
from impasto.networks.pretrained.extractor import best_device

METHOD = "95%, Student's t, over pictures; slices of one patient count together"


class OverlapProtocol(SegmentationProtocol):
    """As :class:`~impasto.evaluation.protocols.segmentation.SegmentationProtocol`, with Dice and Hausdorff 95.

    The first class is the background, and is left out of both. Dice is of each class in all slices of a patient
    together, then a mean over the classes that are there or found, then over patients; of pictures without patients it
    is of each picture. Hausdorff 95 is in pixels, of each class of each picture that is there and found, and a mean
    over these: a class that is missed altogether counts in Dice alone. Checkpoints are chosen by Dice.
    """

    main = "dice"
    lower_is_better = ("hausdorff_95",)

    def further(
        self, compared: Compared, matrices: Tensor, classify: Classify
    ) -> tuple[dict[str, Estimate], dict[str, dict[str, Any]]]:
        """Estimates of both figures, and what their records say besides."""
        cut_from, names = compared.target.cut_from, compared.label_map.class_names
        of_patients = dice(by_picture(marginals(matrices).double(), cut_from))[:, 1:]
        by_class = {
            name: float(values.nanmean())
            for name, values in zip(names[1:], of_patients.unbind(1), strict=True)
            if not values.isnan().all()
        }
        borders = hausdorff_of_classes(*self._maps(compared, classify), len(names))
        has = borders.isfinite()
        means = of_patients.nanmean(1)
        estimates = {"dice": mean_estimate(means[means.isfinite()], None, METHOD)}
        if has.any():
            chosen = None if cut_from is None else cut_from[has]
            estimates["hausdorff_95"] = mean_estimate(borders[has], chosen, METHOD)
        return estimates, {
            "dice": {"by_class": by_class, "groups": len(of_patients)},
            "hausdorff_95": {"unit": "pixels", "pictures_without": int((~has).sum())},
        }

    @staticmethod
    def _maps(compared: Compared, classify: Classify) -> tuple[np.ndarray, np.ndarray]:
        """Positions of the classes found and of the targets: uint8 (N, H, W)."""
        found, n = [], len(compared.target)
        for start in range(0, n, CHUNK):
            pictures = compared.content(start, min(CHUNK, n - start)).to(best_device())
            found.append(classify(pictures).cpu())
        return torch.cat(found)[:, 0].numpy(), compared.target(0, n)[:, 0].numpy()
