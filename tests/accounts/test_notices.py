import socket
import threading
from collections.abc import Iterator
from email.message import Message
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts import notices
from accounts.models import AccountState, User
from accounts.notices import set_threshold, tell_low_balances
from accounts.tasks import low_balance
from accounts.vouchers.services import redeem
from accounts.wallet import services as wallet
from accounts.wallet.models import Entry
from jiema.celery import app
from tests.accounts.smtp import MailServer, mail_server
from tests.conftest import Shopper
from tests.paying import pay_in
from tests.vouchers.making import customers, make
from tests.web.conftest import signed_in
from tests.web.shopping import html

pytestmark = pytest.mark.django_db


def move(user: User, cents: int) -> None:
    """An adjustment: negative as if it were spent."""
    number = Entry.objects.filter(wallet_id=user.pk).count()
    wallet.adjust(user.pk, cents, f"move:{user.pk}:{number}", reason="moved", actor="tests")


@pytest.fixture
def low(carol: User) -> User:
    """Carol's balance of $10 fell to $4, under her $5, and nobody told her yet."""
    set_threshold(carol.pk, 500)
    move(carol, -600)
    return carol


def state(user: User) -> tuple[int | None, bool, bool]:
    """Threshold, is it told, is there a time."""
    user.refresh_from_db()
    return user.low_balance_cents, user.low_balance_told_entry is not None, user.low_balance_told_at is not None


# When it is told


def test_nobody_is_told_unasked(bob: User) -> None:
    assert (state(bob), tell_low_balances(), mail.outbox) == ((None, False, False), 0, [])


def test_a_balance_that_falls_is_told_once(low: User) -> None:
    assert [tell_low_balances() for _ in range(3)] == [1, 0, 0]
    (message,) = mail.outbox
    assert (message.to, message.subject) == (["carol@example.com"], "Your balance is $4.00")
    assert "is $4.00. You wanted to know when it is under $5.00." in message.body
    assert state(low) == (500, True, True)


def test_the_threshold_itself_is_not_low(carol: User) -> None:
    set_threshold(carol.pk, 1000)
    assert tell_low_balances() == 0
    move(carol, -1)
    assert tell_low_balances() == 1


def test_spending_on_is_no_news(low: User) -> None:
    tell_low_balances()
    move(low, -300)
    assert tell_low_balances() == 0


def by_top_up(user: User) -> None:
    pay_in(user, 500)


def by_voucher(user: User) -> None:
    redeem(user.pk, make(cents=500)[0])


def by_adjustment(user: User) -> None:
    move(user, 500)


@pytest.mark.parametrize("come_in", [by_top_up, by_voucher, by_adjustment])
def test_money_that_came_in_arms_it_again(low: User, come_in: Any) -> None:
    tell_low_balances()
    come_in(low)
    assert tell_low_balances() == 0
    move(low, -500)
    assert [tell_low_balances() for _ in range(2)] == [1, 0]
    assert len(mail.outbox) == 2


def test_money_that_came_and_went_between_two_ticks_is_told(low: User) -> None:
    tell_low_balances()
    move(low, 500)
    move(low, -500)
    assert [tell_low_balances() for _ in range(2)] == [1, 0]


def test_small_change_under_the_threshold_is_no_news(low: User) -> None:
    """As an inviter's shares are, a few cents at a time."""
    tell_low_balances()
    for _ in range(5):
        move(low, 3)
        assert tell_low_balances() == 0
    move(low, 100)  # now it is above
    move(low, -100)
    assert tell_low_balances() == 1


def test_buying_and_giving_back_all_day_brings_one_mail(shopper: Shopper, alice: User) -> None:
    set_threshold(alice.pk, 2500)
    told = []
    for _ in range(3):
        order = shopper.buy()["id"]
        told.append(tell_low_balances())
        shopper.sandbox.advance(121)
        shopper.api.post(f"/orders/{order}/cancel")
        told.append(tell_low_balances())
    assert (told, shopper.balance()) == ([1, 0, 0, 0, 0, 0], 2500)


@pytest.mark.parametrize("blocked", [AccountState.SUSPENDED, AccountState.CLOSED])
def test_who_is_blocked_gets_no_mail(low: User, blocked: AccountState) -> None:
    User.objects.filter(pk=low.pk).update(state=blocked)
    assert tell_low_balances() == 0
    User.objects.filter(pk=low.pk).update(state=AccountState.ACTIVE)
    assert tell_low_balances() == 1


