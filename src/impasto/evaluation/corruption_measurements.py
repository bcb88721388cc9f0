"""What ``src/evaluate.py protocol=corruption`` does with a painter of content."""

from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from impasto.base.cache import cache_dir
from impasto.base.checks import as_path
from impasto.base.errors import UserError
from impasto.data.packing.pack import pack
from impasto.data.packing.packed import PackedImages
from impasto.data.packing.sizing import SizePolicy
from impasto.data.sources.opening import SAMPLES, ManifestSource
from impasto.data.transforms import as_size
from impasto.evaluation.command import Result, output_of, protocol
from impasto.evaluation.folders import pack_folder
from impasto.evaluation.protocols.corruption import CorruptionProtocol
from impasto.evaluation.protocols.sampling import Chosen
from impasto.evaluation.protocols.style import painting_by
from impasto.evaluation.protocols.style_table import SIZE
from impasto.painters.checkpoints import run_folder, shipped_base
from impasto.painters.loading import load_painter


def measure_corrupted(cfg: DictConfig, protocols: Path) -> Result:
    """Paintings of damaged content, by the base that comes along unless a checkpoint is given.

    Raises:
        UserError: the painter takes no content, or no picture can be used.
    """
    measure: CorruptionProtocol = protocol(cfg, protocols / "corruption.yaml")
    painter = load_painter(
        cfg.checkpoint or shipped_base(), device=cfg.device, trust=list(cfg.trust), direction=cfg.direction
    )
    if "content" not in painter.takes:
        raise UserError(
            "protocol=corruption damages what a model paints from, and this one paints from noise: give one that "
            "repaints pictures, or leave checkpoint= out for the base that comes along."
        )
    size = as_size(cfg.image_size or SIZE, "image_size")
    sides = {name: pictures_of(cfg, name, size) for name in ("content", "style")}
    content = Chosen(sides["content"], measure.num_images).all()
    about: dict[str, Any] = {name: str(cfg[name] or "embedded") for name in sides}
    found = measure.measure_pictures(painting_by(painter), content, Chosen(sides["style"], None).all(), about)
    path = painter.origin.path
    folder = Path() if cfg.checkpoint is None else run_folder(path)
    title = f"{path.name} on damaged content"
    return Result.of(title, found, output_of(cfg, folder), {"checkpoint": str(path), "image_size": list(size)})


def pictures_of(cfg: DictConfig, side: str, size: tuple[int, int]) -> PackedImages:
    """A folder's pictures, or the embedded ones of that side."""
    if cfg[side] is not None:
        return pack_folder(as_path(side, cfg[side]), size, side)
    folder = SAMPLES / {"content": "photos", "style": "paintings"}[side]
    return pack(ManifestSource(folder), SizePolicy(*size), cache_dir())
