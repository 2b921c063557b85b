"""The driver's table says what the figures say."""

from pathlib import Path

import pytest

from tests.torture import figures
from tests.torture.parts import Row, Suite, table

SUITE = Suite(
    "M0", "tests", [], many="{rounds} rounds", found="{leaks} leaks", at_least={"rounds": 20}, at_most={"leaks": 0}
)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(figures.VARIABLE, str(tmp_path / "figures"))
    return tmp_path / "figures"


def run(monkeypatch: pytest.MonkeyPatch, failure: str, **told: int) -> Row:
    def record(suite: Suite, file: Path) -> str:
        monkeypatch.setenv(figures.VARIABLE, str(file))
        figures.record(**told)
        return failure

    monkeypatch.setattr(Suite, "_run", record)
    return SUITE()[0]


def test_figures_add_up_or_are_the_greatest(file: Path) -> None:
    for number in (3, 5, 4):
        figures.record(rounds=number)
        figures.record_most(oldest=number)
    assert figures.read(file) == {"rounds": 12, "oldest": 5}


def test_nobody_listens(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(figures.VARIABLE)
    figures.record(rounds=1)
    assert figures.read(file) == {}


def test_a_goal_that_is_met(monkeypatch: pytest.MonkeyPatch) -> None:
    row = run(monkeypatch, "", rounds=2000, leaks=0)
    assert (row.many, row.found, row.ok) == ("2,000 rounds", "0 leaks", True)


@pytest.mark.parametrize(
    ("failure", "told", "found"),
    [
        ("pytest ended with 1", {"rounds": 20, "leaks": 0}, "0 leaks; pytest ended with 1"),
        ("", {"rounds": 19, "leaks": 0}, "0 leaks; rounds is 19, must be >= 20"),
        ("", {"rounds": 20, "leaks": 1}, "1 leaks; leaks is 1, must be <= 0"),
        ("", {"rounds": 20}, "? leaks leaks; leaks is None, must be <= 0"),
    ],
)
def test_a_goal_that_is_missed(failure: str, told: dict[str, int], found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    row = run(monkeypatch, failure, **told)
    assert (row.found, row.ok) == (found, False)


def test_the_table() -> None:
    rows = [Row("M1", "hammer", "10", "nothing", 1.2, True), Row("M4", "chaos", "1", "a loss", 60.0, False)]
    assert table(rows).splitlines()[2:] == [
        "| M1 | hammer | 10 | nothing | 1 | ok |",
        "| M4 | chaos | 1 | a loss | 60 | **NOT** |",
    ]