# The threshold


def test_one_that_is_under_already_waits_for_money(bob: User) -> None:
    set_threshold(bob.pk, 500)
    assert (tell_low_balances(), state(bob)) == (0, (500, True, False))
    move(bob, 600)
    assert tell_low_balances() == 0
    move(bob, -200)
    assert tell_low_balances() == 1


def test_changing_it_while_under_it_is_no_news(low: User) -> None:
    tell_low_balances()
    for cents in (450, 500, 2000):
        set_threshold(low.pk, cents)
        assert tell_low_balances() == 0


def test_a_lower_one_is_told_when_the_balance_falls_under_it(low: User) -> None:
    tell_low_balances()
    set_threshold(low.pk, 300)
    assert tell_low_balances() == 0
    move(low, -150)
    assert tell_low_balances() == 1


def test_switched_off_it_is_not_told(low: User) -> None:
    set_threshold(low.pk, None)
    assert (tell_low_balances(), state(low)) == (0, (None, False, False))


# Mails that fail


@pytest.fixture
def server(settings: Settings) -> Iterator[MailServer]:
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


def text(message: Message) -> str:
    return message.get_payload(decode=True).decode()  # type: ignore[union-attr]


def test_a_mail_goes_over_the_wire(low: User, server: MailServer) -> None:
    assert tell_low_balances() == 1
    (message,) = server.mails
    assert (message["To"], message["Subject"]) == ("carol@example.com", "Your balance is $4.00")
    assert (message["Auto-Submitted"], message.get_content_type()) == ("auto-generated", "text/plain")
    assert "http://127.0.0.1:8000/account/top-up" in text(message)


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        ("greeting", "421 Too busy"),
        ("recipient", "450 Try again later"),
        ("end", "451 Try again later"),
        ("end", "554 Not like this"),
    ],
)
def test_a_mail_that_is_not_taken_is_tried_again(low: User, server: MailServer, step: str, answer: str) -> None:
    taken = getattr(server, step)
    setattr(server, step, answer)
    assert [tell_low_balances() for _ in range(2)] == [0, 0]
    assert state(low) == (500, False, False)
    setattr(server, step, taken)
    assert [tell_low_balances() for _ in range(2)] == [1, 0]
    assert len(server.mails) == 1


def test_an_address_that_does_not_exist_is_left_alone(low: User, server: MailServer) -> None:
    server.recipient = "550 No such user"
    assert tell_low_balances() == 0
    server.recipient = "250 OK"
    assert (tell_low_balances(), server.mails) == (0, [])
    move(low, 500)
    move(low, -500)
    assert tell_low_balances() == 1


def test_one_bad_address_holds_up_no_others(db: None, server: MailServer) -> None:
    server.recipient = "450 Try again later"
    for user in customers(3):
        move(user, 600)
        set_threshold(user.pk, 500)
        move(user, -200)
    with CaptureQueriesContext(connection) as asked:
        tell_low_balances()
    assert len([each for each in asked if each["sql"].startswith("UPDATE")]) == 2 * 3


