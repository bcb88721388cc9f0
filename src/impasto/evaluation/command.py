"""What ``src/evaluate.py`` does: a checkpoint against its run's data, or a folder against another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from omegaconf import DictConfig, OmegaConf

from impasto.base.cache import scratch_folder
from impasto.base.checks import as_path
from impasto.base.environment import device_name, git_revision, package_versions
from impasto.base.errors import UserError
from impasto.base.instantiate import make
from impasto.base.notices import notice, notices
from impasto.base.trust import check_targets, trusted
from impasto.data.packing.packed import BAD_LIST, write_csv
from impasto.data.transforms import as_size
from impasto.evaluation.figures.feature_statistics import networks_in
from impasto.evaluation.folders import bad_in, labels_of, open_generated, pack_folder, size_of_first
from impasto.evaluation.protocols.noise import Evaluator
from impasto.evaluation.protocols.pictures import repainter
from impasto.evaluation.protocols.translation import TranslationEvaluator
from impasto.evaluation.real.features import uint8_slice
from impasto.evaluation.sheets import save_sheets
from impasto.networks.pretrained.chooser import DISTANCES
from impasto.networks.pretrained.extractor import best_device
from impasto.painters.loading import LoadedGenerator, load_generator


@dataclass(frozen=True)
class Result:
    """Figures and where they go.

    Attributes:
        title: what was measured against what.
        figures: by name.
        comparability: by figure, how it was measured.
        table: rows of figures, where there are controls.
        path: of the JSON file.
        report: its content.
    """

    title: str
    figures: dict[str, float]
    comparability: dict[str, dict[str, Any]]
    table: dict[str, dict[str, float]]
    path: Path
    report: dict[str, Any]

    @classmethod
    def of(cls, title: str, evaluator: Any, figures: dict[str, float], path: Path, about: dict[str, Any]) -> "Result":
        """From an evaluator that has just measured."""
        metrics = {name: {"value": value, **evaluator.comparability[name]} for name, value in figures.items()}
        table: dict[str, dict[str, float]] = getattr(evaluator, "table", {})
        report = {"title": title, "metrics": metrics, "main_metric": evaluator.main_metric, "rows": table, **about}
        report |= {"device": device_name(best_device()), "versions": package_versions(), "git_revision": git_revision()}
        return cls(title, figures, evaluator.comparability, table, path, {**report, "notices": notices()})


def protocol(cfg: DictConfig, file: Path, recorded: Mapping[str, Any] | None = None) -> Any:
    """The evaluator of a file of conf/evaluation with a run's own settings, and the command line's on top.

    Args:
        cfg: of the command.
        file: the defaults; says what class the evaluator is of, and which settings there are.
        recorded: settings of the run by its checkpoint, of which nothing is believed; none where it is no run's.

    Raises:
        UserError: a setting that it does not have, or a record that names what is not trusted.
    """
    base = OmegaConf.load(file)
    changes = {name: value for name, value in cfg.evaluation.items() if value is not None}
    if unknown := [str(name) for name in changes if name not in base]:
        there = ", ".join(str(name) for name in base if name != "_target_")
        raise UserError(f"evaluation.{unknown[0]} is no setting of {file.name}; there are {there}.")
    known = recorded if isinstance(recorded, Mapping) else {}
    own = {k: v for k, v in known.items() if k in base and k not in changes and k not in NOT_RECORDED}
    check_protocol(own, tuple(cfg.trust))
    evaluator = make(OmegaConf.merge(base, own, changes))
    evaluator.bar = True
    return evaluator


CACHE: Final = "cache_dir"
"""Never taken from a checkpoint, which could come with packed pictures, or features of them, that are none."""
NOT_RECORDED: Final = ("_target_", CACHE)
"""Nor is what is made, of an evaluator."""


def check_protocol(own: Mapping[str, Any], trust: Sequence[str]) -> None:
    """Make sure that a run's settings name nothing but trusted extractors.

    Raises:
        UserError: they do.
    """
    packages = ("impasto.networks.pretrained", *trust)
    check_targets(own, packages, "protocol")
    features = own.get("features")
    if isinstance(features, str) and features not in ("auto", *DISTANCES.networks):
        trusted(features, packages, "feature extractor")


def measure_checkpoint(cfg: DictConfig, protocols: Path) -> Result:
    """A checkpoint's generator against the data of its run."""
    generator = load_generator(cfg.checkpoint, device=cfg.device, trust=list(cfg.trust))
    paints = generator.paints_noise
    file = protocols / ("default.yaml" if paints else "translation.yaml")
    evaluator = protocol(cfg, file, generator.config.get("evaluation"))
    data = data_of(generator, cfg)
    figures = evaluator.of_model(generator, data) if paints else measure_translation(generator, evaluator, data)
    folder = generator.path.parent.parent if generator.path.parent.name == "checkpoints" else generator.path.parent
    about = {"checkpoint": str(generator.path), "images_seen": generator.images_seen, "data": data.provenance()}
    title = f"{generator.path} at {generator.images_seen / 1000:g} kimg"
    path = output_of(cfg, folder)
    if paints:
        about["sheets"] = save_sheets(generator, evaluator, data, path)
    return Result.of(title, evaluator, figures, path, about)


