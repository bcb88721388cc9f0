"""The result of a measurement, and the interface of protocols."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from torch import Tensor

from impasto.base.errors import UserError

Sheet = tuple[Tensor, int]
"""Pictures (N, C, H, W) in [-1, 1], and how many are in a row."""


@dataclass(frozen=True)
class Measurement:
    """Figures of a painter on one data set.

    Attributes:
        figures: by public name, such as ``fid`` or ``kid_efficientnet_lite0``.
        comparability: for each figure, plain values that say how it was measured; ``higher_is_better`` among them.
        main: the figure that checkpoints are chosen by; None if nothing was measured.
        rows: figures of the painter and of its controls, by row; the painter's own row comes first. Empty if the
            protocol has no controls.
        sheets: by name, functions that paint a sheet of pictures for the figures. Only the first process has them.
        intervals: 95% intervals of figures by row, the ends as a pair; rows or figures without one are left out.
        conclusions: sentences that the figures amount to, by what they are about.
    """

    figures: Mapping[str, float] = field(default_factory=dict)
    comparability: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    main: str | None = None
    rows: Mapping[str, dict[str, float]] = field(default_factory=dict)
    sheets: Mapping[str, Callable[[], Sheet]] = field(default_factory=dict)
    intervals: Mapping[str, Mapping[str, tuple[float, float]]] = field(default_factory=dict)
    conclusions: Mapping[str, str] = field(default_factory=dict)


class EvaluationProtocol(Protocol):
    """A way to measure a painter: the object that ``evaluation`` in a configuration makes.

    Attributes:
        takes: what a painter must take to be measured: ``latent`` or ``content``.
        parts: parts of the data that are needed.
        asks: methods of the data module that are needed, such as ``evaluation_images``.
    """

    takes: ClassVar[str]
    parts: ClassVar[tuple[str, ...]]
    asks: ClassVar[tuple[str, ...]] = ()

    def measure(self, painter: Any, data: Any) -> Measurement:
        """Measure a painter on a data module's pictures; every process must call it, and gets the figures.

        Args:
            painter: an :class:`impasto.painters.painter.Painter`.
            data: a data module; its ``evaluation_images`` are compared with.
        """
        ...


def check_fit(protocol: Any, takes: Collection[str], parts: Collection[str] | None = None) -> None:
    """Refuse a protocol that is for other painters or other data, before data is read.

    A user's own protocol that declares neither is let through.

    Args:
        protocol: the object or its class.
        takes: what the painter takes.
        parts: parts of the data; None if they are not known.

    Raises:
        UserError: they do not fit.
    """
    name = type(protocol).__name__ if not isinstance(protocol, type) else protocol.__name__
    wanted = getattr(protocol, "takes", None)
    if wanted is not None and wanted not in takes:
        raise UserError(
            f"{name} measures painters that take {wanted}, and this one takes {' and '.join(takes)}: set evaluation="
            f"{'default' if 'latent' in takes else 'translation, or evaluation=paired for data in pairs'} (protocol= "
            "for evaluate.py)."
        )
    if parts is not None and (missing := set(getattr(protocol, "parts", ())) - set(parts)):
        raise UserError(
            f"{name} needs data with the part {' and '.join(sorted(missing))}, and there is {' and '.join(parts)}: "
            f"set {REMEDIES.get(frozenset(parts), 'another evaluation= or data=')} (protocol= for evaluate.py)."
        )


def check_pictures(protocol: Any, data: Any) -> None:
    """Refuse a protocol that measures pictures of the data where a data module of a user's own offers none.

    Args:
        protocol: the object.
        data: the data module, not read yet.

    Raises:
        UserError: it lacks what the protocol ``asks`` of it.
    """
    if missing := [name for name in getattr(protocol, "asks", ()) if not hasattr(data, name)]:
        raise UserError(
            f"{type(protocol).__name__} asks the data for {', '.join(missing)}, which {type(data).__name__} does not "
            "have: add it, or set evaluation=none, or a protocol of your own."
        )


REMEDIES = {
    frozenset({"image"}): "evaluation=default",
    frozenset({"content", "style"}): "evaluation=translation",
    frozenset({"content", "target"}): "evaluation=paired",
    frozenset({"content", "target", "style"}): "evaluation=style",
}
"""The protocol for painters that learn from these parts of the data."""
