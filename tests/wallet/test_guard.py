"""What PostgreSQL refuses the application's own role, and that all the application does still works."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, transaction
from psycopg.sql import SQL, Identifier
from pytest_django import DjangoDbBlocker, Settings

from accounts.models import User
from accounts.topups.gateways.base import Dispute, Refunded, RefundStage
from accounts.wallet import services as wallet
from accounts.wallet.models import Debt, Entry, Wallet
from catalog.models import Country, Provider, Service
from catalog.services.pricing import set_markup
from catalog.services.syncing import sync_catalogue
from orders.models import Order, Status
from orders.services.desk import pay_back as pay_back_order
from orders.services.lifecycle import transition
from orders.services.reconciling import sweep
from tests.conftest import Shopper, data, make_user
from tests.paying import pay, pay_in
from tests.referrals.conftest import completed
from tests.topups import attacked
from tests.topups.attacks import ATTACKS as ON_PAYMENTS
from tests.topups.attacks import KEPT
from tests.torture import figures
from tests.wallet.attacks import ATTACKS as ON_THE_LEDGER
from tests.wallet.attacks import balance, entry

ATTACKS = ON_THE_LEDGER | ON_PAYMENTS
MONEY = ["wallet_wallet", "wallet_entry", "wallet_debt", "orders_order", *KEPT]
STATE = f"""
{" UNION ALL ".join(f"SELECT '{table}', t.xmin::text, t::text FROM {table} t" for table in MONEY)} UNION ALL
SELECT 'table', c.relname, concat(c.relowner, c.relacl, c.relrowsecurity) FROM pg_class c
    WHERE relnamespace = 'public'::regnamespace UNION ALL
SELECT 'column', a.attrelid::regclass::text, a::text FROM pg_attribute a
    WHERE attrelid::regclass::text IN ({", ".join(f"'{table}'" for table in MONEY)}) UNION ALL
SELECT 'constraint', conname, pg_get_constraintdef(oid) FROM pg_constraint UNION ALL
SELECT 'trigger', concat(tgname, tgenabled), pg_get_triggerdef(oid) FROM pg_trigger UNION ALL
SELECT 'function', proname, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace UNION ALL
SELECT 'role', rolname, r::text FROM pg_roles r WHERE rolname = %s
ORDER BY 1, 2, 3
"""
COLUMNS = "wallet_id, kind, counter_account, amount_cents, balance_after, reference, reason, actor"


@pytest.fixture(scope="module")
def application(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """The application's own role. Roles are the whole cluster's, so its name tells the database."""
    name = f"shop_of_{connection.settings_dict['NAME']}"
    with django_db_blocker.unblock():
        owner_runs("CREATE ROLE {} LOGIN", name)
        call_command("grant_application", name, verbosity=0)
        yield name
        owner_runs("DROP OWNED BY {0}; DROP ROLE {0}", name)


def owner_runs(statement: str, role: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(SQL(statement).format(Identifier(role)))


@dataclass
class World:
    """names: what stands in the attacks' braces."""

    role: str
    names: dict[str, Any]
    owner: "psycopg.Connection[Any]"

    def state(self) -> list[Any]:
        """The money's rows with the transactions that wrote them, and all that guards them."""
        return self.owner.execute(STATE, [self.role]).fetchall()

    def attack(self, statements: str) -> None:
        with login(self.role) as attacker, attacker.transaction():
            attacker.execute(self.told(statements).encode())

    def told(self, statements: str) -> str:
        return statements.format(**self.names)


def login(role: str) -> "psycopg.Connection[Any]":
    place = connection.settings_dict
    return psycopg.connect(
        host=place["HOST"],
        port=place["PORT"],
        dbname=place["NAME"],
        user=role,
        password=place["PASSWORD"],
        autocommit=True,
    )


