"""What ops may set and press."""

import pytest
from django.test import Client

from accounts.models import User
from accounts.topups.models import PaymentMethod, WebhookEvent
from tests.paying import pay_in
from tests.topups.test_admin import act, balance, ops, reader, staff

__all__ = ["ops", "reader"]
pytestmark = pytest.mark.django_db
FORM = {"min_cents": 100, "max_cents": 5000, "presets": "10", "fee_percent": 0, "fee_cents": 0, "usd_rate": 1}


@pytest.mark.parametrize(
    ("gateway", "currency", "is_taken"),
    [("tron", "USDT", True), ("tron", "USD", False), ("bank", "USDT", False), ("bank", "MYR", True)],
)
def test_usdt_is_asked_for_over_its_chain_only(gateway: str, currency: str, is_taken: bool) -> None:
    boss = staff("boss", "view_paymentmethod", "add_paymentmethod", "change_paymentmethod")
    wish = {**FORM, "gateway": gateway, "currency": currency, "position": 0, "minutes": 60}
    boss.post("/admin/topups/paymentmethod/add/", wish)
    assert PaymentMethod.objects.filter(gateway=gateway).exists() is is_taken


def test_nor_is_it_changed_to_another() -> None:
    PaymentMethod.objects.create(gateway="tron", currency="USDT")
    boss = staff("boss", "view_paymentmethod", "change_paymentmethod")
    wish = {**FORM, "currency": "USD", "position": 0, "minutes": 60}
    assert boss.post("/admin/topups/paymentmethod/tron/change/", wish).status_code == 200
    assert PaymentMethod.objects.get().currency == "USDT"


def test_a_webhook_of_a_gateway_that_is_gone_is_left(db: None) -> None:
    event = WebhookEvent.objects.create(gateway="stripe", event_id="evt_1", kind="x", ref="cs_1")
    boss = staff("boss", "view_webhookevent", "change_webhookevent")
    assert "0 webhooks are handled." in act(boss, "/admin/topups/webhookevent/", "handle_again", event.pk)


@pytest.mark.parametrize("action", ["read_again", "approve", "refuse", "pay_back"])
def test_who_may_only_read_moves_nothing(reader: Client, bob: User, action: str) -> None:
    top_up = pay_in(bob, 500)
    act(reader, "/admin/topups/topup/", action, top_up.pk, amount="5.00", reason="x", form="f" * 25, note="x")
    top_up.refresh_from_db()
    assert (top_up.state, top_up.refunded_cents, balance(bob)) == ("credited", 0, 500)


@pytest.mark.parametrize("action", ["approve", "refuse", "pay_back"])
def test_an_address_alone_moves_nothing(ops: Client, bob: User, action: str) -> None:
    top_up = pay_in(bob, 500)
    ops.get("/admin/topups/topup/", {"action": action, "_selected_action": top_up.pk, "amount": "5.00", "note": "x"})
    assert balance(bob) == 500
