from pathlib import Path

import pytest

from jiema.embedded import folder as folders
from jiema.embedded.errors import CannotStart
from jiema.embedded.folder import DataFolder


def test_one_at_a_time(tmp_path: Path) -> None:
    first = DataFolder(tmp_path)
    with pytest.raises(CannotStart, match=r"already running on .* \(process \d+\).*set JIEMA_DATA"):
        DataFolder(tmp_path)
    first.close()
    DataFolder(tmp_path).close()


def test_the_secret_key_is_made_once_and_private(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "new")
    key = folder.secret_key()
    assert len(key) == 64
    assert folder.secret_key() == key
    assert (tmp_path / "new/secret_key").stat().st_mode & 0o777 == 0o600
    folder.close()


def test_another_terminal_reads_the_addresses_until_we_stop(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.publish({"DATABASE_URL": "postgres://here", "REDIS_URL": "redis://here"})
    published = tmp_path / "env"
    assert published.read_text() == "DATABASE_URL=postgres://here\nREDIS_URL=redis://here\n"
    assert published.stat().st_mode & 0o777 == 0o600
    folder.close()
    assert not published.exists()


def test_too_little_room_names_the_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "ROOM_NEEDED", 2**62)
    with pytest.raises(CannotStart, match=r"The disk that holds .* is full: .*set JIEMA_DATA"):
        DataFolder(tmp_path)
