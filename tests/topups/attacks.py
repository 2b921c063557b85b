"""Attacks on payments, pay-backs, vouchers and shares by SQL, as the application's own role: past all of our code.

In braces stand the ids of the world that tests/wallet/test_guard.py makes. Gina has $13.10: a payment of $10 ({paid}),
of which $2 went back ({sent}) and $1 could not ({failed_back}), a voucher of $5 ({used}), and 10 cents, her share of
Alice's completed order. {wish} is unpaid, {waiting_paid} waits for a second person. She invited Hana, too, whose order
({unshared}) completed before.
"""

from psycopg import errors

from tests.wallet.attacks import DENIED, REFUSED, Attack, balance, entry

HELD = 1310
TOP_UP = (
    "INSERT INTO topups_topup (id, user_id, gateway, amount_cents, fee_cents, currency, asked, gateway_ref, pay_url,"
    " state, why, payment_ref, captured, captured_currency, credited_cents, refunded_cents, dispute, credited_at)"
    " VALUES "
)
PAYOUT = "INSERT INTO topups_payout (id, top_up_id, amount_cents, amount, state, by_hand, reason, actor, why) VALUES "
EARNING = "INSERT INTO referrals_earning (order_id, invitation_id, cents, percent, reversed_cents) VALUES "
KEPT = ["topups_topup", "topups_payout", "topups_review", "topups_chainaddress", "topups_approval"]
KEPT += ["vouchers_voucher", "vouchers_voucherbatch", "referrals_earning", "referrals_invitation"]


def moves(kind: str, cents: int, reference: str, *, user: str = "gina", reverses: str = "", account: str = "") -> str:
    """Entry and balance as they should be; the account, too, unless it is given."""
    usual = {"voucher": "voucher", "referral": "referral", "referral_back": "referral"}.get(kind, "gateway:sandbox")
    after = {"gina": HELD, "bob": 1000}[user] + cents
    told = entry(kind, cents, after, reference, user=user, reverses=reverses, account=account or usual)
    return told + balance(after, user)


def new_top_up(payment: str = "mine", *, refunded: int = 0) -> str:
    """Credited with $5."""
    return (
        f"{TOP_UP}('new', '{{gina}}', 'sandbox', 500, 0, 'USD', 5, '', '', 'credited', '', '{payment}', 5, 'USD',"
        f" 500, {refunded}, '', now());"
    )


def top_up(name: str, what: str) -> str:
    return f"UPDATE topups_topup SET {what} WHERE id = '{{{name}}}';"


def new_payout(cents: int = 100) -> str:
    return f"{PAYOUT}('new', '{{paid}}', {cents}, {cents / 100}, 'created', false, 'r', 'me', '');"


def payout(name: str, what: str) -> str:
    return f"UPDATE topups_payout SET {what} WHERE id = '{{{name}}}';"


def voucher(name: str, what: str) -> str:
    return f"UPDATE vouchers_voucher SET {what} WHERE id = {{{name}}};"


def new_earning(
    order: str = "unshared", cents: int = 10, percent: int = 10, invitation: str = "invitation_of_hana"
) -> str:
    return f"{EARNING}('{{{order}}}', {{{invitation}}}, {cents}, {percent}, 0);"


def reversed_by(cents: int) -> str:
    taken = f"UPDATE referrals_earning SET reversed_at = now(), reversed_cents = {cents}"
    return f"{taken} WHERE order_id = '{{completed}}';"


CREDIT = moves("top_up", 500, "topup:new")
REFUND_MORE = top_up("paid", "refunded_cents = 300")
TAKES_100 = moves("payout", -100, "topup:{paid}:new")
PRICE_BACK = entry("adjustment", 100, 2400, "order:{completed}") + balance(2400)
TAKEN_BY = "redeemed_at = now(), redeemed_by_id"
NO_PAYMENT, NO_CREDIT = "no credited payment of this customer", "its customer has no entry"
STAYS, NO_SUM = "a credited payment stays", "is not the sum of its pay-backs"
NO_PAYOUT, NO_VOUCHER, NO_SHARE = "pay-back new: it does not", "it does not agree with a credit", "share of order"

