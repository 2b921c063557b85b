"""The webhook desk in the browser, without JavaScript."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import services as accounts
from accounts.models import User
from orders.webhooks.models import Attempt, Delivery, Endpoint, Event
from orders.webhooks.sealing import mark
from orders.webhooks.services import desk
from orders.webhooks.services.keeping import forget
from tests.conftest import PASSWORD
from tests.web.conftest import signed_in

pytestmark = pytest.mark.django_db
URL = "https://hooks.example.com/jiema"
HOME = "/account/webhooks"


def html(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status
    return response.content.decode()


def post(client: Client, address: str, **fields: Any) -> str:
    return client.post(address, fields, follow=True).content.decode()


@pytest.fixture
def endpoint(alice: User) -> Endpoint:
    return desk.add_endpoint(alice.pk, URL, list(Event), "my shop")[0]


def delivered(endpoint: Endpoint, number: int = 1, **fields: Any) -> Delivery:
    body = json.dumps(
        {"type": "order.received", "data": {"smsBody": "code 4711", "smsHistory": [{"body": "code 4711"}]}}
    )
    wish = {"type": "order.received", "body": body, "state": "delivered", "due_at": None} | fields
    for _ in range(number):
        delivery = Delivery.objects.create(endpoint=endpoint, **wish)
        Attempt.objects.create(
            delivery=delivery, at=1_700_000_000, signature="v1,abc=", status=200, answer="<b>thanks</b>", took_ms=1234
        )
    return delivery


def test_the_first_visit_says_what_to_do(site: Client) -> None:
    page = html(site, HOME)
    assert "No endpoints yet." in page
    assert "0 of 5 active" not in page
    assert 'name="url"' in page


def test_an_endpoint_is_added_and_its_secret_shown_once(site: Client, alice: User) -> None:
    page = post(site, HOME, url=URL, description="my shop", events=["order.received"])
    endpoint = Endpoint.objects.get()
    assert (endpoint.user_id, endpoint.url, endpoint.events) == (alice.pk, URL, ["order.received"])
    assert page.count("whsec_") == 2  # to read and to copy
    assert "whsec_" not in html(site, f"{HOME}/{endpoint.pk}")


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"url": "http://hooks.example.com/"}, "The address has to begin with https://"),
        ({"url": "https://127.0.0.1/"}, "Use the server’s name".replace("’", "&#x27;")),
        ({"url": "https://hooks.example.com:22/"}, "Only the ports 443 and 8443 are called."),
        ({"url": "https://intranet/"}, "This name is not a public one."),
        ({"url": ""}, "This field is required."),
        ({"events": []}, "Choose at least one event."),
        ({"events": ["order.stolen"]}, "Select a valid choice."),
    ],
)
def test_a_wrong_wish_is_told_and_adds_nothing(site: Client, wish: dict[str, Any], words: str) -> None:
    page = post(site, HOME, **{"url": URL, "events": ["order.received"], **wish})
    assert words in page
    assert not Endpoint.objects.exists()


def test_a_sixth_active_one_is_refused(site: Client, alice: User) -> None:
    for _ in range(5):
        desk.add_endpoint(alice.pk, URL, list(Event))
    assert "Five active endpoints is the most" in html(site, HOME)
    assert "You have five active endpoints" in post(site, HOME, url=URL, events=["order.received"])
    assert Endpoint.objects.count() == 5


def test_the_list_costs_the_same_for_each(site: Client, alice: User, django_assert_max_num_queries: Any) -> None:
    for _ in range(5):
        desk.add_endpoint(alice.pk, URL, list(Event))
    with django_assert_max_num_queries(6):
        assert "5 of 5 active" in html(site, HOME)


def test_it_is_changed(site: Client, endpoint: Endpoint) -> None:
    page = html(site, f"{HOME}/{endpoint.pk}/edit")
    assert page.count(" checked") == 4
    assert URL in page
    post(site, f"{HOME}/{endpoint.pk}/edit", url=URL + "2", description="", events=["order.failed"])
    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.description, endpoint.events) == (URL + "2", "", ["order.failed"])


def test_a_secret_is_replaced_without_a_gap(site: Client, endpoint: Endpoint) -> None:
    page = post(site, f"{HOME}/{endpoint.pk}/secret")
    assert page.count("whsec_") == 2
    assert "both sign until" in page
    page = post(site, f"{HOME}/{endpoint.pk}/old-secret")
    assert "only the new secret signs" in page
    assert "both sign until" not in page


def test_a_double_click_replaces_a_secret_once(site: Client, endpoint: Endpoint) -> None:
    """Else the second one would end the secret in use, in favour of one that nobody saw."""
    in_use = endpoint.secret
    form = re.search(r'name="replaces" value="(\w+)"', html(site, f"{HOME}/{endpoint.pk}"))
    assert form
    pages = [post(site, f"{HOME}/{endpoint.pk}/secret", replaces=form.group(1)) for _ in range(2)]
    assert len({secret for page in pages for secret in re.findall(r"whsec_[\w+/=]+", page)}) == 1
    endpoint.refresh_from_db()
    assert endpoint.old_secret == in_use
    post(site, f"{HOME}/{endpoint.pk}/secret", replaces=mark(endpoint.secret))
    assert Endpoint.objects.get().old_secret == endpoint.secret  # another replacement, from the newer page


def test_off_and_on(site: Client, endpoint: Endpoint) -> None:
    waiting = delivered(endpoint, state="pending", due_at=timezone.now())
    assert "You switched it off." in post(site, f"{HOME}/{endpoint.pk}/off")
    waiting.refresh_from_db()
    assert waiting.state == "failed"
    assert "Send a test event" in post(site, f"{HOME}/{endpoint.pk}/on")
    endpoint.refresh_from_db()
    assert endpoint.is_active


def test_what_staff_switched_off_stays_off(site: Client, endpoint: Endpoint) -> None:
    Endpoint.objects.update(disabled_at=timezone.now(), disabled_because="staff")
    assert "Switch on" not in html(site, f"{HOME}/{endpoint.pk}")
    assert "Please contact support." in post(site, f"{HOME}/{endpoint.pk}/on")
    assert not Endpoint.objects.active().exists()


def test_it_is_deleted_after_a_question(site: Client, endpoint: Endpoint) -> None:
    delivery = delivered(endpoint)
    assert "Delete this endpoint?" in html(site, f"{HOME}/{endpoint.pk}/delete")
    assert "The endpoint is deleted." in post(site, f"{HOME}/{endpoint.pk}/delete")
    html(site, f"{HOME}/{endpoint.pk}", 404)
    html(site, f"{HOME}/deliveries/{delivery.pk}", 404)


def test_a_test_event_leads_to_its_delivery(site: Client, endpoint: Endpoint) -> None:
    page = post(site, f"{HOME}/{endpoint.pk}/test")
    delivery = Delivery.objects.get()
    assert (delivery.type, delivery.state) == ("webhook.test", "pending")
    assert json.loads(delivery.body or "")["data"] == {"endpointId": endpoint.pk}
    assert "Not tried yet." in page
    assert delivery.pk in page


def test_test_events_are_limited(site: Client, endpoint: Endpoint) -> None:
    answers = [site.post(f"{HOME}/{endpoint.pk}/test").status_code for _ in range(8)]
    assert answers[:6] == [302] * 6
    assert 302 not in answers[6:]
    assert Delivery.objects.count() == 6


def test_deliveries_are_paged_and_filtered(
    site: Client, endpoint: Endpoint, django_assert_max_num_queries: Any
) -> None:
    delivered(endpoint, 27)
    failed = delivered(endpoint, state="failed")
    with django_assert_max_num_queries(6):
        page = html(site, f"{HOME}/{endpoint.pk}")
    assert page.count("state delivered") == 24
    older = html(site, f"{HOME}/{endpoint.pk}?only=delivered&before={failed.pk}")
    assert older.count("state delivered") == 25
    only = html(site, f"{HOME}/{endpoint.pk}?only=failed")
    assert failed.pk in only
    assert only.count("state delivered") == 0


@pytest.mark.parametrize("query", ["before=%00", "before=__", "only=stolen", "only=%00"])
def test_nonsense_in_the_address_is_no_fault(site: Client, endpoint: Endpoint, query: str) -> None:
    assert site.get(f"{HOME}/{endpoint.pk}?{query}").status_code in (200, 404)


def test_a_delivery_shows_what_was_sent_and_answered(site: Client, endpoint: Endpoint) -> None:
    page = html(site, f"{HOME}/deliveries/{delivered(endpoint).pk}")
    for shown in (
        "code 4711",
        "Answered 200",
        "1,234 ms",
        "webhook-signature: v1,abc=",
        "&lt;b&gt;thanks&lt;/b&gt;",
        URL,
    ):
        assert shown in page
    assert "whsec_" not in page


def test_it_is_sent_again(site: Client, endpoint: Endpoint) -> None:
    delivery = delivered(endpoint)
    post(site, f"{HOME}/deliveries/{delivery.pk}/again")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries_left) == ("pending", 1)
    assert delivery.due_at is not None


def test_an_old_one_has_no_body_and_is_not_sent_again(site: Client, endpoint: Endpoint) -> None:
    delivery = delivered(endpoint)
    Delivery.objects.update(created_at=timezone.now() - timedelta(hours=73))
    forget()
    page = html(site, f"{HOME}/deliveries/{delivery.pk}")
    assert "4711" not in page
    assert "thanks" not in page
    assert "The body was removed" in page
    assert "too old to be sent again" in post(site, f"{HOME}/deliveries/{delivery.pk}/again")
    delivery.refresh_from_db()
    assert delivery.state == "delivered"


def test_a_stranger_finds_nothing(carol: User, endpoint: Endpoint) -> None:
    delivery, stranger = delivered(endpoint), signed_in(carol)
    for address in ("", "/edit", "/delete"):
        html(stranger, f"{HOME}/{endpoint.pk}{address}", 404)
    html(stranger, f"{HOME}/deliveries/{delivery.pk}", 404)
    for verb in ("edit", "secret", "old-secret", "off", "on", "test", "delete"):
        assert stranger.post(f"{HOME}/{endpoint.pk}/{verb}").status_code == 404
    assert stranger.post(f"{HOME}/deliveries/{delivery.pk}/again").status_code == 404
    endpoint.refresh_from_db()
    assert (endpoint.is_active, Delivery.objects.count()) == (True, 1)


@pytest.mark.parametrize("verb", ["secret", "old-secret", "off", "on", "test"])
def test_a_get_changes_nothing(site: Client, endpoint: Endpoint, verb: str) -> None:
    assert site.get(f"{HOME}/{endpoint.pk}/{verb}").status_code == 405


def test_pages_are_not_kept_by_browsers(site: Client, endpoint: Endpoint) -> None:
    for address in (HOME, f"{HOME}/{endpoint.pk}", f"{HOME}/deliveries/{delivered(endpoint).pk}"):
        assert "no-store" in site.get(address)["Cache-Control"]


@pytest.fixture
def ops() -> Client:
    return signed_in(accounts.create_user("ops@example.com", PASSWORD, is_staff=True))


def test_ops_see_no_sms_and_no_secret(ops: Client, endpoint: Endpoint) -> None:
    page = html(ops, f"/admin/webhooks/delivery/{delivered(endpoint).pk}/change/")
    assert "•••" in page
    assert "4711" not in page
    assert "thanks" not in page
    assert endpoint.secret not in html(ops, f"/admin/webhooks/endpoint/{endpoint.pk}/change/")


def test_ops_switch_an_endpoint_off_with_a_note(ops: Client, endpoint: Endpoint) -> None:
    wish = {"action": "switch_off", "_selected_action": endpoint.pk}
    assert "Say what was done" in post(ops, "/admin/webhooks/endpoint/", **wish)
    assert Endpoint.objects.active().exists()
    assert "1 endpoints are off." in post(ops, "/admin/webhooks/endpoint/", **wish, note="complaint of the target")
    endpoint.refresh_from_db()
    assert endpoint.disabled_because == "staff"
