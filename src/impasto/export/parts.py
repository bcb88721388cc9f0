"""What is exported of a painter: functions of named tensors, with the sizes and ranges that these may have."""

import math
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final, cast

import torch
from torch import Tensor, nn
from torch.export import Dim
from torch.nn.utils import parametrize

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.export.adapter_input import AdapterLayout, layout_of
from impasto.export.settings import ENCODE, PAINT
from impasto.networks.layers.modulated import StyleInput
from impasto.networks.style_adapter import StyleAdapter
from impasto.painters.painter import Painter
from impasto.painters.style import StylePainter

EXAMPLE: Final = 2
"""Pictures in the batch with which a graph is recorded; 1 would be taken for a constant."""


@dataclass(frozen=True)
class Input:
    """A tensor that a part takes.

    Attributes:
        name: of the input.
        shape: its sides, each a number or the name of a side that may vary.
        low: least value.
        high: greatest value; None for values without a bound.
        meaning: a few words.
        dtype: of the values.
        multiple: of which height and width are multiples; 1 for what is no picture.
        smallest: least height and width.
    """

    name: str
    shape: tuple[int | str, ...]
    low: float | None
    high: float | None
    meaning: str
    dtype: torch.dtype = torch.float32
    multiple: int = 1
    smallest: int = 1

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for the metadata of a file."""
        own: dict[str, Any] = {"name": self.name, "dtype": str(self.dtype).removeprefix("torch.")}
        own |= {"shape": list(self.shape), "low": self.low, "high": self.high, "meaning": self.meaning}
        sizes = {"multiple": self.multiple, "smallest": self.smallest} if "height" in self.shape else {}
        return own | sizes


@dataclass(frozen=True)
class Part:
    """A function to be exported.

    Attributes:
        name: ``paint`` or ``encode``.
        module: called with the inputs in order.
        inputs: that it takes.
        output: name of what it gives.
        output_shape: its sides, as of an input; ``3*height`` is three times the height of what is taken.
        output_range: least and greatest value; None for values without a bound.
        painter: that it is a part of.
        layout: of the input ``adapter``; None without one.
        output_dtype: of the output's values.
    """

    name: str
    module: nn.Module
    inputs: tuple[Input, ...]
    output: str
    output_shape: tuple[int | str, ...]
    output_range: tuple[float, float] | None
    painter: Painter
    layout: AdapterLayout | None = None
    output_dtype: torch.dtype = torch.float32

    def output_dict(self) -> dict[str, Any]:
        """Plain values, for the metadata of a file."""
        low, high = self.output_range or (None, None)
        return {
            "name": self.output,
            "dtype": str(self.output_dtype).removeprefix("torch."),
            "shape": list(self.output_shape),
            "low": low,
            "high": high,
        }


class Painting(nn.Module):
    """A painter called with its inputs in order.

    Args:
        painter: any.
        takes: names of the inputs.
    """

    def __init__(self, painter: Painter, takes: Sequence[str]) -> None:
        super().__init__()
        self.painter, self.takes = painter, tuple(takes)

    def forward(self, *given: Tensor) -> Tensor:
        """What the painter takes to (N, C, H, W)."""
        return cast(Tensor, self.painter(**dict(zip(self.takes, given, strict=True))))


class AdaptedPainting(nn.Module):
    """A painter of any style that is told an adapter as one vector, see :mod:`impasto.export.adapter_input`.

    Args:
        painter: of a base that takes adapters.
        layout: of the vector.
    """

    def __init__(self, painter: StylePainter, layout: AdapterLayout) -> None:
        super().__init__()
        self.network, self.layout = painter.network, layout

    def forward(self, content: Tensor, code: Tensor, adapter: Tensor) -> Tensor:
        """(N, C, H, W), (1, D) and (L,) to (N, C, H, W)."""
        told = StyleInput(code, self.layout.deltas(adapter))
        painted: Tensor = cast(Any, self.network).paint(content, told)
        return painted.float().clamp(-1, 1)


class Encoding(nn.Module):
    """The style encoder of a painter of any style.

    Args:
        painter: any.
    """

    def __init__(self, painter: StylePainter) -> None:
        super().__init__()
        self.network = painter.network

    def forward(self, style: Tensor) -> Tensor:
        """Pictures (N, C, h, w) in [-1, 1] to codes (N, D)."""
        return cast(Tensor, cast(Any, self.network).encoder(style))


def parts_of(painter: Painter, adapter_rank: int | None = None) -> list[Part]:
    """What is exported of a painter: one part, or two for one of any style.

    Args:
        painter: any; it is copied.
        adapter_rank: of a painter of any style: keep adapters of up to this rank as an input; None without them.

    Raises:
        UserError: adapters are kept of a painter that takes none.
    """
    painter = prepared(painter)
    if isinstance(painter, StylePainter):
        return [style_part(painter, adapter_rank), encoder_part(painter)]
    if adapter_rank is not None:
        raise UserError("adapter_rank= is of painters of any style: leave it out, or give a run of model=style.")
    inputs = tuple(input_of(painter, name) for name in painter.takes)
    labels = painter.gives.label_map is not None
    output = "probabilities" if labels else "image"
    limits = (0.0, 1.0) if labels else (-1.0, 1.0)
    module = Painting(painter, painter.takes)
    return [Part(PAINT, module, inputs, output, painted_shape(painter), limits, painter)]


def prepared(painter: Painter) -> Painter:
    """A copy on the CPU in evaluation mode and single precision, its weights plain.

    A spectral norm is otherwise left in the graph, and divides the weights anew in every call.
    """
    copy = deepcopy(painter).cpu().float().eval().requires_grad_(False)
    if isinstance(adapter := copy.network, StyleAdapter):
        copy.network = adapter.base.fixed(StyleInput(adapter.code[None], adapter.deltas))
    for module in copy.modules():
        for name in list(getattr(module, "parametrizations", {})):
            parametrize.remove_parametrizations(module, name, leave_parametrized=True)
    return copy


def style_part(painter: StylePainter, adapter_rank: int | None) -> Part:
    """Painting, told the style by its code, and by an adapter if that is kept."""
    code = Input("code", (1, painter.generator.code), None, None, "style code, of the part that encodes")
    content, shape = input_of(painter, "content"), painted_shape(painter)
    if adapter_rank is None:
        module = Painting(painter, ("content", "style"))
        return Part(PAINT, module, (content, code), "image", shape, (-1.0, 1.0), painter)
    layout = layout_of(painter, adapter_rank)
    adapter = Input("adapter", (layout.length,), None, None, "what an adapter adds, as adapter_layout says; else zeros")
    adapted = AdaptedPainting(painter, layout)
    return Part(PAINT, adapted, (content, code, adapter), "image", shape, (-1.0, 1.0), painter, layout)


def encoder_part(painter: StylePainter) -> Part:
    """Encoding pictures of a style."""
    channels = painter.gives.channels
    smallest = max(int(cast(int, painter.network.smallest)), 16)
    shape: tuple[int | str, ...] = ("batch", channels, "height", "width")
    style = Input("style", shape, -1.0, 1.0, "pictures of the style, best 256 pixels high", smallest=smallest)
    return Part(ENCODE, Encoding(painter), (style,), "code", ("batch", painter.generator.code), None, painter)


def input_of(painter: Painter, name: str) -> Input:
    """An input of a painter by its name."""
    gives = painter.gives
    if name == "latent":
        low, high = (None, None) if painter.latent == "normal" else (-1.0, 1.0)
        return Input(name, ("batch", painter.latent_dim), low, high, f"latent vectors, {painter.latent}")
    if name == "label":
        return Input(name, ("batch",), 0, gives.num_classes - 1, "numbers of classes", torch.int64)
    if name == "vector":
        return Input(name, ("batch", gives.condition_dim), None, None, "condition vectors")
    content = painter.content or gives
    multiple = side(painter.network, "stride")
    smallest = multiple * math.ceil(max(side(painter.network, "smallest"), multiple) / multiple)
    shape: tuple[int | str, ...] = ("batch", content.channels, "height", "width")
    low = 0.0 if content.label_map is not None else -1.0
    return Input(name, shape, low, 1.0, meaning_of(painter, content), multiple=multiple, smallest=smallest)


def meaning_of(painter: Painter, content: ImageSpec) -> str:
    """What the channels of a painter's content are, in a few words."""
    if content.label_map is not None:
        edges = ", then the boundaries" if content.label_map.boundaries else ""
        return f"a channel for each class, 1 where a pixel is of it{edges}"
    if content.frames > 1:
        return f"{content.frames} frames one after another, the earliest first"
    return "a picture; the last channel 1 where it is known, -1 where not" if painter.mask_channels else "a picture"


