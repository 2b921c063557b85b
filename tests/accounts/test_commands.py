import io
import json

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from accounts.models import ApiKey, User
from accounts.wallet.models import Entry, Wallet
from catalog.models import Price, PriceRule, Provider
from catalog.upstream.sandbox import Sandbox
from tests.conftest import Api, data

pytestmark = pytest.mark.django_db
MAIL = "dora@example.com"


def run(name: str, *arguments: str) -> list[str]:
    out = io.StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue().splitlines()


def test_create_user_opens_an_account_that_can_sign_in() -> None:
    lines = run("create_user", "Dora@Example.com", "--password", "correct horse 7")
    user = User.objects.get(email=MAIL)
    assert lines == [f"Created the account {MAIL} ({user.pk})."]
    assert Wallet.objects.get(user=user).balance_cents == 0
    assert EmailAddress.objects.get(user=user).verified is True
    assert Client().login(email=MAIL, password="correct horse 7")


def test_create_user_refuses_a_taken_address(alice: User) -> None:
    with pytest.raises(CommandError, match="There is an account with this e-mail address already"):
        run("create_user", "ALICE@example.com", "--password", "x")


@pytest.mark.parametrize("email", ["", "dora", "dora@", "a b@example.com"])
def test_create_user_refuses_what_is_no_address(email: str) -> None:
    with pytest.raises(CommandError, match="is not an e-mail address"):
        run("create_user", email, "--password", "x")


def test_create_api_key_ends_with_a_token_that_works(alice: User) -> None:
    lines = run("create_api_key", "alice@example.com", "--name", "ops")
    assert data(Api(lines[-1]).get("/account"))["id"] == alice.pk
    assert ApiKey.objects.get(user=alice).name == "ops"


def test_create_api_key_for_nobody_is_refused() -> None:
    with pytest.raises(CommandError, match=f"There is no account with the e-mail address {MAIL}"):
        run("create_api_key", MAIL, "--name", "ops")


def test_the_eleventh_key_is_refused(alice: User) -> None:
    for number in range(10):
        run("create_api_key", alice.email, "--name", str(number))
    with pytest.raises(CommandError, match="10 active API keys"):
        run("create_api_key", alice.email, "--name", "11")


def test_credit_moves_money_with_its_reason(bob: User) -> None:
    lines = run("credit", "bob@example.com", "25.00", "--reason", "welcome")
    entry = Entry.objects.get(wallet_id=bob.pk)
    assert lines == ["Moved $25.00 for bob@example.com; the balance is $25.00."]
    assert (entry.amount_cents, entry.reason, entry.actor) == (2500, "welcome", "command line")


def test_credit_twice_is_two_entries(bob: User) -> None:
    run("credit", bob.email, "1", "--reason", "one")
    run("credit", bob.email, "1", "--reason", "one")
    assert Wallet.objects.get(user=bob).balance_cents == 200


def test_a_negative_credit_takes_money(alice: User) -> None:
    run("credit", alice.email, "-5.00", "--reason", "mistake")
    assert Wallet.objects.get(user=alice).balance_cents == 2000


def test_nobody_is_brought_below_zero(bob: User) -> None:
    with pytest.raises(CommandError, match="too low"):
        run("credit", bob.email, "-0.01", "--reason", "mistake")
    assert not Entry.objects.filter(wallet_id=bob.pk).exists()


@pytest.mark.parametrize("amount", ["0", "0.00", "1.001", "NaN", "Infinity", "1e3", "ten", "", "１"])
def test_credit_refuses_a_bad_amount(bob: User, amount: str) -> None:
    with pytest.raises(CommandError):
        run("credit", bob.email, amount, "--reason", "x")
    assert not Entry.objects.filter(wallet_id=bob.pk).exists()


@pytest.fixture
def laptop(settings: Settings, sandbox: Sandbox) -> None:
    settings.DEBUG = True
    settings.SITE_URL = "http://127.0.0.1:8000"
    settings.SANDBOX_URL = sandbox.url


@pytest.mark.usefixtures("laptop")
def test_demo_loads_a_shop_to_try() -> None:
    demo = json.loads("".join(run("demo", "--json")))
    assert demo.keys() == {"url", "email", "password", "api_key", "admin_email", "admin_password"}
    assert demo["url"] == "http://127.0.0.1:8000"
    assert data(Api(demo["api_key"]).get("/account"))["balanceCents"] == "2500"
    assert Provider.objects.get().dialect == "hero"
    assert PriceRule.objects.get().percent == 30
    assert Price.objects.exists()
    assert User.objects.get(email="admin@example.com").is_superuser


@pytest.mark.usefixtures("laptop")
def test_demo_again_changes_nothing_but_the_key() -> None:
    first, second = (json.loads("".join(run("demo", "--json"))) for _ in range(2))
    assert first.pop("api_key") != second.pop("api_key")
    assert first == second
    assert ApiKey.objects.active().count() == 1
    assert Entry.objects.count() == 1


@pytest.mark.usefixtures("laptop")
def test_demo_passwords_follow_the_secret_key(settings: Settings) -> None:
    first = json.loads("".join(run("demo", "--json")))
    settings.SECRET_KEY = "another"
    second = json.loads("".join(run("demo", "--json")))
    assert first["password"] != second["password"]
    assert Client().login(email=second["email"], password=second["password"])
    assert not Client().login(email=first["email"], password=first["password"])


def test_demo_needs_debug() -> None:
    with pytest.raises(CommandError, match="DEBUG=1"):
        run("demo")
    assert not User.objects.exists()


@pytest.mark.usefixtures("laptop")
def test_demo_says_that_no_sandbox_answers(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    monkeypatch.setattr("jiema.demo.SANDBOX_STARTS_WITHIN", 0.3)
    with pytest.raises(CommandError, match="No sandbox answers at http"):
        run("demo")


def test_create_api_key_takes_a_scope_and_an_end(alice: User) -> None:
    run("create_api_key", alice.email, "--scope", "read", "--expires", "30")
    key = ApiKey.objects.get()
    assert key.scope == "read"
    assert key.expires_at
    assert (key.expires_at - key.created_at).days in (29, 30)


@pytest.mark.parametrize("days", ["0", "-1", "3651"])
def test_create_api_key_refuses_an_end_out_of_bounds(alice: User, days: str) -> None:
    with pytest.raises(CommandError, match="after 1 to 3650 days"):
        run("create_api_key", alice.email, "--expires", days)
    assert not ApiKey.objects.exists()
