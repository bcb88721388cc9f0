"""What ``src/live.py`` does once its settings are known."""

import logging
import os
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, Final

import numpy as np
import torch
from omegaconf import DictConfig

from impasto.api.model import Model, load
from impasto.base.checks import check_number, check_port, check_switch
from impasto.base.errors import UserError
from impasto.inference.label_maps import has_labels
from impasto.live.clock import Clock, RealClock
from impasto.live.page import Page
from impasto.live.pipeline import Beside, Paint, Show, Shown, follow, paintings
from impasto.live.shows import ClipShow, RateLine, VirtualCamera, check_output, in_words
from impasto.live.sizing import Sizer
from impasto.live.sources import opened

log = logging.getLogger("impasto")

RATE: Final = 25.0


def live(cfg: DictConfig, chosen: Sequence[Any], clock: Clock | None = None) -> Shown | None:
    """Paint a source until it ends; gives the last painting.

    Args:
        cfg: settings of ``conf/live.yaml``.
        chosen: the styles.
        clock: the machine's, unless it is another.

    Raises:
        UserError: there is no such source, a setting does not fit the model, or nothing can be shown.
    """
    check_settings(cfg)
    clock = clock or RealClock()
    output = check_output(cfg.output, str(cfg.source), cfg.overwrite)
    torch.set_num_threads(cfg.threads or max(cores() - 1, 1))
    model = load(cfg.checkpoint, device=cfg.device, trust=list(cfg.trust), direction=cfg.direction)
    paint = painting(model, chosen, cfg.strength, cfg.preserve_color)
    with ExitStack() as stack:
        source = stack.enter_context(opened(str(cfg.source), cfg.fps or RATE, clock))
        rate = cfg.fps or min(source.rate or RATE, RATE)
        shows: list[Show] = [RateLine()]
        shows += [] if cfg.port is None else [Page(cfg.port)]
        shows += [VirtualCamera(rate)] if cfg.virtual_camera else []
        shows += [] if output is None else [ClipShow(output, rate)]
        beside = Beside(shows)
        last = follow(paintings(source, paint, Sizer(rate, cfg.size), clock, cfg.seconds), beside)
    if last is not None:
        log.info("%s", in_words(last))
    return last


def painting(model: Model, chosen: Sequence[Any], strength: float, preserve_color: bool) -> Paint:
    """What paints one picture; the styles are encoded now.

    Raises:
        UserError: the model paints something else than pictures in colour, or the styles do not fit it.
    """
    styled = model.in_style(chosen, max(strength, 1.0)) if chosen or "style" in model.painter.takes else model
    painter = styled.painter
    if has_labels(painter) or painter.gives.channels != 3:
        raise UserError(f"{painter.origin.path} does not paint pictures in colour: live.py has nothing to show of it.")

    def paint(pixels: np.ndarray) -> np.ndarray:
        return styled.paint(pixels, strength=min(strength, 1.0), preserve_color=preserve_color, brush=None)

    paint(np.zeros((64, 64, 3), np.uint8))  # so that what does not fit is said before a camera is opened
    return paint


def check_settings(cfg: DictConfig) -> None:
    """Make sure that numbers and switches make sense.

    Raises:
        UserError: one does not.
    """
    for name, least in (("size", 32), ("threads", 1)):
        if cfg[name] is not None:
            check_number(name, cfg[name], least)
    for name in ("fps", "seconds"):
        value = cfg[name]
        if value is not None and (not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 1e6):
            raise UserError(f"{name}={value} is out of range; give a number above 0.")
    if cfg.port is not None:
        check_port(cfg.port)
    for name in ("virtual_camera", "overwrite"):
        check_switch(name, cfg[name])


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
