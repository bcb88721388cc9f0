"""Peak memory and speed of ``stylize`` on a picture of 8,000 x 6,000 pixels, in a process of its own."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[2]
SIZE = (8000, 6000)
NETWORK = {"features": 64, "blocks": 9}
"""As published."""


def write_picture(path: Path, width: int, height: int) -> Path:
    """A smooth picture of many colours."""
    colours = np.random.default_rng(0).integers(0, 256, (9, 12, 3), np.uint8)
    Image.fromarray(colours).resize((width, height), Image.Resampling.BICUBIC).save(path, quality=95)
    return path


def paint(sizes: list[tuple[int, int]], tile: int | None, network: dict[str, int]) -> list[dict[str, float]]:
    """Repaint a picture of each size in turn.

    Returns:
        Peak resident memory of this process so far in bytes, and seconds, after each.
    """
    import torch

    from impasto.inference.console import follow
    from impasto.inference.repaint import Look
    from impasto.inference.stylize import stylize
    from impasto.networks.resnet_translation import TranslationGenerator
    from tests.translation_run import repainter

    torch.manual_seed(0)
    painter = repainter(TranslationGenerator(**network))  # type: ignore[arg-type]
    unit = 1 if sys.platform == "darwin" else 1024
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for width, height in sizes:
            picture = write_picture(Path(folder) / f"{width}x{height}.jpg", width, height)
            began = time.perf_counter()
            follow(stylize(painter, picture, Path(folder) / "out", look=Look(tile=tile)))
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
            found.append({"peak": peak, "seconds": time.perf_counter() - began})
    return found


def paint_apart(
    sizes: list[tuple[int, int]], tile: int | None = None, network: dict[str, int] = NETWORK
) -> list[dict[str, float]]:
    """:func:`paint` in a process of its own."""
    call = f"json.dumps(paint({sizes}, {tile}, {network}))"
    code = f"import json; from tests.benchmarks.large_picture import paint; print({call})"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    from tests.benchmarks.common import report

    (found,) = paint_apart([SIZE])
    report(
        f"stylize of {SIZE[0]} x {SIZE[1]} pixels, published width",
        [
            ("peak resident memory", found["peak"] / 2**30, "GiB"),
            ("pace", SIZE[0] * SIZE[1] / 1e6 / found["seconds"], "megapixels/s"),
        ],
    )
