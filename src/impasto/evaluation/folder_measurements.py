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
from impasto.evaluation.protocols.paired import PairedProtocol
from impasto.evaluation.protocols.translation import TranslationProtocol
from impasto.evaluation.real.features import uint8_slice
from impasto.inference.formats import target_name

SIDES: Final = ("generated", "content", "real")
LEAST: Final = 16
"""Pixels that the networks of structure and of feature statistics need."""


def measure_folders(cfg: DictConfig, protocols: Path) -> Result:
    """A folder of pictures against another; bad pictures are named, counted and left out.

    Raises:
        UserError: a folder has no good pictures, or a setting does not apply to folders.
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
        UserError: a folder has no good pictures, a picture has no counterpart, or a setting does not apply.
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
        painted, content = matched(packed["generated"], packed["content"], folders, "content")
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
    """The configuration with feature statistics by a random network, which no model was trained against."""
    if cfg.evaluation.statistics is not None:
        return cfg
    notice(
        "evaluation.statistics",
        "Feature statistics are measured with a random network: a folder does not say what its painter was trained "
        "against (evaluation.statistics=vgg19 or efficientnet_lite0 if it was another network).",
    )
    changed = cfg.copy()
    changed.evaluation.statistics = "random_features"
    return changed


def measure_pairs(cfg: DictConfig, protocols: Path) -> Result:
    """Generated pictures, each against the target of its name; beside the inputs, if content= names them.

    Raises:
        UserError: a folder has no good pictures, a picture has no counterpart, or a setting does not apply.
    """
    if cfg.evaluation.split is not None:
        raise UserError("evaluation.split is for checkpoint=, whose data has parts; name the folder with target=.")
    measure: PairedProtocol = protocol(cfg, protocols / "paired.yaml")
    sides = ("generated", "target") if cfg.content is None else ("generated", "target", "content")
    folders = {side: as_path(side, cfg[side]) for side in sides}
    size = as_size(cfg.image_size, "image_size") if cfg.image_size is not None else size_of_first(folders["generated"])
    with scratch_folder() as temporary:
        places = {"generated": temporary}
        packed = {side: pack_folder(folders[side], size, side, keep_in=places.get(side)) for side in sides}
        painted, target = matched(packed["generated"], packed["target"], folders, "target")
        content = None
        if "content" in packed:
            painted, content = matched(painted, packed["content"], folders, "content")
            target = matched(painted, target, folders, "target")[1]
        about = {"origin": str(folders["target"]), "split": None}
        count = cfg.evaluation.num_images or len(painted)
        found = measure.measure_pairs(painted, content, target, about=about, num_images=count)
        bad = {side: bad_in(packed[side]) for side in sides}
    record: dict[str, Any] = {**{side: str(folder) for side, folder in folders.items()}, "image_size": list(size)}
    record |= {"pairs": len(painted), "bad_images": {side: len(found) for side, found in bad.items()}}
    title = f"{folders['generated']} against {folders['target']}"
    result = Result.of(title, found, output_of(cfg, folders["generated"]), record)
    name_bad(result, folders, bad)
    return result


def matched(
    generated: PackedImages, others: PackedImages, folders: Mapping[str, Path], side: str
) -> tuple[PackedImages, PackedImages]:
    """Generated pictures and their counterparts by name, endings apart, in the same order.

    If one of the two cannot be read, the other is left out; a notice says how many others have no generated picture.

    Args:
        generated: generated pictures.
        others: what they were painted from, or their targets; there may be more.
        folders: by side, for messages.
        side: of the others: content or target.

    Raises:
        UserError: a generated picture has no counterpart, or there are fewer than two pairs.
    """
    names = list(generated.every_name())
    places = {named: place for place, name in enumerate(others.every_name()) for named in names_of(name)}
    places |= {named: place for place, name in enumerate(others.every_name()) for named in (name, target_name(name))}
    unreadable = {named for name, _ in bad_in(others) for named in names_of(name)}
    found = [next((places[named] for named in names_of(name) if named in places), None) for name in names]
    alone = [
        name for name, place in zip(names, found, strict=True) if place is None and not unreadable & set(names_of(name))
    ]
    if alone:
        raise UserError(
            f"{side}={folders[side]} has no picture for {len(alone)} of the {len(names)} in "
            f"generated={folders['generated']} ({', '.join(map(shown, alone[:3]))}): pictures go together by name; "
            f"{REMEDIES[side]}."
        )
    kept = [number for number, place in enumerate(found) if place is not None]
    theirs = np.array([place for place in found if place is not None], np.int64)
    if len(kept) < 2:
        raise UserError(f"Pictures that {side}= and generated= both have: {len(kept)}, and 2 are needed.")
    if unpainted := len(np.setdiff1d(np.arange(len(others)), theirs)):
        notice(f"evaluation.{side}", f"{unpainted} of {len(others)} pictures of {side}= were not painted: left out.")
    return generated.subset(kept), others.subset(theirs)


REMEDIES: Final = {
    "content": "give the folder that stylize.py painted, or drop content=",
    "target": "give the folder of what each should be, or real= to compare the sets alone",
}
"""By side, what to do about generated pictures without a counterpart."""


def names_of(name: str) -> tuple[str, ...]:
    """Names by which a picture is found: its own, that of its painting, and both without their endings."""
    return (name, target_name(name), *(str(Path(each).with_suffix("")) for each in (target_name(name), name)))


def name_bad(result: Result, folders: Mapping[str, Path], bad: Mapping[str, Sequence[tuple[str, str]]]) -> None:
    """Write ``bad_images.csv`` beside the figures, if there are bad pictures.

    Args:
        result: the figures.
        folders: by side.
        bad: name and reason of bad pictures in them.
    """
    if any(bad.values()):
        named = [(str(folders[side] / name), why) for side, found in bad.items() for name, why in found]
        result.path.parent.mkdir(parents=True, exist_ok=True)
        write_csv(result.path.with_name(BAD_LIST), named)
