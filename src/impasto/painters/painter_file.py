"""Any painter as one safetensors file, from which it is built again."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import save

from impasto.base.errors import UserError
from impasto.base.files import whole_or_not
from impasto.painters.painter import Origin, Painter
from impasto.painters.rebuilding import TRUSTED, choose_device, rebuild, tell_task
from impasto.painters.safetensors_file import digest, header, read_safetensors

FORMAT: Final = "1"
"""Version of the file's format."""
KIND: Final = "a painter"
LARGEST: Final = 4_000_000_000
"""Bytes."""


def save_painter(painter: Painter, path: str | Path, *, card: Mapping[str, Any] = {}) -> None:
    """Write a painter as it is, in its own precision; the file is there whole or not at all.

    The header holds, as JSON, the class and arguments of the network and of the painter, and a hash of the weights.

    Args:
        painter: as :func:`~impasto.painters.loading.load_painter` gives it.
        path: of the file, ``.safetensors``.
        card: of the model: data, licence, scores, as plain values.

    Raises:
        UserError: what its network was built from is not known.
    """
    path, origin = Path(path), painter.origin
    node = origin.config.get("model", {}).get(origin.network)
    if not isinstance(node, Mapping):
        raise UserError("It is not known what this painter's network was built from: give a checkpoint of train.py.")
    tensors = {name: value.detach().cpu().contiguous() for name, value in painter.state_dict().items()}
    told = {"network": dict(node), "painter": painter.record(), "images_seen": origin.images_seen, "card": dict(card)}
    told |= {"direction": origin.direction, "sha256": digest(tensors)}
    data = save(tensors, header(KIND, FORMAT, told))
    with whole_or_not(path) as temporary:
        temporary.write_bytes(data)


def load_saved_painter(path: Path, device: str | torch.device = "auto", trust: Sequence[str] = ()) -> Painter:
    """A painter in evaluation mode, with its :attr:`~impasto.painters.painter.Painter.origin`.

    Args:
        path: of a file of :func:`save_painter`.
        device: cpu, cuda, mps or auto.
        trust: further packages whose classes the file may name.

    Raises:
        UserError: it is damaged, was changed, is hostile, or of a network that is not here.
    """
    tensors, values = read_safetensors(path, KIND, FORMAT, LARGEST)
    try:
        node, direction, images_seen = values["network"], str(values["direction"]), int(values["images_seen"])
        make = rebuild(values["painter"], node, (*TRUSTED, *trust))
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise UserError(f"{path} lacks what a painter's file holds ({problem}); use another file.") from None
    painter = make(tensors, path).to(choose_device(device))
    tell_task(painter, direction)
    painter.origin = Origin(path, {"model": {"generator": node}}, images_seen, direction, (direction,))
    return painter
