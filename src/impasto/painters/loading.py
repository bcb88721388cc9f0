"""A trained generator from a checkpoint, without running anything that may be hidden in it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.base.trust import refusal, trusted
from impasto.networks.build import build_network
from impasto.painters.checkpoints import find_checkpoint, read_checkpoint
from impasto.painters.latents import is_conditional, sample

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
        data_state: what its data module said of the pictures; empty where it said nothing.
    """

    network: nn.Module
    spec: ImageSpec
    config: dict[str, Any]
    images_seen: int
    path: Path
    data_state: Mapping[str, Any] = field(default_factory=dict)

    @property
    def paints_noise(self) -> bool:
        """Whether it paints from noise, rather than repaints pictures."""
        return hasattr(self.network, "latent_dim")

    @property
    def conditional(self) -> bool:
        """Whether it is told labels or condition vectors."""
        return is_conditional(self.network, self.spec)

    def sample(self, n: int, *, seed: int = 0, start: int = 0, labels: Tensor | None = None) -> Tensor:
        """:func:`impasto.painters.latents.sample` with the network."""
        kind = self.config["model"].get("latent", "normal")
        return sample(self.network, self.spec, kind, n, seed=seed, start=start, labels=labels)


def load_generator(
    path_or_run_dir: str | Path, *, device: str | torch.device = "auto", trust: Sequence[str] = ()
) -> LoadedGenerator:
    """Load the moving average of a run's generator.

    Args:
        path_or_run_dir: a checkpoint, or the folder of a run: its best checkpoint, or its last where there is no best.
        device: cpu, cuda, mps or auto.
        trust: further packages whose classes the checkpoint may name, such as your own.

    Raises:
        UserError: no checkpoint there, a damaged or hostile one, one of a network that is not here, or of one whose
            training went astray.
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
    refuse_what_is_no_number(network, path)
    network.eval().requires_grad_(False).to(choose_device(device))
    return LoadedGenerator(network, spec, config, images_seen, path, state_of_data(content, config))


def state_of_data(content: Mapping[str, Any], config: Mapping[str, Any]) -> Mapping[str, Any]:
    """What tells a run's pictures from others, which Lightning keeps under the name of the data module's class."""
    node = config.get("data")
    name = str(node.get("_target_")).rpartition(".")[2] if isinstance(node, Mapping) else ""
    state = content.get(name)
    return state if isinstance(state, Mapping) else {}


def refuse_what_is_no_number(network: nn.Module, path: Path) -> None:
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
    """What ``hydra.utils.instantiate`` makes of a node, but of trusted networks only, and always a partial at the top.

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
