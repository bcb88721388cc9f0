"""The clock of a run and its random generators: what a checkpoint must hold besides weights."""

import random
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch


@dataclass
class TrainingState:
    """Counts of a run.

    Attributes:
        seed: of every random draw of training.
        images_seen: real pictures shown to the discriminator, in all processes.
        images_before: ``images_seen`` before the last step.
        d_updates: updates of the discriminator.
        batches_drawn: batches taken from the data; unlike the others never set back by a roll-back.
        attempt: roll-backs so far; another attempt draws other noise.
        factors: of roll-backs on the learning rates and on the penalties' weights.
        seconds: wall-clock spent training before this process took over.
        rollbacks: one sentence for each roll-back.
    """

    seed: int = 0
    images_seen: int = 0
    images_before: int = 0
    d_updates: int = 0
    batches_drawn: int = 0
    attempt: int = 0
    factors: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("lr_g", "lr_d", "penalty"), 1.0))
    seconds: float = 0.0
    rollbacks: list[str] = field(default_factory=list)

    COUNTS = (
        "seed",
        "images_seen",
        "images_before",
        "d_updates",
        "batches_drawn",
        "attempt",
        "factors",
        "seconds",
        "rollbacks",
    )

    def seed_step(self) -> None:
        """Seed torch for the coming step from what has been counted.

        Draws in between (samples, evaluation) change nothing, and a resumed run draws what the uninterrupted one would
        have. All processes share the state: they slice the global batch's draws.
        """
        step_seed = np.random.SeedSequence([self.seed, self.attempt, self.d_updates]).generate_state(1, np.uint64)
        torch.manual_seed(int(step_seed[0]) & (2**63 - 1))

    def count(self, images: int) -> None:
        """One more update of the discriminator, on ``images`` pictures."""
        self.images_before = self.images_seen
        self.images_seen += images
        self.d_updates += 1
        self.batches_drawn += 1

    def to_dict(self) -> dict[str, Any]:
        """Counts and random states, in types that ``weights_only`` loading accepts."""
        return {**{name: getattr(self, name) for name in self.COUNTS}, "rng": random_states()}

    def load(self, values: dict[str, Any]) -> None:
        """The inverse of :meth:`to_dict`."""
        for name in self.COUNTS:
            setattr(self, name, values[name])
        set_random_states(values["rng"])


def random_states() -> dict[str, Any]:
    """States of Python's, NumPy's and torch's global generators."""
    name, keys, position, has_gauss, gauss = np.random.get_state(legacy=True)  # type: ignore[misc]
    return {
        "python": list(random.getstate()[1]),
        "numpy": [name, torch.from_numpy(np.asarray(keys).astype(np.int64)), position, has_gauss, gauss],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def set_random_states(states: dict[str, Any]) -> None:
    """Put the generators back; those of devices that are not here are left out."""
    random.setstate((3, tuple(states["python"]), None))
    name, keys, position, has_gauss, gauss = states["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), position, has_gauss, gauss))
    torch.set_rng_state(states["torch"].cpu())
    if torch.cuda.is_available() and len(states["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(states["cuda"])
