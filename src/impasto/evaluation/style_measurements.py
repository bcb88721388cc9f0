"""What ``src/evaluate.py`` does with a folder of pictures that were repainted in one style."""

from pathlib import Path
from typing import Any, Final

from omegaconf import DictConfig

from impasto.base.cache import scratch_folder
from impasto.base.checks import as_path
from impasto.base.errors import UserError
from impasto.data.packing.packed import PackedImages
from impasto.data.transforms import as_size
from impasto.evaluation.command import Result, output_of, protocol
from impasto.evaluation.folder_measurements import matched, name_bad, names_of
from impasto.evaluation.folders import bad_in, pack_folder
from impasto.evaluation.protocols.style import StyleProtocol
from impasto.evaluation.protocols.style_table import LEAST, SIZE

MOST: Final = 256
"""Pictures on each side that are looked at, unless more are asked for: each takes half a megabyte of memory."""


def measure_styled(cfg: DictConfig, protocols: Path) -> Result:
    """Repainted pictures by the scores of a style, beside controls made from the same content and style pictures.

    Raises:
        UserError: a folder has no good pictures, a picture has no counterpart, or a setting does not apply.
    """
    for name in ("split", "style"):
        if cfg.evaluation[name] is not None:
            raise UserError(f"evaluation.{name} is for checkpoint=, whose data has parts; name the folder with style=.")
    measure: StyleProtocol = protocol(cfg, protocols / "style.yaml")
    folders = {side: as_path(side, cfg[side]) for side in ("generated", "content", "style")}
    size = as_size(cfg.image_size or SIZE, "image_size")
    if min(size) < LEAST:
        raise UserError(f"image_size={size[0]}x{size[1]} is too small for style scores; give {LEAST} or more.")
    with scratch_folder() as temporary:
        places = {"generated": temporary}
        packed = {side: pack_folder(folder, size, side, keep_in=places.get(side)) for side, folder in folders.items()}
        painted, content = matched(packed["generated"], packed["content"], folders, "content")
        found = measure.measure_pictures(
            painted,
            content,
            packed["style"],
            trained_against=None,
            about={"origin": str(folders["style"]), "split": None},
            num_images=cfg.evaluation.num_images or min(len(painted), MOST),
            num_style=cfg.evaluation.num_style or min(len(packed["style"]), MOST),
            more={name: control_of(painted, name, folder, size) for name, folder in cfg.controls.items()},
        )
        bad = {side: bad_in(pictures) for side, pictures in packed.items()}
    record: dict[str, Any] = {**{side: str(folder) for side, folder in folders.items()}, "image_size": list(size)}
    record |= {"pairs": len(painted), "bad_images": {side: len(found) for side, found in bad.items()}}
    record |= {"controls": dict(cfg.controls)}
    title = f"{folders['generated']} in the style of {folders['style']}"
    result = Result.of(title, found, output_of(cfg, folders["generated"]), record)
    name_bad(result, folders, bad)
    return result


def control_of(painted: PackedImages, name: str, folder: str, size: tuple[int, int]) -> PackedImages:
    """What another painter made of the same content, one picture for each generated one, in the same order.

    Raises:
        UserError: the folder has no good pictures, or lacks some.
    """
    option = f"controls.{name}"
    theirs = pack_folder(as_path(option, folder), size, option)
    places = {named: place for place, own in enumerate(theirs.every_name()) for named in names_of(own)}
    found = [next((places[n] for n in names_of(own) if n in places), None) for own in painted.every_name()]
    if missing := found.count(None):
        raise UserError(
            f"{option}={folder} has no good picture for {missing} of the {len(found)} generated ones: give a folder "
            "with one for each, of the same names, or leave it out."
        )
    return theirs.subset([place for place in found if place is not None])