CREDITED: dict[str, Attack] = {
    "a credit without a payment": (CREDIT, REFUSED, NO_PAYMENT),
    "a credit of a wish that nobody paid": (moves("top_up", 500, "topup:{wish}"), REFUSED, NO_PAYMENT),
    "a credit before the second person": (moves("top_up", 600, "topup:{waiting_paid}"), REFUSED, NO_PAYMENT),
    "a credit of more than the payment": (moves("top_up", 501, "topup:new") + new_top_up(), REFUSED, NO_PAYMENT),
    "a credit of another's payment": (
        moves("top_up", 500, "topup:new", user="bob") + new_top_up(),
        REFUSED,
        NO_PAYMENT,
    ),
    "a credit from another gateway": (
        new_top_up() + moves("top_up", 500, "topup:new", account="gateway:stripe"),
        REFUSED,
        NO_PAYMENT,
    ),
    "a second credit": (moves("top_up", 1000, "topup:{paid}"), errors.UniqueViolation, "entry_cause_once"),
    "a payment is called credited": (
        top_up("waiting_paid", "state = 'credited', credited_cents = 600, credited_at = now()"),
        REFUSED,
        NO_CREDIT,
    ),
    "a credited payment out of nothing": (new_top_up(), REFUSED, NO_CREDIT),
    "one payment for two top-ups": (
        new_top_up("pay-{paid}") + CREDIT,
        errors.UniqueViolation,
        "topup_payment_once",
    ),
    "a credited payment gets larger": (top_up("paid", "credited_cents = 2000"), REFUSED, STAYS),
    "a credited payment changes hands": (top_up("paid", "user_id = '{bob}'"), REFUSED, STAYS),
    "a credited payment changes its gateway": (top_up("paid", "gateway = 'stripe'"), REFUSED, STAYS),
    "a credited payment is another": (top_up("paid", "payment_ref = 'mine'"), REFUSED, STAYS),
    "a credited payment was worth more": (top_up("paid", "captured = 20"), REFUSED, STAYS),
    "a credited payment was of another currency": (top_up("paid", "captured_currency = 'MYR'"), REFUSED, STAYS),
    "a credited payment can be made again": (
        top_up("paid", "state = 'created', credited_cents = 0, payment_ref = NULL, captured = NULL"),
        REFUSED,
        STAYS,
    ),
    "a top-up is deleted": ("DELETE FROM topups_topup", DENIED, "table topups_topup"),
    "an address gets another top-up": (
        "UPDATE topups_chainaddress SET top_up_id = '{paid}'",
        DENIED,
        "table topups_chainaddress",
    ),
    "an address is forgotten": ("DELETE FROM topups_chainaddress", DENIED, "table topups_chainaddress"),
    "a finding is forgotten": ("DELETE FROM topups_review", DENIED, "table topups_review"),
    "a finding is reworded": ("UPDATE topups_review SET detail = 'nothing'", DENIED, "table topups_review"),
    "a settled finding is settled by another": (
        "UPDATE topups_review SET settled_by = 'you' WHERE id = {review}",
        REFUSED,
        "it is settled",
    ),
    "a payment is taken back that never came": (
        moves("chargeback", -500, "topup:{wish}"),
        REFUSED,
        "takes no credited payment back",
    ),
    "more is taken back than came": (
        moves("chargeback", -1001, "topup:{paid}", reverses="paid"),
        REFUSED,
        "more than was moved",
    ),
}

