"""Named directions in latent space that a painter's pictures can be moved along: found once, kept in a JSON file."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.files import write_json
from impasto.base.notices import notice
from impasto.painters.latents import LatentDistribution
from impasto.painters.painter import Painter

KIND: Final = "impasto sliders"
FORMAT: Final = 1
DEVIATION: Final[Mapping[LatentDistribution, float]] = {"normal": 1.0, "uniform": 3**-0.5}
"""Standard deviation of a latent vector along any direction of length 1."""
MOST: Final = torch.finfo(torch.float32).max
NAME: Final = re.compile(r"\w+")
"""What a slider may be called, so that it can be set on a command line."""


@dataclass(frozen=True)
class Slider:
    """One direction.

    Attributes:
        vector: float32 (latent_dim,), of length 1.
        method: how it was found.
        changes: by attribute, how far one unit moves it, in its deviations over pictures; empty if it was not measured.
    """

    vector: Tensor
    method: str
    changes: Mapping[str, float] = field(default_factory=dict)


def save_sliders(sliders: Mapping[str, Slider], painter: Painter, path: Path) -> None:
    """Write sliders as JSON, to be read, renamed and thinned out with any editor.

    Args:
        sliders: by name.
        painter: that they belong to.
        path: of the file.
    """
    rows = {
        name: {
            "method": slider.method,
            "changes": {key: round(value, 4) for key, value in slider.changes.items()},
            "vector": [round(value, 6) for value in slider.vector.tolist()],
        }
        for name, slider in sliders.items()
    }
    about = {"kind": KIND, "format": FORMAT, "latent": painter.latent, "latent_dim": painter.latent_dim}
    write_json(path, {**about, "weights_sha256": weights_sha256(painter), "sliders": rows})


def load_sliders(path: str | Path, painter: Painter) -> dict[str, Slider]:
    """Sliders of a file, by name. A notice says so if they were found in another painter.

    Raises:
        UserError: there is no such file, it holds no sliders, or they are of another length.
    """
    path = Path(path).expanduser()
    try:
        told: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"edit={path} does not exist: give sliders.json, as explain.py writes it.") from None
    except OSError as problem:
        raise UserError(f"edit={path} cannot be read ({problem.strerror}): give sliders.json.") from None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as problem:
        raise UserError(f"edit={path} is no JSON ({problem}): give sliders.json, as explain.py writes it.") from None
    if not isinstance(told, Mapping) or told.get("kind") != KIND or told.get("format") != FORMAT:
        raise UserError(f"edit={path} holds no sliders of format {FORMAT}: give sliders.json, as explain.py writes it.")
    rows = told.get("sliders")
    if not isinstance(rows, Mapping) or not rows:
        raise UserError(f"edit={path} holds no slider: give the file as explain.py wrote it.")
    found = {str(name): read_slider(str(name), row, painter.latent_dim, path) for name, row in rows.items()}
    if told.get("weights_sha256") != weights_sha256(painter):
        notice(
            "edit",
            f"The sliders of {path} were found in other weights than those of {painter.origin.path}: they may do "
            "something else here; find new ones with explain.py.",
        )
    return found


def read_slider(name: str, row: Any, length: int, path: Path) -> Slider:
    """One slider of a file.

    Raises:
        UserError: its name cannot be set, or its vector is not of finite numbers or of another length.
    """
    if not NAME.fullmatch(name):
        raise UserError(f"{path}: a slider cannot be called {name!r}; take letters, digits and underscores.")
    numbers = row.get("vector") if isinstance(row, Mapping) else None
    if not isinstance(numbers, list) or not all(is_number(each) for each in numbers):
        raise UserError(f"{path}: the vector of {name} is not a list of numbers.")
    if len(numbers) != length:
        raise UserError(
            f"{path}: the vector of {name} has {len(numbers)} numbers, and this model takes {length}: the sliders are "
            "of another model; find new ones with explain.py."
        )
    return Slider(torch.tensor(numbers, dtype=torch.float32), str(row.get("method", "")))


def shift_of(sliders: Mapping[str, Slider], values: Mapping[str, float], painter: Painter) -> Tensor:
    """What is added to latent vectors: (latent_dim,).

    Args:
        sliders: by name.
        values: by name, in standard deviations of latent vectors along the direction.
        painter: that they belong to.

    Raises:
        UserError: there is no such slider, or a value is not a finite number.
    """
    total = torch.zeros(painter.latent_dim)
    for name, value in values.items():
        if name not in sliders:
            raise UserError(f"sliders.{name} is not in the file of edit=; it has {', '.join(sliders)}.")
        if not is_number(value):
            raise UserError(f"sliders.{name}={value} is not a number: give standard deviations, such as 2 or -1.5.")
        total = total + value * DEVIATION[painter.latent] * sliders[name].vector
    return total


def is_number(value: Any) -> bool:
    """Whether a value is a number that a vector can hold."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MOST


def resolve_edit(path: str | None, values: Mapping[str, Any] | None, painter: Painter) -> Tensor | None:
    """The shift that ``edit=`` and ``sliders.NAME=`` mean; None without them.

    Raises:
        UserError: one is given without the other, or as of :func:`load_sliders` and :func:`shift_of`.
    """
    values = {} if values is None else values
    if not isinstance(values, Mapping):
        raise UserError(f"sliders={values} names no slider: give a value to each, such as sliders.sefa_1=2.")
    if path is None and values:
        raise UserError(f"sliders.{next(iter(values))}= needs edit=FILE, the sliders.json that explain.py wrote.")
    if path is None:
        return None
    if "latent" not in painter.takes:
        raise UserError(f"edit={path}: this model does not paint from noise; leave edit= out.")
    known = load_sliders(path, painter)
    if not values:
        raise UserError(f"edit={path} needs values, such as sliders.{next(iter(known))}=2; it has {', '.join(known)}.")
    return shift_of(known, values, painter)


def weights_sha256(painter: Painter) -> str:
    """Digest of a painter's weights."""
    found = hashlib.sha256()
    for name, value in sorted(painter.network.state_dict().items()):
        found.update(name.encode())
        found.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()
