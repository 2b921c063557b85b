"""The only writer of balances and ledger entries."""

from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet, Sum

from accounts.wallet.errors import Insufficient, ReferenceReused
from accounts.wallet.models import Debt, Entry, Kind, Wallet
from jiema.failpoints import failpoint

SALES = "sales"
DEBTS = "debts"
ADJUSTMENTS = "adjustment"
REFERRALS = "referral"
VOUCHERS = "voucher"

# The top-up and all income since, the oldest first: each less what went back to where it came from. Refunds and
# returns are no income: they only give back what was there before.
_LOTS = """
SELECT came.amount_cents + coalesce(sum(went.amount_cents), 0)
FROM wallet_entry came
LEFT JOIN wallet_entry went
    ON went.wallet_id = came.wallet_id AND went.kind IN ('payout', 'payout_return', 'chargeback', 'referral_back')
    AND (went.reference = came.reference OR starts_with(went.reference, came.reference || ':'))
WHERE came.wallet_id = %(user)s AND came.amount_cents > 0
  AND came.kind IN ('top_up', 'adjustment', 'referral', 'voucher')
  AND came.id >= (SELECT id FROM wallet_entry
                  WHERE kind = 'top_up' AND reference = %(reference)s AND wallet_id = %(user)s)
GROUP BY came.id ORDER BY came.id
"""

# The cause is looked for first; the balance moves only where it is new and the wallet holds enough. Two
# at once with the same cause: the second waits for the wallet's row, then the unique constraint refuses it.
_POST = """
WITH moved AS (
    UPDATE wallet_wallet SET balance_cents = balance_cents + %(amount)s
    WHERE user_id = %(user)s AND balance_cents + %(amount)s >= 0
      AND NOT EXISTS (SELECT FROM wallet_entry WHERE kind = %(kind)s AND reference = %(reference)s)
    RETURNING balance_cents
)
INSERT INTO wallet_entry
    (wallet_id, kind, counter_account, amount_cents, balance_after, reference, reverses_id, reason, actor)
SELECT %(user)s, %(kind)s, %(counter)s, %(amount)s, balance_cents, %(reference)s, %(reverses)s, %(reason)s, %(actor)s
FROM moved
RETURNING id
"""


@transaction.atomic
def open_wallet(user_id: str) -> Wallet:
    return Wallet.objects.get_or_create(user_id=user_id)[0]


def charge(user_id: str, amount_cents: int, order_id: str) -> Entry:
    """Take the price of an order. amount_cents: positive. Raises Insufficient."""
    return _post(user_id, Kind.CHARGE, -_positive(amount_cents), SALES, f"order:{order_id}")


def refund(user_id: str, order_id: str) -> Entry:
    """Give back the whole charge of an order, once."""
    paid = Entry.objects.get(kind=Kind.CHARGE, reference=f"order:{order_id}", wallet_id=user_id)
    return _post(user_id, Kind.REFUND, -paid.amount_cents, SALES, paid.reference, reverses=paid)


def top_up(user_id: str, amount_cents: int, gateway: str, top_up_id: str) -> Entry:
    """Credit a captured payment, once. amount_cents: what the gateway captured."""
    return _post(user_id, Kind.TOP_UP, _positive(amount_cents), f"gateway:{gateway}", f"topup:{top_up_id}")


def adjust(user_id: str, amount_cents: int, reference: str, *, reason: str, actor: str) -> Entry:
    """A correction by ops, with reason and actor. amount_cents: signed. Raises Insufficient."""
    if not reason.strip() or not actor.strip():
        raise ValueError("an adjustment needs a reason and an actor")
    return _post(user_id, Kind.ADJUSTMENT, amount_cents, ADJUSTMENTS, reference, reason=reason, actor=actor)


@transaction.atomic
def charge_back(user_id: str, amount_cents: int, gateway: str, top_up_id: str) -> int:
    """The gateway took so much of a payment back in all: what it took more than was known is taken, once.

    What the wallet no longer holds becomes a debt; it stays at zero. Returns the US cents that were news.
    amount_cents: positive, at most what was credited. Raises Entry.DoesNotExist where nothing was.
    """
    wallet = Wallet.objects.select_for_update().get(pk=user_id)
    cause = f"topup:{top_up_id}"
    credit = Entry.objects.get(kind=Kind.TOP_UP, reference=cause, wallet=wallet)
    before = _charged_back(wallet, cause)
    more = _positive(amount_cents) - before
    if more <= 0:
        return 0
    part = f"{cause}:{before}" if before else cause
    taken = min(wallet.balance_cents, more)
    if taken:
        whole = None if before else credit
        _post(user_id, Kind.CHARGEBACK, -taken, f"gateway:{gateway}", part, reverses=whole)
    if more > taken:
        Debt.objects.create(wallet=wallet, reference=part, amount_cents=more - taken)
    return more


def _charged_back(wallet: Wallet, cause: str) -> int:
    """US cents of a payment that were taken, or are owed, so far."""
    parts = Q(wallet=wallet) & (Q(reference=cause) | Q(reference__startswith=f"{cause}:"))
    taken = Entry.objects.filter(parts, kind=Kind.CHARGEBACK).aggregate(cents=Sum("amount_cents", default=0))
    owed = Debt.objects.filter(parts).aggregate(cents=Sum("amount_cents", default=0))
    return int(owed["cents"] - taken["cents"])


