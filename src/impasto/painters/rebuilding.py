"""Painters made again from what a file says of them, without running anything that may be hidden in it."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.base.trust import refusal, trusted
from impasto.networks.build import build_network
from impasto.painters.painter import Painter

TRUSTED: Final = ("impasto.networks", "impasto.painters", "impasto.sequences.networks", "torch.nn")
"""Packages whose classes a file may name."""


def rebuild(
    record: Mapping[str, Any], node: Mapping[str, Any], packages: Sequence[str] = TRUSTED
) -> Callable[[Mapping[str, Tensor], Path], Painter]:
    """What makes a painter of weights.

    Args:
        record: of :meth:`~impasto.painters.painter.Painter.record`.
        node: the network's class and arguments, as in ``conf/``.
        packages: whose classes both may name.

    Returns:
        A function of the weights, by name, and the file they are from. It gives the painter in evaluation mode, and
        raises a ``UserError`` if the weights do not fit or are not finite.

    Raises:
        UserError: a class is not from the packages, or not there.
        KeyError, TypeError, ValueError, AttributeError: something is missing, or of another type.
    """
    own = dict(record)
    gives = ImageSpec.from_dict(own.pop("gives"))
    given = ImageSpec.from_dict(own["content"]) if own["content"] else None
    factory = build(node, packages)
    if not callable(factory):
        raise TypeError("its network is no class with arguments")
    make = trusted(str(own.pop("_target_")), packages, "painter")

    def painter_of(weights: Mapping[str, Tensor], path: Path) -> Painter:
        try:
            painter: Painter = make(build_network(factory, gives, given), gives, **{**own, "content": given})
            painter.load_state_dict(weights)
        except (RuntimeError, TypeError) as problem:
            reason = str(problem).splitlines()[0].rstrip(":")
            raise UserError(
                f"The generator in {path} is not the one that this version builds ({reason}): train it again, or use "
                "the version that wrote it."
            ) from None
        refuse_what_is_not_finite(painter, path)
        return painter.eval().requires_grad_(False)

    return painter_of


def tell_task(painter: Painter, task: str) -> None:
    """Let a painter whose network was told of several tasks paint one of them; another painter stays as it is.

    Args:
        painter: see ``tasks`` of :class:`~impasto.networks.part_settings.PartSettings`.
        task: by name.
    """
    insertion: Any = getattr(painter.network, "insertion", None)
    if task in (tasks := getattr(insertion, "tasks", ())):
        insertion.task = tasks.index(task)


def refuse_what_is_not_finite(network: nn.Module, path: Path) -> None:
    """Make sure that all weights are finite: with others a network paints black, and says nothing of it.

    Raises:
        UserError: some are not.
    """
    for name, value in network.state_dict().items():
        if not torch.isfinite(value).all():
            raise UserError(
                f"{path} has weights that are not finite numbers ({name}): its training went astray; use an earlier "
                "checkpoint."
            )


def build(node: Any, packages: Sequence[str]) -> Any:
    """As ``hydra.utils.instantiate``, for trusted networks only; the outermost is always a partial.

    Raises:
        UserError: another target.
    """
    if isinstance(node, Mapping) and "_target_" in node:
        target = trusted_network(str(node["_target_"]), packages)
        arguments = {k: build(v, packages) for k, v in node.items() if k not in ("_target_", "_partial_")}
        return partial(target, **arguments) if node.get("_partial_") else target(**arguments)
    if isinstance(node, Mapping):
        return {k: build(v, packages) for k, v in node.items()}
    if isinstance(node, list | tuple):
        return [build(v, packages) for v in node]
    return node


def trusted_network(name: str, packages: Sequence[str]) -> Callable[..., Any]:
    """A network's class, or a function that makes one, by its dotted name.

    Raises:
        UserError: it is not from a trusted package, not there, or something else.
    """
    found = trusted(name, packages, "network")
    is_network = isinstance(found, type) and issubclass(found, nn.Module)
    is_function = not isinstance(found, type) and name.split(".")[0] != "torch"
    if not (is_network or is_function):
        raise refusal(name, packages, "network")
    return cast(Callable[..., Any], found)


def choose_device(device: str | torch.device = "auto") -> torch.device:
    """``auto`` is cuda or mps if there is one, else cpu.

    Raises:
        UserError: this machine does not have the device.
    """
    if str(device) == "auto":
        return torch.device(
            "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        )
    try:
        chosen = torch.device(device)
        torch.empty(0, device=chosen)
    except Exception:
        raise UserError(f"device={device} is not a device of this machine; choose auto, cpu, cuda or mps.") from None
    return chosen
