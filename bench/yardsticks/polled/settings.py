"""The shop, with one address more: an order's page as one would first write it. Frozen: what we compare with must not
move."""

from jiema.settings import *  # noqa: F403

ROOT_URLCONF = "bench.yardsticks.polled.urls"
