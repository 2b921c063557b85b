from collections.abc import Callable
from decimal import Decimal

import pytest

from catalog.upstream.sandbox import Sandbox, SmsPlan, VirtualClock
from catalog.upstream.sandbox.engine.activation import Activation, Phase
from catalog.upstream.sandbox.engine.refusals import Refusal
from catalog.upstream.sandbox.engine.shop import Shop, Wish
from tests.upstream.sandbox_caller import FIRST_ID

WISH = Wish("tg", 6)


class Play:
    """The shop alone, on a virtual clock. Nobody gets an SMS by itself."""

    def __init__(self, **options: object) -> None:
        self.sandbox = Sandbox(clock=VirtualClock(), first_id=FIRST_ID, **{"never": 1.0, **options})
        self.shop: Shop = self.sandbox.shop
        self.advance = self.sandbox.advance

    def buy(self) -> Activation:
        return self.shop.buy(WISH)

    @property
    def stock(self) -> int:
        offer = self.shop.shelf.offer(6, "tg")
        assert offer is not None
        return offer.count

    @property
    def balance(self) -> Decimal:
        return self.shop.account.balance


@pytest.fixture
def play() -> Play:
    return Play()


def refused(step: Callable[..., object], *args: object) -> str:
    with pytest.raises(Refusal) as refusal:
        step(*args)
    return refusal.value.word


def with_sms(play: Play) -> Activation:
    number = play.buy()
    play.shop.deliver(number.id, "Your code is 12345")
    return number


def test_a_purchase_takes_the_money_and_one_from_the_stock(play: Play):
    stock = play.stock
    number = play.buy()
    assert play.balance == Decimal(10_000) - number.cost
    assert play.stock == stock - 1
    assert number.phase is Phase.WAITING
    assert number.phone.startswith("6281")


def test_numbers_and_ids_are_not_repeated(play: Play):
    sold = [play.buy() for _ in range(200)]
    assert len({number.phone for number in sold}) == 200
    assert [number.id for number in sold] == list(range(FIRST_ID, FIRST_ID + 200))


def test_same_seed_sells_the_same_numbers():
    assert Play().buy() == Play().buy()
    assert Play(seed=2).buy().phone != Play(seed=1).buy().phone


def test_the_last_one_sold_leaves_no_numbers(play: Play):
    play.shop.stock(6, "tg", None, 1)
    play.buy()
    assert refused(play.buy) == "NO_NUMBERS"


def test_a_pair_that_is_not_listed_has_no_numbers(play: Play):
    assert refused(play.shop.buy, Wish("tg", 0)) == "NO_NUMBERS"


@pytest.mark.parametrize(("wish", "word"), [(Wish("zzzz", 6), "BAD_SERVICE"), (Wish("tg", 9999), "BAD_COUNTRY")])
def test_unknown_names_are_refused(play: Play, wish: Wish, word: str):
    assert refused(play.shop.buy, wish) == word


def test_no_balance_sells_nothing(play: Play):
    play.shop.account.balance = Decimal("0.01")
    stock = play.stock
    assert refused(play.buy) == "NO_BALANCE"
    assert (play.balance, play.stock) == (Decimal("0.01"), stock)


def test_too_low_a_cap_names_the_least_price(play: Play):
    play.shop.stock(6, "tg", Decimal("0.35"), 10)
    with pytest.raises(Refusal) as refusal:
        play.shop.buy(Wish("tg", 6, max_price=Decimal("0.34")))
    assert (refusal.value.word, refusal.value.facts["min"]) == ("WRONG_MAX_PRICE", Decimal("0.35"))


def test_a_cap_is_not_the_price_unless_it_is_fixed(play: Play):
    play.shop.stock(6, "tg", Decimal("0.35"), 10)
    assert play.shop.buy(Wish("tg", 6, max_price=Decimal(1))).cost == Decimal("0.35")
    assert play.shop.buy(Wish("tg", 6, max_price=Decimal(1), fixed_price=True)).cost == Decimal(1)


