import re
from datetime import UTC, datetime
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.core import mail
from django.test import Client
from pytest_django import Settings

from accounts.emails import confirm_email
from accounts.models import AccountState, User
from tests.conftest import PASSWORD, api_of, data
from tests.web.conftest import signed_in
from tests.web.shopping import html
from tests.web.test_pages import assert_is_sound

NEW = "a longer horse 8 battery"
PAGES = [
    "/account",
    "/account/profile",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/accounts/2fa/webauthn/",
    "/accounts/sessions/",
    "/accounts/reauthenticate/",
]


def sign_in(email: str, password: str = PASSWORD, **headers: Any) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": email, "password": password}, **headers)
    return client


@pytest.fixture
def alice_in(alice: User) -> Client:
    """Alice, signed in by the page, her address confirmed."""
    confirm_email(alice)
    return sign_in(alice.email)


def link_in_mail() -> str:
    found = re.search(r"http://127.0.0.1:8000(/accounts/\S+)", str(mail.outbox[-1].body))
    assert found
    return found.group(1)


@pytest.mark.parametrize("address", PAGES)
def test_pages_of_the_account(alice_in: Client, address: str) -> None:
    assert_is_sound(alice_in, address)


@pytest.mark.parametrize("address", ["/accounts/inactive/", "/accounts/password/reset/key/done/", "/account/closed"])
@pytest.mark.django_db
def test_pages_for_whoever_comes(client: Client, address: str) -> None:
    assert_is_sound(client, address)


def test_the_account_says_how_it_stands(alice_in: Client, django_assert_num_queries: Any) -> None:
    page = html(alice_in.get("/account"))
    assert "alice@example.com" in page
    assert "0 of 10 used" in page
    assert "Signed in on 1 device" in page
    with django_assert_num_queries(6):
        alice_in.get("/account")


def test_every_page_leads_to_the_others(alice_in: Client) -> None:
    nav = html(alice_in.get("/accounts/sessions/")).partition('class="account-nav"')[2].partition("</nav>")[0]
    assert re.findall(r'href="([^"]+)"', nav) == [
        *("/account", "/account/profile", "/accounts/email/", "/accounts/password/change/", "/accounts/2fa/"),
        *("/accounts/sessions/", "/account/notices", "/account/api-keys", "/account/webhooks", "/account/export"),
        "/account/close",
    ]
    assert '<a href="/accounts/sessions/" aria-current="page">' in nav


def test_a_profile_is_kept(site: Client, alice: User) -> None:
    wish = {"display_name": " Alice ", "lang": "ms", "time_zone": "Asia/Kuala_Lumpur"}
    assert site.post("/account/profile", wish).status_code == 302
    alice.refresh_from_db()
    assert (alice.display_name, alice.lang, alice.time_zone) == ("Alice", "ms", "Asia/Kuala_Lumpur")
    account = data(api_of(alice).get("/account"))
    assert (account["displayName"], account["lang"]) == ("Alice", "ms")


@pytest.mark.parametrize(
    "wrong", [{"lang": "de"}, {"time_zone": "Mars/Base"}, {"time_zone": "../etc"}, {"display_name": "x" * 61}]
)
def test_a_wrong_profile_is_refused(site: Client, alice: User, wrong: dict[str, str]) -> None:
    wish = {"display_name": "A", "lang": "id", "time_zone": "", **wrong}
    assert site.post("/account/profile", wish).status_code == 200
    alice.refresh_from_db()
    assert (alice.display_name, alice.lang, alice.time_zone) == ("", "en", "")


def test_a_language_holds_at_once(site: Client) -> None:
    site.post("/account/profile", {"lang": "id", "time_zone": ""})
    assert '<html lang="id">' in html(site.get("/account"))


