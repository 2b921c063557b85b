"""Second factors, in a browser whose device holds passkeys, and by codes as an app works them out."""

import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.conf import settings
from django.core import mail
from django.test import Client
from playwright.sync_api import Browser, Page, expect
from redis import Redis

from accounts import services as accounts
from accounts.emails import confirm_email
from accounts.models import User
from tests.conftest import PASSWORD
from tests.web.conftest import signed_in
from tests.web.shopping import html
from tests.web.test_account import reauthenticate, sign_in

WRONG = "That did not match."
ACTIVATE = "/accounts/2fa/totp/activate/"


def code_of(secret: str, steps: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def set_up_app(client: Client) -> str:
    """The secret of an app that is on."""
    found = re.search(r'id="totp-secret">(\w+)<', html(client.get(ACTIVATE)))
    assert found
    client.post(ACTIVATE, {"code": code_of(found.group(1))})
    return found.group(1)


@pytest.fixture
def alice_in(alice: User) -> Client:
    confirm_email(alice)
    client = sign_in(alice.email)
    reauthenticate(client)
    return client


def recovery_codes() -> list[str]:
    codes: list[str] = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    return codes


def test_an_app_is_set_up_with_a_code(alice_in: Client, django_capture_on_commit_callbacks: Any) -> None:
    page = html(alice_in.get(ACTIVATE))
    assert 'src="data:image/svg+xml;base64,' in page
    assert "otpauth://totp/alice%40example.com?secret=" in page
    assert "issuer=jiema" in page
    assert WRONG in html(alice_in.post(ACTIVATE, {"code": "000000"}))
    assert not Authenticator.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        set_up_app(alice_in)
    assert sorted(Authenticator.objects.values_list("type", flat=True)) == ["recovery_codes", "totp"]
    assert [each.subject for each in mail.outbox] == ["The app with codes is on"]


def test_setting_up_asks_again_who_it_is(alice: User) -> None:
    confirm_email(alice)
    assert sign_in(alice.email).get(ACTIVATE)["Location"].startswith("/accounts/reauthenticate/")


def test_the_password_alone_opens_nothing_more(alice_in: Client, alice: User) -> None:
    set_up_app(alice_in)
    visitor = Client()
    response = visitor.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    assert response["Location"] == "/accounts/2fa/authenticate/"
    assert visitor.get("/account").status_code == 302
    assert WRONG in html(visitor.post("/accounts/2fa/authenticate/", {"code": "000000"}))
    assert visitor.get("/account").status_code == 302


def test_a_code_signs_in_once(alice_in: Client, alice: User) -> None:
    secret = set_up_app(alice_in)
    code = code_of(secret)
    first, second = sign_in(alice.email), sign_in(alice.email)
    first.post("/accounts/2fa/authenticate/", {"code": code})
    second.post("/accounts/2fa/authenticate/", {"code": code})
    assert [first.get("/account").status_code, second.get("/account").status_code] == [200, 302]


def test_a_code_stays_used_for_as_long_as_it_would_be_taken(alice_in: Client, alice: User) -> None:
    code = code_of(set_up_app(alice_in))
    sign_in(alice.email).post("/accounts/2fa/authenticate/", {"code": code})
    with Redis.from_url(settings.REDIS_URL) as valkey:
        (used,) = valkey.scan_iter("*totp.used*")
        assert 30 < valkey.ttl(used) <= 90


def test_guessing_codes_ends_after_five(alice_in: Client, alice: User) -> None:
    secret = set_up_app(alice_in)
    visitor = sign_in(alice.email)
    for _ in range(5):
        visitor.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert "That was too often." in html(visitor.post("/accounts/2fa/authenticate/", {"code": code_of(secret)}))


def test_a_recovery_code_works_once(alice_in: Client, alice: User) -> None:
    set_up_app(alice_in)
    code, *rest = recovery_codes()
    visitor = sign_in(alice.email)
    visitor.post("/accounts/2fa/authenticate/", {"code": code})
    assert visitor.get("/account").status_code == 200
    again = sign_in(alice.email)
    assert WRONG in html(again.post("/accounts/2fa/authenticate/", {"code": code}))
    assert recovery_codes() == rest


def test_recovery_codes_are_shown_downloaded_and_made_anew(alice_in: Client) -> None:
    set_up_app(alice_in)
    codes = recovery_codes()
    assert all(code in html(alice_in.get("/accounts/2fa/recovery-codes/")) for code in codes)
    file = alice_in.get("/accounts/2fa/recovery-codes/download/")
    assert html(file).split() == codes
    assert "no-store" in file["Cache-Control"]
    alice_in.post("/accounts/2fa/recovery-codes/generate/")
    assert set(recovery_codes()).isdisjoint(codes)


def test_an_app_is_switched_off(alice_in: Client, alice: User) -> None:
    set_up_app(alice_in)
    assert "Switch the app off?" in html(alice_in.get("/accounts/2fa/totp/deactivate/"))
    alice_in.post("/accounts/2fa/totp/deactivate/")
    assert not Authenticator.objects.exists()
    assert sign_in(alice.email).get("/account").status_code == 200


def test_ops_switch_a_lost_factor_off(alice_in: Client, alice: User) -> None:
    set_up_app(alice_in)
    ops = signed_in(accounts.create_user("ops@example.com", PASSWORD, is_staff=True))
    wish = {"action": "switch_second_factor_off", "_selected_action": alice.pk}
    page = html(ops.post("/admin/accounts/user/", wish, follow=True))
    assert "lice@example.com: the second factor is off" in page
    assert alice_in.get("/account").status_code == 302
    assert sign_in(alice.email).get("/account").status_code == 200
    assert mail.outbox[-1].subject == "The second factor of your account is off"


def test_a_made_up_credential_is_refused(alice: User) -> None:
    visitor = Client()
    visitor.get("/accounts/2fa/webauthn/login/", headers={"Accept": "application/json"})
    for credential in ["", "{}", "[]", '{"response": {"userHandle": "AAAA"}}']:
        visitor.post("/accounts/2fa/webauthn/login/", {"credential": credential})
    assert visitor.get("/account").status_code == 302


@pytest.fixture
def device(page: Page) -> Any:
    """The page's device, which holds passkeys and opens them without asking."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    def verifies(is_verified: bool) -> None:
        told = {"authenticatorId": made["authenticatorId"], "isUserVerified": is_verified}
        session.send("WebAuthn.setUserVerified", told)

    return verifies


def sign_in_by_keys(page: Page, email: str) -> None:
    """Without a mouse."""
    page.goto("/accounts/login/")
    page.get_by_label("Email").focus()
    page.keyboard.type(email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/dashboard|/2fa/authenticate/"))


@pytest.mark.usefixtures("device")
def test_a_passkey_signs_in(page: Page, alice: User) -> None:
    confirm_email(alice)
    sign_in_by_keys(page, alice.email)
    add_passkey(page, "My phone")
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.goto("/accounts/2fa/webauthn/")
    expect(page.get_by_text("My phone").first).to_be_visible()
    page.context.clear_cookies()
    page.goto("/accounts/login/?next=/account/profile")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/account/profile")


def add_passkey(page: Page, name: str) -> None:
    page.goto("/accounts/2fa/webauthn/add/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Make the passkey").click()


@pytest.mark.usefixtures("device")
def test_a_passkey_is_the_second_factor_of_a_password(page: Page, alice: User) -> None:
    confirm_email(alice)
    sign_in_by_keys(page, alice.email)
    add_passkey(page, "Laptop")
    page.wait_for_url("**/recovery-codes/")
    page.context.clear_cookies()
    sign_in_by_keys(page, alice.email)
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/dashboard")
    page.goto("/account/close")
    page.goto("/accounts/2fa/webauthn/reauthenticate/?next=/account/export")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="My data")).to_be_visible()


def test_a_device_that_refuses_is_told(page: Page, device: Any, alice: User) -> None:
    confirm_email(alice)
    sign_in_by_keys(page, alice.email)
    device(False)
    add_passkey(page, "Laptop")
    expect(page.get_by_role("alert")).to_contain_text("That did not work, or it was cancelled.")
    assert not Authenticator.objects.exists()


def test_a_passkey_is_renamed_and_removed(page: Page, device: Any, alice: User) -> None:
    confirm_email(alice)
    sign_in_by_keys(page, alice.email)
    add_passkey(page, "Old")
    page.wait_for_url("**/recovery-codes/")
    page.goto("/accounts/2fa/webauthn/")
    page.get_by_role("link", name="Rename Old").click()
    page.get_by_label("Name").fill("New")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Remove New").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("No passkeys yet.")).to_be_visible()
    assert not Authenticator.objects.exists()


def test_without_script_codes_still_sign_in(browser: Browser, shop: str, alice: User) -> None:
    confirm_email(alice)
    client = sign_in(alice.email)
    reauthenticate(client)
    set_up_app(client)
    context = browser.new_context(base_url=shop, java_script_enabled=False)
    page = context.new_page()
    sign_in_by_keys(page, alice.email)
    page.get_by_label("Code").fill(recovery_codes()[0])
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/dashboard")
    context.close()
