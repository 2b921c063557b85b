"""What ops see and do."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts import services as accounts
from accounts.models import User
from accounts.referrals.models import Invitation, ReferralTerms
from tests.conftest import PASSWORD
from tests.referrals.conftest import Pair, balance, completed
from tests.web.conftest import signed_in

TERMS = "/admin/referrals/referralterms/"
INVITATIONS = "/admin/referrals/invitation/"
EARNINGS = "/admin/referrals/earning/"
ORDERS = "/admin/orders/order/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def ops() -> Client:
    return signed_in(accounts.create_user("ops@example.com", PASSWORD, is_staff=True))


def clerk(*codenames: str) -> Client:
    """Staff with these permissions only."""
    user = User.objects.create_user("clerk@example.com", PASSWORD, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return signed_in(user)


def act(client: Client, address: str, action: str, pk: Any, note: str = "") -> str:
    wish = {"action": action, "_selected_action": pk, "note": note}
    return client.post(address, wish, follow=True).content.decode()


def test_the_rate_is_changed_within_bounds(ops: Client) -> None:
    for percent in ("12.5", "50.01", "-1"):
        ops.post(f"{TERMS}1/change/", {"percent": percent, "is_open": "on"})
    assert ReferralTerms.objects.get().percent == Decimal("12.5")
    assert ops.get(f"{TERMS}1/delete/").status_code == 403
    assert ops.get(f"{TERMS}add/").status_code == 403


def test_a_rate_that_was_lost_is_set_anew(ops: Client) -> None:
    ReferralTerms.objects.all().delete()
    ops.post(f"{TERMS}add/", {"percent": "7", "is_open": "on"})
    assert ReferralTerms.objects.get().percent == 7


def test_only_who_may_changes_the_rate() -> None:
    client = clerk("view_referralterms")
    assert client.get(f"{TERMS}1/change/").status_code == 200
    assert client.post(f"{TERMS}1/change/", {"percent": "50"}).status_code == 403
    assert ReferralTerms.objects.get().percent == 10


def test_an_invitation_is_ended_with_a_note(ops: Client, pair: Pair) -> None:
    assert "Say what was done" in act(ops, INVITATIONS, "end", pair.invitation.pk)
    assert Invitation.objects.get().ended_at is None
    assert "1 invitations are ended." in act(ops, INVITATIONS, "end", pair.invitation.pk, "abuse")
    ended = Invitation.objects.get()
    assert (ended.ended_by, ended.end_note) == ("ops@example.com", "abuse")


def test_invitations_and_earnings_are_only_read(ops: Client, pair: Pair) -> None:
    earning = pair.earning(completed(pair.shopper))
    for address, pk in ((INVITATIONS, pair.invitation.pk), (EARNINGS, earning.pk)):
        assert ops.get(f"{address}{pk}/change/").status_code == 200
        assert ops.post(f"{address}{pk}/change/", {}).status_code == 403
        assert ops.get(f"{address}add/").status_code == 403
        assert ops.get(f"{address}{pk}/delete/").status_code == 403


@pytest.mark.parametrize("email", ["alice@example.com", "bob@example.com", "BOB@example.com"])
def test_both_ends_find_it(ops: Client, pair: Pair, email: str) -> None:
    order_id = completed(pair.shopper)
    assert "1 invitation" in ops.get(INVITATIONS, {"q": email}).content.decode()
    page = ops.get(EARNINGS, {"q": email}).content.decode()
    assert order_id in page
    assert "$0.03" in page


def test_only_who_may_ends_an_invitation(pair: Pair) -> None:
    act(clerk("view_invitation"), INVITATIONS, "end", pair.invitation.pk, "abuse")
    assert Invitation.objects.get().ended_at is None


def test_goodwill_needs_a_note_and_comes_once(ops: Client, pair: Pair) -> None:
    order_id = completed(pair.shopper)
    assert "Say what was done" in act(ops, ORDERS, "pay_back", order_id)
    assert balance(pair.buyer) == 2461
    assert "$0.39 went back to alice@example.com" in act(ops, ORDERS, "pay_back", order_id, "sorry")
    assert "was paid back already" in act(ops, ORDERS, "pay_back", order_id, "sorry")
    assert (balance(pair.buyer), balance(pair.inviter)) == (2500, 0)


def test_only_who_may_pays_back(pair: Pair) -> None:
    order_id = completed(pair.shopper)
    act(clerk("view_order"), ORDERS, "pay_back", order_id, "for a friend")
    assert balance(pair.buyer) == 2461


def test_who_may_change_orders_pays_back_and_edits_nothing(pair: Pair) -> None:
    order_id = completed(pair.shopper)
    client = clerk("view_order", "change_order")
    assert "$0.39 went back" in act(client, ORDERS, "pay_back", order_id, "sorry")
    assert client.post(f"{ORDERS}{order_id}/change/", {"status": "WAITING"}).status_code == 403