def painted_shape(painter: Painter) -> tuple[int | str, ...]:
    """Of what a painter paints, by the sides of what it takes."""
    gives = painter.gives
    if "content" not in painter.takes:
        return "batch", gives.channels, gives.height, gives.width
    times = "" if painter.scale == 1 else f"{painter.scale}*"
    return "batch", gives.channels, f"{times}height", f"{times}width"


def side(network: nn.Module, name: str) -> int:
    """An attribute of a network that is a number of pixels; 1 without it."""
    value = getattr(network, name, 1)
    return value if isinstance(value, int) else 1


def example_inputs(part: Part) -> tuple[Tensor, ...]:
    """Tensors of zeros with which a part's graph is recorded."""
    numbers: dict[int | str, int] = {"batch": EXAMPLE}
    made = []
    for each in part.inputs:
        # Sides that differ, and are not the smallest, so that neither is taken for a constant or for the other.
        least = math.ceil(max(each.smallest, 4 * each.multiple) / each.multiple)
        numbers |= {"height": (least + 1) * each.multiple, "width": (least + 2) * each.multiple}
        made.append(torch.zeros([numbers.get(n, n) for n in each.shape], dtype=each.dtype))  # type: ignore[arg-type,misc]
    return tuple(made)


def dynamic_shapes(part: Part) -> dict[str, Any]:
    """Which sides may vary, as ``torch.export`` takes it."""
    batch = Dim("batch", min=1)
    names = []
    for each in part.inputs:
        least = math.ceil(each.smallest / each.multiple)
        sides: Mapping[str, Any] = {"batch": batch}
        if "height" in each.shape:
            # Sides are multiples of what a network halves: its shapes cannot be followed for others.
            counts = {name: Dim(f"{name}_units", min=max(least, 2)) for name in ("height", "width")}
            sides = {**sides, **{name: each.multiple * count for name, count in counts.items()}}
            if each.multiple == 1:
                sides = {"batch": batch, **{name: Dim(name, min=max(least, 2)) for name in counts}}
        names.append({i: sides[n] for i, n in enumerate(each.shape) if isinstance(n, str)})
    return {"given": tuple(names)} if isinstance(part.module, Painting) else by_argument(part, names)


def by_argument(part: Part, shapes: Sequence[Any]) -> dict[str, Any]:
    """Shapes by the names of the arguments, which are those of the inputs."""
    return {each.name: shape for each, shape in zip(part.inputs, shapes, strict=True)}
