"""The one place where hydra's instantiate is called."""

from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import OmegaConf

from impasto.base.errors import UserError


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
        raise UserError(f"{place(node, problem)} cannot be built: {reason(problem)}.") from problem


def place(node: Any, problem: InstantiationException) -> str:
    """Where in the configuration it went wrong, such as ``penalty.r1``."""
    _, found, key = str(problem).rpartition("full_key: ")
    if found and key.strip():
        return key.strip()
    key = node._get_full_key(None) if OmegaConf.is_config(node) else ""
    return key or str(node.get("_target_", "The configuration") if hasattr(node, "get") else "The configuration")


def reason(problem: InstantiationException) -> str:
    """What the class itself said, else what Hydra did: one line without a full stop."""
    cause: BaseException = problem
    while isinstance(cause, InstantiationException) and cause.__cause__ is not None:
        cause = cause.__cause__
    text = str(problem) if not str(cause) or str(problem).startswith("Error locating") else str(cause)
    text = text.partition("full_key: ")[0].partition(", set env var HYDRA_FULL_ERROR")[0]
    return " ".join(text.split()).rstrip(".!")
