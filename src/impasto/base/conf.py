"""Where the configuration lies: beside ``src/`` in a checkout, inside the package where a wheel was installed."""

import re
from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).parents[1]

CONF: Final = next(path for path in (_PACKAGE / "conf", _PACKAGE.parents[1] / "conf") if path.is_dir())
"""The folder of Hydra's groups and of a YAML file for each command."""


def as_called(text: str) -> str:
    """Text in which commands are as they are called here: ``impasto train`` where a wheel was installed."""
    return re.sub(r"python src/(\w+)\.py", r"impasto \1", text) if CONF.is_relative_to(_PACKAGE) else text
