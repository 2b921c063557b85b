"""A customer, or somebody else, who sends what no page of ours would send."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from accounts.topups.models import PaymentMethod, Slip, TopUp, WebhookEvent
from accounts.topups.services.starting import open_payment, start_top_up
from tests.web.conftest import signed_in
from tests.web.shopping import html
from tests.web.till import balance

pytestmark = pytest.mark.django_db
KEY = re.compile(r'name="form" value="(\w+)"')


@pytest.fixture
def site(bob: User, settings: Settings) -> Client:
    """The pages as Bob sees them, who has no money and may pay by bank transfer."""
    settings.RATELIMIT_ENABLE = False
    PaymentMethod.objects.create(gateway="bank")
    return signed_in(bob)


@pytest.fixture
def transfer(site: Client, bob: User) -> TopUp:
    return open_payment(start_top_up(bob.pk, "bank", 2000))


PAGES = [("get", ""), ("get", "/receipt"), ("post", "/pay"), ("post", "/sent")]


@pytest.mark.parametrize(("method", "page"), PAGES)
def test_others_payments_are_not_there(transfer: TopUp, carol: User, method: str, page: str) -> None:
    address = f"/account/top-up/{transfer.pk}{page}"
    assert getattr(signed_in(carol), method)(address).status_code == 404
    assert getattr(Client(), method)(address)["Location"] == f"/accounts/login/?next={address}"
    transfer.refresh_from_db()
    assert (transfer.state, transfer.sent_at) == ("created", None)


@pytest.mark.parametrize(("method", "page"), PAGES)
def test_there_is_no_such_payment(site: Client, method: str, page: str) -> None:
    for name in ("nothing", "%00", "a%00b", "x" * 3000, "%ff", "..%2f", "%F0%9F%98%80"):
        assert getattr(site, method)(f"/account/top-up/{name}{page}").status_code == 404


@pytest.mark.parametrize("page", ["/pay", "/sent"])
def test_nothing_is_done_by_a_link(site: Client, transfer: TopUp, page: str) -> None:
    assert site.get(f"/account/top-up/{transfer.pk}{page}").status_code == 405
    transfer.refresh_from_db()
    assert transfer.state == "created"


@pytest.mark.parametrize("field", ["amount", "preset"])
def test_what_is_no_amount(site: Client, field: str) -> None:
    for text in ("-5", "0", "1e9", "NaN", "sNaN", "-Infinity", "0x10", "10\0", "1e-400", "1e400", "1E+2", "1.250"):
        told = {"amount": "", "method": "bank", "form": "f", field: text}
        assert site.post("/account/top-up", told).status_code == 200
    assert not TopUp.objects.exists()


@pytest.mark.parametrize(
    ("text", "cents"), [("１２", 1200), ("٣", 300), (" 10 ", 1000), ("10,50", 1050), ("$10", 1000)]
)
def test_an_amount_as_people_write_it(site: Client, text: str, cents: int) -> None:
    site.post("/account/top-up", {"amount": text, "method": "bank"})
    assert TopUp.objects.get().amount_cents == cents


@pytest.mark.parametrize("told", [{"method": ""}, {"method": "bank\0"}, {"method": "x" * 99}, {"form": "x" * 41}])
def test_a_form_that_no_page_has(site: Client, told: dict[str, str]) -> None:
    response = site.post("/account/top-up", {"amount": "10", "method": "bank"} | told)
    assert (response.status_code, TopUp.objects.count()) == (200, 0)


def test_a_form_of_somebody_else_is_a_payment_of_ones_own(site: Client, bob: User, carol: User) -> None:
    key = KEY.search(html(site.get("/account/top-up")))
    assert key
    told = {"amount": "10", "method": "bank", "form": key.group(1)}
    for browser in (site, signed_in(carol), site):
        browser.post("/account/top-up", told)
    assert sorted(TopUp.objects.values_list("user__email", flat=True)) == ["bob@example.com", "carol@example.com"]


def test_a_form_of_another_site(bob: User, transfer: TopUp) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = signed_in(bob).cookies
    assert strict.get("/account/top-up").status_code == 200
    for page in ("", f"/{transfer.pk}/pay", f"/{transfer.pk}/sent"):
        told = {"amount": "10", "method": "bank", "csrfmiddlewaretoken": "x" * 64}
        assert strict.post(f"/account/top-up{page}", told).status_code == 403
    assert TopUp.objects.get().state == "created"


def test_a_slip_is_never_shown_as_a_page(site: Client, transfer: TopUp) -> None:
    name = '"><img src=x onerror=alert(1)>.png'
    slip = SimpleUploadedFile(name, b"\x89PNG\r\n\x1a\n<script>alert(1)</script>", "text/html")
    page = html(site.post(f"/account/top-up/{transfer.pk}/sent", {"slip": slip}, follow=True))
    assert "onerror" not in page
    assert Slip.objects.get().content_type == "image/png"


def test_other_ways_to_pay_are_not_marked_as_sent(site: Client, bob: User) -> None:
    card = TopUp.objects.create(user=bob, gateway="sandbox", amount_cents=500, asked=5, gateway_ref="cs_1")
    assert site.post(f"/account/top-up/{card.pk}/sent").status_code == 404
    card.refresh_from_db()
    assert (card.state, balance(bob)) == ("created", 0)


def test_the_eleventh_open_payment(site: Client) -> None:
    for _ in range(10):
        assert site.post("/account/top-up", {"amount": "10", "method": "bank"}).status_code == 302
    page = html(site.post("/account/top-up", {"amount": "10", "method": "bank"}))
    assert "You have 10 payments open, which is the most." in page
    assert TopUp.objects.count() == 10


SIGNATURES = [None, "", "é", "v1=a", "t=1,v1=a", "t=abc,v1=a", "t=1,v1=é", "t=-1,v1=", "t=9" + "9" * 30 + ",v1=aa"]


@pytest.mark.parametrize("signature", SIGNATURES)
def test_a_webhook_that_is_not_signed(site: Client, settings: Settings, signature: str | None) -> None:
    settings.SANDBOX_GATEWAY, settings.SANDBOX_GATEWAY_URL = True, "http://127.0.0.1:1"
    settings.SANDBOX_GATEWAY_SECRET = "whsec_tests"
    headers = {} if signature is None else {"stripe-signature": signature}
    for body in (b"", b"{}", b"\xff\xfe", b"[]", b'{"id": "evt_1", "type": "x"}'):
        response = site.generic("POST", "/webhooks/sandbox", body, "application/json", headers=headers)
        assert response.status_code == 400
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize(("gateway", "status"), [("bank", 400), ("stripe", 404), ("tron", 404), ("nothing", 404)])
def test_webhooks_that_nobody_sends(site: Client, gateway: str, status: int) -> None:
    assert site.post(f"/webhooks/{gateway}", b"{}", "application/json").status_code == status
    assert site.get(f"/webhooks/{gateway}").status_code == 405
