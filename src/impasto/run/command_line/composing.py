"""A command's configuration without its command line; imports neither torch nor lightning."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.errors import CompactHydraException
from omegaconf import DictConfig, OmegaConf, open_dict

from impasto.base.conf import CONF
from impasto.base.errors import UserError
from impasto.run.command_line.arguments import with_open_settings, with_text_quoted
from impasto.run.command_line.composition_errors import composition_sentence, settings_of
from impasto.run.command_line.entry import register_resolvers


def composed(
    command: str,
    overrides: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
    record: Path | None = None,
) -> DictConfig:
    """What a command gets.

    Args:
        command: ``train``, ``evaluate`` and so on.
        overrides: as on its command line.
        settings: values by dotted key, set after that, of any type and without quotes.
        record: folder of a run, for the files by which Hydra lets ``resume=`` go on with it; None writes none.

    Raises:
        UserError: there is no such setting, or an override cannot be read.
    """
    cfg = check_words(command, overrides)
    hydra = OmegaConf.create({"hydra": cfg.hydra})
    with open_dict(cfg):
        del cfg["hydra"]
    for key, value in (settings or {}).items():
        OmegaConf.update(cfg, key, value, force_add=True)
    if record is not None:
        (record / ".hydra").mkdir(exist_ok=True)
        for name, config in (("config", cfg), ("hydra", hydra), ("overrides", hydra.hydra.overrides.task)):
            OmegaConf.save(config, record / ".hydra" / f"{name}.yaml")
    return cfg


def check_words(command: str, overrides: Sequence[str]) -> DictConfig:
    """What a command gets from its command line, with Hydra's own settings.

    Raises:
        UserError: there is no such setting, or one cannot be read.
    """
    register_resolvers()
    words = with_open_settings(with_text_quoted(overrides), settings_of(command))
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return compose(command, words, return_hydra_config=True)
    except CompactHydraException as problem:
        raise UserError(composition_sentence(problem, command).removeprefix("Error: ")) from None
