"""Captions in networks: encoded, attended to, guided, and captions that are wrong in one thing."""

from functools import partial

import pytest
import torch

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.base.vocabulary import Vocabulary
from impasto.losses.head_losses import captioning_loss, matching_loss
from impasto.networks.build import build_network
from impasto.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from impasto.networks.heads import CaptioningHead, MatchingHead, exchanged
from impasto.networks.scores import Scores
from impasto.networks.text import TextEncoder

WORDS = Vocabulary(("a", "red", "bee", "sea"), 5)
SPEC = ImageSpec(3, 16, 16, condition_dim=5, vocabulary=WORDS)
CAPTIONS = torch.from_numpy(WORDS.encode(["a red bee", "a sea", "", "a red sea"]))


def test_padding_does_not_count_and_order_does() -> None:
    torch.manual_seed(0)
    encoder = TextEncoder(WORDS, width=16, heads=2)
    longer = TextEncoder(Vocabulary(WORDS.words, 9), width=16, heads=2)
    longer.load_state_dict(encoder.state_dict() | {"places": torch.cat([encoder.places, torch.randn(4, 16)])})
    short, long = encoder(CAPTIONS), longer(torch.nn.functional.pad(CAPTIONS, (0, 4)))
    torch.testing.assert_close(short.sentence, long.sentence)
    torch.testing.assert_close(short.words, long.words[:, :5])
    torch.testing.assert_close(short.words[1, 2], short.sentence[1])  # behind the last word
    turned = encoder(torch.from_numpy(WORDS.encode(["bee red a"]))).sentence
    assert (turned - short.sentence[:1]).abs().max() > 0.01
    with pytest.raises(UserError, match="cannot have 2 heads"):
        TextEncoder(WORDS, width=15, heads=2)


def test_captions_that_are_wrong_in_one_thing() -> None:
    torch.manual_seed(0)
    wrong = exchanged(CAPTIONS, 50)
    differs = (wrong != CAPTIONS[:, None]).sum(-1)
    assert wrong.shape == (4, 50, 5)
    assert set(differs[0].tolist()) == {0, 1, 2}  # as it was, a word replaced, two changed over
    assert (differs[2] == 0).all()  # no words, nothing to exchange
    for caption in wrong[0][differs[0] == 2]:
        assert sorted(caption.tolist()) == sorted(CAPTIONS[0].tolist())
    assert (wrong[1, :, 2:] == 0).all()  # padding stays behind


def generator(**settings: object) -> torch.nn.Module:
    make = partial(DCGANGenerator, features=4, max_features=4, latent_dim=3, norm="none", **settings)
    return build_network(make, SPEC)


def test_a_generator_attends_to_words_and_is_guided() -> None:
    torch.manual_seed(0)
    network = generator(cross_attention=[8], cross_attention_to="words", conditioning="none")
    assert network.conditional is True
    z = torch.randn(1, 3).expand(2, 3)
    told = torch.from_numpy(WORDS.encode(["a red bee", "bee a red"]))
    for name, value in network.named_parameters():
        if name.endswith("gamma"):
            value.data.fill_(1.0)
    painted = network(z, told)
    assert (painted[0] - painted[1]).abs().max() > 1e-4
    untold = network(z, torch.zeros_like(told))
    network.insertion.guidance = 0.0
    torch.testing.assert_close(network(z, told), untold)
    network.insertion.guidance = 2.0
    assert (network(z, told) - painted).abs().max() > 1e-4
    with pytest.raises(UserError, match="built for captions"):
        network(z, None)


def test_a_discriminator_compares_pictures_with_captions() -> None:
    torch.manual_seed(0)
    heads = {"matching": partial(MatchingHead, width=6, wrong=3, features=8), "none": None}
    make = partial(DCGANDiscriminator, features=4, max_features=4, norm="none", heads=heads)
    network = build_network(make, SPEC)
    said = network(torch.randn(4, 3, 16, 16), CAPTIONS)
    assert isinstance(said, Scores)
    assert {name: tuple(each.shape) for name, each in said.heads.items()} == {
        "picture": (4, 6),
        "caption": (4, 6),
        "wrong": (4, 3, 6),
        "told": (4,),
        "same": (4, 3),
    }
    assert said.heads["told"].tolist() == [True, True, False, True]
    torch.testing.assert_close(said.heads["picture"].norm(dim=1), torch.ones(4))
    assert said.heads["same"][2].all()
    first, second = said.parted(2)
    torch.testing.assert_close(torch.cat([first.heads["wrong"], second.heads["wrong"]]), said.heads["wrong"])
    loss = matching_loss(said.heads, 0.1)
    loss.backward()
    assert all(p.grad is not None for p in network.insertion.text.parameters())


def test_a_word_is_said_from_the_picture_and_the_words_before_it() -> None:
    torch.manual_seed(0)
    heads = {"captioning": partial(CaptioningHead, width=8, heads=2)}
    network = build_network(partial(DCGANDiscriminator, features=4, max_features=4, norm="none", heads=heads), SPEC)
    picture = torch.randn(1, 3, 16, 16)
    captions = WORDS.encode(["a red bee", "a red sea", "sea red bee"])
    said = network(picture.expand(3, -1, -1, -1), torch.from_numpy(captions)).heads["said"]
    assert said.shape == (3, 5, WORDS.size)
    torch.testing.assert_close(said[0, :3], said[1, :3])  # the third word does not know itself
    assert (said[0, 3] - said[1, 3]).abs().max() > 1e-3
    torch.testing.assert_close(said[0, 0], said[2, 0])
    assert (said[0, 1] - said[2, 1]).abs().max() > 1e-3
    other = network(-picture, torch.from_numpy(captions[:1])).heads["said"]
    assert (other[0, 0] - said[0, 0]).abs().max() > 1e-4


def test_the_captioning_loss_by_hand() -> None:
    said = torch.zeros(2, 2, 4)
    said[0, 0, 3] = 1.0  # a little for the right word; behind it all are alike, and the second picture has no caption
    heads = {"said": said, "asked": torch.tensor([[3, 2], [0, 0]])}
    right, alike = -torch.log(torch.tensor(torch.e / (torch.e + 3))), torch.log(torch.tensor(4.0))
    torch.testing.assert_close(captioning_loss(heads), (right + alike) / 2)
    assert captioning_loss({"said": said, "asked": torch.zeros(2, 2, dtype=torch.long)}) == 0
    with pytest.raises(UserError, match="condition=text"):
        captioning_loss({})


def test_the_contrastive_loss_by_hand() -> None:
    eye = torch.eye(2)
    wrong = torch.tensor([[[0.0, 1.0]], [[0.0, 1.0]]])  # of the first, the other's; of the second, its own
    heads = {"picture": eye, "caption": eye, "wrong": wrong, "same": torch.tensor([[False], [True]])}
    heads["told"] = torch.tensor([True, True])
    e = torch.e
    of_pictures = (-torch.log(torch.tensor(e / (e + 2))) - torch.log(torch.tensor(e / (e + 1)))) / 2
    of_captions = -torch.log(torch.tensor(e / (e + 1)))
    torch.testing.assert_close(matching_loss(heads, 1.0), (of_pictures + of_captions) / 2)
    more = {"picture": torch.eye(3), "caption": torch.eye(3), "told": torch.tensor([True, True, False])}
    torch.testing.assert_close(matching_loss(more, 1.0), of_captions)  # the third neither counts nor is found
    with pytest.raises(UserError, match="condition=text"):
        matching_loss({}, 1.0)