def test_times_are_those_of_the_account(site: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(time_zone="Asia/Jakarta", date_joined=datetime(2026, 1, 1, 18, tzinfo=UTC))
    site.cookies["tz"] = "America%2FLima"
    assert "2 Jan 2026" in html(site.get("/account"))


def test_a_zone_of_another_name_stays_chosen(site: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(time_zone="Asia/Saigon")
    assert '<option value="Asia/Saigon" selected>' in html(site.get("/account/profile"))


SIGN_UP = {"email": "erin@example.com", "password1": PASSWORD, "accept_terms": "on"}


@pytest.mark.django_db
def test_a_sign_up_accepts_the_terms(client: Client) -> None:
    without = client.post("/accounts/signup/", SIGN_UP | {"accept_terms": ""})
    assert "An account needs your yes to the terms." in html(without)
    assert not User.objects.exists()
    client.post("/accounts/signup/", SIGN_UP)
    assert User.objects.get().accepted_terms_at is not None


@pytest.mark.django_db
def test_an_account_starts_in_its_visitors_language_and_zone() -> None:
    client = Client(headers={"Accept-Language": "zh-CN,zh;q=0.9"})
    client.cookies["tz"] = "Asia%2FShanghai"
    client.post("/accounts/signup/", SIGN_UP)
    erin = User.objects.get()
    assert (erin.lang, erin.time_zone) == ("zh", "Asia/Shanghai")


@pytest.mark.parametrize("zone", ["nonsense", "../../etc/passwd", "%00", "x" * 5000])
@pytest.mark.django_db
def test_a_made_up_zone_is_forgotten(client: Client, zone: str) -> None:
    client.cookies["tz"] = zone
    client.post("/accounts/signup/", SIGN_UP)
    assert User.objects.get().time_zone == ""


@pytest.mark.parametrize("is_same_browser", [True, False])
@pytest.mark.django_db
def test_a_sign_up_leads_back_to_where_it_began(client: Client, is_same_browser: bool) -> None:
    wanted = "/buy?service=telegram&country=malaysia"
    client.post("/accounts/signup/", SIGN_UP | {"next": wanted})
    browser = client if is_same_browser else Client()
    link = link_in_mail()
    form = html(browser.get(link))
    assert "Is erin@example.com yours?" in form
    next_page = re.search(r'name="next" value="([^"]+)"', form)
    assert next_page
    assert browser.post(link.partition("?")[0], {"next": wanted})["Location"] == wanted


@pytest.mark.parametrize("where", ["https://evil.example", "//evil.example", "javascript:alert(1)"])
@pytest.mark.django_db
def test_nobody_is_led_away(client: Client, where: str) -> None:
    client.post("/accounts/signup/", SIGN_UP | {"next": where})
    assert "evil" not in str(mail.outbox[0].body)
    assert "javascript" not in str(mail.outbox[0].body)


@pytest.mark.django_db
def test_a_mail_has_our_words_and_no_prefix(client: Client) -> None:
    client.post("/accounts/signup/", SIGN_UP)
    (message,) = mail.outbox
    assert (message.subject, message.to) == ("Confirm your email address", ["erin@example.com"])
    assert str(message.body).startswith("Hello,\n\nOpen this link to confirm your email address at jiema:\n")
    assert str(message.body).endswith("jiema\nhttp://127.0.0.1:8000")
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"
    assert message.alternatives == []  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_a_taken_address_is_told_by_mail_only(client: Client, alice: User) -> None:
    confirm_email(alice)
    fresh = client.post("/accounts/signup/", SIGN_UP)
    taken = Client().post("/accounts/signup/", SIGN_UP | {"email": alice.email})
    assert taken["Location"] == fresh["Location"]
    assert (mail.outbox[1].subject, mail.outbox[1].to) == ("You have an account already", [alice.email])
    assert User.objects.filter(email=alice.email).count() == 1


def test_nobody_signs_in_before_the_mail(client: Client, alice: User) -> None:
    response = client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    assert response["Location"] == "/accounts/confirm-email/"
    assert client.get("/account").status_code == 302


@pytest.mark.django_db
def test_a_mail_server_that_is_away_is_told(client: Client, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    response = client.post("/accounts/signup/", SIGN_UP, follow=True)
    assert response.status_code == 200
    assert "The mail could not be sent just now." in html(response)


def reset_link(email: str) -> str:
    Client().post("/accounts/password/reset/", {"email": email})
    return link_in_mail()


def test_a_forgotten_password_is_set_anew(alice_in: Client, alice: User) -> None:
    visitor = Client()
    form = visitor.get(reset_link(alice.email))["Location"]
    assert_is_sound(visitor, form)
    done = visitor.post(form, {"password1": NEW, "password2": NEW})
    assert_is_sound(visitor, done["Location"])
    assert alice_in.get("/account").status_code == 302
    assert sign_in(alice.email, NEW).get("/account").status_code == 200
    assert mail.outbox[-1].subject == "Your password was changed"


def test_a_link_works_once(alice_in: Client, alice: User) -> None:
    link = reset_link(alice.email)
    visitor = Client()
    form = visitor.get(link)["Location"]
    visitor.post(form, {"password1": NEW, "password2": NEW})
    assert "This link is over or was used before." in html(Client().get(link))


def test_a_mail_comes_in_its_accounts_language(client: Client, alice: User, settings: Settings) -> None:
    from unittest.mock import patch

    confirm_email(alice)
    User.objects.filter(pk=alice.pk).update(lang="zh")
    with patch("accounts.adapter.translation.override") as override:
        Client(headers={"Accept-Language": "ms"}).post("/accounts/password/reset/", {"email": alice.email})
    assert override.call_args.args == ("zh-hans",)


@pytest.mark.django_db
def test_an_unknown_address_gets_a_mail_of_its_own(client: Client) -> None:
    response = client.post("/accounts/password/reset/", {"email": "nobody@example.com"})
    assert response["Location"] == "/accounts/password/reset/done/"
    assert mail.outbox[0].subject == "There is no account with your address"


def test_a_new_password_ends_all_sessions_but_the_one_in_hand(alice_in: Client, alice: User) -> None:
    elsewhere = sign_in(alice.email)
    change = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    alice_in.post("/accounts/password/change/", change)
    assert alice_in.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 302
    assert mail.outbox[-1].subject == "Your password was changed"


@pytest.mark.parametrize("weak", ["password123", "short", "1234567890123", "alice@example.com"])
def test_a_weak_password_is_refused(alice_in: Client, alice: User, weak: str) -> None:
    before = User.objects.get(pk=alice.pk).password
    alice_in.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": weak, "password2": weak})
    assert User.objects.get(pk=alice.pk).password == before
    assert before.startswith("argon2")


def test_other_sessions_are_seen_and_ended(alice_in: Client, alice: User) -> None:
    phone = sign_in(alice.email, headers={"User-Agent": "Mozilla/5.0 (Android 14) Gecko/1 Firefox/140"})
    page = html(alice_in.get("/accounts/sessions/"))
    assert "Firefox on Android" in page
    assert page.count("this one") == 1
    alice_in.post("/accounts/sessions/")
    assert phone.get("/account").status_code == 302
    assert alice_in.get("/account").status_code == 200


def test_a_session_is_noted_once_in_a_while(alice_in: Client, django_assert_num_queries: Any) -> None:
    alice_in.get("/account/notices")
    first = UserSession.objects.get().last_seen_at
    alice_in.get("/account/notices")
    assert UserSession.objects.get().last_seen_at == first


def test_a_suspension_ends_all_sessions_for_good(alice_in: Client, alice: User) -> None:
    ops = signed_in(User.objects.create_superuser("ops@example.com", PASSWORD))
    fields = {"display_name": "", "lang": "en", "time_zone": ""}
    ops.post(f"/admin/accounts/user/{alice.pk}/change/", fields | {"state": "suspended"})
    assert alice_in.get("/account").status_code == 302
    ops.post(f"/admin/accounts/user/{alice.pk}/change/", fields | {"state": "active"})
    alice.refresh_from_db()
    assert alice.state == AccountState.ACTIVE
    assert alice_in.get("/account").status_code == 302


def test_the_suspended_are_told(alice: User) -> None:
    confirm_email(alice)
    User.objects.update(state="suspended")
    response = Client().post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    assert response["Location"] == "/accounts/inactive/"


def test_guessing_ends_after_five(alice: User) -> None:
    """By the account, whatever address the guesses say that they come from."""
    confirm_email(alice)
    for number in range(5):
        sign_in(alice.email, "wrong", headers={"X-Forwarded-For": f"10.0.0.{number}"})
    response = Client().post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    assert "That was too often." in html(response)


@pytest.mark.parametrize(("path", "sent"), [("signup", SIGN_UP), ("password/reset", {"email": "a@example.com"})])
@pytest.mark.django_db
def test_a_header_dodges_no_limit(path: str, sent: dict[str, str]) -> None:
    statuses = []
    for number in range(21):
        forged = {"X-Forwarded-For": f"10.0.0.{number}", "X-Real-IP": f"10.0.0.{number}"}
        wish = sent | {"email": f"a{number}@example.com", "password1": "x"}
        statuses.append(Client().post(f"/accounts/{path}/", wish, headers=forged).status_code)
    assert statuses[19] != 429
    assert statuses[20] == 429


def test_behind_a_proxy_each_caller_counts_alone(alice: User, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1
    for number in range(21):
        wish = {"email": f"a{number}@example.com"}
        Client().post("/accounts/password/reset/", wish, headers={"X-Forwarded-For": "10.0.0.1"})
    last = Client().post("/accounts/password/reset/", wish, headers={"X-Forwarded-For": "10.0.0.2"})
    assert last.status_code == 302


def reauthenticate(client: Client) -> None:
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


def test_an_address_changes_when_the_new_one_is_confirmed(alice_in: Client, alice: User) -> None:
    reauthenticate(alice_in)
    alice_in.post("/accounts/email/", {"email": "new@example.com", "action_add": ""})
    alice.refresh_from_db()
    assert alice.email == "alice@example.com"
    assert "We sent a link to new@example.com" in html(alice_in.get("/accounts/email/"))
    alice_in.post(link_in_mail())
    alice.refresh_from_db()
    assert alice.email == "new@example.com"
    assert list(EmailAddress.objects.values_list("email", flat=True)) == ["new@example.com"]
    assert [(each.subject, each.to) for each in mail.outbox][-1] == (
        "Your email address was changed",
        ["alice@example.com"],
    )
    # A link for a new password would be sent to the new address.
    assert "please answer this mail at once" in mail.outbox[-1].body
    assert "/accounts/password/reset/" not in mail.outbox[-1].body


def test_an_address_changes_only_after_asking_again(alice_in: Client) -> None:
    response = alice_in.post("/accounts/email/", {"email": "new@example.com", "action_add": ""})
    assert response["Location"].startswith("/accounts/reauthenticate/")
    assert mail.outbox == []


def test_a_change_can_be_called_off(alice_in: Client, alice: User) -> None:
    reauthenticate(alice_in)
    alice_in.post("/accounts/email/", {"email": "new@example.com", "action_add": ""})
    alice_in.post("/accounts/email/", {"email": "new@example.com", "action_remove": ""})
    assert list(EmailAddress.objects.values_list("email", flat=True)) == ["alice@example.com"]
    alice.refresh_from_db()
    assert alice.email == "alice@example.com"


def test_nobodys_address_can_be_taken_over(alice_in: Client, alice: User, carol: User) -> None:
    confirm_email(carol)
    reauthenticate(alice_in)
    response = alice_in.post("/accounts/email/", {"email": carol.email, "action_add": ""}, follow=True)
    assert response.status_code == 200
    for message in mail.outbox:
        if found := re.search(r"http://127.0.0.1:8000(/accounts/confirm\S+)", str(message.body)):
            assert "belongs to another account already" in html(alice_in.get(found.group(1)))
            alice_in.post(found.group(1))
    alice.refresh_from_db()
    assert alice.email == "alice@example.com"


def test_an_address_that_somebody_signed_up_with_is_not_taken(alice_in: Client, alice: User) -> None:
    """Though they never confirmed it: an address has one account."""
    User.objects.create_user("mine@example.com", PASSWORD)
    reauthenticate(alice_in)
    alice_in.post("/accounts/email/", {"email": "mine@example.com", "action_add": ""})
    page = html(alice_in.post(link_in_mail(), follow=True))
    assert "mine@example.com belongs to another account already." in page
    alice.refresh_from_db()
    assert alice.email == "alice@example.com"
    assert EmailAddress.objects.get(user=alice, verified=True).email == "alice@example.com"


def test_the_admin_is_entered_by_the_same_door(client: Client) -> None:
    """Its own form would know no second factor."""
    response = client.get("/admin/login/?next=/admin/")
    assert response["Location"] == "/accounts/login/?next=%2Fadmin%2F"


def test_staff_find_no_other_door_either(carol: User) -> None:
    """With a colleague's password alone, past the second factor and uncounted."""
    User.objects.create_superuser("boss@example.com", PASSWORD)
    User.objects.filter(pk=carol.pk).update(is_staff=True)
    client = signed_in(User.objects.get(pk=carol.pk))
    response = client.post("/admin/login/", {"username": "boss@example.com", "password": PASSWORD})
    assert (response["Location"], client.session["_auth_user_id"]) == ("/admin/", carol.pk)


def test_nothing_of_the_account_is_cached(alice_in: Client) -> None:
    reauthenticate(alice_in)
    for address in ["/account/export", "/account/close"]:
        assert "no-store" in alice_in.get(address)["Cache-Control"]
