"""A painter from a checkpoint, without Lightning, and without running anything that may be hidden in the file."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

import torch
from torch import nn

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.base.trust import refusal, trusted
from impasto.networks.build import build_network
from impasto.painters.checkpoints import find_checkpoint, read_checkpoint
from impasto.painters.painter import Origin, Painter

TRUSTED: Final = ("impasto.networks", "impasto.painters", "torch.nn")
"""Packages whose classes a checkpoint may name."""


def load_painter(
    path_or_run_dir: str | Path,
    *,
    device: str | torch.device = "auto",
    trust: Sequence[str] = (),
    direction: str | None = None,
) -> Painter:
    """Load the moving average of what a run has trained.

    Args:
        path_or_run_dir: a checkpoint, or the folder of a run: its best checkpoint, or its last if there is no best.
        device: cpu, cuda, mps or auto.
        trust: further packages whose classes the checkpoint may name, such as your own.
        direction: which painter, of a model that has several, such as ``style_to_content``; None takes the first.

    Returns:
        The painter in evaluation mode, with its :attr:`~impasto.painters.painter.Painter.origin`.

    Raises:
        UserError: no checkpoint there, a damaged or hostile one, one of a network that is not here, one whose training
            went astray, or a direction that it does not have.
    """
    path = find_checkpoint(path_or_run_dir)
    content = read_checkpoint(path)
    record, packages = content["impasto"], (*TRUSTED, *trust)
    try:
        known, config = record["painters"], record["config"]
        chosen = choose_direction(list(known), direction)
        own = dict(known[chosen])
        gives = ImageSpec.from_dict(own.pop("gives"))
        given = ImageSpec.from_dict(own["content"]) if own["content"] else None
        factory = build(config["model"][own.pop("network")], packages)
        make = trusted(str(own.pop("_target_")), packages, "painter")
        prefix = f"painters.{chosen}."
        weights = {k.removeprefix(prefix): v for k, v in content["state_dict"].items() if k.startswith(prefix)}
        images_seen = int(record["images_seen"])
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise UserError(f"{path} lacks what a checkpoint of train.py holds ({problem}); use another.") from None
    try:
        painter: Painter = make(build_network(factory, gives, given), gives, **{**own, "content": given})
        painter.load_state_dict(weights)
    except (RuntimeError, TypeError) as problem:
        reason = str(problem).splitlines()[0].rstrip(":")
        raise UserError(f"The generator in {path} is not the one that this version builds: {reason}.") from None
    refuse_what_is_not_finite(painter, path)
    painter.eval().requires_grad_(False).to(choose_device(device))
    painter.origin = Origin(path, config, images_seen, chosen, tuple(known), state_of_data(content, config))
    return painter


def choose_direction(known: Sequence[str], wanted: str | None) -> str:
    """The direction to take of those that a checkpoint holds; None takes the first.

    Raises:
        UserError: there is no such direction.
    """
    if wanted is None or wanted in known:
        return wanted or known[0]
    if len(known) == 1:
        raise UserError(f"direction={wanted}: this model paints in one direction only; leave direction= out.")
    raise UserError(f"direction={wanted} is not known: choose one of {', '.join(known)}.")


def state_of_data(content: Mapping[str, Any], config: Mapping[str, Any]) -> Mapping[str, Any]:
    """What tells a run's pictures from others, which Lightning keeps under the name of the data module's class."""
    node = config.get("data")
    name = str(node.get("_target_")).rpartition(".")[2] if isinstance(node, Mapping) else ""
    state = content.get(name)
    return state if isinstance(state, Mapping) else {}


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
