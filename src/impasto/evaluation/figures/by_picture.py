"""The figures that compare each picture with its own target, by their names in ``evaluation.metrics``."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from typing import Any, Final

from torch import Tensor

from impasto.base.notices import notice
from impasto.evaluation.figures import brisque
from impasto.evaluation.figures.image_metrics import RANGE, lpips, ms_ssim, psnr, psnr_y, sharpness, ssim
from impasto.evaluation.figures.intervals import Estimate, mean_estimate
from impasto.evaluation.figures.metrics import Figure
from impasto.networks.pretrained.lpips import BACKBONES, LPIPS, Backbone, lpips_network

Compare = Callable[[Tensor, Tensor], Tensor]
"""Two batches (n, C, H, W) in [-1, 1] to a value for each picture: (n,)."""

EQUAL_DB: Final = 100.0
"""PSNR of a picture that equals its target: infinity has no mean, and JSON has no infinity."""


@dataclass(frozen=True)
class ByPicture:
    """A figure of a picture beside its target.

    Attributes:
        compare: gives it.
        least: pixels in height and width that it needs.
        higher_is_better: which way is better; None if neither is.
        about: what makes it comparable, beside the range of values.
    """

    compare: Compare
    least: int = 1
    higher_is_better: bool | None = True
    about: dict[str, Any] = field(default_factory=dict)


def _in_db(measure: Compare, images: Tensor, target: Tensor) -> Tensor:
    return measure(images, target).clamp_max(EQUAL_DB)


FIGURES: Final[dict[str, ByPicture]] = {
    "psnr": ByPicture(partial(_in_db, psnr), about={"equal_pictures_db": EQUAL_DB}),
    "psnr_y": ByPicture(
        partial(_in_db, psnr_y),
        about={
            "equal_pictures_db": EQUAL_DB,
            "brightness": "Y of ITU-R BT.601, 16 + 65.481 R + 128.553 G + 24.966 B, peak 255, no border cut off",
        },
    ),
    "ssim": ByPicture(ssim, 11),
    "ms_ssim": ByPicture(ms_ssim, 161),
    "lpips": ByPicture(lpips, 32, higher_is_better=False),
    "brisque": ByPicture(lambda images, _: brisque.brisque(images), brisque.LEAST, higher_is_better=False),
    "sharpness": ByPicture(sharpness, 2, higher_is_better=None, about={"of_targets": 1.0}),
}
"""By name; ``brisque`` looks at the picture alone."""
WITHOUT_TARGET: Final = ("brisque",)
"""Those that targets themselves have, too."""
METHOD: Final = "95%, Student's t, over pictures; crops of one picture, or slices of one patient, count together"


def available(names: Sequence[str], side: int, backbone: Backbone) -> dict[str, Compare]:
    """The figures among ``names`` that can be had; a notice says of each other one why it is left out.

    Args:
        names: of figures, in the order wanted; others are passed over.
        side: the shorter side of the pictures in pixels.
        backbone: of LPIPS.
    """
    found = {}
    for name in names:
        if name not in FIGURES:
            continue
        title, least = name.upper().replace("MS_", "MS-").replace("_", " in "), FIGURES[name].least
        if side < least:
            sentence = f"{title} is left out: it needs pictures of {least} pixels or more, and these have {side}."
            notice(f"evaluation.{name}", sentence)
        elif (remedy := _lacking(name, backbone)) is not None:
            notice(f"evaluation.{name}", f"{title} is left out: {remedy}.")
        else:
            found[name] = partial(lpips, backbone=backbone) if name == "lpips" else FIGURES[name].compare
    return found


def _lacking(name: str, backbone: Backbone) -> str | None:
    """What a figure lacks, and how to have it; None if nothing."""
    if name == "lpips" and not LPIPS.at_hand(backbone):
        return f"the weights of its backbone cannot be reached ({LPIPS.how_to_have(backbone)} to have it)"
    if name == "brisque" and not brisque.at_hand():
        return f"its package is not installed ({brisque.HOW_TO_HAVE} to have it)"
    return None


def check_independent(names: Sequence[str], backbone: Backbone, trained_against: Collection[str]) -> None:
    """Say so if LPIPS is measured through the network that the painter was trained against."""
    if "lpips" in names and f"lpips_{backbone}" in trained_against:
        others = " or ".join(name for name in BACKBONES if name != backbone)
        notice(
            "evaluation.lpips_backbone",
            f"The painter was trained against LPIPS of {backbone}, so that this LPIPS proves nothing: set "
            f"evaluation.lpips_backbone={others}.",
        )


def measured_with(name: str, backbone: Backbone) -> dict[str, Any]:
    """What a figure is measured with, and the range of values that it compares, for its record."""
    extractor = {"lpips": lambda: lpips_network(backbone).name, "brisque": lambda: f"brisque {version('brisque')}"}
    about = {"value_range": [-1, 1], "data_range": RANGE, "bits": 8, **FIGURES[name].about}
    return {"extractor": extractor.get(name, lambda: "pixels")(), **about}


def means(values: Mapping[str, Tensor], cut_from: Tensor | None) -> dict[str, Figure]:
    """Means over pictures with their intervals; of those that have a value, where some do not.

    Args:
        values: by figure, (n,); NaN where a picture has none.
        cut_from: (n,), which picture each is a crop of; None if all are different.
    """
    found = {}
    for name, of_each in values.items():
        has = of_each.isfinite()
        if not has.any():
            continue
        estimate = mean_estimate(of_each[has], None if cut_from is None else cut_from[has], METHOD)
        without = {} if has.all() else {"pictures_without": int((~has).sum())}
        found[name] = Figure.of(estimate, FIGURES[name].higher_is_better, **without)
    return found


def gains_of(ours: Tensor, others: Mapping[str, Tensor], cut_from: Tensor | None) -> dict[str, Estimate]:
    """By how much values (n,) exceed those of each other row, picture by picture, with intervals."""
    return {row: mean_estimate(ours - theirs, cut_from, METHOD) for row, theirs in others.items()}


def in_words(gain: tuple[str, Estimate]) -> str:
    """By how many dB a row is exceeded, with the interval."""
    row, by = gain
    sign = 1 if by.value >= 0 else -1
    ends = (
        ""
        if by.low is None or by.high is None
        else " ({:.2f} to {:.2f})".format(*sorted((sign * by.low, sign * by.high)))
    )
    return f"{abs(by.value):.2f} dB {'above' if sign > 0 else 'below'} {row}{ends}"
