"""What a user asks a painter to paint, as it takes it: labels, vectors, captions."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.base.checks import check_factor
from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.base.pixels import from_uint8
from impasto.base.spec import LABEL, STYLE
from impasto.base.vocabulary import words_of
from impasto.data.sources.decode import BadImage, decode
from impasto.data.vectors import read_vectors
from impasto.networks.beside import with_beside
from impasto.painters.painter import Painter
from impasto.sequences.opening import as_seen


def resolve_label(label: str | None, painter: Painter) -> int | None:
    """The class that a label names: by its name, or by its index if no class has a number as its name.

    None, the empty text, and the word null if no class is called so, name none.

    Raises:
        UserError: there is no such class, or the model is unconditional.
    """
    label = "" if label is None else str(label)
    if not label or (label == "null" and label not in painter.gives.class_names):
        return None
    names = list(painter.gives.class_names)
    if not names:
        raise UserError(f"label={label}: this model was trained without labels; leave label= out.")
    if not painter.conditional:
        raise UserError(
            f"label={label}: this model is unconditional, though its data has labels; leave label= out, or train a "
            "conditional one, such as model=cgan."
        )
    if label in names:
        return names.index(label)
    numbered = any(name.isdecimal() for name in names)
    if label.isdecimal() and not numbered and int(label) < len(names):
        return int(label)
    why = "; an index is not taken, since classes have numbers as names" if numbered and label.isdecimal() else ""
    raise UserError(f"label={label} is not one of the model's classes: {', '.join(names)}{why}.")


def resolve_vectors(path: str | None, painter: Painter) -> Tensor | None:
    """The condition vectors of a file: float32 (m, K).

    Raises:
        UserError: the model takes no vectors, needs some, or takes others of another length.
    """
    length = painter.gives.condition_dim if painter.conditional else 0
    if painter.gives.vocabulary is not None:
        if path is not None:
            raise UserError(f"vectors={path}: this model is told captions; set prompt= in place of vectors=.")
        return None
    if path is None and length:
        raise UserError(
            f"This model is conditioned on vectors of {length} numbers: set vectors=FILE, a .npz or .csv such as the "
            "one that it was trained with (data.vectors)."
        )
    if path is None:
        return None
    if not length:
        raise UserError(f"vectors={path}: this model is not conditioned on vectors; leave vectors= out.")
    found = torch.from_numpy(read_vectors(path, "vectors").vectors)
    if found.shape[1] != length:
        raise UserError(
            f"vectors={path} holds vectors of {found.shape[1]} numbers, and this model was trained with {length}: give "
            "some from the same origin."
        )
    return found


def resolve_properties(properties: Mapping[str, float], path: str | None, painter: Painter) -> Tensor | None:
    """What sequences shall have, by name, or raw values in a file: float32 (m, K), as networks see it.

    Of a painter of pictures, the vectors of the file, see :func:`resolve_vectors`.

    Raises:
        UserError: there is no such property, none is given, or they are given twice.
    """
    alphabet = painter.gives.alphabet
    known = alphabet.properties if alphabet is not None and painter.conditional else ()
    names = [each.name for each in known]
    if unknown := [name for name in properties if name not in names]:
        there = f"it is told {', '.join(names)}" if names else "it is told none; leave properties out"
        raise UserError(f"properties.{unknown[0]} is no property of this model: {there}.")
    if properties and path is not None:
        raise UserError("properties and vectors= both say what sequences shall have: leave one of them out.")
    if alphabet is None or not names or path is not None:
        vectors = resolve_vectors(path, painter)
        told = vectors is not None and alphabet is not None
        return torch.from_numpy(as_seen(vectors.numpy(), alphabet)) if told else vectors  # type: ignore[union-attr,arg-type]
    if not properties:
        raise UserError(f"This model makes what is asked for: set properties.{names[0]}=NUMBER, or vectors=FILE.")
    if missing := [name for name in names if name not in properties]:
        notice("properties", f"Nothing is asked for {', '.join(missing)}: the mean of the training data is taken.")
    values = np.array([[float(properties.get(each.name, each.center)) for each in known]])
    return torch.from_numpy(as_seen(values, alphabet))


def resolve_prompts(prompt: str | Sequence[str] | None, painter: Painter) -> tuple[list[str], Tensor | None]:
    """What to paint, as texts and as numbers of words (m, L); nothing for a model that is not told captions.

    Args:
        prompt: one text, several, or a .txt with one in each line.
        painter: paints.

    Raises:
        UserError: the model takes no captions, none is given, or it knows no word of one.
    """
    vocabulary = painter.gives.vocabulary if painter.conditional else None
    if vocabulary is None:
        if prompt is not None:
            raise UserError("prompt: this model was trained without captions; leave prompt= out, or see docs/text.md.")
        return [], None
    texts = texts_of(prompt)
    if not texts:
        known = ", ".join(vocabulary.words[:20])
        raise UserError(f'This model paints what it is told: set prompt="..."; its frequent words are {known}.')
    for text in texts:
        unknown = vocabulary.unknown(text)
        if text and len(unknown) == len(words_of(text)):
            raise UserError(
                f"prompt={text!r}: no caption in training had any of these words; it knows "
                f"{', '.join(vocabulary.words[:20])}."
            )
        if unknown:
            notice("prompt", f"No caption in training had the words {', '.join(unknown)}: they are passed over.")
    return texts, torch.from_numpy(vocabulary.encode(texts))


def resolve_beside(captions: Tensor | None, label: int | None, style: str | None, painter: Painter) -> Tensor | None:
    """Captions (m, L) with the class and the style picture that are told beside them; None of None.

    Args:
        captions: numbers of words.
        label: index of the class; None tells none.
        style: path of a picture, of which colours and grain are told; None shows none.
        painter: paints.

    Raises:
        UserError: the model is told no such thing, or the picture cannot be read.
    """
    gives = painter.gives
    if style is not None and STYLE not in gives.beside:
        raise UserError(
            f"style={style}: this model was not trained with style pictures; leave style= out, or train one that is "
            "told them, see docs/text.md."
        )
    if captions is None or not gives.beside:
        return captions
    if label is not None and LABEL not in gives.beside:
        raise UserError("label: this model is told no classes beside captions; leave label= out.")
    shown = None
    if style is not None:
        try:
            pixels = torch.from_numpy(decode(Path(style).expanduser(), gives.channels)).permute(2, 0, 1)
        except BadImage as problem:
            raise UserError(f"style={style} cannot be used, as {problem}: give a picture.") from None
        size = gives.height, gives.width
        shown = F.interpolate(from_uint8(pixels[None]), size, mode="bilinear", antialias=True)
    labels = None if label is None else torch.full((len(captions),), label)
    return with_beside(gives, captions, labels, shown)


def texts_of(prompt: str | Sequence[str] | None) -> list[str]:
    """The texts of a setting.

    Raises:
        UserError: it names a file that is not there.
    """
    if prompt is None:
        return []
    if isinstance(prompt, Sequence) and not isinstance(prompt, str):
        return [str(text) for text in prompt]
    prompt = str(prompt)  # one number comes from the command line as such
    if prompt.endswith(".txt"):
        path = Path(prompt).expanduser()
        if not path.is_file():
            raise UserError(f"prompt={prompt} does not exist: give a .txt with a text in each line, or a text.")
        return [line.strip() for line in path.read_text("utf-8-sig").splitlines() if line.strip()]
    return [prompt]


def guide(painter: Painter, guidance: float) -> None:
    """Exaggerate what a painter is told, or soften it.

    Args:
        painter: is told captions.
        guidance: factor on the way from no words to the words given.

    Raises:
        UserError: it is not told captions, or the number is negative.
    """
    if guidance == 1:
        return
    check_factor("guidance", guidance)
    if painter.gives.vocabulary is None:
        raise UserError(f"guidance={guidance:g} is for models that are told captions: leave it out.")
    cast(Any, painter.network).insertion.guidance = float(guidance)
