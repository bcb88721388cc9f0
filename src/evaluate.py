"""Measure a model or a folder: ``evaluate.py checkpoint=RUN_DIR``, or ``generated=DIR real=DIR`` or ``target=DIR``."""

from pathlib import Path

import hydra
from omegaconf import DictConfig

from impasto.base.errors import UserError
from impasto.run.command_line.entry import checked, report_user_errors, run


def is_of_checkpoint(cfg: DictConfig) -> bool:
    """Whether a checkpoint is to be measured, rather than a folder.

    Raises:
        UserError: neither or both are given.
    """
    folders = [name for name in ("generated", "real", "target") if cfg[name] is not None]
    if cfg.target is not None and folders != ["generated", "target"]:
        raise UserError("target=DIR goes with generated=DIR, instead of real=DIR: it is what each of them should be.")
    compared = len(folders) == 2 and cfg.generated is not None
    if (cfg.checkpoint is None) != compared or (cfg.checkpoint is not None and folders):
        raise UserError("Give either checkpoint=RUN_DIR|PATH, or both generated=DIR and real=DIR.")
    if cfg.content is not None and not folders:
        raise UserError("content=DIR goes with generated=DIR and real=DIR: it is what the generated were painted from.")
    return cfg.checkpoint is not None


def check_paths(cfg: DictConfig) -> None:
    """Whether what is to be measured is there, and the figures can be written, before torch is imported.

    Raises:
        UserError: it is not, or they cannot.
    """
    from impasto.base.checks import as_path
    from impasto.data.sources.folder import FolderSource
    from impasto.painters.checkpoints import find_checkpoint

    if cfg.checkpoint is not None:
        find_checkpoint(cfg.checkpoint)
    for name in ("generated", "real", "target", "content"):
        if cfg[name] is not None:
            FolderSource(as_path(name, cfg[name]), option=name)
    if cfg.output is not None and as_path("output", cfg.output).is_dir():
        raise UserError(f"output={cfg.output} is a folder; give the name of a JSON file.")


@report_user_errors
@checked
def evaluate(cfg: DictConfig) -> None:
    """Measure, show a table, and write JSON."""
    of_checkpoint = is_of_checkpoint(cfg)
    check_paths(cfg)

    from impasto.base.files import write_json
    from impasto.base.progress import drawing_bars
    from impasto.evaluation.command import measure_checkpoint
    from impasto.evaluation.folder_measurements import measure_folders, measure_pairs, measure_translated
    from impasto.evaluation.table import show

    protocols = Path(__file__).parents[1] / "conf" / "evaluation"
    of_folders = measure_folders if cfg.content is None else measure_translated
    of_folders = of_folders if cfg.target is None else measure_pairs
    with drawing_bars():
        result = measure_checkpoint(cfg, protocols) if of_checkpoint else of_folders(cfg, protocols)
    write_json(result.path, result.report)
    show(result)


@hydra.main(version_base="1.3", config_path="../conf", config_name="evaluate")
def main(cfg: DictConfig) -> None:
    """Entry point."""
    evaluate(cfg)


if __name__ == "__main__":
    run(main)