def test_drift_charges_more_than_is_listed(play: Play):
    play.shop.stock(6, "tg", Decimal("0.35"), 10)
    play.shop.rules.drift = Decimal("1.2")
    assert play.buy().cost == Decimal("0.42")


def test_banned_until_its_end(play: Play):
    play.shop.account.banned_until = play.shop.clock.now() + 60
    assert refused(play.buy) == "BANNED"
    play.advance(60)
    assert play.buy().phase is Phase.WAITING


def test_channels_limit_counts_open_numbers(play: Play):
    play.shop.account.max_open = 1
    number = play.buy()
    assert refused(play.buy) == "CHANNELS_LIMIT"
    play.shop.withdraw(number.id)
    assert play.buy().phase is Phase.WAITING


def test_cancel_is_refused_for_two_minutes_and_then_gives_back(play: Play):
    stock = play.stock
    number = play.buy()
    play.advance(119.9)
    assert refused(play.shop.cancel, number.id) == "EARLY_CANCEL_DENIED"
    play.advance(0.1)
    play.shop.cancel(number.id)
    assert (number.phase, play.balance, play.stock) == (Phase.CANCELLED, Decimal(10_000), stock)


def test_cancelling_twice_gives_back_once(play: Play):
    number = play.buy()
    play.advance(120)
    play.shop.cancel(number.id)
    assert refused(play.shop.cancel, number.id) == "ALREADY_CANCELLED"
    assert play.balance == Decimal(10_000)


def test_an_sms_forbids_the_cancel_and_tells_itself_first(play: Play):
    number = with_sms(play)
    play.advance(120)
    assert refused(play.shop.cancel, number.id) == "NEW_OTP_RECEIVED"
    assert refused(play.shop.cancel, number.id) == "OTP_RECEIVED"
    assert play.balance == Decimal(10_000) - number.cost


def test_an_old_unused_number_is_not_taken_back(play: Play):
    play.shop.rules.lifetime = 3600
    number = play.buy()
    play.advance(1201)
    assert refused(play.shop.cancel, number.id) == "FREE_CANCELLATION_EXPIRED"


def test_twenty_minutes_without_sms_give_the_money_back(play: Play):
    number = play.buy()
    play.advance(1199)
    assert number.phase is Phase.WAITING
    play.advance(1)
    assert (number.phase, play.balance) == (Phase.REFUNDED, Decimal(10_000))


def test_twenty_minutes_with_an_sms_keep_it(play: Play):
    number = with_sms(play)
    play.advance(1200)
    assert (number.phase, play.balance) == (Phase.FINISHED, Decimal(10_000) - number.cost)


def test_the_refund_can_be_late(play: Play):
    play.shop.rules.refund_delay = 1800
    number = play.buy()
    play.advance(1200)
    assert play.balance == Decimal(10_000) - number.cost
    play.advance(1800)
    assert play.balance == Decimal(10_000)


def test_a_thousand_ends_at_once_are_all_refunded(play: Play):
    play.shop.stock(6, "tg", None, 5_000)
    for _ in range(1_500):
        play.buy()
    play.advance(1200)
    assert (play.shop.open_count(), play.balance) == (0, Decimal(10_000))


def test_the_provider_can_take_a_number_back(play: Play):
    number = play.buy()
    play.shop.withdraw(number.id)
    assert (number.phase, play.balance) == (Phase.REFUNDED, Decimal(10_000))


@pytest.mark.parametrize("step", ["ask_again", "finish"])
def test_a_waiting_number_cannot(play: Play, step: str):
    assert refused(getattr(play.shop, step), play.buy().id) == "BAD_STATUS"


def test_a_received_number_can_be_finished_once(play: Play):
    number = with_sms(play)
    play.shop.finish(number.id)
    assert number.phase is Phase.FINISHED
    assert refused(play.shop.finish, number.id) == "ACTIVATION_NOT_ACTIVE"


