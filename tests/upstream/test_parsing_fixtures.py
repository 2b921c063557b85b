"""Recorded replies, where JIEMA_FIXTURES names a folder of them: PROVIDER/ACTION_params.json.

`errors.json` there lists {request, status, body}.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog.upstream.errors import UpstreamError
from catalog.upstream.parsing import catalogue, following, lists
from catalog.upstream.parsing.purchase import parse_purchase
from catalog.upstream.parsing.wire import read, word_of

FOLDER = os.environ.get("JIEMA_FIXTURES")
PROVIDERS = ("hero-sms", "sms-activate", "smsbower", "tiger-sms")
# Documents and extracts about the protocol, and the errors, which are read apart.
NO_REPLIES = ("openapi.2026-01.json", "services-all-codes.2025-12.json", "errors.json")
KNOWN = ("BAD_KEY", "BAD_ACTION", "NOT_FOUND", "RATE_LIMIT", "UNPROCESSABLE_ENTITY")
PARSERS: dict[str, Callable[[bytes, int], Any]] = {
    "getActiveActivations": lists.parse_active,
    "getCountries": catalogue.parse_countries,
    "getServicesList": catalogue.parse_services,
    "getPrices": catalogue.parse_offers,
    "getPricesV2": catalogue.parse_offers,
    "getPricesV3": catalogue.parse_offers,
}


def leaves(value: Any) -> int:
    """How many figures and names a reply holds."""
    if isinstance(value, dict | list):
        return sum(leaves(inner) for inner in (value.values() if isinstance(value, dict) else value))
    return 1


def replies(folder: Path) -> list[Path]:
    paths = (path for provider in PROVIDERS for path in sorted((folder / provider).glob("*.json")))
    return [path for path in paths if path.name not in NO_REPLIES]


def failures(folder: Path) -> list[dict[str, Any]]:
    files = [path for provider in PROVIDERS for path in (folder / provider).glob("errors.json")]
    return [entry for path in files for entry in json.loads(path.read_text())]


if FOLDER:

    @pytest.mark.parametrize("path", replies(Path(FOLDER)), ids=lambda path: f"{path.parent.name}/{path.stem}")
    def test_a_recorded_reply(path: Path) -> None:
        body = path.read_bytes()
        told = json.loads(body)
        parse = PARSERS.get(path.name.split(".")[0].split("_")[0])
        assert word_of(read(body, 200)) is None
        assert leaves(read(body, 200)) == leaves(told)
        if parse is catalogue.parse_offers:
            assert len(parse(body, 200)) == sum(len(services) for services in told.values())
        elif parse is lists.parse_active:
            assert parse(body, 200) == told["data"]
        elif parse:
            assert len(parse(body, 200)) == len(told.get("services", told))

    @pytest.mark.parametrize("entry", failures(Path(FOLDER)), ids=lambda entry: entry["request"])
    def test_a_recorded_error(entry: dict[str, Any]) -> None:
        body, status = entry["body"].encode(), entry["status"]
        if body == b"{}":
            assert catalogue.parse_offers(body, status) == []
            return
        for parse in (*PARSERS.values(), parse_purchase, following.parse_done(following.CANCELLED)):
            with pytest.raises(UpstreamError) as caught:
                parse(body, status)
            assert caught.value.token in KNOWN
