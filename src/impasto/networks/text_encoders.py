"""Chooses what encodes captions: CLIP's text tower where it can be had, else a small transformer, trained along."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, get_args

from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.base.ranges import Count
from impasto.base.vocabulary import Vocabulary
from impasto.networks import clip_text
from impasto.networks.text import Encoded, TextEncoder

Choice = Literal["auto", "clip", "small"]
SETTING = "model.generator.text.encoder"


def choose(encoder: str, weights: str = clip_text.WEIGHTS) -> str:
    """``clip`` or ``small``; what ``auto`` takes is said once, and written to the summary of a run.

    Raises:
        UserError: there is no such encoder.
    """
    if encoder not in get_args(Choice):
        raise UserError(f"{SETTING}={encoder} is not known: choose auto, clip or small.")
    if encoder != "auto":
        return encoder
    if clip_text.at_hand(weights):
        notice(SETTING, f"Captions are encoded by CLIP's text tower, {weights}, which is frozen.")
        return "clip"
    notice(
        SETTING,
        "Captions are encoded by a small transformer that is trained along, as CLIP's text tower cannot be reached "
        f"({clip_text.how_to_have(weights)} to use it).",
    )
    return "small"


class ChosenTextEncoder(nn.Module):
    """The encoder that is chosen; weights that are loaded say which one they belong to.

    Args:
        vocabulary: of the captions.
        encoder: ``clip``, ``small``, or ``auto``: CLIP's text tower if it can be had.
        weights: of CLIP, see :class:`~impasto.networks.clip_text.Tower`.
        width: of the vectors.
        depth: layers of the small one.
        heads: of its attention.

    Raises:
        UserError: no such encoder, or CLIP is asked for and cannot be had.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        encoder: Choice = "auto",
        weights: str = clip_text.WEIGHTS,
        width: Count = 64,
        depth: Count = 2,
        heads: Count = 4,
    ) -> None:
        super().__init__()
        self.make: dict[str, Callable[[], nn.Module]] = {
            "clip": partial(clip_text.CLIPTextEncoder, vocabulary, weights, width),
            "small": partial(TextEncoder, vocabulary, width, depth, heads),
        }
        self.width = width
        self.take(choose(encoder, weights))

    def take(self, name: str) -> None:
        """Take one of the encoders, newly made."""
        self.chosen = nn.ModuleDict({name: self.make[name]()})

    def forward(self, numbers: Tensor) -> Encoded:
        """Numbers of words (N, L), padded behind, to sentences and words."""
        (encoder,) = self.chosen.values()
        encoded: Encoded = encoder(numbers)
        return encoded

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
        """As in torch; first, take the encoder that the weights were trained with, which ``auto`` may have missed."""
        saved = [name for name in self.make if any(key.startswith(f"{prefix}chosen.{name}.") for key in state_dict)]
        if saved and saved[0] not in self.chosen:
            device = next(self.parameters()).device
            self.take(saved[0])
            self.to(device)
        super()._load_from_state_dict(state_dict, prefix, *others)
