"""The base: a painter of any style as one safetensors file, from which it is built again; the package ships one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import save
from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.files import whole_or_not
from impasto.painters.checkpoints import shipped_base
from impasto.painters.painter import Origin
from impasto.painters.rebuilding import choose_device, rebuild
from impasto.painters.safetensors_file import digest, header, read_safetensors, refuse_what_is_no_number
from impasto.painters.style import StylePainter

FORMAT: Final = "1"
"""Version of the file's format."""
KIND: Final = "a style base"
DISCRIMINATOR: Final = "discriminator."
"""Beginning of the names of the discriminator's weights."""
LARGEST: Final = 100_000_000
"""Bytes that are read; the shipped base has at most 12 MB."""


def save_base(
    painter: StylePainter,
    path: str | Path,
    *,
    card: Mapping[str, Any] = {},
    neutral: Tensor | None = None,
    half: bool = True,
    network: Mapping[str, Any] | None = None,
    discriminator: tuple[Mapping[str, Any], Mapping[str, Tensor]] | None = None,
) -> None:
    """Write a painter of any style; the file is there whole or not at all.

    Args:
        painter: as :func:`~impasto.painters.loading.load_painter` gives it.
        path: of the file, ``.safetensors``.
        card: of the model: data, licence, command, time, scores, as plain values.
        neutral: mean code of photographs (D,), see :class:`~impasto.painters.style.StylePainter`; None takes the
            painter's, if it has one.
        half: round the weights to half precision.
        network: class and arguments of the network, as in ``conf/``; None takes those of the run that trained it.
        discriminator: that it was trained against, for what is trained on top of it: class and arguments, and weights.

    Raises:
        UserError: its weights are not finite, or too large for half precision.
    """
    path, neutral = Path(path), painter.neutral if neutral is None else neutral
    node = painter.origin.config["model"]["generator"] if network is None else network
    tensors = painter.state_dict() | ({} if neutral is None else {"neutral": neutral})
    judge, judged_by = discriminator or (None, {})
    tensors |= {f"{DISCRIMINATOR}{name}": value for name, value in judged_by.items()}
    kind = torch.float16 if half else torch.float32
    tensors = {name: value.detach().to("cpu", kind).contiguous() for name, value in tensors.items()}
    refuse_what_is_no_number(path, tensors)
    told = {"network": dict(node), "painter": painter.record(), "images_seen": painter.origin.images_seen, "card": card}
    told |= {"sha256": digest(tensors)}
    told |= {} if judge is None else {"discriminator": dict(judge)}
    data = save(tensors, header(KIND, FORMAT, told))
    with whole_or_not(path) as temporary:
        temporary.write_bytes(data)


def load_base(path: str | Path | None = None, device: str | torch.device = "auto") -> StylePainter:
    """A painter of any style, in evaluation mode and single precision.

    Args:
        path: of a file of :func:`save_base`; None takes the one that comes with the package.
        device: cpu, cuda, mps or auto.

    Raises:
        UserError: there is none, or it is damaged or hostile.
    """
    path = shipped_base() if path is None else Path(path)
    tensors, values = read_safetensors(path, KIND, FORMAT, LARGEST)
    tensors = {name: value.float() for name, value in tensors.items() if not name.startswith(DISCRIMINATOR)}
    neutral = tensors.pop("neutral", None)
    try:
        make = rebuild(values["painter"], values["network"])
        images_seen = int(values["images_seen"])
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise UserError(f"{path} lacks what a base holds ({problem}); use another file.") from None
    painter = make(tensors, path).to(choose_device(device))
    if not isinstance(painter, StylePainter):
        raise UserError(f"{path} holds a painter of another kind than of any style; use another file.")
    if neutral is not None:
        if neutral.shape != (painter.generator.code,):
            raise UserError(f"{path} holds a neutral code of the wrong length; it is damaged, use another file.")
        refuse_what_is_no_number(path, {"neutral": neutral})
        painter.neutral = neutral.to(painter.device)
    painter.origin = Origin(path, {"model": {"generator": values["network"]}}, images_seen, "painter", ("painter",))
    return painter


def card_of(path: str | Path | None = None) -> dict[str, Any]:
    """What a base says of itself: data, licence, command, scores.

    Raises:
        UserError: as of :func:`load_base`.
    """
    _, values = read_safetensors(shipped_base() if path is None else Path(path), KIND, FORMAT, LARGEST)
    card = values.get("card")
    return card if isinstance(card, dict) else {}


def discriminator_in(path: str | Path) -> tuple[dict[str, Any] | None, dict[str, Tensor]]:
    """Class and arguments of the discriminator that a base was trained against, and its weights; None without one.

    Raises:
        UserError: the file is damaged, or no base.
    """
    tensors, values = read_safetensors(Path(path), KIND, FORMAT, LARGEST)
    node = values.get("discriminator")
    weights = {name: value.float() for name, value in tensors.items() if name.startswith(DISCRIMINATOR)}
    refuse_what_is_no_number(Path(path), weights)
    return node if isinstance(node, dict) else None, {n.removeprefix(DISCRIMINATOR): v for n, v in weights.items()}
