"""What ``src/evaluate.py`` is asked to measure, found out before torch is imported."""

from omegaconf import DictConfig

from impasto.base.checks import as_path
from impasto.base.conf import CONF
from impasto.base.errors import UserError
from impasto.data.sources.folder import FolderSource
from impasto.painters.checkpoints import find_checkpoint
from impasto.video.endings import is_clip

CORRUPTION = "corruption"
"""The protocol that takes any painter of content, also without a run: that which comes along if none is given."""


def is_of_checkpoint(cfg: DictConfig) -> bool:
    """Whether a checkpoint is to be measured, rather than a folder.

    Raises:
        UserError: neither or both are given.
    """
    if cfg.protocol == CORRUPTION:
        check_alone(cfg)
        return cfg.checkpoint is not None
    if is_of_clips(cfg):
        check_clips(cfg)
        return False
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
    if cfg.protocol is not None:
        check_protocol(cfg)
    return cfg.checkpoint is not None


def check_alone(cfg: DictConfig) -> None:
    """Whether nothing is given that protocol=corruption does not take.

    Raises:
        UserError: something is.
    """
    if others := [name for name in ("generated", "real", "target", "controls", "data") if cfg[name]]:
        raise UserError(f"protocol=corruption takes content= and style=, and no {others[0]}: leave it out.")


def check_protocol(cfg: DictConfig) -> None:
    """Whether the protocol that is asked for exists, and goes with what else is given.

    Raises:
        UserError: it does not.
    """
    known = sorted(path.stem for path in (CONF / "evaluation").glob("*.yaml") if path.stem != "none")
    if str(cfg.protocol) not in known:
        raise UserError(f"protocol={cfg.protocol} is not known: choose one of {', '.join(known)}.")
    if cfg.checkpoint is None or cfg.style is not None:
        raise UserError(f"protocol={cfg.protocol} goes with checkpoint=RUN_DIR|PATH, and without style=.")


def is_of_clips(cfg: DictConfig) -> bool:
    """Whether a clip is to be measured."""
    return cfg.generated is not None and is_clip(str(cfg.generated))


def check_clips(cfg: DictConfig) -> None:
    """Whether what a clip is measured by goes together.

    Raises:
        UserError: it does not.
    """
    others = [name for name in ("checkpoint", "real", "target") if cfg[name] is not None]
    if others or cfg.content is None:
        raise UserError(
            f"generated={cfg.generated} is a clip, and goes with content=, the clip that was painted; style=DIR adds "
            "style scores of its frames, and controls.NAME=CLIP what another painter made of it."
        )
    for name, path in (("content", cfg.content), *((f"controls.{name}", path) for name, path in cfg.controls.items())):
        if not is_clip(str(path)):
            raise UserError(f"{name}={path} is no clip, and generated={cfg.generated} is one: give a clip.")


def check_paths(cfg: DictConfig) -> None:
    """Whether what is to be measured is there, and the figures can be written, before torch is imported.

    Raises:
        UserError: it is not, or they cannot.
    """
    if cfg.checkpoint is not None:
        find_checkpoint(cfg.checkpoint)
    for name in ("generated", "real", "target", "content", "style"):
        if cfg[name] is not None:
            check_there(name, cfg[name])
    for name, folder in cfg.controls.items():
        check_there(f"controls.{name}", folder)
    if cfg.output is not None and as_path("output", cfg.output).is_dir():
        raise UserError(f"output={cfg.output} is a folder; give the name of a JSON file.")


def check_there(name: str, value: object) -> None:
    """Whether a folder, or a clip, is there.

    Raises:
        UserError: it is not.
    """
    path = as_path(name, value)
    if not is_clip(path) or path.is_dir():
        FolderSource(path, option=name)
    elif not path.is_file():
        raise UserError(f"{name}={path} does not exist; give a clip.")
