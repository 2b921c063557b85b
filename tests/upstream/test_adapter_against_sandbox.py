from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from catalog.upstream import errors
from catalog.upstream.adapter import SmsActivate
from catalog.upstream.sandbox import Sandbox
from catalog.upstream.sandbox.engine.clock import VirtualClock
from catalog.upstream.types import Activation, State

CAP = Decimal("50")
EARLY = 120.0


@dataclass
class Shop:
    sandbox: Sandbox
    upstream: SmsActivate

    def buy(self) -> Activation:
        return self.upstream.buy("tg", 6, CAP)

    def received(self) -> Activation:
        bought = self.buy()
        self.sandbox.advance(300)
        return bought

    def state(self, bought: Activation) -> State:
        return self.upstream.status(bought.activation_id).state


def opened(profile: str, **settings: float) -> Iterator[Shop]:
    with Sandbox(profile=profile, clock=VirtualClock(), prices=2_000, **settings) as sandbox:  # type: ignore[arg-type]
        yield Shop(sandbox, SmsActivate(profile, sandbox.origin, "sandbox"))


@pytest.fixture(params=["hero", "classic"])
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    """Every number gets an SMS within five minutes."""
    yield from opened(request.param, never=0.0)


@pytest.fixture(params=["hero", "classic"])
def silent(request: pytest.FixtureRequest) -> Iterator[Shop]:
    """No number ever gets an SMS."""
    yield from opened(request.param, never=1.0)


def test_catalogue(shop: Shop) -> None:
    offers = shop.upstream.offers()
    countries = {row.country for row in shop.upstream.countries()}
    codes = {row.code for row in shop.upstream.services()}
    assert len(offers) == len({(offer.country, offer.service) for offer in offers}) == 2_000
    assert {offer.country for offer in offers} == countries
    assert {offer.service for offer in offers} | {"full"} == codes


def test_a_purchase_costs_what_it_says(shop: Shop) -> None:
    before = shop.upstream.balance()
    bought = shop.buy()
    assert bought.lifetime == timedelta(minutes=20)
    assert bought.cost is not None
    assert before - shop.upstream.balance() == bought.cost


def test_from_purchase_to_the_second_sms(shop: Shop) -> None:
    bought = shop.buy()
    assert shop.state(bought) == State.WAITING
    shop.sandbox.advance(300)
    first = shop.upstream.status(bought.activation_id)
    assert first.state == State.RECEIVED
    shop.upstream.next_sms(bought.activation_id)
    assert shop.upstream.status(bought.activation_id) == first
    shop.upstream.finish(bought.activation_id)
    assert list(shop.upstream.active()) == []


def test_active_and_history_tell_of_the_purchase(shop: Shop) -> None:
    bought = shop.received()
    (row,) = shop.upstream.active()
    assert (row.activation_id, row.phone, row.cost) == (bought.activation_id, bought.phone, bought.cost)
    assert (row.service, row.country, row.state) == ("tg", 6, State.RECEIVED)
    now = datetime.fromtimestamp(shop.sandbox.clock.now(), UTC)
    shop.upstream.finish(bought.activation_id)
    (past,) = shop.upstream.history(now - timedelta(hours=1), now)
    assert (past.activation_id, past.phone, past.state) == (bought.activation_id, bought.phone, State.FINISHED)
    assert [sms.body for sms in past.sms] == [sms.body for sms in row.sms]


def test_more_than_a_page_of_open_numbers(silent: Shop) -> None:
    bought = {silent.buy().activation_id for _ in range(105)}
    assert {row.activation_id for row in silent.upstream.active()} == bought


def test_cancel_after_the_grace(silent: Shop) -> None:
    before = silent.upstream.balance()
    bought = silent.buy()
    with pytest.raises(errors.TooEarly):
        silent.upstream.cancel(bought.activation_id)
    silent.sandbox.advance(EARLY + 1)
    silent.upstream.cancel(bought.activation_id)
    assert silent.state(bought) == State.CANCELLED
    assert silent.upstream.balance() == before


