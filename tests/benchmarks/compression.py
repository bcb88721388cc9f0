"""Parameters, multiplications and time of whole and small generators on one core, in PyTorch and in ONNX Runtime.

``ARGS=compression:outputs/RUN`` measures a trained painter. Time does not depend on weights: without a run, networks
of the recipes are measured as they are drawn.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch import Tensor, nn

from impasto.base.instantiate import make
from impasto.base.pixels import from_uint8
from impasto.base.spec import ImageSpec
from impasto.evaluation.figures.image_metrics import psnr
from impasto.evaluation.protocols.sampling import Chosen
from impasto.export.runtime import run_of, session_of
from impasto.networks.build import build_network
from impasto.networks.nafnet import NAFNet
from impasto.networks.resnet_translation import TranslationGenerator
from impasto.networks.style_generator import StyleGenerator
from impasto.painters.cost import cost_of, milliseconds
from impasto.painters.loading import load_painter
from impasto.painters.painter import Painter
from impasto.painters.restoration import RestorationPainter
from impasto.painters.style import PaintStyle, StylePainter
from impasto.run.fit import prepare
from tests.benchmarks.common import report

SIZES = (256, 512)
RESTORED = 44
PICTURE = ImageSpec(3, 128, 128)


def recipes() -> Iterator[tuple[str, Painter]]:
    """The painters of recipes and their small ones, at random weights."""
    van_gogh = partial(TranslationGenerator, blocks=5, antialias=False, residual=True)
    for name, features in (("photo_to_van_gogh", 24), ("photo_to_van_gogh, features=7", 7)):
        yield name, Painter(van_gogh(features=features), PICTURE, ("content",), PICTURE)
    for name, settings in (("style_base", {}), ("style_base_small", {"features": [12, 24, 48], "last": 4})):
        yield name, StylePainter(StyleGenerator(**settings), PICTURE, ("content", "style"), PICTURE)  # type: ignore[arg-type]
    content = ImageSpec(3, 128, 128, task="denoise")
    for name, features in (("restore", 32), ("restore, features=11", 11)):
        make = partial(NAFNet, features=features, encoder=[1, 1, 1], middle=1, decoder=[1, 1, 1], shrink=2)
        yield name, RestorationPainter(build_network(make, PICTURE, content), PICTURE, ("content",), content)


def written(painter: Painter, folder: Path, quantize: str | None, max_loss: float) -> Path:
    """The ONNX file of a painter."""
    from impasto.export.command import export
    from impasto.export.settings import Settings

    settings = Settings(quantize=quantize, max_loss=max_loss)
    return next(each.path for each in export(painter, folder / "painter.onnx", settings) if each.part == "paint")


def onnx_milliseconds(file: Path) -> dict[int, float]:
    """Milliseconds of a picture by its size, in ONNX Runtime on one core."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    (name,) = (each.name for each in session.get_inputs())
    found = {}
    for size in SIZES:
        picture = np.zeros((1, 3, size, size), np.float32)
        taken = []
        for _ in range(9):
            begun = time.perf_counter()
            session.run(None, {name: picture})
            taken.append(time.perf_counter() - begun)
        found[size] = 1000 * median(taken[2:])
    return found


def rows_of(name: str, painter: Painter) -> Iterator[tuple[str, float, str]]:
    """The figures of one painter."""
    painter = painter.eval().requires_grad_(False)
    cost = cost_of(painter.network, painter.gives, painter.content)
    yield f"{name}: parameters", cost.parameters / 1e6, "M"
    yield f"{name}: multiplications at {cost.height} x {cost.width}", cost.macs / 1e6, "M"
    for size in SIZES:
        taken = milliseconds(painter.network, painter.gives, painter.content, (size, size))
        yield f"{name}: PyTorch at {size}", taken, "ms"
    if isinstance(painter, StylePainter):
        painter = painter.in_style(PaintStyle(torch.zeros(painter.generator.code)))
    trained = painter.origin.images_seen > 0
    if not trained:
        randomise(painter)
    for kind, quantize in (("ONNX Runtime", None), ("ONNX Runtime, 8 bits", "static")):
        with tempfile.TemporaryDirectory() as folder:
            # Which layers are quantised depends on weights: without a trained model, all are.
            file = written(painter, Path(folder), quantize, 0.02 if trained else 1.0)
            found = onnx_milliseconds(file)
            if trained and painter.content is not None and painter.content.task is not None:
                yield (
                    f"{name}: {kind}, PSNR of restored",
                    restored_psnr(painter, run_of(session_of(file, threads=1))),
                    "dB",
                )
        for size, taken in found.items():
            yield f"{name}: {kind} at {size}", taken, "ms"


def restored_psnr(painter: Painter, run: Callable[[tuple[Tensor, ...]], Tensor]) -> float:
    """Mean PSNR of pictures that were held out, restored by a file."""
    from omegaconf import OmegaConf

    from impasto.run.command_line.entry import register_resolvers

    register_resolvers()
    data = make(OmegaConf.create(dict(painter.origin.config)).data)
    prepare(data, painter.origin.path.parent.parent)
    damaged, clean = (
        from_uint8(Chosen(data.evaluation_images(part, "held_out"), RESTORED).all()) for part in ("content", "target")
    )
    restored = torch.cat([run((each,)) for each in damaged.split(1)])
    return float(psnr(restored.clamp(-1, 1), clean).mean())


def randomise(painter: nn.Module) -> None:
    """Give weights that begin at zero, which an optimiser of graphs would leave out, other values."""
    for value in painter.parameters():
        if not value.any():
            nn.init.normal_(value, std=0.01)


def main(case: str | None = None) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    painters = recipes() if case is None else iter([(case, load_painter(case, device="cpu"))])
    for name, painter in painters:
        report(f"cost of painting: {name}, one core", list(rows_of(name, painter)))
