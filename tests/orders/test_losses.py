"""The loss account: what numbers cost us that no customer pays for."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models.functions import Now
from django.test import Client
from pytest_django import Settings

from accounts import services as accounts
from catalog.models import Provider
from orders.models import Cause, Order, UpstreamLoss
from orders.services import cancelling, losses, reconciling, syncing
from tests.alarms.of_orders import give_back_due
from tests.alarms.scene import figures, open_alarms
from tests.conftest import PASSWORD, Shopper, data, expire
from tests.orders.test_settling import held, sent
from tests.web.conftest import signed_in


@pytest.fixture(autouse=True)
def _metrics_token(settings: Settings) -> None:
    settings.METRICS_TOKEN = "figures"


def booked() -> list[tuple[str, str, Decimal, str]]:
    """Order, cause, cost, and why it is void."""
    return [*UpstreamLoss.objects.order_by("id").values_list("order_id", "cause", "cost", "void_reason")]


def loss_dollars() -> dict[str, float]:
    return {key[1]: value for key, value in figures().items() if key[0] == "jiema_loss_dollars"}


def cancelled(shopper: Shopper) -> str:
    """Refunded, and the number not given back yet: it is too early for the provider."""
    order_id: str = shopper.buy()["id"]
    data(shopper.api.post(f"/orders/{order_id}/cancel"))
    return order_id


def abandoned(shopper: Shopper, provider: Provider) -> str:
    """Refunded without knowing whether the number was bought."""
    Provider.objects.update(dialect="bower")
    order_id = held(shopper, "sold_then_close")
    sent(order_id, 130)
    provider.refresh_from_db()
    reconciling.sweep(provider)
    Provider.objects.update(dialect="hero")
    provider.refresh_from_db()
    return order_id


def test_a_late_sms_costs_what_the_provider_took(shopper: Shopper) -> None:
    order_id = cancelled(shopper)
    Order.objects.update(paid_cost=Decimal("0.2900"))
    shopper.deliver(order_id, "code 1111")
    give_back_due()
    assert booked() == [(order_id, "late_sms", Decimal("0.2900"), "")]
    assert (loss_dollars(), shopper.balance()) == ({"late_sms": 0.29}, 2500)


def test_a_number_that_is_not_taken_back_costs_too(shopper: Shopper) -> None:
    shopper.sandbox.shop.rules.lifetime = 7200
    order_id = cancelled(shopper)
    expire(order_id, 3700)
    shopper.sandbox.advance(1201)
    give_back_due()
    assert (booked(), loss_dollars()) == ([(order_id, "kept", Decimal("0.3000"), "")], {"kept": 0.3})
    assert Order.objects.get().cancel_upstream_at is None


def test_a_purchase_that_nobody_can_look_up_costs_its_cap(shopper: Shopper, provider: Provider) -> None:
    order_id = abandoned(shopper, provider)
    assert (Order.objects.get().status, Order.objects.get().paid_cost) == ("FAILED", None)
    assert (booked(), loss_dollars()) == ([(order_id, "open_cost", Decimal("0.3000"), "")], {"open_cost": 0.3})


def test_a_purchase_that_two_lists_lack_costs_nothing(shopper: Shopper, provider: Provider) -> None:
    order_id = held(shopper, "close")
    sent(order_id, 130)
    for _ in range(2):
        reconciling.sweep(provider)
    assert (Order.objects.get().status, booked()) == ("FAILED", [])


def test_one_for_each_order_whatever_else_comes(shopper: Shopper) -> None:
    order_id = cancelled(shopper)
    order = Order.objects.get()
    for cause in (Cause.LATE_SMS, Cause.KEPT, Cause.OPEN_COST):
        losses.record_loss(order, cause)
    assert booked() == [(order_id, "late_sms", Decimal("0.3000"), "")]
    assert [open_alarms(code) for code in ("late_sms", "number_kept", "open_cost")] == [[(order_id, 1)], [], []]


def test_each_cause_is_summed_up_and_what_is_void_is_left_out(shopper: Shopper) -> None:
    orders = [Order.objects.get(pk=cancelled(shopper)) for _ in range(4)]
    for order, cause in zip(orders, (Cause.KEPT, Cause.KEPT, Cause.LATE_SMS, Cause.OPEN_COST), strict=True):
        losses.record_loss(order, cause)
    assert loss_dollars() == {"kept": 0.6, "late_sms": 0.3, "open_cost": 0.3}
    assert losses.void_loss(orders[0].pk, "the provider was kind")
    assert loss_dollars() == {"kept": 0.3, "late_sms": 0.3, "open_cost": 0.3}


def test_what_is_void_is_void_once_and_keeps_the_first_reason(shopper: Shopper) -> None:
    order_id = cancelled(shopper)
    assert not losses.void_loss(order_id, "nothing there")
    losses.record_loss(Order.objects.get(), Cause.KEPT)
    assert [losses.void_loss(order_id, reason) for reason in ("first" * 100, "second")] == [True, False]
    assert booked() == [(order_id, "kept", Decimal("0.3000"), ("first" * 100)[:200])]


def test_a_number_that_is_given_back_after_all_voids_its_loss(shopper: Shopper) -> None:
    order_id = cancelled(shopper)
    losses.record_loss(Order.objects.get(), Cause.KEPT)
    shopper.sandbox.advance(121)
    give_back_due()
    assert booked() == [(order_id, "kept", Decimal("0.3000"), "the provider took the number back")]
    assert (loss_dollars(), Order.objects.get().returned_at is not None) == ({}, True)


def test_a_number_that_turns_up_voids_the_open_cost_and_is_given_back(shopper: Shopper, provider: Provider) -> None:
    order_id = abandoned(shopper, provider)
    shopper.buy()
    reconciling.sweep(provider)
    assert booked() == [(order_id, "open_cost", Decimal("0.3000"), "its number 700000001 turned up")]
    order = Order.objects.get(pk=order_id)
    assert (order.status, order.activation_id, order.cancel_upstream_at is not None) == ("FAILED", "700000001", True)


def test_a_number_that_turns_up_and_is_not_taken_back_is_a_loss_again(shopper: Shopper, provider: Provider) -> None:
    order_id = abandoned(shopper, provider)
    shopper.buy()
    reconciling.sweep(provider)
    shopper.deliver(order_id, "code 1111")
    give_back_due()
    assert [(loss[0], loss[3]) for loss in booked()] == [(order_id, "")]
    assert sum(loss_dollars().values()) == 0.3


def test_a_number_that_the_provider_forgot_proves_nothing(shopper: Shopper) -> None:
    cancelled(shopper)
    shopper.sandbox.fail("setStatus", "refuse", word="NO_ACTIVATION")
    shopper.sandbox.fail("cancelActivation", "refuse", word="NO_ACTIVATION")
    give_back_due()
    order = Order.objects.get()
    assert (booked(), order.cancel_upstream_at, order.returned_at) == ([], None, None)


@pytest.mark.parametrize(("minutes", "losses_booked"), [(59, 0), (61, 1)])
def test_an_hour_after_the_end_nothing_is_left_to_give_back(shopper: Shopper, minutes: int, losses_booked: int) -> None:
    order_id = cancelled(shopper)
    shopper.sandbox.fail("*", "502", times=None)
    Order.objects.filter(pk=order_id).update(expires_at=Now() - timedelta(minutes=minutes))
    give_back_due()
    assert UpstreamLoss.objects.filter(cause="kept").count() == losses_booked
    assert (Order.objects.get().cancel_upstream_at is None) == bool(losses_booked)


def test_an_sms_after_the_number_was_returned_costs_nothing(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    shopper.sandbox.advance(121)
    data(shopper.api.post(f"/orders/{order_id}/cancel"))
    shopper.deliver(order_id, "code 1111")
    syncing.poll(Order.objects.select_related("provider").get())
    assert booked() == []


def test_a_person_voids_a_loss_with_a_reason(shopper: Shopper) -> None:
    order_id = cancelled(shopper)
    losses.record_loss(Order.objects.get(), Cause.KEPT)
    ops = signed_in(accounts.create_user("ops@example.com", PASSWORD, is_staff=True))
    assert "Say what was done or found" in void_by_hand(ops, "")
    assert "1 losses are void." in void_by_hand(ops, "they paid it back")
    assert "0 losses are void." in void_by_hand(ops, "again")
    assert booked() == [(order_id, "kept", Decimal("0.3000"), "they paid it back (ops@example.com)")]


def void_by_hand(ops: Client, note: str) -> str:
    wish = {"action": "void", "_selected_action": UpstreamLoss.objects.get().pk, "note": note}
    return ops.post("/admin/orders/upstreamloss/", wish, follow=True).content.decode()


def test_a_loss_is_booked_with_its_order_or_not_at_all(shopper: Shopper, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash between the two leaves the number to be given back, and the next try books it."""
    order_id = cancelled(shopper)
    shopper.sandbox.fail("*", "502", times=None)
    Order.objects.filter(pk=order_id).update(expires_at=Now() - timedelta(minutes=61))
    with monkeypatch.context() as patches:
        patches.setattr(cancelling, "record_loss", lambda *values: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            give_back_due()
    assert (booked(), Order.objects.get().cancel_upstream_at is not None) == ([], True)
    give_back_due()
    assert [loss[:2] for loss in booked()] == [(order_id, "kept")]
