"""What ``src/evaluate.py`` does with a checkpoint: measure its painter against the data of its run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from omegaconf import DictConfig, OmegaConf

from impasto.base.checks import as_path
from impasto.base.environment import device_name, git_revision, package_versions
from impasto.base.errors import UserError
from impasto.base.files import dispensable
from impasto.base.instantiate import make
from impasto.base.notices import notice, notices
from impasto.base.sheets import save_sheet
from impasto.base.trust import check_targets, is_within, trusted
from impasto.data.state import provenance_of
from impasto.evaluation.protocols.figure_records import share_records
from impasto.evaluation.protocols.measurement import Measurement, check_fit, check_pictures
from impasto.networks.pretrained.chooser import DISTANCES
from impasto.networks.pretrained.extractor import best_device
from impasto.painters.checkpoints import run_folder
from impasto.painters.loading import load_painter
from impasto.painters.painter import Painter


@dataclass(frozen=True)
class Result:
    """A measurement and where it goes.

    Attributes:
        title: what was measured against what.
        measurement: the figures.
        path: of the JSON file.
        report: content of that file.
    """

    title: str
    measurement: Measurement
    path: Path
    report: dict[str, Any]

    @property
    def figures(self) -> Mapping[str, float]:
        """The figures by name."""
        return self.measurement.figures

    @classmethod
    def of(cls, title: str, found: Measurement, path: Path, about: dict[str, Any]) -> "Result":
        """With the report of a measurement.

        Raises:
            UserError: nothing could be measured.
        """
        if not found.figures:
            reasons = " ".join(text for key, text in notices().items() if key.startswith("evaluation."))
            raise UserError(f"Nothing could be measured of {title}, and nothing is written. {reasons}".rstrip())
        metrics = {name: {"value": value, **found.comparability.get(name, {})} for name, value in found.figures.items()}
        report = {
            "title": title,
            **share_records(metrics),
            "main_metric": found.main,
            "rows": dict(found.rows),
            "intervals": {row: {name: list(ends) for name, ends in of.items()} for row, of in found.intervals.items()},
            "conclusions": dict(found.conclusions),
            **about,
        }
        report |= {"device": device_name(best_device()), "versions": package_versions(), "git_revision": git_revision()}
        return cls(title, found, path, {**report, "notices": notices()})


CACHE: Final = "cache_dir"
"""Never taken from a checkpoint: a stranger's could hold features or packed pictures that are not what they claim."""
OWN: Final = ("impasto.evaluation.protocols", "impasto.networks.pretrained")
"""Packages whose classes a checkpoint may name in its protocol."""


def protocol(cfg: DictConfig, file: Path, recorded: Mapping[str, Any] | None = None) -> Any:
    """The evaluation protocol of a run, with the changes of the command line.

    Args:
        cfg: of the command.
        file: of conf/evaluation, for a run that recorded no protocol; for a recorded one, the file of its class
            is taken from the same folder.
        recorded: the protocol in the run's checkpoint, which is not trusted; None if there is no run.

    Raises:
        UserError: the protocol does not have a setting, or the record names what is not trusted.
    """
    recorded = recorded if isinstance(recorded, Mapping) else {}
    own = {name: value for name, value in recorded.items() if name not in ("_target_", CACHE)}
    packages = (*OWN, *cfg.trust)
    base: Any = OmegaConf.load(file)
    target = recorded.get("_target_")
    if isinstance(target, str) and target != base.get("_target_"):
        known = {str(OmegaConf.select(OmegaConf.load(path), "_target_")): path for path in file.parent.glob("*.yaml")}
        if target in known:
            file = known[target]
            base = OmegaConf.load(file)
        elif is_within(target.rpartition(".")[0], tuple(cfg.trust)):
            trusted(target, packages, "protocol")
            base = OmegaConf.create({"_target_": target, **own})
        else:
            notice(
                "evaluation.protocol",
                f"The run was measured with {target}, which is not trusted: {file.name} is used instead; if it is your "
                "own, say so with trust=[package].",
            )
    changes = {name: value for name, value in cfg.evaluation.items() if value is not None}
    if unknown := [str(name) for name in changes if name not in base and name != CACHE]:
        there = ", ".join(str(name) for name in base if name != "_target_")
        raise UserError(f"evaluation.{unknown[0]} is no setting of {file.name}; there are {there}.")
    own = {name: value for name, value in own.items() if name in base and name not in changes}
    check_targets(own, packages, "protocol")
    features = own.get("features")
    if isinstance(features, str) and features not in ("auto", *DISTANCES.networks):
        trusted(features, packages, "feature extractor")
    return make(OmegaConf.merge(base, own, changes))


