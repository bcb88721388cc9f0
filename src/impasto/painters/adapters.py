"""Adapters: a style for one base as a small file that holds numbers alone."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

import torch
from safetensors.torch import save
from torch import Tensor

from impasto.base.arguments import typed
from impasto.base.errors import UserError
from impasto.base.files import whole_or_not
from impasto.networks.layers.modulated import ModulatedConv2d
from impasto.networks.layers.palette import FLAT, unpacked
from impasto.painters.safetensors_file import header, read_safetensors, refuse_what_is_no_number
from impasto.painters.style import LOW_RANK, PaintStyle, StylePainter

FORMAT: Final = "1"
"""Version of the file's format."""
KIND: Final = "an adapter"
LARGEST: Final = 100_000
"""Bytes."""

_digests: WeakKeyDictionary[StylePainter, tuple[list[int], str]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Adapter:
    """What an adapter file holds.

    Attributes:
        style: in float32 on the CPU.
        base_sha256: of the base that it was trained on, see :func:`base_sha256`.
        pictures: number of pictures that it was learnt from.
        settings: of its training, plain values.
        scores: of its painting, plain values.
        path: the file that it was read from; None for one that lies in memory alone.
    """

    style: PaintStyle
    base_sha256: str
    pictures: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None

    def save(self, path: str | Path) -> None:
        """Write it, in half precision; the file is there whole or not at all.

        Raises:
            UserError: as of :func:`save_adapter`.
        """
        save_adapter(path, self.style, self.base_sha256, self.settings, self.scores, self.pictures)


def base_sha256(painter: StylePainter) -> str:
    """Hex digest of a base's weights, rounded to half precision: the same before and after it was saved so.

    Computed once while the weights stay as they are.
    """
    weights = painter.generator.state_dict()
    state = [value._version for value in weights.values()]
    known = _digests.get(painter)
    if known is None or known[0] != state:
        digest = hashlib.sha256()
        for name, value in sorted(weights.items()):
            digest.update(f"{name} {tuple(value.shape)};".encode())
            digest.update(value.detach().to("cpu", torch.float16).contiguous().numpy().tobytes())
        known = _digests[painter] = (state, digest.hexdigest())
    return known[1]


def save_adapter(
    path: str | Path,
    style: PaintStyle,
    base_sha256: str,
    settings: Mapping[str, Any] = {},
    scores: Mapping[str, Any] = {},
    pictures: int = 0,
) -> None:
    """Write a style in half precision; the file is there whole or not at all.

    Args:
        path: of the file, ``.safetensors``.
        style: code and deltas.
        base_sha256: of the base, by the function of that name.
        settings: of its training, plain values.
        scores: of its painting, plain values.
        pictures: number of pictures that it was learnt from.

    Raises:
        UserError: it is larger than 100 kB, or holds numbers that half precision does not.
    """
    path = Path(path)
    tensors = {"code": style.code, **style.deltas}
    tensors = {name: value.detach().to("cpu", torch.float16).contiguous() for name, value in tensors.items()}
    refuse_what_is_no_number(path, tensors)
    values = {"base_sha256": base_sha256, "settings": dict(settings), "scores": dict(scores), "pictures": pictures}
    data = save(tensors, header(KIND, FORMAT, values))
    if len(data) > LARGEST:
        raise UserError(
            f"{path} would have {len(data):,} bytes, and an adapter has at most {LARGEST:,}: lower the rank of its "
            "updates."
        )
    with whole_or_not(path) as temporary:
        temporary.write_bytes(data)


@typed
def read_adapter(path: str | Path) -> Adapter:
    """What a file holds, for whichever base.

    Raises:
        UserError: it is not an adapter, is damaged, or holds numbers that are not finite.
    """
    path = Path(path)
    tensors, values = read_safetensors(path, KIND, FORMAT, LARGEST)
    refuse_what_is_no_number(path, tensors)
    tensors = {name: value.float() for name, value in tensors.items()}
    told = (values.get("base_sha256"), values.get("pictures"), values.get("settings"), values.get("scores"))
    sha256, pictures, settings, scores = told
    plain = isinstance(sha256, str) and isinstance(pictures, int) and pictures >= 0
    if not plain or not isinstance(settings, dict) or not isinstance(scores, dict) or "code" not in tensors:
        raise UserError(f"{path} lacks what an adapter holds: code, base, settings and scores; use another file.")
    return Adapter(PaintStyle(tensors.pop("code"), tensors), str(sha256), int(pictures or 0), settings, scores, path)


def load_adapter(adapter: str | Path | Adapter, painter: StylePainter) -> PaintStyle:
    """The style in a file, or of an adapter that was read, on the painter's device.

    Raises:
        UserError: as of :func:`read_adapter`; or it is of another base, or does not fit its layers.
    """
    adapter = adapter if isinstance(adapter, Adapter) else read_adapter(adapter)
    path = adapter.path or "The adapter"
    if adapter.base_sha256 != (own := base_sha256(painter)):
        raise UserError(
            f"{path} was made for another base ({adapter.base_sha256[:8]!r}, and this one is {own[:8]!r}): give its "
            "own by checkpoint=, or make it again on this one."
        )
    if reason := misfit(adapter.style, painter):
        raise UserError(f"{path} does not fit its base: {reason}; it is damaged, use another file.")
    to = painter.device
    return PaintStyle(adapter.style.code.to(to), {name: value.to(to) for name, value in adapter.style.deltas.items()})


def misfit(style: PaintStyle, painter: StylePainter) -> str | None:
    """Why a painter cannot be told a style: a clause; None if it can."""
    generator = painter.generator
    if style.code.shape != (generator.code,):
        return f"its code has the shape {tuple(style.code.shape)} instead of {(generator.code,)}"
    if length := generator.palette_length:
        _, covariance = unpacked(style.code[None, -length:], painter.gives.channels)
        if float(torch.linalg.eigvalsh(covariance.cpu()).min()) < -FLAT / 2:
            return "no picture has the palette in its code"
    layers = {module.name: module for module in generator.modules() if isinstance(module, ModulatedConv2d)}
    for name, delta in style.deltas.items():
        layer, _, kind = name.rpartition(".")
        if layer not in layers:
            return f"there is no layer {layer[:100]!r}"
        if kind in LOW_RANK:
            other = style.deltas.get(f"{layer}.{'up' if kind == 'down' else 'down'}")
            if other is None:
                return f"{layer} has {kind} without its other factor"
        wanted = layers[layer].delta_shapes(rank_of(style.deltas, layer)).get(kind)
        if wanted is None:
            return f"{layer} takes nothing called {kind[:100]!r}"
        if tuple(delta.shape) != wanted:
            return f"{name} has the shape {tuple(delta.shape)} instead of {wanted}"
    return None


def rank_of(deltas: Mapping[str, Tensor], layer: str) -> int:
    """Of a layer's product of low rank; at least 1."""
    up = deltas.get(f"{layer}.up")
    return max(up.shape[-1], 1) if up is not None and up.dim() else 1
