"""Settings of the page, checked."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from impasto.base.checks import as_path, check_number, check_port, check_switch
from impasto.base.errors import UserError
from impasto.base.visitors import LOOPBACK, token_for
from impasto.run.command_line.composing import check_words


@dataclass(frozen=True)
class Settings:
    """What ``conf/app.yaml`` holds; see there.

    Attributes:
        mode: ``all``, or ``rate``.
        runs: folder of runs.
        styles: folder of adapters.
        checkpoint: None for the shipped base.
        rate: folder of contenders; None for none.
        votes: file of the votes; None without ``rate``.
        host: address that is listened on.
        token: what a visitor must know; None where the page answers its own machine alone.
        port: of the address.
        open: open a browser.
        max_bytes: of a file that is taken.
        max_pixels: of a picture that is taken.
        train: further settings of ``train.py``.
        device: see :func:`~impasto.painters.loading.load_painter`.
        trust: likewise.
    """

    runs: Path
    styles: Path
    mode: Literal["all", "rate"] = "all"
    checkpoint: str | None = None
    rate: Path | None = None
    votes: Path | None = None
    host: str = LOOPBACK
    token: str | None = None
    port: int = 7860
    open: bool = False
    max_bytes: int = 50 * 10**6
    max_pixels: int = 50 * 10**6
    train: tuple[str, ...] = ()
    device: str = "auto"
    trust: tuple[str, ...] = ()


def settings_from(cfg: Mapping[str, Any]) -> Settings:
    """The settings of a configuration.

    Raises:
        UserError: one does not fit.
    """
    if cfg["mode"] not in ("all", "rate"):
        raise UserError(f"mode={cfg['mode']} is not known: give all or rate.")
    for name in ("max_megabytes", "max_megapixels"):
        check_number(name, cfg[name], 1)
    check_port(cfg["port"])
    check_switch("open", cfg["open"])
    if cfg["mode"] == "rate" and cfg["rate"] is None:
        raise UserError("mode=rate compares paintings: give rate=, a folder with a sub-folder for each contender.")
    rate = None if cfg["rate"] is None else existing_folder("rate", cfg["rate"])
    votes = (rate / "votes.jsonl" if rate else None) if cfg["votes"] is None else Path(cfg["votes"]).expanduser()
    if votes is not None and votes.is_dir():
        raise UserError(f"votes={votes} is a folder; give the name of a file.")
    return Settings(
        runs=folder_to_be("runs", cfg["runs"]),
        styles=folder_to_be("styles", cfg["styles"]),
        mode=cfg["mode"],
        checkpoint=cfg["checkpoint"],
        rate=rate,
        votes=votes,
        host=cfg["host"] or LOOPBACK,
        token=token_for(cfg["token"], reached_by_others=cfg["host"] is not None),
        port=cfg["port"],
        open=cfg["open"],
        max_bytes=cfg["max_megabytes"] * 10**6,
        max_pixels=cfg["max_megapixels"] * 10**6,
        train=settings_of_training(cfg["train"]),
        device=cfg["device"],
        trust=tuple(cfg["trust"]),
    )


def settings_of_training(given: Sequence[object]) -> tuple[str, ...]:
    """Further settings of ``train.py``, as words of its command line.

    Raises:
        UserError: one is none, or is not known to a style that is learnt.
    """
    words = tuple(map(str, given))
    for word in words:
        if not re.fullmatch(r"[+~]*[\w./@-]+=.*", word, re.DOTALL):
            raise UserError(f"train=[{word}] is no setting of train.py: give NAME=VALUE, such as train=[minutes=1].")
    if words:
        check_words("train", ["experiment=personal_style", *words])
    return words


def existing_folder(name: str, value: str) -> Path:
    """A folder that is given.

    Raises:
        UserError: it is not there.
    """
    path = Path(value).expanduser()
    if not path.is_dir():
        raise UserError(f"{name}={value} is no folder; give one that exists.")
    return path


def folder_to_be(name: str, value: object) -> Path:
    """A folder that need not be there yet.

    Raises:
        UserError: it is a file.
    """
    path = as_path(name, value)
    if path.exists() and not path.is_dir():
        raise UserError(f"{name}={path} is a file; give a folder.")
    return path
