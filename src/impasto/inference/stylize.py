"""Repainting pictures and folders of pictures."""

import logging
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from PIL import Image

from impasto.base.checks import check_number, check_share, check_switch
from impasto.base.errors import UserError
from impasto.base.pixels import from_uint8, luma, to_uint8
from impasto.base.progress import counting
from impasto.base.sheets import save_pairs, shrunk
from impasto.data.sources.decode import BadImage, decode
from impasto.inference.places import WRITTEN
from impasto.inference.targets import choose_targets
from impasto.inference.tiles import paint
from impasto.painters.loading import LoadedGenerator

log = logging.getLogger("impasto")

OPAQUE: Final = (".jpg", ".jpeg", ".bmp")
"""Formats without transparency."""


def stylize(
    generator: LoadedGenerator,
    source: str | Path,
    output: str | Path,
    *,
    strength: float = 1.0,
    preserve_color: bool = False,
    tile: int | None = None,
    overwrite: bool = False,
    sheet: int | None = None,
) -> int:
    """Repaint a picture, or all pictures below a folder, under their own names and sub-folders.

    Pictures come out upright (the EXIF orientation is applied), with their transparency. Those already there are
    skipped; bad ones are named and skipped.

    Args:
        generator: a translation generator.
        source: file or folder.
        output: folder, made where it is missing; for a single picture also a file.
        strength: 1 is the painting, 0 the photograph, mixed in between.
        preserve_color: take only light and dark from the painting, and colours from the photograph.
        tile: see :func:`~impasto.inference.tiles.paint`.
        overwrite: paint also what is there already.
        sheet: write also ``sheet.png`` with those painted now, before and after, so many pairs in a row.

    Returns:
        Number of pictures painted.

    Raises:
        UserError: nothing to paint, settings out of range, or, at the end, that some pictures were bad.
    """
    if generator.paints_noise:
        raise UserError(f"{generator.path} paints from noise; use src/generate.py, or give a model such as model=cut.")
    check_share("strength", strength)
    for name, switch in (("preserve_color", preserve_color), ("overwrite", overwrite)):
        check_switch(name, switch)
    for name, number, least in (("tile", tile, 0), ("sheet", sheet, 1)):
        if number is not None:
            check_number(name, number, least)
    targets = choose_targets(source, output, with_sheet=sheet is not None)
    paintings = targets.paintings
    left = [picture for picture in paintings if overwrite or not paintings[picture].is_file()]
    if there := len(paintings) - len(left):
        log.info("%d of %d are there already; overwrite=true paints them again.", there, len(paintings))
    bad, pairs = 0, []
    with counting("painting", len(left), bar=True) as tick:
        for picture in left:
            both = repaint_file(
                generator, picture, paintings[picture], strength=strength, preserve_color=preserve_color, tile=tile
            )
            bad += both is None
            if sheet is not None and both is not None:
                pairs.append((shrunk(both[0]), shrunk(both[1])))
            tick(1)
    if pairs and sheet is not None:
        save_pairs(pairs, sheet, targets.sheet)
    log.info("Painted in %s: %d", output, len(left) - bad)
    if bad:
        raise UserError(f"What could not be read was skipped ({bad} of {len(paintings)}); it is named above.")
    return len(left)


def repaint_file(
    generator: LoadedGenerator, source: Path, target: Path, **options: Any
) -> tuple[np.ndarray, np.ndarray] | None:
    """Repaint one file: the picture before and after; nothing for a bad one, which is named.

    Args:
        generator: a translation generator.
        source: the picture.
        target: where the painting goes.
        **options: of :func:`repaint`.
    """
    try:
        pixels = decode(source, channels=4)
    except BadImage as problem:
        log.warning("Skipped %s: %s.", source, problem)
        return None
    painted = repaint(generator, pixels, **options)
    save(painted, target)
    return pixels, painted


@torch.no_grad()
def repaint(
    generator: LoadedGenerator,
    pixels: np.ndarray,
    *,
    strength: float = 1.0,
    preserve_color: bool = False,
    tile: int | None = None,
) -> np.ndarray:
    """Repaint one picture.

    Args:
        generator: a translation generator.
        pixels: uint8 (H, W, 4), RGB and alpha.
        strength: see :func:`stylize`.
        preserve_color: likewise.
        tile: likewise.

    Returns:
        uint8 (H, W, 3), or (H, W, 4) where the picture is not opaque throughout.
    """
    device = next(generator.network.parameters()).device
    rgb, alpha = pixels[..., :3], pixels[..., 3:]
    photo = from_uint8(torch.from_numpy(rgb).to(device).permute(2, 0, 1)[None])
    grey = generator.spec.channels == 1
    painted = paint(generator.network, luma(photo) if grey else photo, tile).expand_as(photo)
    if preserve_color:
        painted = photo + luma(painted) - luma(photo)
    painted = torch.lerp(photo, painted, strength)
    out = to_uint8(painted[0]).permute(1, 2, 0).cpu().numpy()
    return out if (alpha == 255).all() else np.concatenate([out, alpha], 2)


def save(pixels: np.ndarray, path: Path) -> None:
    """Write a picture beside its place, then move it there, so that an interrupted run leaves no half picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    suffix = path.suffix.lower()
    if pixels.shape[2] == 4 and suffix in OPAQUE:
        pixels = pixels[..., :3]
    temporary = path.with_name(f".{path.name}.partial{suffix}")
    try:
        Image.fromarray(pixels).save(temporary, **WRITTEN[suffix])
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
