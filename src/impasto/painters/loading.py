"""A painter from a checkpoint, without Lightning, and without running anything that may be hidden in the file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from impasto.base.errors import UserError
from impasto.painters.adapters import load_adapter
from impasto.painters.checkpoints import find_checkpoint, read_checkpoint
from impasto.painters.painter import Origin, Painter
from impasto.painters.painter_file import KIND, load_saved_painter
from impasto.painters.rebuilding import TRUSTED, choose_device, rebuild, tell_task
from impasto.painters.safetensors_file import kind_of
from impasto.painters.style import StylePainter, mix
from impasto.painters.style_base import load_base


def load_painter(
    path_or_run_dir: str | Path,
    adapters: Mapping[str | Path, float] | Sequence[str | Path] = (),
    *,
    device: str | torch.device = "auto",
    trust: Sequence[str] = (),
    direction: str | None = None,
) -> Painter:
    """Load the moving average of what a run has trained.

    Args:
        path_or_run_dir: a checkpoint, or the folder of a run: its best checkpoint, or its last if there is no best; or
            a file of :func:`~impasto.painters.painter_file.save_painter` or a base of
            :func:`~impasto.painters.style_base.save_base`.
        adapters: styles for a base, as files, mixed by weight or equally: the painter then takes content alone.
        device: cpu, cuda, mps or auto.
        trust: further packages whose classes the checkpoint may name, such as your own.
        direction: which painter, of a model that has several, such as ``style_to_content``, or which task, of a network
            that was told of several; None takes the first.

    Returns:
        The painter in evaluation mode, with its :attr:`~impasto.painters.painter.Painter.origin`.

    Raises:
        UserError: no checkpoint there, a damaged or hostile one, one of a network that is not here, one whose training
            went astray, a direction that it does not have, or adapters of another base.
    """
    path = find_checkpoint(path_or_run_dir)
    painter = (
        from_safetensors(path, device, trust, direction)
        if path.suffix == ".safetensors"
        else from_checkpoint(path, device, trust, direction)
    )
    if not adapters:
        return painter
    if not isinstance(painter, StylePainter):
        raise UserError(f"{path} paints in one way only, and takes no adapters: give a run of model=style.")
    weights = adapters if isinstance(adapters, Mapping) else dict.fromkeys(adapters, 1.0)
    return painter.in_style(mix([(load_adapter(file, painter), weight) for file, weight in weights.items()]))


def of_pictures(painter: Painter, command: str) -> Painter:
    """The painter itself, for a command that is for pictures alone.

    Raises:
        UserError: it makes sequences.
    """
    if painter.gives.alphabet is not None:
        raise UserError(
            f"{painter.origin.path} makes sequences, and {command} is for pictures: generate.py, stylize.py and "
            "evaluate.py take it."
        )
    return painter


def from_safetensors(path: Path, device: str | torch.device, trust: Sequence[str], direction: str | None) -> Painter:
    """As :func:`load_painter`, of an exported file, which holds one painter."""
    of_painter = kind_of(path) == KIND
    painter = load_saved_painter(path, device, trust) if of_painter else load_base(path, device)
    choose_direction(painter.origin.directions, direction)
    return painter


def from_checkpoint(path: Path, device: str | torch.device, trust: Sequence[str], direction: str | None) -> Painter:
    """As :func:`load_painter`, of a checkpoint that ``train.py`` wrote."""
    content = read_checkpoint(path)
    record = content["impasto"]
    try:
        known, config = record["painters"], record["config"]
        tasks = tasks_of(known, config)
        task = choose_direction(tasks, direction) if tasks else None
        chosen = choose_direction(list(known), None if tasks else direction)
        own = dict(known[chosen])
        network = own.pop("network")
        make = rebuild(own, config["model"][network], (*TRUSTED, *trust))
        prefix = f"painters.{chosen}."
        weights = {k.removeprefix(prefix): v for k, v in content["state_dict"].items() if k.startswith(prefix)}
        images_seen = int(record["images_seen"])
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise UserError(f"{path} lacks what a checkpoint of train.py holds ({problem}); use another.") from None
    painter = make(weights, path).to(choose_device(device))
    tell_task(painter, task or "")
    named, names = (chosen, tuple(known)) if task is None else (task, tasks)
    painter.origin = Origin(path, config, images_seen, named, names, state_of_data(content, config), network)
    return painter


def tasks_of(known: Mapping[str, Mapping[str, Any]], config: Mapping[str, Any]) -> tuple[str, ...]:
    """The tasks of the only network of a model, see :class:`~impasto.networks.part_settings.PartSettings`."""
    node = config["model"][next(iter(known.values()))["network"]] if len(known) == 1 else {}
    return tuple(node.get("tasks") or ())


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
