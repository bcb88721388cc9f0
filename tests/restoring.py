"""The run of a tiny restoration model, as train.py would have left it."""

from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from impasto.base.spec import ImageSpec
from impasto.networks.build import build_network
from impasto.networks.nafnet import NAFNet
from impasto.painters.checkpoints import FORMAT
from impasto.painters.restoration import RestorationPainter

CHANNELS = {"inpaint": 4, "colorize": 1}
"""Of the content, where they are not those of colours."""
GENERATOR: dict[str, Any] = {"features": 4, "encoder": [1], "middle": 1, "decoder": [1], "shrink": 2}


def painter_of(task: str, scale: int = 2) -> RestorationPainter:
    """A painter with random weights whose every layer has something to say.

    Args:
        task: that it was trained for.
        scale: how many times larger its paintings are, for ``super_resolution``.
    """
    side = 16 // scale if task == "super_resolution" else 16
    content, gives = ImageSpec(CHANNELS.get(task, 3), side, side, task=task), ImageSpec(3, 16, 16)
    torch.manual_seed(0)
    network = build_network(partial(NAFNet, **GENERATOR), gives, content)
    for name, value in network.named_parameters():
        if name.endswith(("beta", "gamma")):
            nn.init.normal_(value)
    nn.init.normal_(network.leave.weight, std=0.1)  # type: ignore[union-attr,arg-type]
    painter = RestorationPainter(network, gives, ("content",), content, given_part="content", painted_part="target")
    return painter.eval().requires_grad_(False)  # type: ignore[return-value]


def run_of(task: str, folder: Path) -> Path:
    """The folder of a run that trained such a painter."""
    painter = painter_of(task)
    node = {"_target_": "impasto.networks.nafnet.NAFNet", "_partial_": True, **GENERATOR}
    content = {
        "state_dict": {f"painters.painter.{name}": value for name, value in painter.state_dict().items()},
        "impasto": {
            "version": FORMAT,
            "painters": {"painter": {**painter.record(), "network": "generator"}},
            "images_seen": 12,
            "config": {"model": {"generator": node}},
        },
    }
    (folder / "checkpoints").mkdir(parents=True)
    torch.save(content, folder / "checkpoints" / "last.ckpt")
    return folder
