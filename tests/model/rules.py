"""What rules are made of."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from jiema.failpoints import NAMES
from tests.model.stage import RULES, Stage
from tests.model.wire import Moment
from tests.model.world import PAIRS

TROUBLES = [
    *("timeout", "reset", "cut", "html", "empty", "error_sql", "blocked", "429", "500", "503"),
    *("sold_then_timeout", "sold_then_reset", "sold_then_html", "sold_then_502"),
]
WORDS = ["NO_NUMBERS", "NO_BALANCE", "BAD_KEY", "BAD_STATUS", "NO_ACTIVATION", "SOMETHING_NEW"]
PICK = st.integers(0, 5)
TWICE = st.sampled_from([1, 2])
USER = st.sampled_from([0, 1])
PAIR = st.sampled_from(PAIRS)
TROUBLE = st.sampled_from([None] * 45 + TROUBLES)


def deaths(*prefixes: str) -> st.SearchStrategy[Moment]:
    """Mostly none; else after so many statements and replies, or at a failpoint of this flow."""
    names = sorted(name for name in NAMES if name.startswith(prefixes))
    return st.sampled_from([None] * 90 + [*range(30)] + names)


def does(at_most: int = 50, **arguments: Any) -> Callable[[Callable[..., None]], Any]:
    """A rule that is counted. at_most: times in an example."""

    def counted(function: Callable[..., None]) -> Any:
        name = function.__name__
        RULES[name] = 0

        @wraps(function)
        def count(stage: Stage, **given: Any) -> None:
            stage.rule = name
            stage.ran[name] += 1
            RULES[name] += 1
            function(stage, **given)

        return precondition(lambda stage: stage.ran[name] < at_most)(rule(**arguments)(count))

    return counted


def where(holds: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A rule only where it may change something: steps are dear."""
    return precondition(holds)


with_orders = where(lambda self: self.oracle.books.orders)
