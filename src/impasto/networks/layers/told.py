"""What layers deep inside a network are told of its input."""

from typing import Any

from torch import Tensor

from impasto.base.spec import ImageSpec


class Told:
    """Shared by the layers of one network: written when it is called, read by its layers.

    A copy of a network has one of its own, with nothing in it.

    Attributes:
        memory: (N, L, D), vectors that layers may attend to.
        condition: (N, E), the embedded label or vector.
        maps: feature maps of the places passed so far, by number.
        numbers: (N, L), the numbers of the words of captions.
        encoded: the captions, see :class:`~impasto.networks.text.Encoded`.
        encoder: what encodes them.
        labels: (N,) classes, or (N, K) vectors.
        spec: of the pictures; it is never forgotten.
    """

    def __init__(self) -> None:
        self.memory: Tensor | None = None
        self.condition: Tensor | None = None
        self.maps: dict[int, Tensor] = {}
        self.numbers: Tensor | None = None
        self.encoded: Any = None
        self.encoder: Any = None
        self.labels: Tensor | None = None
        self.spec: ImageSpec | None = None

    def clear(self) -> None:
        """Forget everything."""
        self.memory = self.condition = self.numbers = self.encoded = self.encoder = None
        self.labels = None
        self.maps.clear()

    def __deepcopy__(self, memo: dict[int, Any]) -> "Told":
        """An empty one, the same for all layers that are copied together."""
        fresh = memo[id(self)] = Told()
        fresh.spec = self.spec
        return fresh
