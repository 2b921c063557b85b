"""The tests have teeth: bugs planted in the code make them fail. TEETH=all plants every one."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.teeth.bugs import Bug, applies, bugs, copy_tree, is_killed, run_tests, start_servers
from tests.torture import figures

ALL = bugs()
# A few that each belong to another part, for everyday.
EVERYDAY = {"refund_is_forgotten", "unclear_is_rejected"}
PLANTED = [bug for bug in ALL if bug.name in EVERYDAY or os.environ.get("TEETH") == "all"]
SELECTIONS = sorted({test for bug in PLANTED for test in bug.tests})
AT_ONCE = 10


@pytest.fixture(scope="module")
def tree() -> Iterator[Path]:
    with TemporaryDirectory(prefix="jiema-teeth-") as folder:
        os.chmod(folder, 0o711)
        yield copy_tree(Path(folder))


@pytest.fixture(scope="module")
def addresses() -> dict[str, str]:
    return start_servers()


def test_every_patch_still_applies(tree: Path) -> None:
    assert len(ALL) >= 30
    assert [bug.name for bug in ALL if not applies(bug, tree, "--check")] == []


@pytest.mark.parametrize("first", range(0, len(SELECTIONS), AT_ONCE))
def test_without_a_bug_they_pass(first: int, tree: Path, addresses: dict[str, str]) -> None:
    """Else what fails with one would show nothing."""
    done = run_tests(SELECTIONS[first : first + AT_ONCE], tree, addresses)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.name)
def test_a_planted_bug_is_noticed(bug: Bug, tree: Path, addresses: dict[str, str]) -> None:
    is_noticed = is_killed(bug, tree, addresses)
    figures.record(teeth_planted=1, teeth_killed=int(is_noticed))
    assert is_noticed, bug.says
