"""What ``src/evaluate.py`` is asked to measure, found out before torch is imported."""

from omegaconf import DictConfig

from impasto.base.checks import as_path
from impasto.base.errors import UserError
from impasto.data.sources.folder import FolderSource
from impasto.painters.checkpoints import find_checkpoint


def is_of_checkpoint(cfg: DictConfig) -> bool:
    """Whether a checkpoint is to be measured, rather than a folder.

    Raises:
        UserError: neither or both are given.
    """
    folders = [name for name in ("generated", "real", "target") if cfg[name] is not None]
    if cfg.controls and (cfg.style is None or cfg.checkpoint is not None):
        raise UserError("controls.NAME=DIR goes with generated=DIR, content=DIR and style=DIR.")
    if cfg.style is not None and cfg.checkpoint is None:
        if folders != ["generated"] or cfg.content is None:
            raise UserError("style=DIR goes with generated=DIR and content=DIR, or with checkpoint=RUN_DIR|PATH.")
        return False
    if cfg.target is not None and folders != ["generated", "target"]:
        raise UserError("target=DIR goes with generated=DIR, instead of real=DIR: it is what each of them should be.")
    compared = len(folders) == 2 and cfg.generated is not None
    if (cfg.checkpoint is None) != compared or (cfg.checkpoint is not None and folders):
        raise UserError(
            "Give either checkpoint=RUN_DIR|PATH, or both generated=DIR and real=DIR, or generated=DIR, content=DIR "
            "and style=DIR."
        )
    if cfg.content is not None and not folders:
        raise UserError("content=DIR goes with generated=DIR and real=DIR: it is what the generated were painted from.")
    return cfg.checkpoint is not None


def check_paths(cfg: DictConfig) -> None:
    """Whether what is to be measured is there, and the figures can be written, before torch is imported.

    Raises:
        UserError: it is not, or they cannot.
    """
    if cfg.checkpoint is not None:
        find_checkpoint(cfg.checkpoint)
    for name in ("generated", "real", "target", "content", "style"):
        if cfg[name] is not None:
            FolderSource(as_path(name, cfg[name]), option=name)
    for name, folder in cfg.controls.items():
        FolderSource(as_path(f"controls.{name}", folder), option=f"controls.{name}")
    if cfg.output is not None and as_path("output", cfg.output).is_dir():
        raise UserError(f"output={cfg.output} is a folder; give the name of a JSON file.")