def measure_checkpoint(cfg: DictConfig, protocols: Path) -> Result:
    """A checkpoint's painter against the data of its run."""
    painter = load_painter(cfg.checkpoint, device=cfg.device, trust=list(cfg.trust), direction=cfg.direction)
    origin = painter.origin
    data = build_data(painter, cfg)
    parts = getattr(data, "parts", None)
    measure = protocol_for(cfg, painter, data, protocols)
    check_fit(measure, painter.takes, parts)
    check_pictures(measure, data)
    read_data(painter, data)
    found = measure.measure(painter, data)
    path = output_of(cfg, run_folder(origin.path))
    about = {"checkpoint": str(origin.path), "images_seen": origin.images_seen, "data": provenance_of(data)}
    result = Result.of(f"{origin.path} at {origin.images_seen / 1000:g} kimg", found, path, about)
    result.report["sheets"] = save_sheets(found, path)
    return result


def protocol_for(cfg: DictConfig, painter: Painter, data: Any, protocols: Path) -> Any:
    """The protocol of a checkpoint's run; or what ``protocol=`` names; or style scores, if ``style=`` names pictures.

    Args:
        cfg: of the command.
        painter: of the checkpoint.
        data: of its run.
        protocols: the folder conf/evaluation.
    """
    if cfg.protocol is not None:
        return protocol(cfg, protocols / f"{cfg.protocol}.yaml")
    if cfg.style is not None:
        changed = cfg.copy()
        changed.evaluation.style = cfg.style
        return protocol(changed, protocols / "style.yaml")
    pairs = "restoration" if hasattr(data, "degradation") else "paired"
    has_targets = "target" in (getattr(data, "parts", None) or ())
    file = "default" if "latent" in painter.takes else pairs if has_targets else "translation"
    file = "style" if "style" in painter.takes else "segmentation" if painter.gives.label_map is not None else file
    return protocol(cfg, protocols / f"{file}.yaml", painter.origin.config.get("evaluation"))


def save_sheets(found: Measurement, path: Path) -> list[str]:
    """Write the sheets of a measurement beside its figures.

    Args:
        found: the measurement.
        path: of the figures.

    Returns:
        The names of those that were written.
    """
    written = []
    for name, make_sheet in found.sheets.items():
        target = path.with_name(f"{path.stem}_{name}.png")
        with dispensable(target.name):
            save_sheet(*make_sheet(), target)
            written.append(target.name)
    return written


def output_of(cfg: DictConfig, folder: Path) -> Path:
    """The JSON file: ``output``, or one in the folder that is named after ``protocol`` where that is given."""
    if cfg.output is not None:
        return as_path("output", cfg.output)
    return folder / ("evaluation.json" if cfg.protocol is None else f"evaluation_{cfg.protocol}.json")


def build_data(painter: Painter, cfg: DictConfig) -> Any:
    """The data module of the checkpoint's run, with the changes of the command line; nothing is read yet.

    Raises:
        UserError: the checkpoint names none, or one that is not of a trusted package.
    """
    recorded = painter.origin.config.get("data")
    if not isinstance(recorded, Mapping):
        raise UserError(
            f"{painter.origin.path} does not say what it was trained on; use generated=DIR real=DIR instead."
        )
    packages = ("impasto.data", "impasto.degradations", "impasto.sequences", "impasto.procedural", *cfg.trust)
    check_targets(recorded, packages, "data")
    own = {name: value for name, value in recorded.items() if name != CACHE}
    config = OmegaConf.merge(own, OmegaConf.to_container(cfg.data, resolve=True))
    check_targets(OmegaConf.to_container(config), packages, "data")
    return make(config, seed=painter.origin.config.get("seed", 0))


def read_data(painter: Painter, data: Any) -> None:
    """Read the pictures, and compare them with those that the checkpoint was trained on."""
    data.prepare_data()
    data.setup("fit")
    compare_data(painter, data)


def compare_data(painter: Painter, data: Any) -> None:
    """Compare the data with the pictures that the checkpoint was trained on.

    Raises:
        UserError: the classes differ, so that figures by class would name the wrong ones; or the condition vectors have
            another length.
    """
    found = list(data.spec.values())[-1]
    then, path = painter.gives, painter.origin.path
    if found.condition_dim != then.condition_dim:
        raise UserError(
            f"{path} was trained with condition vectors of {then.condition_dim} numbers, and the data has "
            f"{found.condition_dim}: name the same ones with +data.vectors=FILE."
        )
    if found.class_names != then.class_names:
        had, has = (", ".join(spec.class_names) or "none" for spec in (then, found))
        raise UserError(
            f"{path} was trained on the classes {had}, and the data has {has}: say where the same pictures are "
            "(+data.root=DIR, for example), or use generated=DIR real=DIR."
        )
    maps = [spec.label_map for spec in data.spec.values() if spec.label_map is not None]
    known = [spec.label_map for spec in (then, painter.content) if spec is not None and spec.label_map is not None]
    if known and maps and known[0].class_names != maps[0].class_names:
        had, has = (", ".join(each.class_names) for each in (known[0], maps[0]))
        raise UserError(
            f"{path} knows label maps of {had}, and the data has {has}: give data.classes as it was trained."
        )
    state = data.state_dict()
    if changed := [name for name, known in painter.origin.data_state.items() if str(state.get(name)) != str(known)]:
        had, has = (pictures_in(known) for known in (painter.origin.data_state, state))
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
