"""``import impasto`` costs nothing, and what it offers comes when it is used."""

import json
import subprocess
import sys
from types import ModuleType

import pytest

import impasto

ASK = """
import json, sys, time
began = time.process_time()
import impasto
seconds = time.process_time() - began
names = sorted(name for name in sys.modules if name.partition(".")[0] in ("torch", "numpy", "PIL", "hydra", "impasto"))
print(json.dumps([seconds, names]))
"""


def test_nothing_heavy_is_imported() -> None:
    answered = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    seconds, loaded = json.loads(answered.stdout)
    assert loaded == ["impasto"]
    assert seconds < 0.05


@pytest.mark.parametrize("name", impasto.__all__)
def test_what_is_named_is_there(name: str) -> None:
    found = getattr(impasto, name)
    assert found.__doc__
    assert not isinstance(found, ModuleType)


def test_what_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'impasto' has no attribute 'pain'"):
        impasto.pain  # type: ignore[attr-defined]  # noqa: B018
