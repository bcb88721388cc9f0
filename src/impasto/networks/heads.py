"""Heads of a discriminator beside its score: what else it says of a picture."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.base import distributed
from impasto.base.errors import UserError
from impasto.base.ranges import Count, CountOrZero
from impasto.base.vocabulary import PADDING
from impasto.networks.layers.ladder import Size
from impasto.networks.layers.linear import dense
from impasto.networks.layers.told import Told
from impasto.networks.text import TransformerLayer, small

Heads = dict[str, Tensor]
"""What heads say, by name: the pictures along the first axis of each."""


class MatchingHead(nn.Module):
    """Pictures and captions as vectors of length 1 in one space, near each other where they belong together.

    Beside them come captions that are wrong in one thing, see :func:`exchanged`, to be told apart from the
    picture's own.

    Args:
        channels: of the feature map.
        size: of the feature map.
        text_width: length of an encoded caption.
        told: holds the captions and what encodes them.
        width: of the vectors.
        wrong: captions with exchanged words, for each picture.
        features: units of the hidden layer.
    """

    def __init__(
        self,
        channels: int,
        size: Size,
        text_width: int,
        told: Told,
        *,
        width: Count = 64,
        wrong: CountOrZero = 8,
        features: Count = 256,
    ) -> None:
        super().__init__()
        if not text_width:
            raise UserError("heads.matching is for data with captions: set data.captions, or leave the head out.")
        self.told, self.wrong = told, wrong
        self.picture = nn.Sequential(
            nn.Flatten(), dense(channels * size[0] * size[1], features), nn.LeakyReLU(0.2), dense(features, width)
        )
        self.caption = dense(text_width, width)

    def forward(self, x: Tensor) -> Heads:
        """``picture`` and ``caption`` (N, width), ``told`` (N,), whether there is a caption, and with wrong captions
        ``wrong`` (N, k, width) and ``same`` (N, k), whether such a caption is the right one after all.
        """
        numbers, encoder, encoded = self.told.numbers, self.told.encoder, self.told.encoded
        assert numbers is not None, "the network is told captions before it is called"
        found = {"picture": self.picture(x), "caption": self.caption(encoded.sentence)}
        if self.wrong:
            wrong = exchanged(numbers, self.wrong)
            found["wrong"] = self.caption(encoder(wrong.flatten(0, 1)).sentence).unflatten(0, wrong.shape[:2])
        unit = {name: F.normalize(vectors.float(), dim=-1) for name, vectors in found.items()}
        unit["told"] = (numbers != PADDING).any(1)
        return {**unit, "same": (wrong == numbers[:, None]).all(-1)} if self.wrong else unit


class CaptioningHead(nn.Module):
    """Says the caption of a picture, word by word, each given those before it.

    A small transformer looks at the regions of the feature map and at the words so far; as MirrorGAN's captioner (Qiao
    et al. 2019, section 3.3), but for being trained along.

    Args:
        channels: of the feature map.
        size: of the feature map.
        text_width: not used; the words have vectors of their own.
        told: holds the captions and what encodes them.
        width: of the vectors.
        depth: layers.
        heads: of the attention.
    """

    def __init__(
        self,
        channels: int,
        size: Size,
        text_width: int,
        told: Told,
        *,
        width: Count = 64,
        depth: Count = 2,
        heads: Count = 4,
    ) -> None:
        super().__init__()
        self.told, vocabulary = told, told.spec.vocabulary if told.spec is not None else None
        if vocabulary is None:
            raise UserError("heads.captioning is for data with captions: set data.captions, or leave the head out.")
        regions, words = size[0] * size[1], vocabulary.length
        self.look = dense(channels, width)
        self.embed = nn.Embedding(vocabulary.size, width)
        self.places = nn.Parameter(torch.randn(regions + words, width) * 0.5)
        self.layers = nn.ModuleList(TransformerLayer(width, heads) for _ in range(depth))
        self.say = nn.Sequential(nn.LayerNorm(width), dense(width, vocabulary.size, init=small))
        # All regions are seen from everywhere, and words from those behind them.
        seen = torch.ones(regions + words, regions + words, dtype=torch.bool).tril()
        seen[:, :regions] = True
        self.register_buffer("seen", seen[None], persistent=False)
        self.regions = regions

    def forward(self, x: Tensor) -> Heads:
        """``said`` (N, L, words), scores of each word at each place, and ``asked`` (N, L), the numbers of the words."""
        numbers = self.told.numbers
        assert numbers is not None, "the network is told captions before it is called"
        asked = numbers.long()
        # Word i is said from the place of word i - 1, the first from the last region.
        sequence = torch.cat([self.look(x.flatten(2).transpose(1, 2)), self.embed(asked)], 1) + self.places
        for layer in self.layers:
            sequence = layer(sequence, self.seen)
        return {"said": self.say(sequence[:, self.regions - 1 : -1]).float(), "asked": asked}


class LabelHead(nn.Module):
    """Says the class of a picture (Odena et al. 2017), or its vector of attributes.

    Args:
        channels: of the feature map.
        size: of the feature map.
        text_width: not used.
        told: holds the labels, and how many there are.
        apart: scores of a real and of a painted picture of each class (ADC-GAN: Hou et al. 2022, section 4).

    Raises:
        UserError: the data has neither classes nor vectors, or vectors and ``apart``.
    """

    def __init__(self, channels: int, size: Size, text_width: int, told: Told, *, apart: bool = False) -> None:
        super().__init__()
        self.told, spec = told, told.spec
        if spec is None or spec.vocabulary is not None or not (spec.num_classes or spec.condition_dim):
            raise UserError("heads.label is for data with classes or vectors: leave the head out, or set data.label.")
        if apart and spec.condition_dim:
            raise UserError("heads.label.apart is for classes, and data.vectors gives vectors: set it to false.")
        self.apart = apart
        outputs = spec.condition_dim or spec.num_classes * (1 + apart)
        self.say = nn.Sequential(nn.Flatten(), dense(channels * size[0] * size[1], outputs, init=small))

    def forward(self, x: Tensor) -> Heads:
        """``label`` (N, K), scores of classes or the vector itself, and ``right``, what it should be, (N,) or (N, K).

        If real and painted pictures are kept apart, ``painted_label`` (N, K) has the scores of painted ones.
        """
        right = self.told.labels
        assert right is not None, "the network is told labels before it is called"
        said = self.say(x).float()
        if not self.apart:
            return {"label": said, "right": right}
        real, painted = said.chunk(2, 1)
        return {"label": real, "painted_label": painted, "right": right}


class RotationHead(nn.Module):
    """Says by how many quarter turns a picture is rotated (SS-GAN: Chen et al. 2019).

    Args:
        channels: of the feature map.
        size: of the feature map.
        text_width: not used.
        told: not used.
    """

    def __init__(self, channels: int, size: Size, text_width: int, told: Told) -> None:
        super().__init__()
        self.say = nn.Sequential(nn.Flatten(), dense(channels * size[0] * size[1], 4, init=small))

    def forward(self, x: Tensor) -> Heads:
        """``turns`` (N, 4), scores of 0 to 3 quarter turns."""
        return {"turns": self.say(x).float()}


def exchanged(numbers: Tensor, count: int) -> Tensor:
    """Captions that are wrong in one thing.

    Half have two of their words changed over; in the others one is replaced by that at its place in another caption.

    Args:
        numbers: (N, L) of words, padded behind.
        count: of wrong captions for each.

    Returns:
        (N, count, L). Where chance changes over a word with itself, a caption is as it was.
    """
    n, length = numbers.shape
    draw = distributed.per_sample(lambda m: torch.rand(m, count, 4, device=numbers.device), n)
    words = (numbers != PADDING).sum(1).clamp_min(1)[:, None]
    first, second = ((draw[..., i] * words).long() for i in (0, 1))
    rows = numbers[:, None].expand(n, count, length)
    at_first, at_second = rows.gather(2, first[..., None]), rows.gather(2, second[..., None])
    swapped = rows.scatter(2, first[..., None], at_second).scatter(2, second[..., None], at_first)
    others = numbers[(draw[..., 2] * n).long(), first]
    kept = (others == PADDING) | (at_first[..., 0] == PADDING)
    others = torch.where(kept, at_first[..., 0], others)
    replaced = rows.scatter(2, first[..., None], others[..., None])
    return torch.where(draw[..., 3:] < 0.5, swapped, replaced)
