"""Loaded before the settings are: the servers and the environment of the tests."""

import os

from tests import servers

os.environ.update(servers.start())
os.environ |= {
    "JIEMA_DATA": "/nonexistent",
    "SECRET_KEY": "tests",
    "DEBUG": "0",
    "SECURE_SSL_REDIRECT": "0",
    "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    "EMAIL_URL": "memorymail://",
    "STATIC_FROM_SOURCE": "1",
    "LOG_LEVEL": "CRITICAL",
}
worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
os.environ["REDIS_URL"] = os.environ["REDIS_URL"].rstrip("0").rstrip("/") + f"/{worker}"
