"""What ``src/evaluate.py`` does: a checkpoint against its run's data, or a folder against another."""

import tempfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from impasto.callbacks.samples import to_uint8
from impasto.data.transforms import as_size
from impasto.errors import UserError
from impasto.evaluation.evaluator import Evaluator
from impasto.evaluation.features import best_device
from impasto.evaluation.folders import labels_of, open_generated, pack_folder, size_of_first
from impasto.evaluation.real import uint8_slice
from impasto.evaluation.statistics import networks_in
from impasto.evaluation.subjects import conditions_for, pictures_of, sampler
from impasto.evaluation.translation import TranslationEvaluator
from impasto.inference.loading import LoadedGenerator, load_generator
from impasto.run.instantiate import make
from impasto.run.notices import notices
from impasto.run.summary import device_name, git_revision, package_versions


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


def protocol(cfg: DictConfig, file: Path) -> Any:
    """The evaluator of a file of conf/evaluation with the changes of the command line.

    Raises:
        UserError: a setting that it does not have.
    """
    base = OmegaConf.load(file)
    changes = {name: value for name, value in cfg.evaluation.items() if value is not None}
    if unknown := [str(name) for name in changes if name not in base]:
        known = ", ".join(str(name) for name in base if name != "_target_")
        raise UserError(f"evaluation.{unknown[0]} is no setting of {file.name}; there are {known}.")
    evaluator = make(OmegaConf.merge(base, changes))
    evaluator.bar = True
    return evaluator


def measure_checkpoint(cfg: DictConfig, protocols: Path) -> Result:
    """A checkpoint's generator against the data of its run."""
    generator = load_generator(cfg.checkpoint, device=cfg.device, trust=list(cfg.trust))
    paints = hasattr(generator.network, "latent_dim")
    evaluator = protocol(cfg, protocols / ("default.yaml" if paints else "translation.yaml"))
    data = data_of(generator, cfg)
    figures = measure_noise(generator, evaluator, data) if paints else measure_translation(generator, evaluator, data)
    folder = generator.path.parent.parent if generator.path.parent.name == "checkpoints" else generator.path.parent
    about = {"checkpoint": str(generator.path), "images_seen": generator.images_seen, "data": data.provenance()}
    title = f"{generator.path} at {generator.images_seen / 1000:g} kimg"
    return Result.of(title, evaluator, figures, Path(cfg.output or folder / "evaluation.json"), about)


def measure_noise(generator: LoadedGenerator, evaluator: Evaluator, data: Any) -> dict[str, float]:
    """A generator that paints from noise."""
    real = data.evaluation_images(evaluator.split)
    conditions = conditions_for(data, real.labels, evaluator.num_images)
    pictures = pictures_of(sampler(generator), evaluator.seed, conditions)
    labels = conditions if real.labels is not None and generator.spec.num_classes else None
    return evaluator.evaluate(pictures, real, labels=labels, origin=str(data.provenance()["origin"]))


def measure_translation(generator: LoadedGenerator, evaluator: TranslationEvaluator, data: Any) -> dict[str, float]:
    """A generator that repaints pictures."""
    device = next(generator.network.parameters()).device

    def paint(images: Tensor) -> Tensor:
        return to_uint8(generator.network(images.to(device).float() / 127.5 - 1))

    return evaluator.evaluate(
        paint,
        *evaluator.crops(data),
        reference=data.evaluation_images("style"),
        trained_against=networks_in(generator.config["model"].get("perceptual")),
        about=evaluator.sources(data),
    )


def data_of(generator: LoadedGenerator, cfg: DictConfig) -> Any:
    """The data module of the checkpoint's run, with the changes of the command line.

    Raises:
        UserError: the checkpoint names none, or something that is not of a trusted package.
    """
    if "data" not in generator.config:
        raise UserError(f"{generator.path} does not say what it was trained on; use generated=DIR real=DIR instead.")
    config = OmegaConf.merge(generator.config["data"], cfg.data)
    check_targets(OmegaConf.to_container(config), ("impasto.data", *cfg.trust))
    data = make(config, seed=generator.config.get("seed", 0))
    data.prepare_data()
    data.setup("fit")
    return data


def check_targets(node: Any, trusted: tuple[str, ...]) -> None:
    """Make sure that a configuration from a checkpoint names nothing but what trusted packages define.

    Raises:
        UserError: it does.
    """
    if isinstance(node, dict):
        for value in node.values():
            check_targets(value, trusted)
        if "_target_" in node and not is_from(str(node["_target_"]), trusted):
            raise UserError(
                f"The checkpoint names {node['_target_']} as its data, which is not of {' or '.join(trusted)}, and was "
                "not opened; if it is your own, say so with trust=[package]."
            )
    elif isinstance(node, list):
        for value in node:
            check_targets(value, trusted)


def is_from(target: str, trusted: tuple[str, ...]) -> bool:
    """Whether a dotted name is a class or function that one of the packages itself defines."""
    module, _, name = target.rpartition(".")
    within = [package for package in trusted if module == package or module.startswith(f"{package}.")]
    if not within:
        return False
    try:
        home = str(getattr(getattr(import_module(module), name), "__module__", ""))
    except (ImportError, AttributeError):
        return False
    return any(home == package or home.startswith(f"{package}.") for package in within)


def measure_folders(cfg: DictConfig, protocols: Path) -> Result:
    """A folder of pictures against another."""
    evaluator: Evaluator = protocol(cfg, protocols / "default.yaml")
    folder, real_folder = Path(cfg.generated).expanduser(), Path(cfg.real).expanduser()
    size = as_size(cfg.image_size, "image_size") if cfg.image_size is not None else size_of_first(folder)
    with tempfile.TemporaryDirectory() as temporary:
        generated = open_generated(folder, size, Path(temporary))
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
    about = {"generated": str(folder), "real": str(real_folder), "image_size": list(size)}
    title = f"{folder} against {real_folder}"
    return Result.of(title, evaluator, figures, Path(cfg.output or folder / "evaluation.json"), about)
