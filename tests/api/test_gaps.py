"""Single mistakes that no other test would notice: each was planted once, and lived."""

import time

from pytest_django import Settings

from jiema.api.limits import Bucket
from tests.api.test_limits import admitted


def test_refused_calls_take_no_place_in_the_window(settings: Settings) -> None:
    settings.API_WINDOW_SECONDS = 1.0
    bucket = Bucket("late", 2)
    assert admitted(bucket, 2) == 2
    time.sleep(0.6)
    admitted(bucket, 10)
    time.sleep(0.5)
    assert admitted(bucket, 1) == 1
