"""Who a server answers."""

import pytest

from impasto.base.errors import UserError
from impasto.base.visitors import address_of, is_loopback, name_asked_for, token_for


@pytest.mark.parametrize(
    ("header", "ours"),
    [
        *((name, True) for name in ("localhost", "localhost:80", "127.0.0.1:8765", "[::1]:80", "127.3.2.1")),
        *((name, False) for name in ("example.org:80", "127.0.0.1.example.org", "10.0.0.1", "", None, "[::1", "[x]:1")),
    ],
)
def test_only_names_of_this_machine_are_its_own(header: str | None, ours: bool) -> None:
    assert is_loopback(name_asked_for(header)) is ours


def test_a_token_is_made_where_others_come_in_and_is_long() -> None:
    assert token_for(None, reached_by_others=False) is None
    made = {token_for(None, reached_by_others=True) for _ in range(2)}
    assert len(made) == 2
    assert all(token is not None and len(token) >= 32 for token in made)
    assert token_for(1234567890123456, reached_by_others=False) == "1234567890123456"
    for short in ("123456789012345", "", "ünsicheres_token_"):
        with pytest.raises(UserError, match="no text of 16 letters and digits or more"):
            token_for(short, reached_by_others=True)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://127.0.0.1:80"),
        ("::1", "http://[::1]:80"),
        ("studio.lan", "http://studio.lan:80"),
    ],
)
def test_the_address_is_one_that_a_browser_here_takes(host: str, url: str) -> None:
    assert address_of(host, 80) == url
