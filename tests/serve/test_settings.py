"""The settings of the service."""

from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from impasto.base.errors import UserError
from impasto.run.command_line.arguments import with_text_quoted
from impasto.serve.settings import settings_of
from tests.training import CONF


def composed(*overrides: str) -> Any:
    with initialize_config_dir(CONF, version_base="1.3"):
        return OmegaConf.to_container(compose("serve", with_text_quoted(overrides)), resolve=True)


def test_this_machine_alone_needs_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMPASTO_TOKEN", raising=False)
    for overrides in ((), ("host=127.0.0.1",), ("host=localhost",), ("host=::1",)):
        settings = settings_of(composed(*overrides))
        assert settings.token is None
    assert settings_of(composed()).host == "127.0.0.1"
    assert settings_of(composed()).limits.max_bytes == 20_000_000


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "studio.example"])
def test_other_machines_need_a_token(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMPASTO_TOKEN", raising=False)
    tokens = {settings_of(composed(f"host={host}")).token for _ in range(2)}
    assert len(tokens) == 2
    assert all(token is not None and len(token) >= 32 for token in tokens)
    monkeypatch.setenv("IMPASTO_TOKEN", "1234567890123456")
    assert settings_of(composed(f"host={host}")).token == "1234567890123456"
    assert settings_of(composed("token=abcdefghijklmnop")).token == "abcdefghijklmnop"


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("replicas=0", "^replicas=0 does not fit"),
        ("batch=0", "^batch=0 does not fit"),
        ("port=70000", "^port=70000 does not fit"),
        ("adapters=/no/such/folder", "^adapters=/no/such/folder is no folder"),
        ("token=short", "^token= is no text of 16"),
        ("max_megapixels=0", "^max_megapixels=0 does not fit"),
    ],
)
def test_settings_that_do_not_fit(override: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        settings_of(composed(override))


def test_a_folder_of_adapters_is_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    assert settings_of(composed("adapters=mine")).adapters == tmp_path / "mine"
