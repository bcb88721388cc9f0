"""What a private run cannot be combined with: each refusal is one sentence."""

from collections.abc import Iterator
from typing import Any, Final

import torch
from torch import nn

from impasto.base.parts import Doubt, Parts, Refusal
from impasto.networks.layers.head import MinibatchDeviation
from impasto.networks.standing_statistics import running_norms
from impasto.privacy.gradients import without_rule

SMALLEST_BATCH: Final = 32
"""Expected pictures, of which none come with a chance of 1e-14."""
LOOKS_AT_TRAINING: Final = frozenset({"memorisation", "classes"})
"""Metrics that search the pictures trained on, or classify by a network trained on them, whatever the split."""
SEES_REAL: Final = frozenset({"style", "real_scores", "target", "content"})
"""Fields by which a term of the generator's loss looks at real pictures."""


def findings(parts: Parts) -> Iterator[Refusal | Doubt]:
    """Parts through which private pictures would reach the generator past the clipped and noised gradient."""
    yield from of_the_step(parts)
    yield from of_the_losses(parts)
    yield from of_the_networks(parts)
    yield from of_the_data(parts.data)
    yield from of_what_is_measured(parts)


def of_the_step(parts: Parts) -> Iterator[Refusal]:
    """The way of training, and what would change or repeat the step."""
    model = parts.model
    if model is not None and not getattr(model, "paints_privately", False):
        yield Refusal(
            f"privacy=dp is for models that paint from noise, and {type(model).__name__} shows private pictures to its "
            "generator: choose model=cgan or model=dcgan."
        )
        return
    for name, plain, why in (
        ("accumulate", 1, "the gradients of all pictures of a step are clipped together"),
        ("clip_grad", None, "gradients are clipped by picture (privacy.clip)"),
    ):
        if model is not None and getattr(model, name, plain) != plain:
            yield Refusal(f"privacy=dp: {why}: set model.{name}={'null' if plain is None else plain}.")
    trainer = parts.trainer
    if trainer is not None and getattr(trainer, "world_size", 1) > 1:
        yield Refusal("privacy=dp draws each picture by a chance of its own, in one process: set trainer.devices=1.")
    if getattr(parts.callbacks.get("guard"), "max_rollbacks", 0):
        yield Refusal(
            "privacy=dp: a roll-back repeats steps that epsilon was not planned for: set callbacks.guard.max_rollbacks="
            "0."
        )


def of_the_losses(parts: Parts) -> Iterator[Refusal]:
    """Losses, penalties, terms and augmentation that see real pictures beside the clipped gradients, or mix them."""
    if parts.loss is not None and couples(parts.loss):
        yield Refusal(
            f"privacy=dp needs a loss for each picture alone, and {type(parts.loss).__name__} compares pictures with "
            "each other: choose loss=non_saturating, hinge or lsgan."
        )
    for name in parts.penalties:
        yield Refusal(
            f"privacy=dp: penalty={name} makes a pass of its own over private pictures, whose gradients are not "
            "clipped by picture: leave it out (penalty=none)."
        )
    for name, term in parts.terms.items():
        if seen := sorted(SEES_REAL & set(getattr(term, "needs", ()))):
            yield Refusal(
                f"privacy=dp: term={name} shows the generator private pictures ({', '.join(seen)}): leave it out."
            )
    augment = parts.augment
    if callable(getattr(augment, "update", None)) and getattr(augment, "schedule", None) is None:
        yield Refusal(
            "privacy=dp: augment=ada follows the scores of private pictures, which no noise covers: choose augment="
            "ada_scheduled, diffaugment or none."
        )


