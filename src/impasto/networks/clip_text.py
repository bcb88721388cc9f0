"""CLIP's text tower (Radford et al. 2021), frozen: words that mean the same are near each other before any training."""

import importlib.util
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.reachability import reachable
from impasto.base.vocabulary import FIRST, Vocabulary
from impasto.networks.layers.linear import dense
from impasto.networks.text import Encoded, small

HUB: Final = "https://huggingface.co"
WEIGHTS: Final = "openai/clip-vit-base-patch32"
"""On the Hub; about 600 MB, of which the text tower is 250."""
LONGEST: Final = 77
"""Tokens of a text at most, its ends among them."""
REMEMBERED: Final = 8192
"""Texts whose encoding is kept: a frozen network says the same every time, and takes a second for 64 on a CPU."""
INSTALL: Final = "pip install 'impasto[text]'"


def on_disk(weights: str) -> bool:
    """Whether a folder, or the Hub's cache, has the configuration of these weights."""
    if Path(weights).expanduser().is_dir():
        return (Path(weights).expanduser() / "config.json").is_file()
    from huggingface_hub import try_to_load_from_cache

    with suppress(ValueError):  # no name on the Hub
        return isinstance(try_to_load_from_cache(weights, "config.json"), str)
    return False


def at_hand(weights: str = WEIGHTS) -> bool:
    """Whether the tower can be had: its library is installed, and its weights are on disk or within reach."""
    return importlib.util.find_spec("transformers") is not None and (on_disk(weights) or reachable(HUB))


def how_to_have(weights: str = WEIGHTS) -> str:
    """What a user can do to have it."""
    if importlib.util.find_spec("transformers") is None:
        return INSTALL
    return f"put the files of {weights} into a folder and set model.generator.text.weights to it"


class Tower:
    """The text tower with its tokenizer; no module, so that its weights are neither trained nor saved.

    Args:
        weights: a name on the Hub, or a folder with the files that the Hub has: config.json, model.safetensors, and
            vocab.json with merges.txt, or tokenizer.json.

    Attributes:
        width: of the words.
        sentence_width: of the sentence, in the space that pictures share.

    Raises:
        UserError: the library or the files are missing, or are something else.
    """

    def __init__(self, weights: str) -> None:
        if importlib.util.find_spec("transformers") is None:
            raise UserError(
                f"CLIP's text tower needs transformers: {INSTALL}, or set model.generator.text.encoder=small."
            )
        from transformers import AutoConfig

        self.weights = str(Path(weights).expanduser()) if Path(weights).expanduser().is_dir() else weights
        whole: Any = self._from(AutoConfig)
        self.config = getattr(whole, "text_config", whole)
        if getattr(self.config, "model_type", None) != "clip_text_model":
            raise self.problem(f"it holds a model of type {whole.model_type}")
        self.config.projection_dim = whole.projection_dim  # a whole CLIP's own is what its weights have
        self.width, self.sentence_width = int(self.config.hidden_size), int(whole.projection_dim)
        self._loaded: tuple[Any, Any] | None = None
        self._known: dict[str, tuple[Tensor, Tensor, Tensor]] = {}

    def _from(self, kind: Any, **settings: Any) -> Any:
        try:
            return kind.from_pretrained(self.weights, **settings)
        except Exception as problem:  # the library and its parts raise nearly every kind there is
            raise self.problem(" ".join(str(problem).split())[:200].rstrip(".")) from None

    def problem(self, reason: str) -> UserError:
        """What to do when it cannot be had."""
        return UserError(
            f"CLIP's text tower cannot be had from {self.weights} ({reason}): set model.generator.text.weights to a "
            "folder with config.json, model.safetensors, vocab.json and merges.txt, or to a name on the Hub, or "
            "model.generator.text.encoder=small."
        )

    def _network(self, device: torch.device) -> tuple[Any, Any]:
        if self._loaded is None:
            from transformers import CLIPTextModelWithProjection, CLIPTokenizer
            from transformers.utils import logging

            logging.set_verbosity_error()  # it lists the weights of the vision tower, which are not wanted
            logging.disable_progress_bar()
            wanted = {"config": self.config, "dtype": torch.float32, "output_loading_info": True}
            wanted["use_safetensors"] = True  # a folder's other weights would be unpickled
            network, found = self._from(CLIPTextModelWithProjection, **wanted)
            if left := [*found["missing_keys"], *found["mismatched_keys"]]:
                raise self.problem(f"its weights lack {left[0]}")
            self._loaded = self._from(CLIPTokenizer), network.eval().requires_grad_(False)
        self._loaded[1].to(device)
        return self._loaded

    @torch.no_grad()
    def encode(self, texts: list[str], length: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
        """Texts to sentences (N, S), tokens (N, length, W), and which of these are there (N, length)."""
        if len(self._known) > REMEMBERED:
            self._known.clear()
        if new := sorted({text for text in texts if text not in self._known}):
            tokenizer, network = self._network(device)
            tokens = tokenizer(new, padding="max_length", truncation=True, max_length=length, return_tensors="pt")
            with torch.autocast(device.type, enabled=False):
                said = network(**tokens.to(device))
            there = tokens["attention_mask"].bool()
            self._known |= {
                text: (said.text_embeds[i], said.last_hidden_state[i], there[i]) for i, text in enumerate(new)
            }
        sentence, words, there = (torch.stack(each) for each in zip(*(self._known[t] for t in texts), strict=True))
        return sentence.to(device), words.to(device), there.to(device)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Tower":
        return self


@cache
def tower(weights: str) -> Tower:
    """The tower of these weights, the same for all networks of a process."""
    return Tower(weights)


class CLIPTextEncoder(nn.Module):
    """Captions by CLIP's frozen text tower, each brought to ``width`` numbers by one dense layer that learns.

    It knows the words of the captions that were trained with; unknown ones are left out before it sees them.

    Args:
        vocabulary: of the captions.
        weights: see :class:`Tower`.
        width: of the vectors.

    Raises:
        UserError: the tower cannot be had.
    """

    def __init__(self, vocabulary: Vocabulary, weights: str = WEIGHTS, width: int = 64) -> None:
        super().__init__()
        self.vocabulary, self.width = vocabulary, width
        self.length = min(2 * vocabulary.length + 2, LONGEST)  # rare words are several tokens
        self.tower = tower(weights)
        self.sentence = dense(self.tower.sentence_width, width, init=small)
        self.words = dense(self.tower.width, width, init=small)

    def forward(self, numbers: Tensor) -> Encoded:
        """Numbers of words (N, L), padded behind, to sentences and tokens."""
        rows = numbers.long().cpu()
        texts = [self.vocabulary.decode(row[row >= FIRST]) for row in rows]
        sentence, words, there = self.tower.encode(texts, self.length, self.sentence.weight.device)
        said = cast(Tensor, self.sentence(sentence))
        return Encoded(said, torch.where(there[..., None], self.words(words), said[:, None]))
