"""What is lost by what the heads of a discriminator say, as functions; see :mod:`impasto.networks.heads`."""

from collections.abc import Callable, Mapping
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.vocabulary import PADDING
from impasto.networks.scores import Scores

HEADS_OF: Final = {
    "matching": "condition=text",
    "captioning": "condition=text",
    "label": "model=acgan",
    "rotation": "model.discriminator.heads.rotation, such as docs/conditions.md has it",
}
"""What gives a discriminator each head."""


def no_head(name: str) -> str:
    """What to do without a head."""
    what = f"penalty={name}" if name == "rotation" else f"penalty={name} and term={name}"
    return f"{what} need{'s' * (name == 'rotation')} a discriminator with a head of this name: set {HEADS_OF[name]}."


def matching_loss(heads: Mapping[str, Tensor], temperature: float) -> Tensor:
    """Mean cross-entropy of finding the right caption for each picture and the right picture for each caption: scalar.

    A picture's caption is sought among those of the batch (InfoNCE: Zhang et al. 2021, XMC-GAN, equation 3) and, beyond
    the paper, among captions of its own that are wrong in one thing.

    Args:
        heads: what :class:`~impasto.networks.heads.MatchingHead` says.
        temperature: by which cosines are divided.

    Returns:
        Over the pictures that have a caption; 0 if none has.

    Raises:
        UserError: the discriminator has no such head.
    """
    if "picture" not in heads:
        raise UserError(no_head("matching"))
    picture, caption, told = heads["picture"], heads["caption"], heads["told"]
    # What was left out of a batch is sought by none, and finds none.
    apart = (picture @ caption.T / temperature).masked_fill(~(told[:, None] & told), NOWHERE)
    right = torch.arange(len(picture), device=picture.device)
    of_captions = F.cross_entropy(apart.T, right, reduction="none")
    if "wrong" in heads:
        wrong = (picture[:, None] * heads["wrong"]).sum(-1) / temperature
        apart = torch.cat([apart, wrong.masked_fill(heads["same"], NOWHERE)], 1)
    both = (F.cross_entropy(apart, right, reduction="none") + of_captions) / 2
    return (both * told).sum() / told.sum().clamp_min(1)


NOWHERE: Final = -1e4
"""In place of a likeness that is not to count; finite, so that nothing becomes of a row of them."""


def captioning_loss(heads: Mapping[str, Tensor]) -> Tensor:
    """Mean cross-entropy of the words of captions, as they are said of pictures: scalar.

    It is the loss of text regeneration of MirrorGAN (Qiao et al. 2019, section 3.3), with a captioner that is a part of
    the discriminator and learns along with it. 0 if no picture has a caption.

    Args:
        heads: what :class:`~impasto.networks.heads.CaptioningHead` says.

    Raises:
        UserError: the discriminator has no such head.
    """
    if "said" not in heads:
        raise UserError(no_head("captioning"))
    asked = heads["asked"]
    total = F.cross_entropy(heads["said"].transpose(1, 2), asked, ignore_index=PADDING, reduction="sum")
    return total / (asked != PADDING).sum().clamp_min(1)


def label_loss(heads: Mapping[str, Tensor], real: bool) -> Tensor:
    """How far what is said of a picture's class or vector is from what is right: scalar.

    For classes the mean cross-entropy, for vectors the mean squared error. Where the head keeps real and painted
    pictures apart, the right class is one of twice as many, that of its kind.

    Args:
        heads: what :class:`~impasto.networks.heads.LabelHead` says.
        real: whether the pictures count as real ones.

    Raises:
        UserError: the discriminator has no such head.
    """
    if "label" not in heads:
        raise UserError(no_head("label"))
    said, right = heads["label"], heads["right"]
    if right.is_floating_point():
        return F.mse_loss(said, right)
    if not apart(heads):
        return F.cross_entropy(said, right)
    both = torch.cat([said, heads["painted_label"]], 1)
    return F.cross_entropy(both, right if real else right + said.shape[1])


NOT_SQUARE: Final = "penalty=rotation turns pictures, which have to be square: set data.image_size to one number."


def turned(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Pictures (N, C, S, S) each turned by its number modulo 4 quarter turns, and how many these are, (N,)."""
    turns = torch.arange(len(pictures), device=pictures.device) % 4
    all_turns = torch.stack([torch.rot90(pictures, k, (2, 3)) for k in range(4)])
    return all_turns[turns, torch.arange(len(pictures), device=pictures.device)], turns


def rotation_loss(pictures: Tensor, discriminate: Callable[[Tensor], Scores]) -> Tensor:
    """Mean cross-entropy of how pictures are turned: scalar.

    Args:
        pictures: (N, C, S, S); all are turned, by 0 to 3 quarter turns.
        discriminate: judges as many pictures.

    Raises:
        UserError: the discriminator has no such head, or the pictures are not square.
    """
    if pictures.shape[2] != pictures.shape[3]:
        raise UserError(NOT_SQUARE)
    images, turns = turned(pictures)
    heads = discriminate(images).heads
    if "turns" not in heads:
        raise UserError(no_head("rotation"))
    return F.cross_entropy(heads["turns"], turns)


def apart(heads: Mapping[str, Tensor]) -> bool:
    """Whether scores of classes are of real and of painted pictures apart."""
    return "painted_label" in heads