def output_of(cfg: DictConfig, folder: Path) -> Path:
    """The JSON file."""
    return as_path("output", cfg.output) if cfg.output is not None else folder / "evaluation.json"


def measure_translation(generator: LoadedGenerator, evaluator: TranslationEvaluator, data: Any) -> dict[str, float]:
    """A generator that repaints pictures."""
    return evaluator.evaluate(
        repainter(generator.network),
        *evaluator.crops(data),
        reference=data.evaluation_images("style", "train"),
        trained_against=networks_in(generator.config["model"].get("perceptual")),
        about=evaluator.sources(data),
    )


def data_of(generator: LoadedGenerator, cfg: DictConfig) -> Any:
    """The data module of the checkpoint's run, with the changes of the command line.

    Raises:
        UserError: the checkpoint names none, or something that is not of a trusted package.
    """
    recorded = generator.config.get("data")
    if not isinstance(recorded, Mapping):
        raise UserError(f"{generator.path} does not say what it was trained on; use generated=DIR real=DIR instead.")
    check_targets(recorded, ("impasto.data", *cfg.trust), "data")
    own = {name: value for name, value in recorded.items() if name != CACHE}
    config = OmegaConf.merge(own, OmegaConf.to_container(cfg.data, resolve=True))
    check_targets(OmegaConf.to_container(config), ("impasto.data", *cfg.trust), "data")
    data = make(config, seed=generator.config.get("seed", 0))
    data.prepare_data()
    data.setup("fit")
    compare_data(generator, data)
    return data


def compare_data(generator: LoadedGenerator, data: Any) -> None:
    """Compare the pictures that there are now with those that the checkpoint was trained on.

    Raises:
        UserError: the classes are others, so that a figure by class would be of another class than it says; or the
            condition vectors have another length.
    """
    found = list(data.spec.values())[-1]
    now, then = (", ".join(spec.class_names) or "none" for spec in (found, generator.spec))
    if found.condition_dim != generator.spec.condition_dim:
        raise UserError(
            f"{generator.path} was trained with condition vectors of {generator.spec.condition_dim} numbers, and the "
            f"data has {found.condition_dim}: name the same ones with +data.vectors=FILE."
        )
    if found.class_names != generator.spec.class_names:
        raise UserError(
            f"{generator.path} was trained on the classes {then}, and the data has {now}: say where the same pictures "
            "are (+data.root=DIR, for example), or use generated=DIR real=DIR."
        )
    state = data.state_dict()
    if changed := [name for name, known in generator.data_state.items() if str(state.get(name)) != str(known)]:
        had, has = (pictures_in(known) for known in (generator.data_state, state))
        what = f"{had} pictures, and now there are {has}" if "pictures" in changed else "other pictures or vectors"
        notice(
            "evaluation.data",
            f"The checkpoint was trained on {what}: the figures are of the data as it is now (+data.root=DIR, for "
            "example, says where it was moved to).",
        )


def pictures_in(state: Mapping[str, Any]) -> str:
    """How many pictures a data module speaks of."""
    counts = state.get("pictures")
    return " + ".join(map(str, counts)) if isinstance(counts, list) else "other"


def measure_folders(cfg: DictConfig, protocols: Path) -> Result:
    """A folder of pictures against another; bad pictures are named, counted and left out.

    Raises:
        UserError: folders without good pictures, or a setting that folders have no use for.
    """
    if cfg.evaluation.split is not None:
        raise UserError("evaluation.split is for checkpoint=, whose data has parts; name the folder itself with real=.")
    evaluator: Evaluator = protocol(cfg, protocols / "default.yaml")
    folder, real_folder = as_path("generated", cfg.generated), as_path("real", cfg.real)
    size = as_size(cfg.image_size, "image_size") if cfg.image_size is not None else size_of_first(folder)
    with scratch_folder() as temporary:
        generated = open_generated(folder, size, temporary)
        real = pack_folder(real_folder, size, "real")
        everything = np.arange(len(generated))
        count = min(len(generated), cfg.evaluation.num_images or len(generated))
        figures = evaluator.evaluate(
            lambda start, n: uint8_slice(generated, everything, start, n),
            real,
            num_images=count,
            labels=labels_of(generated, real, count),
            origin=str(real_folder),
        )
        bad = {"generated": bad_in(generated), "real": bad_in(real)}
    about: dict[str, Any] = {"generated": str(folder), "real": str(real_folder), "image_size": list(size)}
    about["bad_images"] = {side: len(pictures) for side, pictures in bad.items()}
    result = Result.of(f"{folder} against {real_folder}", evaluator, figures, output_of(cfg, folder), about)
    name_bad(result, {"generated": folder, "real": real_folder}, bad)
    return result


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