@pytest.fixture(scope="module")
def world(application: str, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with django_db_blocker.unblock():
        names = {"role": application, "owner": connection.settings_dict["USER"], **people()}
        names |= orders(names) | debts() | attacked.payments(names["gina"]) | attacked.vouchers(names["gina"])
        with login(names["owner"]) as owner:
            yield World(application, names, owner)
        call_command("flush", interactive=False, verbosity=0)


def people() -> dict[str, str]:
    carol = User.objects.create(email="carol@example.com")
    funds = {"alice": 2600, "bob": 1000, "dave": 100, "erin": 100, "gina": 0, "hana": 100}
    return {"carol": carol.pk} | {name: make_user(name, cents).pk for name, cents in funds.items()}


def debts() -> dict[str, Any]:
    """Frank owes $5.00 of one payment, of which $3.00 are repaid by another."""
    frank = make_user("frank").pk
    first = pay_in(frank, 500)
    wallet.adjust(frank, -500, "frank", reason="spent", actor="tests")
    wallet.charge_back(frank, 500, "sandbox", first.pk)
    debt = Debt.objects.get().pk
    return {"frank": frank, "debt": debt, "another_of_frank": f"topup:{pay_in(frank, 300).pk}"}


def orders(people: dict[str, Any]) -> dict[str, Any]:
    """One of Alice's in each state, by its name; one of Hana's. Gina invited Alice before, and Hana afterwards."""
    alice = User.objects.get(email="alice@example.com")
    provider = Provider.objects.create(name="nobody", dialect="hero", base_url="http://127.0.0.1:1", api_key="none")
    Country.objects.create(id=7, iso2="MY", slug="my", name="Malaysia")
    Service.objects.create(code="tg", slug="telegram", name="Telegram")
    invitations = {"invitation_of_alice": attacked.invitation(alice.pk, people["gina"])}
    sold = {status.lower(): sell(alice, provider, status) for status in Status.values}
    charges = {
        f"entry_of_{name}": Entry.objects.get(kind="charge", reference=f"order:{order_id}").pk
        for name, order_id in sold.items()
    }
    hana = User.objects.get(pk=people["hana"])
    unshared = sell(hana, provider, Status.COMPLETED, "hana's")
    invitations["invitation_of_hana"] = attacked.invitation(hana.pk, people["gina"])
    return {"provider": provider.pk, "unshared": unshared, **sold, **charges, **invitations}


@transaction.atomic
def sell(user: User, provider: Provider, status: str, activation_id: str = "") -> str:
    order = Order.objects.create(
        user=user,
        service_id="tg",
        country_id=7,
        provider=provider,
        charged_cents=100,
        cost=Decimal("0.30"),
        catalogue_version=1,
        activation_id=activation_id or status,
    )
    wallet.charge(user.pk, 100, order.pk)
    if status != Status.WAITING:
        transition(order, Status(status))
    return order.pk


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused(world: World, name: str) -> None:
    statements, refusal, reason = ATTACKS[name]
    before = world.state()
    figures.record(ledger_attacks=1)
    with pytest.raises(psycopg.Error) as caught:
        world.attack(statements)
    assert (type(caught.value), reason in str(caught.value)) == (refusal, True), caught.value
    assert world.state() == before
    figures.record(ledger_attacks_refused=1)


@pytest.mark.parametrize(
    ("columns", "row", "refusal"),
    [
        (
            f"{COLUMNS}, id",
            "{alice}\tadjustment\tadjustment\t1\t2301\tx\tr\tme\t1",
            psycopg.errors.InsufficientPrivilege,
        ),
        (COLUMNS, "{alice}\tadjustment\tadjustment\t1\t2301\tx\tr\tme", psycopg.errors.IntegrityConstraintViolation),
        (COLUMNS, "{alice}\tadjustment\tadjustment\t1\t-1\tx\tr\tme", psycopg.errors.CheckViolation),
    ],
)
def test_a_bulk_load_is_refused(world: World, columns: str, row: str, refusal: type[psycopg.Error]) -> None:
    before = world.state()
    load = SQL("COPY wallet_entry ({}) FROM STDIN").format(SQL(columns))
    with pytest.raises(refusal), login(world.role) as attacker, attacker.cursor().copy(load) as rows:
        rows.write(world.told(row))
    assert world.state() == before


def test_an_entry_that_slips_in_before_another_is_refused(world: World) -> None:
    """It took its id before the other, commits after it, and moves no balance: the other's already fits."""
    with login(world.role) as late, login(world.role) as legal:
        late.execute("BEGIN")
        late.execute(world.told(entry("adjustment", 10, 110, "late", user="dave")).encode())
        legal.execute(world.told(entry("adjustment", 10, 110, "legal", user="dave") + balance(110, "dave")).encode())
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="from 100 to 110, and 100 is what"):
            late.execute("COMMIT")