PAID_BACK: dict[str, Attack] = {
    "more is refunded than was credited": (
        top_up("paid", "refunded_cents = 1001"),
        errors.CheckViolation,
        "topup_refunded_within",
    ),
    "refunded without a pay-back": (REFUND_MORE, REFUSED, NO_SUM),
    "a refund is forgotten": (top_up("paid", "refunded_cents = 0, state = 'credited'"), REFUSED, NO_SUM),
    "a top-up begins refunded": (new_top_up(refunded=100) + CREDIT, REFUSED, NO_SUM),
    "money goes back without a pay-back": (TAKES_100, REFUSED, NO_PAYOUT),
    "a pay-back that the wallet does not pay": (new_payout() + REFUND_MORE, REFUSED, NO_PAYOUT),
    "a pay-back that the wallet pays in part": (
        new_payout() + REFUND_MORE + moves("payout", -50, "topup:{paid}:new"),
        REFUSED,
        NO_PAYOUT,
    ),
    "a pay-back that another pays": (
        new_payout() + REFUND_MORE + moves("payout", -100, "topup:{paid}:new", user="bob"),
        REFUSED,
        NO_PAYOUT,
    ),
    "a pay-back through another gateway": (
        new_payout() + REFUND_MORE + moves("payout", -100, "topup:{paid}:new", account="gateway:stripe"),
        REFUSED,
        NO_PAYOUT,
    ),
    "a pay-back for another top-up": (
        new_payout() + REFUND_MORE + moves("payout", -100, "topup:{wish}:new"),
        REFUSED,
        NO_PAYOUT,
    ),
    "a pay-back that its top-up does not know": (new_payout() + TAKES_100, REFUSED, NO_PAYOUT),
    "a pay-back is paid again": (
        moves("payout", -200, "topup:{paid}:{sent}"),
        errors.UniqueViolation,
        "entry_cause_once",
    ),
    "a pay-back returns that did not fail": (
        moves("payout_return", 200, "topup:{paid}:{sent}", reverses="sent"),
        REFUSED,
        "it does not agree with its top-up",
    ),
    "a pay-back fails and nothing returns": (
        payout("sent", "state = 'failed'") + top_up("paid", "refunded_cents = 0"),
        REFUSED,
        "it does not agree with its top-up",
    ),
    "a pay-back fails and its top-up does not know": (
        payout("sent", "state = 'failed'") + moves("payout_return", 200, "topup:{paid}:{sent}", reverses="sent"),
        REFUSED,
        "it does not agree with its top-up",
    ),
    "a pay-back fails and half returns": (
        payout("sent", "state = 'failed'")
        + top_up("paid", "refunded_cents = 0")
        + moves("payout_return", 100, "topup:{paid}:{sent}", reverses="sent"),
        REFUSED,
        "it does not agree with its top-up",
    ),
    "a pay-back fails and more returns": (
        payout("sent", "state = 'failed'")
        + top_up("paid", "refunded_cents = 0")
        + moves("payout_return", 201, "topup:{paid}:{sent}", reverses="sent"),
        REFUSED,
        "more than was moved",
    ),
    "a pay-back returns twice": (
        moves("payout_return", 100, "topup:{paid}:{failed_back}", reverses="sent"),
        errors.UniqueViolation,
        "entry_cause_once",
    ),
    "a pay-back returns twice by another name": (
        moves("payout_return", 100, "x", reverses="failed_back"),
        errors.UniqueViolation,
        "reverses_id",
    ),
    "a return of nothing": (moves("payout_return", 100, "x"), REFUSED, "it does not agree with its top-up"),
    "a failed pay-back is sent again": (payout("failed_back", "state = 'created'"), REFUSED, "no such move"),
    "a failed pay-back was done": (payout("failed_back", "state = 'done'"), REFUSED, "no such move"),
    "a done pay-back is sent again": (payout("sent", "state = 'pending'"), REFUSED, "no such move"),
    "a pay-back gets larger": (payout("sent", "amount_cents = 300"), DENIED, "table topups_payout"),
    "a pay-back gets larger at the gateway": (payout("sent", "amount = 3"), DENIED, "table topups_payout"),
    "a pay-back was another's wish": (payout("sent", "actor = 'you'"), DENIED, "table topups_payout"),
    "a pay-back is of another top-up": (payout("sent", "top_up_id = '{wish}'"), DENIED, "table topups_payout"),
    "a pay-back is deleted": ("DELETE FROM topups_payout", DENIED, "table topups_payout"),
}

REDEEMED: dict[str, Attack] = {
    "a credit without a voucher": (moves("voucher", 500, "voucher:999999"), REFUSED, NO_VOUCHER),
    "a credit of no voucher's name": (moves("voucher", 500, "x"), REFUSED, NO_VOUCHER),
    "a credit of a voucher that nobody redeemed": (moves("voucher", 500, "voucher:{free}"), REFUSED, NO_VOUCHER),
    "a voucher is redeemed for nothing": (voucher("free", TAKEN_BY + " = '{gina}'"), REFUSED, NO_VOUCHER),
    "a voucher gives more than it is worth": (
        voucher("free", TAKEN_BY + " = '{gina}'") + moves("voucher", 501, "voucher:{free}"),
        REFUSED,
        NO_VOUCHER,
    ),
    "a voucher gives to another": (
        voucher("free", TAKEN_BY + " = '{gina}'") + moves("voucher", 500, "voucher:{free}", user="bob"),
        REFUSED,
        NO_VOUCHER,
    ),
    "a voucher is paid by a gateway": (
        voucher("free", TAKEN_BY + " = '{gina}'") + moves("voucher", 500, "voucher:{free}", account="gateway:sandbox"),
        REFUSED,
        NO_VOUCHER,
    ),
    "a voucher gives again": (
        moves("voucher", 500, "voucher:{used}"),
        errors.UniqueViolation,
        "entry_cause_once",
    ),
    "a voucher gives again by another name": (moves("voucher", 500, "voucher:0{used}"), REFUSED, NO_VOUCHER),
    "a voucher is redeemed twice": (voucher("used", TAKEN_BY + " = '{bob}'"), REFUSED, "redeemed or void stays so"),
    "a voucher is given back": (
        voucher("used", "redeemed_at = NULL, redeemed_by_id = NULL"),
        REFUSED,
        "redeemed or void stays so",
    ),
    "a redeemed voucher is voided": (voucher("used", "void_at = now()"), REFUSED, "redeemed or void stays so"),
    "a void voucher is good again": (voucher("void", "void_at = NULL"), REFUSED, "redeemed or void stays so"),
    "a voucher is of another batch": (voucher("free", "batch_id = 0"), DENIED, "table vouchers_voucher"),
    "a voucher is worth more": (
        "UPDATE vouchers_voucherbatch SET value_cents = 10000",
        DENIED,
        "table vouchers_voucherbatch",
    ),
    "a voucher is deleted": ("DELETE FROM vouchers_voucher", DENIED, "table vouchers_voucher"),
}