def test_while_the_server_is_down_one_mail_a_tick_is_tried(db: None, settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    for user in customers(3):
        move(user, 600)
        set_threshold(user.pk, 500)
        move(user, -200)
    with CaptureQueriesContext(connection) as asked:
        assert tell_low_balances() == 0
    assert len([each for each in asked if each["sql"].startswith("UPDATE")]) == 2
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert tell_low_balances() == 3


def test_killed_between_claim_and_mail_it_never_repeats(low: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(*args: object, **context: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patches:
        patches.setattr(notices.mail, "send", kill)
        with pytest.raises(SystemExit):
            tell_low_balances()
    assert [tell_low_balances() for _ in range(2)] == [0, 0]
    move(low, 500)
    move(low, -500)
    assert tell_low_balances() == 1


def test_what_was_changed_meanwhile_is_not_taken_back(low: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(user: User, *args: object, **context: object) -> None:
        set_threshold(user.pk, 450)
        raise SMTPServerDisconnected

    with monkeypatch.context() as patches:
        patches.setattr(notices.mail, "send", fail)
        tell_low_balances()
    assert (state(low)[0], tell_low_balances()) == (450, 0)


# At once


@pytest.mark.django_db(transaction=True)
def test_of_ten_ticks_at_once_one_tells(carol: User) -> None:
    for _ in range(5):
        set_threshold(carol.pk, 500)
        move(carol, -600)
        start = threading.Barrier(10)
        sent: list[int] = []

        def tick(start: threading.Barrier = start, sent: list[int] = sent) -> None:
            start.wait()
            sent.append(tell_low_balances())
            connection.close()

        threads = [threading.Thread(target=tick) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(sent) == [0] * 9 + [1]
        move(carol, 600)
    assert len(mail.outbox) == 5


@pytest.mark.django_db(transaction=True)
def test_money_that_comes_in_while_it_is_told_arms_it(low: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The income's transaction is open, and older than the claim, while the mail goes out."""
    told, inside = threading.Event(), threading.Event()

    def come_in() -> None:
        with transaction.atomic():
            move(low, 500)
            inside.set()
            assert told.wait(10)
        connection.close()

    thread = threading.Thread(target=come_in)
    thread.start()
    assert inside.wait(10)
    assert tell_low_balances() == 1
    told.set()
    thread.join()
    move(low, -500)
    assert tell_low_balances() == 1


def test_all_are_found_by_one_query(db: None) -> None:
    for user in customers(20):
        set_threshold(user.pk, 500)
    with CaptureQueriesContext(connection) as asked:
        low_balance()
    assert len(asked) == 1


def test_a_tick_ends_in_time_for_the_next(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "MAILS_AT_ONCE", 2)
    for user in customers(3):
        move(user, 600)
        set_threshold(user.pk, 500)
        move(user, -200)
    assert [tell_low_balances() for _ in range(3)] == [2, 1, 0]
    monkeypatch.setattr(notices, "SECONDS_AT_MOST", -1)
    move(user, 600)
    move(user, -600)
    assert tell_low_balances() == 0


def test_celery_knows_the_task_and_beats_it(settings: Settings) -> None:
    app.loader.import_default_modules()
    beat = settings.CELERY_BEAT_SCHEDULE["low-balance"]
    assert (beat["task"], beat["schedule"]) == ("accounts.low_balance", 30.0)
    assert beat["task"] in app.tasks


# The page

PAGE = "/account/notices"


def choose(site: Client, **wish: str) -> str:
    return html(site.post(PAGE, {"threshold": "", **wish}, follow=True))


def test_visitors_are_asked_to_sign_in(client: Client) -> None:
    assert client.get(PAGE)["Location"] == "/accounts/login/?next=/account/notices"


def test_it_is_off_at_first(bob: User) -> None:
    page = html(signed_in(bob).get(PAGE))
    assert "No mail is sent when your balance gets low." in page
    assert 'name="threshold" value="5.00"' in page
    assert "checked" not in page


def test_it_is_switched_on_and_off(carol: User) -> None:
    site = signed_in(carol)
    page = choose(site, is_on="on", threshold="7.50")
    assert "A mail goes to carol@example.com when your balance falls under $7.50." in page
    assert 'name="threshold" value="7.50"' in page
    assert " checked" in page
    assert state(carol) == (750, False, False)
    assert "No mail is sent when your balance gets low." in choose(site, threshold="7.50")
    assert state(carol) == (None, False, False)


def test_the_last_mail_is_shown(low: User) -> None:
    assert "The last mail went out on" not in html(signed_in(low).get(PAGE))
    tell_low_balances()
    assert "The last mail went out on" in html(signed_in(low).get(PAGE))


@pytest.mark.parametrize("threshold", ["", "0", "-1", "0.001", "10000.01", "NaN", "x"])
def test_a_wrong_amount_is_told_and_not_kept(bob: User, threshold: str) -> None:
    assert 'class="errorlist"' in choose(signed_in(bob), is_on="on", threshold=threshold)
    assert state(bob) == (None, False, False)


@pytest.mark.parametrize(("threshold", "cents"), [("0.01", 1), ("10000", 1_000_000)])
def test_the_bounds_are_taken(bob: User, threshold: str, cents: int) -> None:
    choose(signed_in(bob), is_on="on", threshold=threshold)
    assert state(bob)[0] == cents
