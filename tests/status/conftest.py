from collections.abc import Iterator

import pytest

from jiema.status import snapshot


@pytest.fixture(autouse=True)
def _nothing_seen_before() -> Iterator[None]:
    snapshot.forget()
    yield
    snapshot.forget()
