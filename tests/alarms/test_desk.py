"""The alarms' desk in the admin: read by staff, worked on with a note by those who may."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts import services as accounts
from accounts.models import User
from jiema.alarms.models import Alarm
from jiema.alarms.services import clear_alarm, raise_alarm
from tests.conftest import PASSWORD
from tests.web.conftest import signed_in

DESK = "/admin/alarms/alarm/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def ops() -> Client:
    return signed_in(accounts.create_user("ops@example.com", PASSWORD, is_staff=True))


def staff(*codenames: str) -> Client:
    user = accounts.create_user("helper@example.com", PASSWORD)
    User.objects.filter(pk=user.pk).update(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    user.refresh_from_db()
    return signed_in(user)


@pytest.fixture(autouse=True)
def _alarms() -> None:
    raise_alarm("late_sms", "order-of-now", cost="0.30")
    raise_alarm("provider_down", "provider-of-then")
    clear_alarm("provider_down", "provider-of-then")


def act(client: Client, note: str, code: str = "late_sms") -> str:
    rows = [*Alarm.objects.filter(code=code).values_list("pk", flat=True)]
    wish = {"action": "clear", "_selected_action": rows, "note": note}
    return client.post(DESK, wish, follow=True).content.decode()


def shown(client: Client, **filters: str) -> set[str]:
    return set(re.findall("order-of-now|provider-of-then", client.get(DESK, filters).content.decode()))


def test_the_list_opens_with_what_is_open(ops: Client) -> None:
    assert shown(ops) == {"order-of-now"}
    assert shown(ops, state="cleared") == {"provider-of-then"}
    assert shown(ops, state="all") == {"order-of-now", "provider-of-then"}


def test_the_list_says_what_an_alarm_means_and_what_it_tells(ops: Client) -> None:
    page = ops.get(DESK).content.decode()
    assert "An SMS came after the refund: the provider keeps its money." in page
    assert "cost 0.30" in page


def test_alarms_are_found_by_code_and_subject(ops: Client) -> None:
    assert shown(ops, q="order-of") == {"order-of-now"}
    assert shown(ops, q="nothing") == set()
    assert shown(ops, code="provider_down", state="all") == {"provider-of-then"}


def test_what_an_alarm_tells_is_no_markup(ops: Client) -> None:
    raise_alarm("internal_error", "<i>subject</i>", words="<script>detail</script>")
    page = ops.get(DESK).content.decode()
    assert ("<i>subject" in page, "<script>detail" in page, "&lt;script&gt;detail" in page) == (False, False, True)


def test_dealt_with_keeps_who_when_and_what_was_done(ops: Client) -> None:
    assert "1 alarms are dealt with." in act(ops, "  asked the provider ")
    alarm = Alarm.objects.get(code="late_sms")
    assert (alarm.cleared_by, alarm.note) == ("ops@example.com", "asked the provider")
    assert alarm.cleared_at is not None
    assert alarm.cleared_at >= alarm.raised_at
    assert shown(ops) == set()


@pytest.mark.parametrize("note", ["", "   "])
def test_dealt_with_asks_for_a_note(ops: Client, note: str) -> None:
    assert "Say what was done or found" in act(ops, note)
    assert Alarm.objects.get(code="late_sms").cleared_at is None


def test_a_note_that_is_too_long_changes_nothing(ops: Client) -> None:
    act(ops, "x" * 401)
    assert Alarm.objects.get(code="late_sms").cleared_at is None


def test_who_cleared_it_first_stays_on_it(ops: Client) -> None:
    assert "0 alarms are dealt with." in act(ops, "me too", "provider_down")
    assert Alarm.objects.get(code="provider_down").cleared_by == "itself"


def test_who_may_only_look_clears_nothing() -> None:
    helper = staff("view_alarm")
    assert shown(helper) == {"order-of-now"}
    assert 'value="clear"' not in helper.get(DESK).content.decode()
    act(helper, "note")
    assert Alarm.objects.get(code="late_sms").cleared_at is None


def test_who_may_change_alarms_deals_with_them() -> None:
    act(staff("change_alarm"), "note")
    assert Alarm.objects.get(code="late_sms").cleared_by == "helper@example.com"


def test_staff_without_any_right_and_customers_see_nothing(alice: User) -> None:
    assert staff().get(DESK).status_code == 403
    assert signed_in(alice).get(DESK).status_code == 302


def test_nobody_adds_edits_or_deletes(ops: Client) -> None:
    alarm = Alarm.objects.get(code="late_sms")
    one = f"{DESK}{alarm.pk}/"
    assert ops.get(f"{one}change/").status_code == 200
    assert [ops.get(f"{DESK}add/").status_code, ops.post(f"{DESK}add/", {}).status_code] == [403, 403]
    assert ops.post(f"{one}change/", {"code": "late_sms", "subject": "mine"}).status_code == 403
    assert ops.post(f"{one}delete/", {"post": "yes"}).status_code == 403
    ops.post(DESK, {"action": "delete_selected", "_selected_action": alarm.pk, "post": "yes"})
    assert Alarm.objects.get(code="late_sms").subject == "order-of-now"