def test_asking_again_waits_for_the_next_sms(play: Play):
    number = with_sms(play)
    play.shop.ask_again(number.id)
    play.shop.ask_again(number.id)
    assert number.phase is Phase.WAITING_AGAIN
    play.shop.deliver(number.id, "And now 99999")
    assert (number.phase, [message.code for message in number.messages]) == (
        Phase.RECEIVED,
        ["12345", "99999"],
    )


def test_acknowledging_changes_nothing(play: Play):
    number = play.buy()
    play.shop.acknowledge(number.id)
    assert number.phase is Phase.WAITING
    play.shop.deliver(number.id)
    assert refused(play.shop.acknowledge, number.id) == "BAD_STATUS"


def test_an_sms_after_the_end_is_kept_and_opens_nothing(play: Play):
    number = play.buy()
    play.advance(1200)
    play.shop.deliver(number.id, "Late 12345")
    assert (number.phase, number.messages[0].code, play.balance) == (Phase.REFUNDED, "12345", Decimal(10_000))


def test_closed_numbers_are_forgotten_after_a_while(play: Play):
    play.shop.rules.forget_after = 600
    number = play.buy()
    play.advance(1800)
    assert play.shop.find(number.id) is number
    play.advance(1)
    assert refused(play.shop.find, number.id) == "NO_ACTIVATION"


def test_a_planned_sms_comes_in_its_second(play: Play):
    play.shop.plan_sms(SmsPlan(after=10, texts=("Code 12345",)))
    number = play.buy()
    play.advance(9.9)
    assert number.phase is Phase.WAITING
    play.advance(0.1)
    assert (number.phase, number.messages[0].text) == (Phase.RECEIVED, "Code 12345")


def test_planned_texts_come_one_for_each_asking(play: Play):
    play.shop.plan_sms(SmsPlan(after=1, texts=("one 1111", "two 2222")))
    number = play.buy()
    for _ in range(3):
        play.advance(1)
        play.shop.ask_again(number.id)
    assert [message.code for message in number.messages] == ["1111", "2222"]
    assert number.phase is Phase.WAITING_AGAIN


def test_several_sms_can_come_unasked(play: Play):
    play.shop.plan_sms(SmsPlan(after=1, every=5, texts=("one 1111", "two 2222", "two 2222")))
    number = play.buy()
    bought_at = number.bought_at
    play.advance(60)
    assert [message.at - bought_at for message in number.messages] == [1, 6, 11]


def test_a_plan_for_one_pair_leaves_others_alone(play: Play):
    play.shop.plan_sms(SmsPlan(after=0, service="wa", times=None))
    play.shop.plan_sms(SmsPlan(never=True, service="wa", country=6))
    numbers = [play.shop.buy(wish) for wish in (WISH, Wish("wa", 6), Wish("wa", 6))]
    play.advance(1)
    assert [len(number.messages) for number in numbers] == [0, 0, 1]


def test_usual_sms_take_a_median_of_six_seconds_and_three_in_ten_never_come():
    play = Play(never=0.3)
    play.shop.stock(6, "tg", None, 5_000)
    numbers = [play.buy() for _ in range(2_000)]
    play.advance(6)
    soon = sum(bool(number.messages) for number in numbers)
    play.advance(594)
    ever = sum(bool(number.messages) for number in numbers)
    assert 0.46 < soon / ever < 0.54
    assert 0.67 < ever / 2_000 < 0.73


def test_usual_sms_name_the_service_and_hold_a_code():
    play = Play(never=0.0)
    number = play.buy()
    play.advance(600)
    message = number.messages[0]
    assert "Telegram" in message.text
    assert message.code in message.text
    assert message.code.isdigit()
    assert 4 <= len(message.code) <= 6


def test_forced_phones_may_repeat(play: Play):
    play.shop.phones.forced.extend(["62811111111", "62811111111"])
    assert [play.buy().phone, play.buy().phone] == ["62811111111", "62811111111"]
