"""What cannot be combined with a way of training, whichever it is."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torch import nn

from impasto.base.parts import Doubt, Parts, Refusal
from impasto.networks.layers.head import MinibatchDeviation
from impasto.networks.standing_statistics import running_norms

if TYPE_CHECKING:
    from impasto.models.base import AdversarialModel


def checked_with(model: "AdversarialModel", parts: Parts) -> Iterator[Refusal | Doubt]:
    """Refuse terms that need what a way of training does not provide; one without ``needs`` is let through.

    Also a discriminator that mixes real and painted pictures in one pass; doubt what does nothing without one.
    """
    for name, term in parts.terms.items():
        if lacking := sorted(set(getattr(term, "needs", ())) - set(model.offers)):
            yield Refusal(
                f"term={name} needs {', '.join(lacking)}, which {type(model).__name__} does not provide (it has "
                f"{', '.join(model.offers)}): leave the term out, or choose another model."
            )
    if not model.names("d") and (idle := idle_without_discriminators(parts)):
        yield Doubt(
            "model.adversarial",
            f"model.adversarial=0 leaves the discriminator out, and {' and '.join(idle)} with it: they do nothing.",
        )
    for adversary, network in ((model.adversaries[name], model.networks[name]) for name in model.names("d")):
        if adversary.joint_pass and mixes_pictures(network):
            yield Refusal(
                "model.joint_pass=true lets real and painted pictures share the batch statistics of the "
                "discriminator: set it to false, or choose a norm of single pictures."
            )


def mixes_pictures(discriminator: nn.Module) -> bool:
    """Whether a score depends on the other pictures of its pass."""
    return bool(running_norms(discriminator)) or any(isinstance(m, MinibatchDeviation) for m in discriminator.modules())


def idle_without_discriminators(parts: Parts) -> list[str]:
    """What acts on discriminators alone, as the command line has it."""
    penalties = [f"penalty={name}" for name in parts.penalties]
    return [*penalties, *([] if parts.augment is None or isinstance(parts.augment, nn.Identity) else ["augment="])]
