"""What `make run` tells the parts of the shop about each other."""

from pathlib import Path

import pytest

from jiema.embedded.options import Options
from jiema.embedded.shop import Shop, sandbox_url
from jiema.embedded.up import DEMO_XPUB, Ports, _told


@pytest.mark.parametrize(
    ("host", "site_url", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000", "http://127.0.0.1:9"),
        ("localhost", "https://shop.example", "http://localhost:9"),
        ("::1", "http://[::1]:8000", "http://[::1]:9"),
        ("0.0.0.0", "http://127.0.0.1:8000", "http://127.0.0.1:9"),
        ("0.0.0.0", "http://192.168.1.5:8000", "http://192.168.1.5:9"),
        ("192.168.1.5", "http://192.168.1.5:8000", "http://192.168.1.5:9"),
        ("::", "http://[fd00::5]:8000", "http://[fd00::5]:9"),
        ("::", "", "http://[::1]:9"),
    ],
)
def test_a_sandbox_is_called_as_the_shop_is(host: str, site_url: str, url: str) -> None:
    assert sandbox_url(host, site_url, 9) == url


def told(**environ: str) -> dict[str, str]:
    return _told(environ, Options(Path("/data"), "0.0.0.0", 8000), Ports(7, 8, 9))


def test_the_gateways_sandboxes_are_told() -> None:
    found = told(SITE_URL="http://10.0.0.5:8000")
    assert found.pop("SANDBOX_GATEWAY_SECRET").startswith("whsec_")
    assert found == {
        "SITE_URL": "http://10.0.0.5:8000",
        "ALLOWED_HOSTS": "*",
        "SANDBOX_URL": "http://127.0.0.1:7",
        "SANDBOX_GATEWAY_URL": "http://10.0.0.5:8",
        "TRONGRID_URL": "http://10.0.0.5:9",
        "TRON_XPUB": DEMO_XPUB,
    }


@pytest.mark.parametrize("given", [{"TRON_XPUB": "xpub661"}, {"TRONGRID_URL": "https://api.trongrid.io"}])
def test_a_true_chain_and_the_demos_key_never_meet(given: dict[str, str]) -> None:
    assert told(**given).keys() & {"TRON_XPUB", "TRONGRID_URL"} == set()


def test_the_card_sandbox_calls_the_shop_and_says_where_it_is() -> None:
    env = {"SITE_URL": "http://10.0.0.5:8000/"}
    program = Shop(Path("/"), Path("/data"), "0.0.0.0", 8000, 7, env, 8, 9).cards()
    assert program.argv[2:] == [
        *("accounts.topups.sandbox.cards", "--host", "0.0.0.0", "--port", "8"),
        *("--webhook", "http://10.0.0.5:8000/webhooks/sandbox", "--public-url", "http://10.0.0.5:8"),
    ]
