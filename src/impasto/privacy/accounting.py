"""What a run gives away: Opacus' accountant, and the noise that keeps it within a budget."""

import math
import warnings
from collections.abc import Sequence
from typing import Final

from opacus.accountants import RDPAccountant

from impasto.base.errors import UserError

History = list[tuple[float, float, int]]
"""Steps so far: (noise multiplier, sampling rate, number of steps)."""

FINE, COARSE = (1 + x / 10 for x in range(1, 31)), (4 + x / 2 for x in range(1, 12))
ORDERS: Final = (*FINE, *COARSE, *range(10, 64), 80, 128, 256, 512)
"""Of Renyi divergence, over which the tightest epsilon is sought; the high ones matter for epsilon below 1."""
HIGHEST_NOISE: Final = 1e4


def epsilon_of(history: Sequence[tuple[float, float, int]], delta: float) -> float:
    """Epsilon at ``delta`` of noised sums over pictures that were each drawn on their own (Poisson sampling).

    By the Renyi accountant of Opacus (Mironov et al. 2019), an upper bound; infinity without noise.
    """
    if any(noise == 0 for noise, _, steps in history if steps):
        return math.inf
    accountant = RDPAccountant()
    accountant.history = [entry for entry in history if entry[2]]
    with warnings.catch_warnings():  # that the best order is the last one: the bound is then loose, not wrong
        warnings.simplefilter("ignore")
        return float(accountant.get_epsilon(delta, alphas=list(ORDERS)))


def noise_for(epsilon: float, delta: float, rate: float, steps: int, spent: History) -> float:
    """The smallest noise multiplier with which ``steps`` more steps stay within ``epsilon``, to one part in 500.

    Args:
        epsilon: of the whole run; infinity takes no noise.
        delta: likewise.
        rate: chance of each picture to be in a batch.
        steps: still to come.
        spent: steps so far.

    Raises:
        UserError: the budget is spent, or too small.
    """
    if math.isinf(epsilon):
        return 0.0

    def after(noise: float) -> float:
        return epsilon_of([*spent, (noise, rate, steps)], delta)

    if spent and epsilon_of(spent, delta) > 0.98 * epsilon:
        raise UserError(
            f"privacy.epsilon={epsilon:g} leaves nothing for {steps:,} more steps: {epsilon_of(spent, delta):.3g} are "
            "spent; give a larger epsilon, or stop here."
        )
    low, high = 0.1, 1.0
    while after(high) > epsilon:
        low, high = high, 2 * high
        if high > HIGHEST_NOISE:
            raise UserError(f"No noise keeps {steps:,} steps within privacy.epsilon={epsilon:g}: give a larger one.")
    while high / low > 1.002:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if after(middle) <= epsilon else (middle, high)
    return high
