from typing import Any

import pytest
from omegaconf import OmegaConf

from impasto.app.settings import Settings, settings_from
from impasto.base.conf import CONF
from impasto.base.errors import UserError


def made(**given: Any) -> Settings:
    cfg = OmegaConf.load(CONF / "app.yaml")
    assert OmegaConf.is_dict(cfg)
    return settings_from({str(key): value for key, value in cfg.items()} | given)


def test_further_settings_of_training_are_kept() -> None:
    assert made(train=["minutes=1", "kimg=2"]).train == ("minutes=1", "kimg=2")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("foo", r"train=\[foo\] is no setting of train\.py: give NAME=VALUE"),
        ("minuts=1", r"minuts.*did you mean minutes"),
        ("model=nothing", "nothing"),
    ],
)
def test_what_is_no_setting_of_training_is_told_at_once(word: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        made(train=[word])