def test_a_second_cancel_is_done_or_tells_to_look(silent: Shop) -> None:
    bought = silent.buy()
    silent.sandbox.advance(EARLY + 1)
    silent.upstream.cancel(bought.activation_id)
    try:
        silent.upstream.cancel(bought.activation_id)
    except errors.WrongState:
        assert silent.sandbox.profile.name == "hero"
    assert silent.state(bought) == State.CANCELLED


def test_no_cancel_after_the_sms(shop: Shop) -> None:
    bought = shop.received()
    with pytest.raises((errors.CodeReceived, errors.WrongState)):
        shop.upstream.cancel(bought.activation_id)
    assert shop.state(bought) == State.RECEIVED


def test_the_end_without_sms(silent: Shop) -> None:
    bought = silent.buy()
    silent.sandbox.advance(1201)
    assert silent.state(bought) == State.CANCELLED


def test_next_sms_before_the_first(silent: Shop) -> None:
    with pytest.raises(errors.WrongState):
        silent.upstream.next_sms(silent.buy().activation_id)


def test_an_unknown_number(shop: Shop) -> None:
    assert shop.upstream.status("7").state == State.GONE
    for ask in (shop.upstream.cancel, shop.upstream.next_sms, shop.upstream.finish):
        with pytest.raises(errors.UnknownActivation):
            ask("7")


def test_a_cap_below_the_price(shop: Shop) -> None:
    with pytest.raises(errors.PriceMoved) as caught:
        shop.upstream.buy("tg", 6, Decimal("0.0001"))
    assert caught.value.least == shop.buy().cost


def test_a_pair_that_is_not_sold(shop: Shop) -> None:
    with pytest.raises(errors.NotSold):
        shop.upstream.buy("zzzz", 6, CAP)
    assert list(shop.upstream.active()) == []


def test_a_dead_key(shop: Shop) -> None:
    stranger = SmsActivate(shop.sandbox.profile.name, shop.sandbox.url, "wrong")
    for ask in (stranger.balance, lambda: stranger.buy("tg", 6, CAP), lambda: stranger.status("1")):
        with pytest.raises(errors.AccountTrouble):
            ask()


@pytest.mark.parametrize("word", ["NO_BALANCE", "BANNED", "CHANNELS_LIMIT", "NO_NUMBERS"])
def test_refusals(shop: Shop, word: str) -> None:
    kinds = {"NO_NUMBERS": errors.OutOfStock, "CHANNELS_LIMIT": errors.Unavailable}
    if word == "BANNED":
        shop.sandbox.fail("getNumberV2", "reply", status=200, body="BANNED:'2026-3-1 10-00-00'")
    elif word == "CHANNELS_LIMIT":
        shop.sandbox.fail("getNumberV2", "reply", status=403, body='{"title":"CHANNELS_LIMIT","details":""}')
    else:
        shop.sandbox.fail("getNumberV2", "refuse", word=word)
    with pytest.raises(kinds.get(word, errors.AccountTrouble)):
        shop.buy()
    assert list(shop.upstream.active()) == []


@pytest.mark.parametrize("fault", ["close", "reset", "cut", "html", "empty", "error_sql", "502"])
def test_a_number_sold_although_the_reply_is_lost(shop: Shop, fault: str) -> None:
    shop.sandbox.fail("getNumberV2", fault if fault == "cut" else f"sold_then_{fault}")
    with pytest.raises(errors.Unclear):
        shop.buy()
    (row,) = shop.upstream.active()
    assert (row.service, row.country) == ("tg", 6)


def test_threads_that_share_an_adapter_get_each_their_own_answer(shop: Shop) -> None:
    ids = [shop.buy().activation_id for _ in range(6)]
    shop.sandbox.advance(300)
    alone = [shop.upstream.status(id_) for id_ in ids]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(shop.upstream.status, ids * 20)) == alone * 20


def test_too_many_calls(shop: Shop) -> None:
    shop.sandbox.fail("getNumberV2", "429", retry_after=9)
    with pytest.raises(errors.Unavailable) as caught:
        shop.buy()
    assert caught.value.retry_after == 9.0
    assert list(shop.upstream.active()) == []