def of_the_networks(parts: Parts) -> Iterator[Refusal]:
    """Layers by which one picture changes the score of another, or that have no gradient by picture."""
    for network in parts.discriminators.values():
        key = parts.key_of(network)
        if running_norms(network):
            yield Refusal(
                f"privacy=dp: batch normalisation in {key} mixes the pictures of a batch, so that no gradient is of "
                f"one picture alone: set {key}.norm=none or pixel."
            )
        if any(isinstance(m, MinibatchDeviation) for m in network.modules()):
            yield Refusal(
                f"privacy=dp: minibatch_std shows {key} how the pictures of a batch differ, so that no gradient is of "
                f"one picture alone: set {key}.minibatch_std=false."
            )
        if any(nn.utils.parametrize.is_parametrized(m) for m in network.modules()):
            yield Refusal(
                f"privacy=dp has no gradient of single pictures under spectral norm: set {key}.spectral_norm=false."
            )
        elif lacking := [] if running_norms(network) else without_rule(network):
            yield Refusal(
                f"privacy=dp has no gradient of single pictures for {', '.join(lacking)} of {key}: leave them out."
            )


def of_the_data(data: Any) -> Iterator[Refusal]:
    """Batches and ranges that are made from the pictures themselves."""
    if getattr(data, "balanced", False):
        yield Refusal(
            "privacy=dp draws each picture by the same chance, and data.balanced=true draws those of rare classes more "
            "often: set data.balanced=false."
        )
    if getattr(data, "vectors", None) is not None:
        yield Refusal("privacy=dp has no public vectors to paint by in place of data.vectors: use labels, or none.")
    if getattr(data, "captions", None) is not None:
        yield Refusal("privacy=dp has no public captions to paint by in place of private ones: use labels, or none.")
    if getattr(getattr(data, "preparation", None), "percentiles", None) is not None:
        yield Refusal("privacy=dp: data.percentiles are taken from the private pictures: set data.percentiles=null.")
    if (size := getattr(data, "batch_size", SMALLEST_BATCH)) < SMALLEST_BATCH:
        yield Refusal(
            f"privacy=dp draws about data.batch_size={size} pictures a step, which may be none: give at least "
            f"{SMALLEST_BATCH}."
        )


def of_what_is_measured(parts: Parts) -> Iterator[Refusal | Doubt]:
    """Figures on private pictures, by which a checkpoint would be chosen; and what every run writes of them."""
    yield Doubt(
        "privacy.scores",
        "metrics.csv, summary.json and report.html hold losses and scores of the pictures trained on, which epsilon "
        "does not cover: share an export of the model, not the folder of the run.",
    )
    evaluation = parts.callbacks.get("evaluation")
    evaluator = getattr(evaluation, "evaluator", None)
    looks = LOOKS_AT_TRAINING & set(getattr(evaluator, "metrics", ()))
    if evaluator is None or (getattr(evaluator, "split", "train") != "train" and not looks):
        return
    if getattr(evaluation, "every_kimg", None):
        yield Refusal(
            "privacy=dp: best.ckpt would be chosen by figures of private pictures: measure at the end "
            "(callbacks.evaluation.every_kimg=null), or by held-out ones (evaluation.split=held_out "
            "'evaluation.metrics=[frechet,kid,precision_recall]')."
        )
    else:
        yield Doubt(
            "privacy.figures",
            "The figures of this run compare with the pictures trained on, and epsilon does not cover them: the model "
            "is for others, summary.json and report.html are not; evaluation.split=held_out without the metrics "
            "memorisation and classes looks at none of them.",
        )


def couples(loss: Any) -> bool:
    """Whether the gradient of one score depends on another score: by the second derivatives at random scores."""
    generator = torch.Generator().manual_seed(0)
    scores = 3 * torch.randn(8, generator=generator, dtype=torch.float64)

    def of_all(values: torch.Tensor) -> torch.Tensor:
        if getattr(loss, "takes_sigmoid", False):
            values = values.sigmoid()
        return loss.discriminator(values[:4], values[4:])

    if getattr(loss, "uses_real", False):
        return True
    second = torch.autograd.functional.hessian(of_all, scores)
    return bool((second - torch.diag(second.diag())).abs().max() > 1e-12)
