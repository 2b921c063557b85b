from pathlib import Path

import pytest
from redis import Redis

from jiema.embedded import valkey
from jiema.embedded.errors import CannotStart
from jiema.embedded.unprivileged import unprivileged_account
from tests.embedded.conftest import Launch


def test_it_answers_at_its_url(home: Path, launch: Launch) -> None:
    server, url = valkey.program(home, home, unprivileged_account())
    launch(server)
    with Redis.from_url(url) as client:
        client.set("greeting", "hello")
        assert client.get("greeting") == b"hello"


def test_it_keeps_nothing(home: Path, launch: Launch) -> None:
    server, url = valkey.program(home, home, unprivileged_account())
    child = launch(server)
    with Redis.from_url(url) as client:
        client.set("greeting", "hello")
    child.ask_to_stop()
    child.finish(5)
    launch(server)
    with Redis.from_url(url) as client:
        assert client.keys() == []
    assert list((home / "valkey").iterdir()) == []


def test_a_missing_wheel_names_the_setting(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(valkey, "find_spec", lambda _name: None)
    with pytest.raises(CannotStart, match="set REDIS_URL"):
        valkey.program(home, home, None)