def hold(user_id: str) -> None:
    """Nothing moves in this wallet until the caller's transaction ends."""
    Wallet.objects.select_for_update().get(pk=user_id)


def pay_out(user_id: str, amount_cents: int, gateway: str, top_up_id: str, payout_id: str) -> Entry:
    """Take money of a top-up that goes back to where it came from. amount_cents: positive. Raises Insufficient."""
    reference = f"topup:{top_up_id}:{payout_id}"
    return _post(user_id, Kind.PAYOUT, -_positive(amount_cents), f"gateway:{gateway}", reference)


def return_payout(user_id: str, top_up_id: str, payout_id: str) -> Entry:
    """The gateway could not give it back after all: once, the whole of it."""
    taken = Entry.objects.get(kind=Kind.PAYOUT, reference=f"topup:{top_up_id}:{payout_id}", wallet_id=user_id)
    return _post(
        user_id, Kind.PAYOUT_RETURN, -taken.amount_cents, taken.counter_account, taken.reference, reverses=taken
    )


def earn(user_id: str, amount_cents: int, order_id: str) -> Entry:
    """The inviter's share of an order, once for each order. amount_cents: positive."""
    return _post(user_id, Kind.REFERRAL, _positive(amount_cents), REFERRALS, f"order:{order_id}")


def take_earning_back(user_id: str, amount_cents: int, reference: str) -> Entry:
    """A share whose order was paid back, or a part of it. amount_cents: positive. Raises Insufficient."""
    return _post(user_id, Kind.REFERRAL_BACK, -_positive(amount_cents), REFERRALS, reference)


def redeem(user_id: str, amount_cents: int, voucher_id: str) -> Entry:
    """Credit a voucher, once. amount_cents: positive."""
    return _post(user_id, Kind.VOUCHER, _positive(amount_cents), VOUCHERS, f"voucher:{voucher_id}")


def unspent(user_id: str, top_up_id: str) -> int:
    """US cents of this top-up that the wallet still holds, where what came in first is spent first."""
    with connection.cursor() as cursor:
        cursor.execute(_LOTS, {"user": user_id, "reference": f"topup:{top_up_id}"})
        lots = [int(left) for (left,) in cursor.fetchall()]
    if not lots:
        return 0
    balance = Wallet.objects.get(pk=user_id).balance_cents
    return max(0, min(lots[0], balance - sum(lots[1:])))


@transaction.atomic
def forgive(user_id: str, *, reason: str, actor: str) -> int:
    """An adjustment of all that this customer owes, which repays it; US cents, none where nothing is open."""
    Wallet.objects.select_for_update().get(pk=user_id)
    debts = Debt.objects.filter(wallet=user_id).aggregate(owed=Sum("amount_cents"), repaid=Sum("repaid_cents"))
    open_cents = (debts["owed"] or 0) - (debts["repaid"] or 0)
    if open_cents:
        adjust(user_id, open_cents, f"forgiven:{user_id}:{debts['repaid']}", reason=reason, actor=actor)
    return open_cents


def open_debts(user_id: str) -> QuerySet[Debt]:
    """Oldest first."""
    return Debt.objects.filter(wallet=user_id, repaid_cents__lt=F("amount_cents")).order_by("pk")


def _repay(user_id: str, income: Entry) -> None:
    """Out of what has just come in, under the wallet's lock that its entry holds."""
    for debt in open_debts(user_id):
        balance = Wallet.objects.get(pk=user_id).balance_cents
        paid = min(balance, debt.amount_cents - debt.repaid_cents)
        if not paid:
            return
        Debt.objects.filter(pk=debt.pk).update(repaid_cents=F("repaid_cents") + paid)
        _post(user_id, Kind.REPAYMENT, -paid, DEBTS, f"debt:{debt.pk}:{income.pk}")


def _positive(amount_cents: int) -> int:
    if amount_cents <= 0:
        raise ValueError("the amount has to be positive")
    return amount_cents


@transaction.atomic
def _post(
    user_id: str,
    kind: Kind,
    amount_cents: int,
    counter_account: str,
    reference: str,
    *,
    reverses: Entry | None = None,
    reason: str = "",
    actor: str = "",
) -> Entry:
    """Append one entry and move the cached balance with it.

    amount_cents: signed; negative takes money from the user.
    reference: the cause, such as "order:c1x…". (kind, reference) is unique: asking twice returns the
        first entry and moves nothing.
    Raises Insufficient, or ReferenceReused where the same cause comes back with another amount.
    """
    values: dict[str, Any] = {
        "user": user_id,
        "kind": kind.value,
        "amount": amount_cents,
        "counter": counter_account,
        "reference": reference,
        "reverses": reverses.pk if reverses else None,
        "reason": reason,
        "actor": actor,
    }
    with connection.cursor() as cursor:
        cursor.execute(_POST, values)
        row = cursor.fetchone()
    failpoint("wallet.posted")
    if row is None:
        return _first(user_id, kind, amount_cents, reference)
    entry = Entry.objects.get(pk=row[0])
    if amount_cents > 0:
        _repay(user_id, entry)
    return entry


def _first(user_id: str, kind: Kind, amount_cents: int, reference: str) -> Entry:
    entry = Entry.objects.filter(kind=kind, reference=reference).first()
    if entry is None:
        raise Insufficient
    if (entry.wallet_id, entry.amount_cents) != (user_id, amount_cents):
        raise ReferenceReused(f"{kind} {reference}")
    return entry
