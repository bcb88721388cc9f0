"""Differential privacy of a run: its budget, its secret, its checks, and the private step of the discriminator."""

import math
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Final

from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.base.parts import Doubt, Parts, Refusal
from impasto.base.ranges import Count, CountOrZero, Positive, Share
from impasto.privacy.accounting import History, epsilon_of, noise_for
from impasto.privacy.checks import findings
from impasto.privacy.gradients import PictureGradients, normal_noise

SECRET_BITS: Final = 256


class DifferentialPrivacy:
    """DP-SGD for the discriminator (Abadi et al. 2016), from whose scores alone the generator learns.

    A picture with its label is what is protected: a run with it and a run without it are told apart no better than
    epsilon and delta say. Each picture is in a batch by a chance of its own (Poisson sampling, as the accountant
    assumes); its gradient is clipped to the norm ``clip``; normal noise of ``clip`` times the noise multiplier is added
    to the sum. Gradients of generated pictures are clipped alike, so that both sides weigh the same.

    Args:
        epsilon: of the whole run; infinity takes no noise.
        delta: chance that epsilon does not hold.
        clip: largest L2 norm of the gradient of one picture.
        secret: what batches and noise are drawn by; None draws 256 bits from the system.
        painted: generated pictures of a step; None takes as many as the expected real ones. They give nothing away, so
            that fewer of them save time and not privacy.

    Attributes:
        batch_size: expected real pictures of a step.
        noise: multiplier of the steps to come.
        history: what has been spent.

    Raises:
        UserError: epsilon or delta is out of range.
    """

    def __init__(
        self,
        epsilon: Positive = 10.0,
        delta: Share = 1e-5,
        clip: Positive = 1.0,
        secret: CountOrZero | None = None,
        painted: Count | None = None,
    ) -> None:
        if not 0 < delta < 1:
            raise UserError(f"privacy.delta={delta} is a chance: give a number such as 1e-5.")
        self.epsilon, self.delta, self.clip = float(epsilon), float(delta), float(clip)
        self.given_secret = secret
        self.secret = secrets.randbits(SECRET_BITS) if secret is None else int(secret)
        self.batch_size = self.pictures = self.planned = 0
        self.given_painted = painted
        self.noise = math.nan
        self.history: History = []
        self._gradients: PictureGradients | None = None

    def check_with(self, parts: Parts) -> Iterator[Refusal | Doubt]:
        """Refuse parts that break the guarantee."""
        yield from findings(parts)

    @property
    def painted(self) -> int:
        """Generated pictures of a step."""
        return self.given_painted or self.batch_size

    # Plan and account ----------------------------------------------------------------------------------------------

    def begin(self, pictures: int, batch_size: int, steps: int, before: dict[str, Any] | None = None) -> None:
        """Plan a run, or go on with one: the noise that keeps all its steps within the budget.

        Args:
            pictures: to train on.
            batch_size: expected pictures of a step.
            steps: of the whole run.
            before: :meth:`state_dict` of the run that goes on; it keeps its noise if it keeps its length.

        Raises:
            UserError: delta is too large for so few pictures, the batch larger than the data, or the budget spent.
        """
        if self.delta >= 1 / pictures:
            raise UserError(
                f"privacy.delta={self.delta:g} would allow to give away one of {pictures:,} pictures whole: give less "
                f"than {1 / pictures:.1g}."
            )
        if batch_size > pictures:
            raise UserError(f"data.batch_size={batch_size} is more than the {pictures:,} pictures: give less.")
        self.pictures, self.batch_size = pictures, batch_size
        planned = steps
        if before is not None:
            self.secret, self.noise = int(before["secret"], 16), float(before["noise"])
            self.history = [(float(n), float(q), int(k)) for n, q, k in before["history"]]
            self.planned = int(before["planned"])
        if before is None or (planned > self.planned and planned > self.steps):
            left = planned - self.steps
            self.noise = noise_for(self.epsilon, self.delta, batch_size / pictures, left, self.history)
            self.planned = planned
        if self.given_secret is not None:
            notice(
                "privacy.secret",
                "privacy.secret is given: whoever knows it can take the noise off again; leave it null for a model "
                "that others get.",
            )

    @property
    def steps(self) -> int:
        """Taken so far."""
        return sum(steps for _, _, steps in self.history)

    def spent(self) -> float:
        """Epsilon of all steps so far."""
        return epsilon_of(self.history, self.delta) if self.history else 0.0

    def record(self) -> dict[str, Any]:
        """For the summary: what was spent and by which rule; infinity is None."""
        spent = self.spent()
        return {
            "epsilon": None if math.isinf(spent) else round(spent, 4),
            "delta": self.delta,
            "planned_epsilon": None if math.isinf(self.epsilon) else self.epsilon,
            "accountant": "Renyi (Opacus), Poisson sampling, one picture with its label added or removed",
            "clip": self.clip,
            "noise_multiplier": round(self.noise, 4),
            "sampling_rate": self.batch_size / self.pictures if self.pictures else None,
            "steps": self.steps,
            "secret": "drawn" if self.given_secret is None else "given",
        }

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run needs. It holds the secret: a checkpoint is not for others, an export is."""
        return {
            "secret": f"{self.secret:x}",
            "noise": self.noise,
            "planned": self.planned,
            "history": [list(entry) for entry in self.history],
        }

    # The step ------------------------------------------------------------------------------------------------------

    def watch(self, network: nn.Module) -> None:
        """Hook into the discriminator, whose gradients are made private.

        Raises:
            UserError: that cannot be done for one of its layers.
        """
        self._gradients = PictureGradients(network)

    def watching(self) -> AbstractContextManager[None]:
        """A pass through the discriminator and back, in which the gradients of single pictures are kept; in float32."""
        assert self._gradients is not None, "watch() comes first"
        return self._gradients.kept()

    def privatise(self) -> Tensor:
        """Replace the gradients of the pass that has just been followed back by clipped and noised ones.

        Returns:
            The share of pictures, real and generated, whose gradient was clipped: scalar.

        Raises:
            UserError: every step that was planned for has been taken.
        """
        if self.steps >= self.planned:
            raise UserError(
                f"The {self.planned:,} steps that privacy.epsilon={self.epsilon:g} was planned for are taken: resume "
                "with a larger kimg= and a larger privacy.epsilon, or stop here."
            )
        assert self._gradients is not None, "watch() comes first"
        sums, clipped = self._gradients.clipped_sums(self.clip, self.painted, self.batch_size / self.painted)
        parameters = [p for p in self._gradients.network.parameters() if p.requires_grad]
        noises = normal_noise([p.shape for p in parameters], self.noise * self.clip, self.secret, self.steps)
        for parameter, noise in zip(parameters, noises, strict=True):
            parameter.grad = ((sums[parameter] + noise.to(parameter.device)) / self.batch_size).view_as(parameter)
        self._count()
        return clipped

    def _count(self) -> None:
        rate = self.batch_size / self.pictures
        if self.history and self.history[-1][:2] == (self.noise, rate):
            self.history[-1] = (self.noise, rate, self.history[-1][2] + 1)
        else:
            self.history.append((self.noise, rate, 1))
