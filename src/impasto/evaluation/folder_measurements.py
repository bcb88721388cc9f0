"""What ``src/evaluate.py`` does with a folder of generated pictures: measure it against other folders."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from omegaconf import DictConfig

from impasto.base.cache import scratch_folder
from impasto.base.checks import as_path
from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.data.packing.packed import BAD_LIST, PackedImages, write_csv
from impasto.data.sources.source import shown
from impasto.data.transforms import as_size
from impasto.evaluation.command import Result, output_of, protocol
from impasto.evaluation.folders import bad_in, labels_of, open_generated, pack_folder, size_of_first
from impasto.evaluation.protocols.noise import NoiseProtocol, RealPictures
from impasto.evaluation.protocols.translation import TranslationProtocol
from impasto.evaluation.real.features import uint8_slice
from impasto.inference.formats import target_name

SIDES: Final = ("generated", "content", "real")
LEAST: Final = 16
"""Pixels that the networks of structure and of feature statistics need."""


def measure_folders(cfg: DictConfig, protocols: Path) -> Result:
    """A folder of pictures against another; bad pictures are named, counted and left out.

    Raises:
        UserError: folders without good pictures, or a setting that folders have no use for.
    """
    if cfg.evaluation.split is not None:
        raise UserError("evaluation.split is for checkpoint=, whose data has parts; name the folder itself with real=.")
    measure: NoiseProtocol = protocol(cfg, protocols / "default.yaml")
    folder, real_folder = as_path("generated", cfg.generated), as_path("real", cfg.real)
    size = as_size(cfg.image_size, "image_size") if cfg.image_size is not None else size_of_first(folder)
    with scratch_folder() as temporary:
        generated = open_generated(folder, size, temporary)
        real = pack_folder(real_folder, size, "real")
        everything = np.arange(len(generated))
        count = min(len(generated), cfg.evaluation.num_images or len(generated))
        found = measure.measure_pictures(
            lambda start, n: uint8_slice(generated, everything, start, n),
            RealPictures(real, origin=str(real_folder)),
            num_images=count,
            labels=labels_of(generated, real, count),
        )
        bad = {"generated": bad_in(generated), "real": bad_in(real)}
    about: dict[str, Any] = {"generated": str(folder), "real": str(real_folder), "image_size": list(size)}
    about["bad_images"] = {side: len(pictures) for side, pictures in bad.items()}
    result = Result.of(f"{folder} against {real_folder}", found, output_of(cfg, folder), about)
    name_bad(result, {"generated": folder, "real": real_folder}, bad)
    return result


def measure_translated(cfg: DictConfig, protocols: Path) -> Result:
    """Repainted pictures against paintings, beside the pictures that they were painted from, recoloured and not.

    Raises:
        UserError: folders without good pictures, pictures without their counterpart, or a setting out of place.
    """
    if cfg.evaluation.split is not None:
        raise UserError("evaluation.split is for checkpoint=, whose data has parts; name the folder itself with real=.")
    measure: TranslationProtocol = protocol(with_random_statistics(cfg), protocols / "translation.yaml")
    folders = {side: as_path(side, cfg[side]) for side in SIDES}
    size = as_size(cfg.image_size, "image_size") if cfg.image_size is not None else size_of_first(folders["generated"])
    if min(size) < LEAST:
        raise UserError(f"image_size={size[0]}x{size[1]} is too small to compare structure; give {LEAST} or more.")
    with scratch_folder() as temporary:
        places = {"generated": temporary}
        packed = {side: pack_folder(folders[side], size, side, keep_in=places.get(side)) for side in SIDES}
        painted, content = paired(packed["generated"], packed["content"], folders)
        count = cfg.evaluation.num_images or len(painted)
        about = {"origin": str(folders["real"]), "split": None}
        found = measure.measure_pictures(
            painted, content, packed["real"], trained_against=None, about=about, num_images=count
        )
        bad = {side: bad_in(packed[side]) for side in SIDES}
    record: dict[str, Any] = {**{side: str(folder) for side, folder in folders.items()}, "image_size": list(size)}
    record |= {"pairs": len(painted), "bad_images": {side: len(found) for side, found in bad.items()}}
    title = f"{folders['generated']} against {folders['real']}"
    result = Result.of(title, found, output_of(cfg, folders["generated"]), record)
    name_bad(result, folders, bad)
    return result


def with_random_statistics(cfg: DictConfig) -> DictConfig:
    """The command's configuration with a network for feature statistics that no model was trained against."""
    if cfg.evaluation.statistics is not None:
        return cfg
    notice(
        "evaluation.statistics",
        "Feature statistics are measured with a random network: a folder does not say what its painter was trained "
        "against (evaluation.statistics=vgg19 or efficientnet_lite0 where it was another network).",
    )
    changed = cfg.copy()
    changed.evaluation.statistics = "random_features"
    return changed


def paired(
    generated: PackedImages, content: PackedImages, folders: dict[str, Path]
) -> tuple[PackedImages, PackedImages]:
    """Repainted pictures and what they were painted from, in the same order.

    They go together by name, as stylize.py gives them. Where one of the two cannot be read, which was said, the other
    is left out; where content was not painted, a notice says so.

    Args:
        generated: repainted pictures.
        content: what they were painted from, and perhaps more.
        folders: of either, for messages.

    Raises:
        UserError: a repainted picture of which there is no content, or fewer than two pairs.
    """
    names = list(generated.every_name())
    places = {named: place for place, name in enumerate(content.every_name()) for named in (name, target_name(name))}
    unreadable = {named for name, _ in bad_in(content) for named in (name, target_name(name))}
    if alone := [name for name in names if name not in places and name not in unreadable]:
        raise UserError(
            f"content={folders['content']} has no picture for {len(alone)} of the {len(names)} in "
            f"generated={folders['generated']} ({', '.join(map(shown, alone[:3]))}): a painting goes by its picture's "
            "name; give the folder that stylize.py painted, or drop content=."
        )
    kept = [number for number, name in enumerate(names) if name in places]
    theirs = np.array([places[names[number]] for number in kept], np.int64)
    if len(kept) < 2:
        raise UserError(f"Pictures that content= and generated= both have: {len(kept)}, and 2 are needed.")
    if unpainted := len(np.setdiff1d(np.arange(len(content)), theirs)):
        notice("evaluation.content", f"{unpainted} of {len(content)} pictures of content= were not painted: left out.")
    return generated.subset(kept), content.subset(theirs)


def name_bad(result: Result, folders: Mapping[str, Path], bad: Mapping[str, Sequence[tuple[str, str]]]) -> None:
    """Write ``bad_images.csv`` beside the figures, where there are any bad pictures.

    Args:
        result: the figures.
        folders: by side.
        bad: name and reason of bad pictures in them.
    """
    if any(bad.values()):
        named = [(str(folders[side] / name), why) for side, found in bad.items() for name, why in found]
        result.path.parent.mkdir(parents=True, exist_ok=True)
        write_csv(result.path.with_name(BAD_LIST), named)
