"""What each provider of the family can do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """number_v2, status_v2: has the JSON form of the purchase and of the status.

    page_size: rows of the list of open activations that one call brings; 0 where it cannot be listed.
    hides_faults: answers BAD_ACTION to actions that it has, when something breaks inside.
    """

    number_v2: bool
    status_v2: bool
    page_size: int
    has_history: bool
    hides_faults: bool = False


DIALECTS = {
    "hero": Dialect(number_v2=True, status_v2=True, page_size=100, has_history=True),
    "classic": Dialect(number_v2=True, status_v2=True, page_size=100, has_history=True),
    "tiger": Dialect(number_v2=True, status_v2=True, page_size=50, has_history=False, hides_faults=True),
    "bower": Dialect(number_v2=True, status_v2=False, page_size=0, has_history=False),
    "grizzly": Dialect(number_v2=True, status_v2=True, page_size=100, has_history=False),
    "smshub": Dialect(number_v2=False, status_v2=False, page_size=0, has_history=False),
}
