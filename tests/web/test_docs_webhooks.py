"""The receivers of the docs take what the shop signs, and nothing else."""

import re
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from jiema.docs.samples import example
from jiema.embedded.process import free_port, is_listening
from tests.web.test_docs_samples import COMMANDS, require, samples

SECRET = "whsec_" + "c2VjcmV0IG9mIGEgdGVzdCwgMzIgYnl0ZXMgbG9uZy4="
BODY = example("webhook")


class Receiver:
    """One of the samples, running."""

    def __init__(self, language: str, folder: Path) -> None:
        require(language)
        self.port = free_port()
        text = samples()["webhook", language].replace("whsec_…", SECRET).replace("8080", str(self.port))
        file = folder / f"webhook.{language}"
        file.write_text(text)
        serving = ["-S", f"127.0.0.1:{self.port}"] if language == "php" else []
        self.process = subprocess.Popen(
            [*COMMANDS[language], *serving, str(file)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        deadline = time.monotonic() + 30
        while not is_listening(self.port):
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def post(self, body: str, *, secret: str = SECRET, age: int = 0, **headers: str) -> int:
        """The status of its answer. age: seconds since it was signed."""
        at = datetime.now(UTC) - timedelta(seconds=age)
        told = {
            "webhook-id": "c1",
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(secret).sign("c1", at, body),
        }
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}", BODY.encode(), told | headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def stop(self) -> str:
        """What it printed."""
        self.process.terminate()
        return self.process.communicate(timeout=10)[0]


@pytest.fixture(params=["py", "mjs", "php"])
def receiver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Receiver]:
    running = Receiver(request.param, tmp_path)
    yield running
    with suppress(ValueError):
        running.stop()


def test_it_takes_what_the_shop_signed(receiver: Receiver) -> None:
    assert receiver.post(BODY) == 204
    assert re.search("order.received Telegram code 41790", receiver.stop())


def test_it_takes_both_secrets_while_one_is_replaced(receiver: Receiver) -> None:
    at = datetime.now(UTC)
    both = " ".join(Webhook(secret).sign("c1", at, BODY) for secret in ("whsec_b3RoZXI=", SECRET))
    sent = {"webhook-signature": both, "webhook-timestamp": str(int(at.timestamp()))}
    assert receiver.post(BODY, **sent) == 204


def test_it_refuses_what_is_forged_or_old(receiver: Receiver) -> None:
    assert receiver.post(BODY.replace("41790", "66666")) == 400
    assert receiver.post(BODY, secret="whsec_b3RoZXI=") == 400
    assert receiver.post(BODY, age=600) == 400
    assert receiver.post(BODY, **{"webhook-signature": "v1,é"}) == 400
    assert receiver.post(BODY, **{"webhook-signature": ""}) == 400
    assert receiver.post(BODY, **{"webhook-timestamp": "soon"}) == 400
    assert "order.received" not in receiver.stop()
