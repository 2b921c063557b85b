"""The watch: what holds is open for as long as it holds, to the second; and what is read of our balances."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import InterfaceError, OperationalError, ProgrammingError, connection, transaction
from django.db.models.functions import Now
from structlog.testing import capture_logs

from catalog.models import Provider
from catalog.upstream.sandbox.engine.shop import Wish
from jiema import watch
from jiema.alarms.kinds import KINDS
from jiema.alarms.models import Alarm, Tick
from jiema.alarms.services import raise_alarm
from orders.models import Outcome, StrayActivation, UpstreamAttempt
from orders.services import reconciling, syncing
from tests.alarms.scene import open_alarms
from tests.conftest import Shopper, expire
from tests.orders.test_settling import held, sent

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch._Outage, "since", None)


def found(code: str) -> list[str]:
    watch.look_around()
    return [subject for subject, _ in open_alarms(code)]


def test_a_shop_where_all_is_well_has_no_alarm(shopper: Shopper) -> None:
    shopper.buy()
    watch.read_balances()
    watch.look_around()
    assert not Alarm.objects.exists()


def test_each_look_is_noted(db: None) -> None:
    watch.look_around()
    first = Tick.objects.get(pk=watch.WORKER).at
    watch.look_around()
    assert Tick.objects.get().at > first


def test_every_condition_is_a_kind_that_ends_by_itself() -> None:
    assert [code for code in watch.CONDITIONS if not KINDS[code].ends_by_itself] == []


def test_what_holds_is_told_once_however_often_it_is_looked_at(shopper: Shopper) -> None:
    expire(shopper.buy()["id"], 400)
    with capture_logs() as logs:
        for _ in range(5):
            watch.look_around()
    assert [alarm.times for alarm in Alarm.objects.all()] == [1]
    assert [entry["event"] for entry in logs] == ["order_overdue"]
    syncing.end_due_orders()


def test_an_alarm_that_a_person_cleared_comes_back_while_it_holds(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    expire(order_id, 400)
    assert found("order_overdue") == [order_id]
    Alarm.objects.update(cleared_at=Now(), cleared_by="ann")
    assert found("order_overdue") == [order_id]
    assert Alarm.objects.count() == 2
    syncing.end_due_orders()


def test_what_no_condition_holds_is_left_to_people(db: None) -> None:
    for code in ("late_sms", "books_breach", "internal_error", "provider_down", "catalogue_refused"):
        raise_alarm(code, "x")
    watch.look_around()
    assert Alarm.objects.filter(cleared_at=None).count() == 5


# How long is too long


@pytest.mark.parametrize(("seconds", "is_told"), [(85, False), (95, True)])
@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.IN_FLIGHT])
def test_an_unsettled_purchase_is_told_before_two_minutes_are_over(
    shopper: Shopper, seconds: int, is_told: bool, outcome: Outcome
) -> None:
    order_id = held(shopper, "close")
    UpstreamAttempt.objects.update(outcome=outcome)
    sent(order_id, seconds)
    assert found("purchase_unsettled") == [order_id] * is_told


@pytest.mark.parametrize("outcome", [Outcome.BOUGHT, Outcome.REJECTED, Outcome.ABANDONED])
def test_a_settled_purchase_is_never_told(shopper: Shopper, outcome: Outcome) -> None:
    order_id = shopper.buy()["id"]
    sent(order_id, 1000)
    UpstreamAttempt.objects.update(outcome=outcome)
    assert found("purchase_unsettled") == []
    UpstreamAttempt.objects.update(outcome=Outcome.BOUGHT)


@pytest.mark.parametrize(("minutes", "is_told"), [(14, False), (16, True)])
def test_a_catalogue_is_old_after_a_quarter_of_an_hour(provider: Provider, minutes: int, is_told: bool) -> None:
    Provider.objects.update(synced_at=Now() - timedelta(minutes=minutes))
    assert found("catalogue_old") == ["sandbox"] * is_told


@pytest.mark.parametrize(("seconds", "is_told"), [(295, False), (320, True)])
@pytest.mark.parametrize("text", [None, "code 1111"])
def test_an_open_order_has_five_minutes_after_its_end(
    shopper: Shopper, seconds: int, is_told: bool, text: str | None
) -> None:
    order_id = shopper.buy()["id"]
    if text:
        shopper.deliver(order_id, text)
        shopper.order(order_id)
    expire(order_id, seconds)
    assert found("order_overdue") == [order_id] * is_told


@pytest.fixture
def stray(shopper: Shopper, provider: Provider) -> StrayActivation:
    """Bought by hand at the provider, and seen by a sweep."""
    shopper.buy()
    shopper.sandbox.shop.buy(Wish("tg", 7))
    reconciling.sweep(provider)
    return StrayActivation.objects.get()


@pytest.mark.parametrize(("seconds", "is_told"), [(25, False), (45, True)])
def test_a_stray_number_has_half_a_minute_to_find_its_order(
    stray: StrayActivation, seconds: int, is_told: bool
) -> None:
    StrayActivation.objects.update(first_seen_at=Now() - timedelta(seconds=seconds))
    assert found("stray_activation") == ["sandbox: 700000002"] * is_told


def test_the_log_has_no_phone_number(stray: StrayActivation) -> None:
    StrayActivation.objects.update(first_seen_at=Now() - timedelta(minutes=1))
    with capture_logs() as logs:
        watch.look_around()
    assert [entry["subject"] for entry in logs] == ["sandbox: 700000002"]
    assert stray.phone not in f"{logs}"


def test_a_stray_number_that_has_ended_at_the_provider_still_wants_to_be_explained(
    stray: StrayActivation, shopper: Shopper, provider: Provider
) -> None:
    StrayActivation.objects.update(first_seen_at=Now() - timedelta(minutes=1))
    shopper.sandbox.shop.withdraw(700_000_002)
    reconciling.sweep(provider)
    assert found("stray_activation") == ["sandbox: 700000002"]


@pytest.mark.parametrize(("low", "is_told"), [(None, False), (99, False), (100, False), (Decimal("100.01"), True)])
def test_a_balance_under_the_threshold_is_told(shopper: Shopper, low: Decimal | None, is_told: bool) -> None:
    Provider.objects.update(low_balance=low)
    assert found("provider_balance_low") == []  # as long as none was read
    shopper.sandbox.shop.account.balance = Decimal(100)
    watch.read_balances()
    assert found("provider_balance_low") == ["sandbox"] * is_told


FAULTS: dict[str, dict[str, object]] = {
    "provider_account": {"paused_at": Now(), "pause_reason": "BANNED"},
    "provider_balance_low": {"balance": 1, "low_balance": 2},
    "catalogue_old": {"synced_at": Now() - timedelta(hours=1)},
}


@pytest.mark.parametrize("code", FAULTS)
def test_a_provider_that_is_switched_off_concerns_nobody(provider: Provider, code: str) -> None:
    Provider.objects.update(**FAULTS[code])
    assert found(code) == ["sandbox"]
    Provider.objects.update(is_enabled=False)
    assert found(code) == []


# The database away


@pytest.mark.parametrize("kind", [OperationalError, InterfaceError])
def test_an_outage_is_told_once_it_is_over(db: None, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]) -> None:
    def away(name: str) -> None:
        raise kind

    with monkeypatch.context() as patches, capture_logs() as logs:
        patches.setattr(watch, "tick", away)
        watch.look_around()
        watch.look_around()
    assert [(entry["event"], entry["error"]) for entry in logs] == [("database_away", kind.__name__)] * 2
    assert (open_alarms("database_away"), watch._Outage.since is not None) == ([], True)
    since = str(watch._Outage.since)
    watch.look_around()
    watch.look_around()
    assert (open_alarms("database_away"), Alarm.objects.get().detail) == ([("", 1)], {"since": since})


def test_a_fault_of_ours_is_no_outage(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(watch.CONDITIONS, "order_overdue", "SELECT no_such_column")
    with pytest.raises(ProgrammingError), transaction.atomic():
        watch.look_around()
    assert watch._Outage.since is None


@pytest.mark.django_db(transaction=True)
def test_a_question_that_takes_too_long_is_no_outage(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(watch.CONDITIONS, "order_overdue", "SELECT 'a', pg_sleep(1)::text")
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '50ms'")
    try:
        watch.look_around()
    except OperationalError:
        pass
    finally:
        connection.close()
    assert watch._Outage.since is None
