"""Clients that others wrote for these providers, unmodified: only the address is set from outside."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from async_sms_activate import SmsActivateClient
from pysmshub import AsyncSmsHubApi, SyncSmsHubApi
from pysmshub.exceptions import SmsHubApiException
from pysmshub.utils import Status
from smsactivate.api import SMSActivateAPI
from smsbower import SmsBowerClient, SmsBowerError

from catalog.upstream.sandbox import Sandbox, VirtualClock
from tests.upstream.sandbox_caller import FIRST_ID


@pytest.fixture(params=["hero", "classic"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    yield from playing(request.param)


@pytest.fixture
def classic() -> Iterator[Sandbox]:
    yield from playing("classic")


def playing(profile: str) -> Iterator[Sandbox]:
    with Sandbox(profile=profile, clock=VirtualClock(), never=1, first_id=FIRST_ID, balance="17.154") as sandbox:
        sandbox.shop.stock(6, "tg", Decimal("0.35"), 420)
        yield sandbox


def phone(sandbox: Sandbox) -> str:
    return sandbox.shop.find(FIRST_ID).phone


# smsactivate 1.5


@pytest.fixture
def smsactivate(sandbox: Sandbox) -> Any:
    client = SMSActivateAPI(sandbox.key)
    client._SMSActivateAPI__api_url = sandbox.url
    return client


def test_smsactivate_reads_balance_and_catalogue(smsactivate: Any):
    assert smsactivate.getBalance() == {"balance": "17.154"}
    assert smsactivate.getPrices("tg", 6)["6"]["tg"]["cost"] == 0.35
    assert smsactivate.getCountries()["6"]["eng"] == "Indonesia"
    assert int(smsactivate.getNumbersStatus(country=6)["tg"]) == 420
    assert smsactivate.getTopCountriesByService("tg")["0"]["price"] > 0
    assert "telkomsel" in smsactivate.getOperators(country=6)["countryOperators"]["6"]


def test_smsactivate_buys_and_gets_two_codes(smsactivate: Any, sandbox: Sandbox):
    bought = smsactivate.getNumber("tg", country=6)
    assert bought == {"activation_id": FIRST_ID, "phone": int(phone(sandbox))}
    assert smsactivate.getStatus(FIRST_ID) == "STATUS_WAIT_CODE"
    sandbox.shop.deliver(FIRST_ID, "Your code is 12345")
    assert smsactivate.getStatus(FIRST_ID) == "STATUS_OK:12345"
    assert smsactivate.setStatus(FIRST_ID, status=3) == "ACCESS_RETRY_GET"
    sandbox.shop.deliver(FIRST_ID, "Your code is 54321")
    assert smsactivate.getStatus(FIRST_ID) == "STATUS_OK:54321"
    assert smsactivate.setStatus(FIRST_ID, status=6) == "ACCESS_ACTIVATION"


def test_smsactivate_buys_v2_lists_and_cancels(smsactivate: Any, sandbox: Sandbox):
    bought = smsactivate.getNumberV2("tg", country=6)
    assert (int(bought["activationId"]), bought["phoneNumber"]) == (FIRST_ID, phone(sandbox))
    listed = smsactivate.getActiveActivations()["activeActivations"]
    assert [row["activationId"] for row in listed] == [str(FIRST_ID)]
    sandbox.advance(120)
    assert smsactivate.setStatus(FIRST_ID, status=8) == "ACCESS_CANCEL"
    assert smsactivate.getStatus(FIRST_ID)["error"] == "STATUS_CANCEL"
    assert smsactivate.getBalance() == {"balance": "17.154"}


def test_smsactivate_understands_no_numbers(smsactivate: Any, sandbox: Sandbox):
    sandbox.shop.stock(6, "tg", None, 0)
    assert smsactivate.getNumber("tg", country=6)["error"] == "NO_NUMBERS"


# smsbower 0.1.0


@pytest.fixture
def smsbower(sandbox: Sandbox) -> Iterator[SmsBowerClient]:
    with SmsBowerClient(sandbox.key, base_url=sandbox.origin) as client:
        yield client


def test_smsbower_reads_balance_and_catalogue(smsbower: SmsBowerClient):
    assert smsbower.get_balance() == 17.154
    assert smsbower.get_prices("tg", 6)["6"]["tg"]["count"] == 420
    assert smsbower.get_countries()["6"].eng == "Indonesia"
    assert {"tg": "Telegram"}.items() <= {s.code: s.name for s in smsbower.get_services_list()}.items()
    assert len(smsbower.get_top_countries_by_service("tg")) == 195


def test_smsbower_buys_and_gets_two_codes(smsbower: SmsBowerClient, sandbox: Sandbox):
    bought = smsbower.get_number("tg", country=6, max_price=0.35)
    assert (bought.id, bought.number) == (str(FIRST_ID), phone(sandbox))
    assert smsbower.get_status(bought.id).status == "STATUS_WAIT_CODE"
    sandbox.shop.deliver(FIRST_ID, "Your code is 12345")
    assert smsbower.get_status(bought.id).code == "12345"
    assert smsbower.set_status(bought.id, 3) == "ACCESS_RETRY_GET"
    assert smsbower.get_status(bought.id).status == "STATUS_WAIT_RETRY"
    sandbox.shop.deliver(FIRST_ID, "Your code is 54321")
    assert smsbower.get_status(bought.id).code == "54321"
    assert smsbower.set_status(bought.id, 6) == "ACCESS_ACTIVATION"


def test_smsbower_buys_v2_and_cancels(smsbower: SmsBowerClient, sandbox: Sandbox):
    bought = smsbower.get_number_v2("tg", country=6)
    assert (bought["phoneNumber"], bought["activationCost"]) == (phone(sandbox), 0.35)
    sandbox.advance(120)
    assert smsbower.set_status(bought["activationId"], 8) == "ACCESS_CANCEL"
    assert smsbower.get_status(bought["activationId"]).status == "STATUS_CANCEL"


def test_smsbower_understands_refusals(classic: Sandbox):
    with SmsBowerClient(classic.key, base_url=classic.origin) as client:
        bought = client.get_number("tg", country=6)
        with pytest.raises(SmsBowerError) as early:
            client.set_status(bought.id, 8)
        assert early.value.code == "EARLY_CANCEL_DENIED"


# pysmshub 0.1.3


@pytest.fixture
def pysmshub(sandbox: Sandbox) -> SyncSmsHubApi:
    client = SyncSmsHubApi(sandbox.key)
    client.base_url = sandbox.url
    return client


def test_pysmshub_reads_balance_and_catalogue(pysmshub: SyncSmsHubApi):
    assert pysmshub.get_balance() == 17.154
    assert pysmshub.get_prices("tg", "6")["6"]["tg"]["cost"] == 0.35
    assert int(pysmshub.get_numbers_status("6")["tg"]) == 420


def test_pysmshub_reads_a_round_balance(pysmshub: SyncSmsHubApi, sandbox: Sandbox):
    sandbox.shop.account.balance = Decimal(100)
    assert pysmshub.get_balance() == 100.0


def test_pysmshub_buys_and_gets_two_codes(pysmshub: SyncSmsHubApi, sandbox: Sandbox):
    assert pysmshub.get_number("tg", country=6, max_price=1) == (str(FIRST_ID), phone(sandbox))
    assert pysmshub.get_status(FIRST_ID) == (Status.WAIT, None)
    sandbox.shop.deliver(FIRST_ID, "Your code is 12345")
    assert pysmshub.get_status(FIRST_ID) == (Status.SENT, "12345")
    assert pysmshub.set_status(FIRST_ID, Status.REPEAT) == "ACCESS_RETRY_GET"
    assert pysmshub.get_status(FIRST_ID) == (Status.REPEAT, "12345")
    sandbox.shop.deliver(FIRST_ID, "Your code is 54321")
    assert pysmshub.get_status(FIRST_ID) == (Status.SENT, "54321")
    assert pysmshub.set_status(FIRST_ID, Status.SUCCESS) == "ACCESS_ACTIVATION"


def test_pysmshub_cancels(pysmshub: SyncSmsHubApi, sandbox: Sandbox):
    pysmshub.get_number("tg", country=6)
    sandbox.advance(120)
    assert pysmshub.set_status(FIRST_ID, Status.CANCEL) == "ACCESS_CANCEL"
    assert pysmshub.get_status(FIRST_ID) == (Status.CANCEL, None)


def test_pysmshub_understands_refusals(pysmshub: SyncSmsHubApi, sandbox: Sandbox):
    sandbox.shop.stock(6, "tg", None, 0)
    with pytest.raises(SmsHubApiException) as refusal:
        pysmshub.get_number("tg", country=6)
    assert refusal.value.response == "NO_NUMBERS"


def test_pysmshub_asynchronous(sandbox: Sandbox):
    async def play() -> None:
        client = AsyncSmsHubApi(sandbox.key)
        client.base_url = sandbox.url
        assert await client.get_balance() == 17.154
        assert await client.get_number("tg", country="6") == (str(FIRST_ID), phone(sandbox))
        sandbox.shop.deliver(FIRST_ID, "Your code is 12345")
        assert await client.get_status(FIRST_ID) == (Status.SENT, "12345")

    asyncio.run(play())


# async-sms-activate 0.1.2


def test_async_sms_activate(sandbox: Sandbox):
    asyncio.run(_play_async_sms_activate(sandbox))


async def _play_async_sms_activate(sandbox: Sandbox) -> None:
    client = SmsActivateClient(sandbox.key)
    client.api_url = sandbox.url
    try:
        await _read(client)
        await _get_two_codes(client, sandbox)
        await _cancel(client, sandbox)
    finally:
        await client.close()


async def _read(client: SmsActivateClient) -> None:
    assert await client.get_balance() == 17.154
    indonesia = await client.get_country_by_country_code("6")
    assert indonesia is not None
    assert indonesia.english_name == "Indonesia"
    assert len(await client.top_countries_by_service("tg")) == 195


async def _get_two_codes(client: SmsActivateClient, sandbox: Sandbox) -> None:
    bought = await client.buy_number_by_country("tg", 6)
    assert (int(bought.activation_id), bought.phone_number) == (FIRST_ID, phone(sandbox))
    sandbox.shop.deliver(FIRST_ID, "Your code is 12345")
    assert await bought.wait_for_code() == "12345"
    assert await bought.request_another_sms() == "ACCESS_RETRY_GET"
    sandbox.shop.deliver(FIRST_ID, "Your code is 54321")
    assert await bought.wait_for_code() == "54321"
    assert await bought.complete_activation() == "ACCESS_ACTIVATION"


async def _cancel(client: SmsActivateClient, sandbox: Sandbox) -> None:
    bought = await client.buy_number_any_country("tg")
    assert await bought.sms_sent() == "ACCESS_READY"
    sandbox.advance(120)
    assert await bought.cancel_activation() == "ACCESS_CANCEL"
    assert await bought.wait_for_code() == "STATUS_CANCEL"


def test_async_sms_activate_buys_at_a_bid_from_anywhere(classic: Sandbox):
    async def play() -> None:
        client = SmsActivateClient(classic.key)
        client.api_url = classic.url
        classic.shop.stock(6, "tg", None, 5_000_000)
        try:
            bought = await client.buy_number_free_price("tg", 1)
            assert bought.country_code == "6"
        finally:
            await client.close()

    asyncio.run(play())
