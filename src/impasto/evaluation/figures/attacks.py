"""Pictures changed within a budget to mislead a network, by the attacks of the adversarial robustness toolbox."""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import numpy as np
import torch
from torch import Tensor, nn

from impasto.base.errors import UserError

ATTACKS: Final = ("noise", "fgsm", "pgd", "auto")
SQUARE: Final = 5
"""Queries of the Square attack for each step of the others."""

Logits = Callable[[Tensor], Tensor]
"""Pictures (N, C, H, W) in [-1, 1] to logits (N, classes), differentiable."""


class _OfUnitPictures(nn.Module):
    """A function of pictures in [-1, 1] as a module of pictures in [0, 1], as the toolbox wants it."""

    def __init__(self, logits: Logits, device: torch.device) -> None:
        super().__init__()
        self.logits = logits
        self.register_buffer("place", torch.zeros((), device=device))

    def forward(self, pictures: Tensor) -> Tensor:
        """(N, C, H, W) in [0, 1] to logits."""
        return self.logits(pictures.to(cast(Tensor, self.place).device) * 2 - 1)


def attacked(
    logits: Logits,
    pictures: Tensor,
    labels: Tensor,
    classes: int,
    attack: str,
    budget: float,
    steps: int,
    seed: int = 0,
) -> Tensor:
    """Pictures that a network is most likely to be wrong about, within a budget, in whole levels.

    Args:
        logits: the network.
        pictures: uint8 (N, C, H, W).
        labels: int64 (N,), the right answers.
        classes: how many there are.
        attack: of :data:`ATTACKS`. ``noise`` moves every pixel by the whole budget up or down, at random; ``fgsm`` is
            Goodfellow et al. 2015; ``pgd`` Madry et al. 2018; ``auto`` takes, of APGD on the cross entropy, APGD on the
            difference of logits and Square (Croce and Hein 2020; without their targeted attacks), the first that works.
        budget: levels of 255 by which a sample may move.
        steps: of the iterative attacks.
        seed: of what is random.

    Returns:
        uint8 (N, C, H, W).

    Raises:
        UserError: the toolbox is not installed.
    """
    start = pictures.float().div(255).numpy()
    source = np.random.default_rng(seed)
    if attack == "noise":
        found = start + source.choice([-1.0, 1.0], start.shape) * budget / 255
    else:
        state = np.random.get_state()
        with torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.enable_grad():
            torch.manual_seed(seed)
            np.random.seed(seed)
            network = wrapped(logits, pictures, classes)
            tried = tools(network, classes, budget / 255, steps)[attack]
            found = worst(network, tried, start, labels.numpy())
        np.random.set_state(state)
    levels = np.rint(np.clip(found, 0, 1) * 255)
    # Rounding may step over the budget by a level.
    levels = np.clip(levels, pictures.numpy() - np.floor(budget), pictures.numpy() + np.floor(budget))
    return torch.from_numpy(np.clip(levels, 0, 255).astype(np.uint8))


def wrapped(logits: Logits, pictures: Tensor, classes: int) -> Any:
    """A network as the toolbox takes it.

    Raises:
        UserError: the toolbox is not installed.
    """
    logging.getLogger("art").setLevel(logging.WARNING)  # else its import says where its own data sets would lie
    try:
        from art.estimators.classification import PyTorchClassifier
    except ImportError:
        raise UserError(
            "protocol=attack needs the adversarial robustness toolbox: pip install 'impasto[attack]', or pip install "
            "adversarial-robustness-toolbox."
        ) from None
    from impasto.networks.pretrained.extractor import best_device

    kind = "gpu" if best_device().type == "cuda" else "cpu"
    shape = tuple(pictures.shape[1:])
    module = _OfUnitPictures(logits, best_device())
    return PyTorchClassifier(module, nn.CrossEntropyLoss(), shape, classes, clip_values=(0.0, 1.0), device_type=kind)


def tools(network: Any, classes: int, radius: float, steps: int) -> Mapping[str, list[Any]]:
    """The attacks by name, each a list of which the first that works counts."""
    from art.attacks import evasion

    pgd = {"eps": radius, "eps_step": 2.5 * radius / steps, "max_iter": steps, "verbose": False}
    apgd = {"eps": radius, "eps_step": 2 * radius, "max_iter": steps, "nb_random_init": 1, "verbose": False}
    losses = ("cross_entropy", "difference_logits_ratio") if classes > 2 else ("cross_entropy",)
    both = [evasion.AutoProjectedGradientDescent(network, loss_type=loss, batch_size=100, **apgd) for loss in losses]
    square = evasion.SquareAttack(
        network, eps=radius, max_iter=SQUARE * steps, nb_restarts=1, batch_size=100, verbose=False
    )
    return {
        "fgsm": [evasion.FastGradientMethod(network, eps=radius, batch_size=100)],
        "pgd": [evasion.ProjectedGradientDescentPyTorch(network, num_random_init=1, batch_size=100, **pgd)],
        "auto": [*both, square],
    }


def worst(network: Any, attacks: list[Any], pictures: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """What the attacks find, each tried on the pictures that the ones before it left judged rightly."""
    found = pictures.copy()
    for attack in attacks:
        left = np.flatnonzero(network.predict(found, batch_size=100).argmax(1) == labels)
        if len(left):
            found[left] = attack.generate(pictures[left], labels[left])
    return found
