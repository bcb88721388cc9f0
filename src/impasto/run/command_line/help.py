"""``--help`` at once: Hydra's own composes a run and lists every group of every package before it answers."""

import sys
from pathlib import Path
from string import Template
from typing import Final

from omegaconf import OmegaConf

from impasto.base.conf import CONF, as_called

ELSEWHERE: Final = ("--hydra-help", "--config-dir", "-cd", "--config-path", "-cp", "--config-name", "-cn")
"""Hydra answers these itself: the answer is not only in ``conf/``."""


def answer_help(script: str, arguments: list[str]) -> None:
    """Print the help of an entry script and exit, if ``--help`` was given.

    Args:
        script: name of its file without the ending, and of its configuration.
        arguments: of the command line.
    """
    flags = {argument.partition("=")[0] for argument in arguments}
    path = CONF / f"{script}.yaml"
    if flags.isdisjoint(("--help", "-h")) or not flags.isdisjoint(ELSEWHERE) or not path.is_file():
        return
    template = str(OmegaConf.load(path).hydra.help.template)  # type: ignore[union-attr]
    print(as_called(Template(template).safe_substitute(APP_CONFIG_GROUPS=groups(CONF))))
    sys.exit(0)


def groups(conf: Path) -> str:
    """The groups and their choices, a line each; those inside another are parts of its choices."""
    choices = {folder.name: sorted(path.stem for path in folder.glob("*.yaml")) for folder in sorted(conf.iterdir())}
    return "".join(f"{name}: {', '.join(found)}\n" for name, found in choices.items() if found and name != "hydra")
