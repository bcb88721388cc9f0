"""CLIP's text tower by its own loading code, from a folder in the Hub's layout, and what takes its place."""

import json
from functools import partial
from pathlib import Path

import pytest
import torch

from impasto.base.errors import UserError
from impasto.base.notices import forget_notices, notices
from impasto.base.spec import ImageSpec
from impasto.base.vocabulary import Vocabulary
from impasto.networks import clip_text
from impasto.networks.build import build_network
from impasto.networks.dcgan import DCGANGenerator
from impasto.networks.text import TextEncoder
from impasto.networks.text_encoders import ChosenTextEncoder

WORDS = Vocabulary(("a", "red", "bee", "sea"), 4)
SPEC = ImageSpec(3, 16, 16, condition_dim=4, vocabulary=WORDS)
TEXTS = ["a red bee", "red sea"]
NUMBERS = torch.from_numpy(WORDS.encode(TEXTS))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole CLIP of a few weights, as the Hub has it: its vision tower and its tokenizer's files too."""
    transformers = pytest.importorskip("transformers")
    path = tmp_path_factory.mktemp("clip")
    letters = "abders"
    tokens = [*letters, *(f"{each}</w>" for each in letters), "re", "red</w>", "<|startoftext|>", "<|endoftext|>"]
    (path / "vocab.json").write_text(json.dumps({token: number for number, token in enumerate(tokens)}))
    (path / "merges.txt").write_text("#version: 0.2\nr e\nre d</w>\n")
    ends = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>"}
    whole = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "unk_token": "<|endoftext|>", **ends}
    (path / "tokenizer_config.json").write_text(json.dumps(whole))
    few = {"hidden_size": 12, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    first, last = tokens.index("<|startoftext|>"), tokens.index("<|endoftext|>")
    text = {**few, "vocab_size": len(tokens), "bos_token_id": first, "eos_token_id": last, "pad_token_id": last}
    vision = {**few, "image_size": 8, "patch_size": 4}
    torch.manual_seed(0)
    config = transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=6)
    transformers.CLIPModel(config).save_pretrained(path)
    assert (path / "model.safetensors").is_file()
    return path


def test_captions_by_the_tower_are_what_its_library_says(folder: Path) -> None:
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    encoder = clip_text.CLIPTextEncoder(WORDS, str(folder), width=5)
    encoded = encoder(NUMBERS)
    tokens = transformers.CLIPTokenizer.from_pretrained(folder)(TEXTS, padding=True, return_tensors="pt")
    assert tokens["input_ids"][0].tolist()[1:4] == [6, 13, 1]  # a</w>, red</w> as merged, then b of bee
    whole = transformers.CLIPModel.from_pretrained(folder).eval()
    with torch.no_grad():
        said = whole.text_model(**tokens)
        sentence = whole.text_projection(said.pooler_output)
        words = encoder.words(said.last_hidden_state)
    torch.testing.assert_close(encoded.sentence, encoder.sentence(sentence))
    for row, there in enumerate(tokens["attention_mask"].sum(1).tolist()):
        torch.testing.assert_close(encoded.words[row, :there], words[row, :there])
        behind = encoded.words[row, there:]
        torch.testing.assert_close(behind, encoded.sentence[row].expand_as(behind))
    assert {name for name, _ in encoder.named_parameters()} == {
        "sentence.weight",
        "sentence.bias",
        "words.weight",
        "words.bias",
    }  # the tower is frozen, and not in checkpoints


def network(**settings: object) -> torch.nn.Module:
    text = partial(ChosenTextEncoder, width=4, heads=2, **settings)
    make = partial(DCGANGenerator, features=4, max_features=4, latent_dim=3, norm="none")
    return build_network(partial(make, text=text, cross_attention=[8], cross_attention_to="words"), SPEC)


def test_auto_takes_the_tower_or_says_what_it_takes(folder: Path) -> None:
    forget_notices()
    small = network()
    assert isinstance(small.insertion.text.chosen["small"], TextEncoder)
    assert "cannot be reached" in notices()["model.generator.text.encoder"]
    frozen = network(weights=str(folder))
    assert set(frozen.insertion.text.chosen) == {"clip"}
    assert "CLIP's text tower" in notices()["model.generator.text.encoder"]
    painted = frozen(torch.zeros(2, 3), NUMBERS)
    assert painted.shape == (2, 3, 16, 16)
    # What was trained with the small one is loaded into it, though auto would take the tower now, and the reverse.
    for trained, other in [
        (small, network(weights=str(folder))),
        (frozen, network(encoder="small", weights=str(folder))),
    ]:
        other.load_state_dict(trained.state_dict())
        torch.testing.assert_close(other(torch.ones(2, 3), NUMBERS), trained(torch.ones(2, 3), NUMBERS))


def test_a_tower_that_cannot_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="encoder=big is not known"):
        network(encoder="big")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "clip"}))
    (tmp_path / "model.safetensors").write_bytes(b"nothing")
    pytest.importorskip("transformers")
    with pytest.raises(UserError, match="cannot be had from"):
        network(encoder="clip", weights=str(tmp_path))(torch.zeros(2, 3), NUMBERS)
    monkeypatch.setattr(clip_text.importlib.util, "find_spec", lambda name: None)
    assert not clip_text.at_hand(str(tmp_path))
    assert "impasto[text]" in clip_text.how_to_have()
    with pytest.raises(UserError, match=r"impasto\[text\]"):
        clip_text.Tower(str(tmp_path))
