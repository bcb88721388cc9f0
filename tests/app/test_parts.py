"""Templates of the page."""

import pytest

from impasto.app.parts import part
from impasto.base import conf


@pytest.mark.parametrize("wheel", [False, True])
def test_commands_on_the_page_are_as_they_are_called(wheel: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if wheel:
        monkeypatch.setattr(conf, "CONF", conf._PACKAGE / "conf")
    said = part("ballot", {}).html_template
    assert ("impasto app rate=compare" in said, "python src/app.py rate=compare" in said) == (wheel, not wheel)