SHARED: dict[str, Attack] = {
    "a share without an earning": (moves("referral", 10, "order:{unshared}"), REFUSED, NO_SHARE),
    "a share of no order": (moves("referral", 10, "x"), REFUSED, NO_SHARE),
    "an earning that nobody is paid": (new_earning(), REFUSED, NO_SHARE),
    "a share for another": (new_earning() + moves("referral", 10, "order:{unshared}", user="bob"), REFUSED, NO_SHARE),
    "a share of more than was earned": (new_earning() + moves("referral", 11, "order:{unshared}"), REFUSED, NO_SHARE),
    "an earning of more than the rate": (
        new_earning(cents=11) + moves("referral", 11, "order:{unshared}"),
        REFUSED,
        NO_SHARE,
    ),
    "an earning at more than half": (
        new_earning(cents=60, percent=60) + moves("referral", 60, "order:{unshared}"),
        REFUSED,
        NO_SHARE,
    ),
    "a share of whom somebody else brought": (
        new_earning(invitation="invitation_of_alice") + moves("referral", 10, "order:{unshared}"),
        REFUSED,
        NO_SHARE,
    ),
    "a share of an order that is not completed": (
        new_earning("waiting", invitation="invitation_of_alice") + moves("referral", 10, "order:{waiting}"),
        REFUSED,
        NO_SHARE,
    ),
    "a share that a gateway pays": (
        new_earning() + moves("referral", 10, "order:{unshared}", account="gateway:sandbox"),
        REFUSED,
        NO_SHARE,
    ),
    "a second share": (moves("referral", 10, "order:{completed}"), errors.UniqueViolation, "entry_cause_once"),
    "a share is taken back that stands": (moves("referral_back", -5, "order:{completed}:0"), REFUSED, NO_SHARE),
    "a share is taken back by word alone": (PRICE_BACK + reversed_by(5), REFUSED, NO_SHARE),
    "a share is taken back of an order that is paid": (
        reversed_by(5) + moves("referral_back", -5, "order:{completed}:0"),
        REFUSED,
        NO_SHARE,
    ),
    "more is taken back than the share": (
        PRICE_BACK + reversed_by(11) + moves("referral_back", -11, "order:{completed}:0"),
        errors.CheckViolation,
        "earning_reversed_within",
    ),
    "a share is taken back by another name": (
        PRICE_BACK + reversed_by(5) + moves("referral_back", -5, "order:{completed}:1"),
        REFUSED,
        NO_SHARE,
    ),
    "a share is taken back by the share's own name": (
        PRICE_BACK + reversed_by(0) + moves("referral_back", -5, "order:{completed}"),
        REFUSED,
        NO_SHARE,
    ),
    "a share is taken back from another": (
        PRICE_BACK + reversed_by(5) + moves("referral_back", -5, "order:{completed}:0", user="bob"),
        REFUSED,
        NO_SHARE,
    ),
    "an earning gets larger": ("UPDATE referrals_earning SET cents = 50", DENIED, "table referrals_earning"),
    "an earning is deleted": ("DELETE FROM referrals_earning", DENIED, "table referrals_earning"),
    "somebody else brought her": (
        "UPDATE referrals_invitation SET inviter_id = '{bob}'",
        DENIED,
        "table referrals_invitation",
    ),
    "an invitation is deleted": ("DELETE FROM referrals_invitation", DENIED, "table referrals_invitation"),
}

EMPTIED: dict[str, Attack] = {
    f"{table} is emptied": (f"TRUNCATE {table} CASCADE", DENIED, f"table {table}") for table in KEPT
}

ATTACKS = CREDITED | PAID_BACK | REDEEMED | SHARED | EMPTIED
