from pathlib import Path

import pytest

from jiema.embedded import echo


def shown(log: Path, *pieces: str) -> list[str]:
    """What is said of each piece appended to the log."""
    said: list[str] = []
    log.touch()
    follower = echo.Echo("web", log, said.append)
    for piece in pieces:
        with log.open("a") as file:
            file.write(piece)
        follower.show_new_lines()
    return said


def test_complaints_are_shown_with_the_part_they_come_from(tmp_path: Path) -> None:
    assert shown(tmp_path / "log", "[error    ] no route\n") == ["   web | [error    ] no route"]


def test_routine_is_left_out(tmp_path: Path) -> None:
    assert shown(tmp_path / "log", "[info     ] ok\n[INFO] ok\n", '{"event": "ok", "level": "info"}\n') == []


def test_a_line_is_shown_once_it_is_whole(tmp_path: Path) -> None:
    assert shown(tmp_path / "log", "half a ", "line\nand") == ["   web | half a line"]


def test_a_log_that_has_grown_too_long_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(echo, "MAX_LOG", 10)
    assert shown(tmp_path / "log", "a longer line\n", "next\n") == ["   web | a longer line", "   web | next"]
    assert (tmp_path / "log").read_text() == "next\n"