def test_a_lost_update_is_refused(world: World) -> None:
    """Of two that read the same balance, without its lock, one spends it."""
    spend = [entry("adjustment", -100, 0, name, user="erin") + balance(0, "erin") for name in ("first", "second")]
    world.attack(spend[0])
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="moves -100 cents from 0 to 0"):
        world.attack(spend[1])


@pytest.fixture
def as_application(transactional_db: None, application: str) -> Iterator[None]:
    """Django works as the application's own role, in every thread."""
    connection.close()
    with patch.dict(connection.settings_dict, USER=application):
        yield
        connection.close()


def test_the_application_sells_and_refunds(shopper: Shopper, as_application: None) -> None:
    cancelled, completed = shopper.buy()["id"], shopper.buy(Idempotency_Key="once")["id"]
    assert data(shopper.api.post(f"/orders/{cancelled}/cancel"))["status"] == "CANCELLED"
    shopper.deliver(completed, "Your code is 12345")
    assert shopper.order(completed)["status"] == "RECEIVED"
    data(shopper.api.post(f"/orders/{completed}/next-sms"))
    assert (shopper.balance(), current_user()) == (2500 - 39, connection.settings_dict["USER"])


def test_the_application_takes_money_in(bob: User, settings: Settings, as_application: None) -> None:
    settings.SANDBOX_GATEWAY = True
    pay_in(bob, 500)
    wallet.adjust(bob.pk, -100, "a1", reason="r", actor="ops")
    assert list(Entry.objects.order_by("id").values_list("balance_after", flat=True)) == [500, 400]
    make_user("carol", 100)


def test_the_application_pays_back(bob: User, settings: Settings, as_application: None) -> None:
    settings.SANDBOX_GATEWAY = True
    top_up = pay_in(bob, 500)
    for cents, end in ((200, RefundStage.DONE), (100, RefundStage.FAILED)):
        attacked.back(top_up, cents, end)
    by_hand = Refunded("re_by_hand", "", Decimal(1), RefundStage.DONE)
    pay(top_up, refunds=(by_hand,), dispute=Dispute.OPEN, disputed=Decimal(5))
    pay(top_up, refunds=(by_hand,), dispute=Dispute.LOST, disputed=Decimal(5))
    assert (top_up.refunded_cents, top_up.state, Wallet.objects.get(user=bob).balance_cents) == (300, "disputed", 0)


def test_the_application_gives_vouchers_and_shares(
    shopper: Shopper, bob: User, settings: Settings, as_application: None
) -> None:
    vouchers = attacked.vouchers(bob.pk)
    attacked.invitation(shopper.user.pk, bob.pk)
    order_id = completed(shopper)
    pay_back_order(order_id, "ops", "sorry")
    kinds = list(Entry.objects.filter(wallet=bob.pk).order_by("pk").values_list("kind", "reference", "amount_cents"))
    assert kinds == [
        ("voucher", f"voucher:{vouchers['used']}", 500),
        ("referral", f"order:{order_id}", 3),
        ("referral_back", f"order:{order_id}:0", -3),
    ]


def test_the_application_reads_the_catalogue(provider: Provider, as_application: None) -> None:
    sync_catalogue(provider)
    set_markup(Decimal(20))
    sweep(provider)


def current_user() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        return str(cursor.fetchone()[0])
