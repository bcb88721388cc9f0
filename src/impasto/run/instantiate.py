"""The one place where hydra's instantiate is called."""

from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import instantiate

from impasto.errors import UserError


def make(node: Any, **extra: Any) -> Any:
    """Instantiate a config node; a :class:`UserError` from inside comes out as itself.

    Raises:
        UserError: a ``_target_`` that cannot be found or does not take its arguments.
    """
    try:
        return instantiate(node, **extra)
    except InstantiationException as problem:
        cause: BaseException | None = problem
        while cause is not None and not isinstance(cause, UserError):
            cause = cause.__cause__
        if cause is not None:
            raise cause from None
        raise UserError(f"The configuration cannot be built: {' '.join(str(problem).split())}") from problem
