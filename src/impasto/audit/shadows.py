"""Membership inference with shadow models: runs of the same recipe, trained on other halves of the same pictures."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch

from impasto.audit.attacks import Attack, attack
from impasto.audit.membership import by_picture, scores
from impasto.base.errors import UserError
from impasto.data.fingerprints import FILE, fingerprints_of, read_fingerprints
from impasto.data.packing.packed import PackedImages
from impasto.data.parts import LABELLED
from impasto.evaluation.figures.distances import some_positions
from impasto.painters.checkpoints import find_checkpoint, run_folder
from impasto.painters.teachers import teacher_in

FEWEST: Final = 2
"""Shadows: one trained on a picture and one not, for the pictures that are judged by both."""


def shadow_attack(judge: torch.nn.Module, runs: Sequence[str], data: Any, most: int, device: Any) -> Attack:
    """By how likely a score is of a model trained on the picture, against one that was not (LiRA, Carlini et al. 2022).

    What scores a picture gets from models that did and did not train on it is learnt from the shadows: normal, with a
    mean for each picture and one deviation for all, since shadows are few (section VI-C). Scores of each model are
    first brought to mean 0 and deviation 1 over all pictures. Pictures that all shadows were trained on, or none, are
    left out.

    Args:
        judge: the discriminator under attack.
        runs: of the shadows.
        data: of the model under attack: pictures that it was trained on, and pictures held back.
        most: of each, at random but always the same.
        device: to run on.

    Raises:
        UserError: there are too few shadows, one cannot be used, or none tells the pictures apart.
    """
    if len(runs) < FEWEST:
        raise UserError(f"shadows= names {len(runs)} runs: give at least {FEWEST}, trained on other halves.")
    sides = [data.evaluation_images(LABELLED, split) for split in ("train", "held_out")]
    chosen = [(each, some_positions(len(each), most)) for each in sides]
    wholes = data.train[LABELLED], data.held_out[LABELLED]
    hashes = [known_by(whole, *each) for whole, each in zip(wholes, chosen, strict=True)]

    def said(network: torch.nn.Module) -> np.ndarray:
        network = network.to(device)
        values = np.concatenate([by_picture(scores(network, *each, device), *each) for each in chosen])
        return (values - values.mean()) / max(values.std(), 1e-12)

    found, inside = [], []
    for run in runs:
        path = find_checkpoint(run)
        network, record = teacher_in(path).discriminator, run_folder(path) / FILE
        if network is None or not record.is_file():
            lacks = "discriminator that can be built here" if network is None else f"record of its pictures ({FILE})"
            raise UserError(f"shadows={run} has no {lacks}: give runs of src/train.py.")
        found.append(said(network))
        inside.append(np.isin(np.concatenate(hashes), read_fingerprints(record)[LABELLED][1]))
    ratios = likelihood_ratios(said(judge), np.stack(found), np.stack(inside))
    count = len(hashes[0])
    known = ~np.isnan(ratios)
    parts = ratios[:count][known[:count]], ratios[count:][known[count:]]
    if min(len(part) for part in parts) < FEWEST:
        raise UserError(
            "The shadows were trained on all of the pictures or on none: train them with other halves held back "
            "(data.holdout=0.5 data.holdout_draw=1, 2, ...)."
        )
    return attack(*parts)


def likelihood_ratios(target: np.ndarray, shadows: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Logarithms of how much likelier each score is of a model that was trained on the picture.

    Args:
        target: (n,) scores by the model under attack.
        shadows: (k, n) by the shadows.
        inside: (k, n) whether a shadow was trained on the picture.

    Returns:
        (n,); not a number for pictures that all shadows were trained on, or none.
    """
    means, deviations = [], []
    for those in (inside, ~inside):
        counts = those.sum(0)
        with np.errstate(invalid="ignore"):
            mean = np.where(those, shadows, 0.0).sum(0) / counts
        spread = np.where(those, shadows - mean, 0.0) ** 2
        freedom = max(int(np.maximum(counts - 1, 0).sum()), 1)
        means.append(mean)
        deviations.append(max(np.sqrt(np.nansum(spread) / freedom), 1e-6))
    of_in, of_out = (
        -(((target - mean) / deviation) ** 2) / 2 - np.log(deviation)
        for mean, deviation in zip(means, deviations, strict=True)
    )
    return of_in - of_out


def known_by(whole: PackedImages, measured: PackedImages, rows: np.ndarray) -> np.ndarray:
    """Fingerprints of the pictures behind the rows, in the order of :func:`~impasto.audit.membership.by_picture`."""
    places = rows if measured.cut_from is None else np.unique(measured.cut_from[rows])
    return fingerprints_of(whole.subset(places))[0]
