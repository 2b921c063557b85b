"""Never more on the balance than was paid, never more back than is unspent: against exact fractions."""

import ast
from decimal import Decimal
from fractions import Fraction
from inspect import getsource
from itertools import pairwise
from math import ceil, floor

import pytest
from django.utils import timezone
from hypothesis import example, given, settings
from hypothesis import strategies as st

from accounts.topups.gateways import stripe_amounts, transfers
from accounts.topups.gateways.base import Paid
from accounts.topups.models import PaymentMethod, TopUp
from accounts.topups.services import bank, crediting, payouts, starting
from accounts.topups.services.crediting import worth
from accounts.topups.services.payouts import _in_currency
from accounts.topups.services.starting import fee_of, price_of
from accounts.wallet import services as wallet

DIGITS = {"USD": 2, "MYR": 2, "USDT": 2, "JPY": 0}
MANY = settings(max_examples=400, deadline=None, database=None, derandomize=True)

cents = st.integers(1, 10_000_000)
methods = st.builds(
    PaymentMethod,
    currency=st.sampled_from(sorted(DIGITS)),
    usd_rate=st.decimals("0.00000001", "999999", places=8).filter(bool)
    | st.sampled_from([Decimal(1), Decimal("0.2134"), Decimal("0.0067"), Decimal("0.99871234"), Decimal(3)]),
    fee_percent=st.decimals(0, 50, places=2),
    fee_cents=st.integers(0, 10_000),
)


def wish(method: PaymentMethod, amount: int) -> TopUp:
    fee = fee_of(method, amount)
    asked = price_of(method, amount + fee)
    return TopUp(amount_cents=amount, fee_cents=fee, currency=method.currency, asked=asked)


def paid(amount: Decimal, currency: str) -> Paid:
    return Paid(ref="p", amount=amount, currency=currency, at=timezone.now())


def on_grid(amount: Fraction, currency: str) -> int:
    """In the smallest units, rounded down."""
    return floor(amount * 10 ** DIGITS[currency])


@MANY
@given(methods, cents)
def test_the_fee_is_rounded_up(method: PaymentMethod, amount: int) -> None:
    wanted = ceil(amount * Fraction(method.fee_percent) / 100) + method.fee_cents
    assert fee_of(method, amount) == wanted
    assert type(fee_of(method, amount)) is int


@MANY
@given(methods, cents)
@example(PaymentMethod(currency="JPY", usd_rate=Decimal("0.0067")), 1)
def test_the_price_is_the_least_that_is_enough(method: PaymentMethod, amount: int) -> None:
    price = price_of(method, amount)
    exact = Fraction(amount, 100) / Fraction(method.usd_rate)
    unit = Fraction(1, 10 ** DIGITS[method.currency])
    assert exact <= Fraction(price) < exact + unit
    assert Fraction(price) % unit == 0
    assert type(price) is Decimal


@MANY
@given(methods, cents)
def test_the_exact_payment_brings_what_was_wished(method: PaymentMethod, amount: int) -> None:
    top_up = wish(method, amount)
    assert worth(top_up, paid(top_up.asked, method.currency)) == amount


@MANY
@given(methods, cents, st.data())
def test_any_payment_brings_its_share_and_never_more_than_was_paid(
    method: PaymentMethod, amount: int, data: st.DataObject
) -> None:
    top_up = wish(method, amount)
    unit = Decimal(1).scaleb(-6 if method.currency == "USDT" else -DIGITS[method.currency])
    units = data.draw(st.integers(1, min(10**18, 3 * int(top_up.asked / unit) + 1)))
    payment = paid(units * unit, method.currency)
    brought = worth(top_up, payment)
    assert brought == floor(Fraction(payment.amount) * amount / Fraction(top_up.asked))
    assert brought <= Fraction(payment.amount) * Fraction(method.usd_rate) * 100
    assert type(brought) is int


@MANY
@given(methods, cents, st.sampled_from(["EUR", "usd", "TRX", "USDT ", "FAKE", ""]), st.decimals(1, 10**12, places=6))
def test_another_currency_brings_nothing(method: PaymentMethod, amount: int, other: str, much: Decimal) -> None:
    assert worth(wish(method, amount), paid(much, other)) == 0


def credited(method: PaymentMethod, amount: int, part: Fraction) -> TopUp | None:
    """A top-up of which this part of what was asked came; None where it brought nothing."""
    top_up = wish(method, amount)
    came = Decimal(on_grid(Fraction(top_up.asked) * part, method.currency)).scaleb(-DIGITS[method.currency])
    top_up.captured, top_up.captured_currency = came, method.currency
    top_up.credited_cents = worth(top_up, paid(came, method.currency))
    return top_up if top_up.credited_cents else None


# As a person may choose them: of the first, three pay-backs of a dollar have to be the three dollars.
THREE_DOLLARS = PaymentMethod(currency="USD", usd_rate=Decimal(1), fee_percent=Decimal(0), fee_cents=0)


@MANY
@given(methods, cents, st.fractions(Fraction(1, 100), 3, max_denominator=1000), st.data())
def test_what_goes_back_is_its_share_without_the_fee(
    method: PaymentMethod, amount: int, part: Fraction, data: st.DataObject
) -> None:
    top_up = credited(method, amount, part)
    if top_up:
        back = data.draw(st.integers(1, top_up.credited_cents))
        check_back(top_up, back)


@pytest.mark.parametrize(("amount", "back"), [(300, 100), (700, 100), (1000, 333), (999, 333), (600, 200)])
def test_a_part_goes_back_to_the_cent(amount: int, back: int) -> None:
    top_up = credited(THREE_DOLLARS, amount, Fraction(1))
    assert top_up
    check_back(top_up, back)


def check_back(top_up: TopUp, back: int) -> None:
    assert top_up.captured
    without_fee = Fraction(top_up.amount_cents, top_up.amount_cents + top_up.fee_cents)
    share = Fraction(top_up.captured) * back / top_up.credited_cents * without_fee
    amount = _in_currency(top_up, back)
    currency = top_up.captured_currency
    assert amount == Decimal(on_grid(share, currency)).scaleb(-DIGITS[currency])
    assert amount <= top_up.captured


@MANY
@given(methods, cents, st.data())
def test_parts_that_go_back_are_no_more_than_was_paid(method: PaymentMethod, amount: int, data: st.DataObject) -> None:
    top_up = credited(method, amount, Fraction(1))
    assert top_up
    assert top_up.captured
    cuts = sorted(data.draw(st.sets(st.integers(1, top_up.credited_cents), max_size=5)) | {0, top_up.credited_cents})
    parts = [later - sooner for sooner, later in pairwise(cuts)]
    assert sum(_in_currency(top_up, part) for part in parts) <= top_up.captured


@pytest.mark.parametrize("module", [starting, crediting, payouts, bank, wallet, stripe_amounts, transfers])
def test_no_float_comes_near_money(module: object) -> None:
    for node in ast.walk(ast.parse(getsource(module))):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), node.lineno
        assert not (isinstance(node, ast.Name) and node.id in ("float", "round")), node.lineno
