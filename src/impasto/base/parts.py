"""How the parts of a run check each other before any data is read.

Any part, also a user's own, may have ``check_with(self, parts)``, which yields a :class:`Refusal` of what cannot work
with the other parts, and a :class:`Doubt` about what works but is probably not intended.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Refusal:
    """Why a run cannot work, and what to set instead: one sentence."""

    sentence: str


@dataclass(frozen=True)
class Doubt:
    """What works but is probably not intended, said as a notice.

    Args:
        key: the setting that it is about.
        sentence: what will happen, and what to set instead.
    """

    key: str
    sentence: str


@dataclass(frozen=True)
class Parts:
    """What a run is made of; None or empty for a part that is missing.

    Args:
        loss: adversarial loss.
        penalties: by name.
        terms: of the generators' loss, by name.
        augment: of the pictures that discriminators see.
        generators: networks by name; while a configuration is checked, on the meta device.
        discriminators: likewise.
        model: the way of training, with these networks.
        data: the data module.
        callbacks: by name.
        trainer: Lightning's.
        privacy: what makes the run differentially private.
    """

    loss: Any = None
    penalties: Mapping[str, Any] = field(default_factory=dict)
    terms: Mapping[str, Any] = field(default_factory=dict)
    augment: Any = None
    generators: Mapping[str, Any] = field(default_factory=dict)
    discriminators: Mapping[str, Any] = field(default_factory=dict)
    model: Any = None
    data: Any = None
    callbacks: Mapping[str, Any] = field(default_factory=dict)
    trainer: Any = None
    privacy: Any = None

    def by_key(self) -> dict[str, Any]:
        """Every part under the key that it has in the configuration."""
        names = ("loss", "augment", "privacy", "model", "data")
        single = {name: getattr(self, name) for name in names}
        several = {
            "penalty": self.penalties,
            "term": self.terms,
            "model": {**self.generators, **self.discriminators},
            "callbacks": self.callbacks,
        }
        named = {f"{group}.{name}": part for group, parts in several.items() for name, part in parts.items()}
        return {key: part for key, part in {**single, **named}.items() if part is not None}

    def key_of(self, part: Any) -> str:
        """The key of a part in the configuration, such as ``model.discriminator``."""
        return next(key for key, other in self.by_key().items() if other is part)

    def findings(self) -> Iterator[Refusal | Doubt]:
        """What the parts find about each other."""
        for part in self.by_key().values():
            if callable(check_with := getattr(part, "check_with", None)):
                yield from check_with(self)
