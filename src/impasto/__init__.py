"""Impasto learns an image style with adversarial training and paints other pictures in it.

>>> import impasto
>>> painted = impasto.load().paint("photo.jpg", style="van_gogh")

``load``, ``learn_style`` and ``evaluate`` do what the commands of these names do; what they need is imported when they
are first used, torch with it.
"""

from importlib import import_module

TYPE_CHECKING = False  # as typing has it, whose import would take most of the time
if TYPE_CHECKING:
    from typing import Any, Final

    from impasto.api.hub import from_pretrained, push_to_hub
    from impasto.api.learning import learn_style
    from impasto.api.measuring import evaluate
    from impasto.api.model import Model, load
    from impasto.base.errors import UserError
    from impasto.painters.adapters import Adapter, read_adapter

__version__ = "0.1.0"
__all__ = [
    "Adapter",
    "Model",
    "UserError",
    "evaluate",
    "from_pretrained",
    "learn_style",
    "load",
    "push_to_hub",
    "read_adapter",
]

_PLACES: "Final" = {
    "Adapter": "impasto.painters.adapters",
    "Model": "impasto.api.model",
    "UserError": "impasto.base.errors",
    "evaluate": "impasto.api.measuring",
    "from_pretrained": "impasto.api.hub",
    "learn_style": "impasto.api.learning",
    "load": "impasto.api.model",
    "push_to_hub": "impasto.api.hub",
    "read_adapter": "impasto.painters.adapters",
}


def __getattr__(name: str) -> "Any":
    if name not in _PLACES:
        raise AttributeError(f"module 'impasto' has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)
