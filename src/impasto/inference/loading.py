"""A trained generator from a checkpoint, without running anything that may be hidden in it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn

from impasto.data.spec import ImageSpec
from impasto.errors import UserError
from impasto.run.build import build_network
from impasto.run.resume import read_checkpoint

TRUSTED: Final = ("impasto.networks", "torch.nn")
"""Packages whose classes a checkpoint may name."""


@dataclass(frozen=True)
class LoadedGenerator:
    """A generator ready for use.

    Attributes:
        network: the moving average of the generator, in evaluation mode.
        spec: of the pictures that it was trained on.
        config: of the run, plain values.
        images_seen: real pictures shown to the discriminator.
        path: of the checkpoint.
    """

    network: nn.Module
    spec: ImageSpec
    config: dict[str, Any]
    images_seen: int
    path: Path


def load_generator(
    path_or_run_dir: str | Path, *, device: str | torch.device = "auto", trust: Sequence[str] = ()
) -> LoadedGenerator:
    """Load the moving average of a run's generator.

    Args:
        path_or_run_dir: a checkpoint, or the folder of a run: its best checkpoint, or its last where there is no best.
        device: cpu, cuda, mps or auto.
        trust: further packages whose classes the checkpoint may name, such as your own.

    Raises:
        UserError: no checkpoint there, a damaged or hostile one, or one of a network that is not here.
    """
    path = find_checkpoint(path_or_run_dir)
    content = read_checkpoint(path)
    record = content["impasto"]
    try:
        config, spec = record["config"], ImageSpec.from_dict(record["spec"])
        factory = build(config["model"]["generator"], (*TRUSTED, *trust))
        prefix = "generator_ema."
        weights = {k.removeprefix(prefix): v for k, v in content["state_dict"].items() if k.startswith(prefix)}
        images_seen = int(record["images_seen"])
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise UserError(f"{path} lacks what a checkpoint of train.py holds ({problem}); use another.") from None
    try:
        network = build_network(factory, spec)
        network.load_state_dict(weights)
    except (RuntimeError, TypeError) as problem:
        reason = str(problem).splitlines()[0].rstrip(":")
        raise UserError(f"The generator in {path} is not the one that this version builds: {reason}.") from None
    network.eval().requires_grad_(False).to(choose_device(device))
    return LoadedGenerator(network, spec, config, images_seen, path)


def find_checkpoint(path_or_run_dir: str | Path) -> Path:
    """The checkpoint itself, or the best of a run, or its last.

    Raises:
        UserError: there is none.
    """
    path = Path(path_or_run_dir).expanduser()
    if path.is_file():
        return path
    folder = path if path.name == "checkpoints" else path / "checkpoints"
    for name in ("best.ckpt", "last.ckpt"):
        if (folder / name).is_file():
            return folder / name
    found = "holds no checkpoints/best.ckpt nor last.ckpt" if path.is_dir() else "does not exist"
    raise UserError(f"checkpoint={path} {found}; give the folder of a run, or a .ckpt file.")


def build(node: Any, trusted: Sequence[str]) -> Any:
    """What ``hydra.utils.instantiate`` makes of a node, but of trusted networks only, and always a partial at the top.

    Raises:
        UserError: another target.
    """
    if isinstance(node, Mapping) and "_target_" in node:
        target = trusted_target(str(node["_target_"]), trusted)
        arguments = {k: build(v, trusted) for k, v in node.items() if k not in ("_target_", "_partial_")}
        return partial(target, **arguments) if node.get("_partial_") else target(**arguments)
    if isinstance(node, Mapping):
        return {k: build(v, trusted) for k, v in node.items()}
    if isinstance(node, list | tuple):
        return [build(v, trusted) for v in node]
    return node


def trusted_target(name: str, trusted: Sequence[str]) -> Callable[..., Any]:
    """A network's class (or function that makes one) by its dotted name.

    A module of the package may have imported anything, so what counts is where the object found says that it is from.

    Raises:
        UserError: it is not from a trusted package, or not there.
    """
    module_name, _, attribute = name.rpartition(".")
    refusal = UserError(
        f"The checkpoint names {name}, which is not a network of {' or '.join(trusted)}, and was not opened; "
        "if it is your own, say so with trust=[package]."
    )
    if not _within(module_name, trusted):
        raise refusal
    try:
        found = getattr(import_module(module_name), attribute)
    except (ImportError, AttributeError):
        raise UserError(
            f"The checkpoint's network {name} is not in this version and was not opened; use the version that made it."
        ) from None
    is_network = isinstance(found, type) and issubclass(found, nn.Module)
    is_function = callable(found) and not isinstance(found, type) and module_name.split(".")[0] != "torch"
    if not (is_network or is_function) or not _within(str(getattr(found, "__module__", "")), trusted):
        raise refusal
    return found


def _within(module: str, packages: Sequence[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def choose_device(device: str | torch.device = "auto") -> torch.device:
    """auto is cuda or mps where there is one, else cpu.

    Raises:
        UserError: a device that is not here.
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
