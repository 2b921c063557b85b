"""The rules. Every query yields (subject, detail) for each breach, and no row where all is well.

%(since)s: what did not move after this moment may be left out.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """rule: what holds. remedy: what a person does where it does not. stops_sales: breaking it may cost money now."""

    rule: str
    remedy: str
    sql: str
    stops_sales: bool = False


_MOVED_WALLETS = """
(%(since)s::timestamptz = '-infinity' OR {wallet} IN (SELECT wallet_id FROM wallet_entry WHERE created_at >= %(since)s))
"""
# New orders, and old ones that a new entry names.
_MOVED_ORDERS = """
(%(since)s::timestamptz = '-infinity' OR o.id IN (
    SELECT id FROM orders_order WHERE created_at >= %(since)s
    UNION ALL
    SELECT substr(reference, 7) COLLATE "C" FROM wallet_entry
    WHERE kind IN ('charge', 'refund') AND created_at >= %(since)s))
"""
# The orders of shares, by the shares' own time or that of entries that name them.
_MOVED_SHARES = r"""
SELECT order_id AS id FROM referrals_earning WHERE created_at >= %(since)s
UNION
SELECT regexp_replace(reference, '^order:([^:]+)(:\d+)?$', '\1') FROM wallet_entry
WHERE kind IN ('referral', 'referral_back') AND created_at >= %(since)s
"""
_LOOK_AT_THE_LEDGER = (
    "Compare the wallet's entries with the orders and top-ups that they name (admin: Entries), find what wrote past "
    "jiema's services, and put the balance right by an adjustment with a reason."
)

CHECKS = (
    Check(
        "entries sum to the wallet's balance",
        _LOOK_AT_THE_LEDGER,
        f"""
        SELECT w.user_id,
               format('balance less entries: %%s', w.balance_cents - coalesce(e.total, newest.balance_after, 0))
        FROM wallet_wallet w
        LEFT JOIN (SELECT wallet_id, sum(amount_cents) AS total FROM wallet_entry
                   WHERE {_MOVED_WALLETS.format(wallet="wallet_id")} GROUP BY 1) e ON e.wallet_id = w.user_id
        LEFT JOIN LATERAL (SELECT balance_after FROM wallet_entry
                           WHERE e.total IS NULL AND wallet_id = w.user_id ORDER BY id DESC LIMIT 1) newest ON true
        WHERE w.balance_cents <> coalesce(e.total, newest.balance_after, 0)
        """,
        stops_sales=True,
    ),
    Check(
        "each entry goes on where the one before ended",
        _LOOK_AT_THE_LEDGER,
        f"""
        SELECT DISTINCT ON (wallet_id) wallet_id,
               format('entry %%s moves %%s from %%s to %%s', id, amount_cents, before, balance_after)
        FROM (SELECT id, wallet_id, amount_cents, balance_after,
                     coalesce(lag(balance_after) OVER (PARTITION BY wallet_id ORDER BY id), 0) AS before
              FROM wallet_entry WHERE {_MOVED_WALLETS.format(wallet="wallet_id")}) e
        WHERE before + amount_cents <> balance_after
        ORDER BY wallet_id, id
        """,
        stops_sales=True,
    ),
    Check(
        "no wallet is negative",
        _LOOK_AT_THE_LEDGER,
        "SELECT user_id, format('balance %%s', balance_cents) FROM wallet_wallet WHERE balance_cents < 0",
        stops_sales=True,
    ),
    Check(
        "each order has one charge of its price",
        "Look at the order and its customer's statement. A missing charge was a number for nothing: adjust, or write "
        "it off; a wrong one is put right by an adjustment that names the order.",
        f"""
        SELECT o.id, format('price %%s, %%s charges of %%s in all%%s', o.charged_cents, count(e.id),
                            coalesce(-sum(e.amount_cents), 0),
                            CASE WHEN bool_or(e.wallet_id <> o.user_id) THEN ', of another wallet' END)
        FROM orders_order o
        LEFT JOIN wallet_entry e ON e.kind = 'charge' AND e.reference = 'order:' || o.id
        WHERE {_MOVED_ORDERS}
        GROUP BY o.id
        HAVING count(e.id) <> 1 OR -sum(e.amount_cents) <> o.charged_cents OR bool_or(e.wallet_id <> o.user_id)
        """,
        stops_sales=True,
    ),
    Check(
        "a refund where the order failed or was cancelled, and nowhere else",
        "Where the refund is missing the customer is owed it: adjust by the order's price, naming the order. Where it "
        "is too much, look how the order ended before taking it back.",
        f"""
        SELECT o.id, format('%%s, price %%s, refunded %%s, %%s refunds of %%s in all%%s',
                            o.status, o.charged_cents, o.refunded_cents, count(e.id), coalesce(sum(e.amount_cents), 0),
                            CASE WHEN bool_or(e.wallet_id <> o.user_id) THEN ', to another wallet' END)
        FROM orders_order o
        LEFT JOIN wallet_entry e ON e.kind = 'refund' AND e.reference = 'order:' || o.id
        WHERE {_MOVED_ORDERS}
        GROUP BY o.id
        HAVING count(e.id) <> (o.status IN ('FAILED', 'CANCELLED'))::integer
            OR coalesce(sum(e.amount_cents), 0) <> o.refunded_cents
            OR o.refunded_cents NOT IN (0, o.charged_cents)
            OR bool_or(e.wallet_id <> o.user_id)
        """,
        stops_sales=True,
    ),
    Check(
        "every charge and refund has its order",
        "An order was deleted past jiema, or an entry invented: restore the order from a backup, or adjust.",
        """
        SELECT e.reference, format('%%s of %%s', e.kind, e.amount_cents)
        FROM wallet_entry e
        WHERE e.kind IN ('charge', 'refund') AND e.created_at >= %(since)s
          AND NOT EXISTS (SELECT FROM orders_order o
                          WHERE o.id = substr(e.reference, 7) AND 'order:' || o.id = e.reference)
        """,
        stops_sales=True,
    ),
    Check(
        "each earning is its inviter's share of a completed order, and stands in the ledger",
        "Look at the order, and at who invited its customer (admin: Earnings, Invitations). What an inviter was "
        "credited too much or too little is put right by an adjustment with a reason.",
        f"""
        SELECT moved.id,
               format('order %%s of %%s, share %%s at %%s, %%s entries of %%s in all%%s', coalesce(o.status, 'none'),
                      o.charged_cents, s.cents, s.percent, e.entries, e.cents,
                      CASE WHEN e.wallet_id <> i.inviter_id THEN ', to another wallet' END)
        FROM ({_MOVED_SHARES}) moved
        LEFT JOIN referrals_earning s ON s.order_id = moved.id
        LEFT JOIN referrals_invitation i ON i.id = s.invitation_id
        LEFT JOIN orders_order o ON o.id = moved.id AND o.user_id = i.invitee_id
        CROSS JOIN LATERAL (SELECT count(*) AS entries, sum(amount_cents) AS cents, min(wallet_id) AS wallet_id
                            FROM wallet_entry
                            WHERE kind = 'referral' AND reference = ('order:' || moved.id) COLLATE "default") e
        WHERE e.entries <> 1 OR e.cents IS DISTINCT FROM s.cents OR e.wallet_id IS DISTINCT FROM i.inviter_id
           OR o.status IS DISTINCT FROM 'COMPLETED' OR s.cents <> div(o.charged_cents * s.percent, 100)
        """,
    ),
    Check(
        "what was taken back of an earning is no more than it, and stands in the ledger",
        "Was the order's price paid back (its customer's statement)? Then compare what was taken back (admin: "
        "Earnings) with the inviter's entries, and put the difference right by an adjustment with a reason.",
        f"""
        SELECT moved.id, format('share %%s, taken back %%s, by entries %%s%%s', s.cents, s.reversed_cents, back.cents,
                                CASE WHEN back.wallet_id <> i.inviter_id THEN ', of another wallet' END)
        FROM ({_MOVED_SHARES}) moved
        JOIN referrals_earning s ON s.order_id = moved.id
        JOIN referrals_invitation i ON i.id = s.invitation_id
        LEFT JOIN (SELECT split_part(reference, ':', 2) AS id, -sum(amount_cents) AS cents, min(wallet_id) AS wallet_id
                   FROM wallet_entry WHERE kind = 'referral_back' GROUP BY 1) back ON back.id = moved.id
        WHERE s.reversed_cents <> coalesce(back.cents, 0) OR s.reversed_cents > s.cents
           OR (s.reversed_cents > 0 AND s.reversed_at IS NULL) OR back.wallet_id <> i.inviter_id
           OR (s.reversed_at IS NOT NULL AND NOT EXISTS (
               SELECT FROM wallet_entry
               WHERE kind = 'adjustment' AND reference = ('order:' || moved.id) COLLATE "default"))
        """,
    ),
    Check(
        "each activation belongs to one order or one settled stray",
        "Look the activation up at the provider. The order that owns its phone number keeps it; settle the stray on "
        "the desk with a note, and refund by an adjustment whoever paid for the same number.",
        """
        SELECT o.provider_id || ':' || o.activation_id, format('orders %%s and %%s', min(o.id), max(twin.id))
        FROM orders_order o
        JOIN orders_order twin
            ON twin.provider_id = o.provider_id AND twin.activation_id = o.activation_id AND twin.id <> o.id
        WHERE o.created_at >= %(since)s
        GROUP BY o.provider_id, o.activation_id
        UNION ALL
        SELECT s.provider_id || ':' || s.activation_id,
               format('stray, %%s; owned by %%s',
                      coalesce(nullif(s.settlement, ''), 'not settled'), coalesce(o.id, 'nobody'))
        FROM orders_strayactivation s
        LEFT JOIN orders_order o ON o.provider_id = s.provider_id AND o.activation_id = s.activation_id
        WHERE coalesce(s.settled_at, now()) >= %(since)s AND (
            (o.id IS NOT NULL AND s.settled_at IS NULL AND s.first_seen_at < now() - interval '5 minutes')
            OR (s.settlement LIKE 'adopted by order %%' AND s.settlement IS DISTINCT FROM 'adopted by order ' || o.id))
        """,
        stops_sales=True,
    ),
    Check(
        "a bought number belongs to its order, a reserved order to an unsettled attempt",
        "Look at the order's attempt and at the provider's list for its time; the customer gets the number or the "
        "refund.",
        """
        SELECT o.id, format('%%s, attempt %%s, activation %%s', o.status, coalesce(a.outcome, 'none'), o.activation_id)
        FROM orders_order o LEFT JOIN orders_upstreamattempt a ON a.order_id = o.id
        WHERE o.created_at >= %(since)s AND (
            a.id IS NULL
            OR (a.outcome = 'bought') <> (o.activation_id IS NOT NULL)
            OR (o.activation_id IS NULL AND o.status IN ('RECEIVED', 'COMPLETED'))
            OR (o.status = 'WAITING' AND a.outcome IN ('rejected', 'abandoned')))
        """,
    ),
    Check(
        "each captured payment has one credit, and each credit its payment",
        "Look the payment up at its gateway. What was captured is credited by an adjustment that names the top-up; "
        "what was not is taken back the same way.",
        """
        SELECT coalesce(t.id, e.reference),
               format('%%s, %%s cents, %%s entries of %%s in all%%s', coalesce(t.state, 'no top-up'), t.amount_cents,
                      coalesce(e.entries, 0), coalesce(e.total, 0),
                      CASE WHEN e.wallet_id <> t.user_id THEN ', to another wallet' END)
        FROM topups_topup t
        FULL JOIN (SELECT reference, count(*) AS entries, sum(amount_cents) AS total, min(wallet_id) AS wallet_id,
                          max(created_at) AS newest_at
                   FROM wallet_entry WHERE kind = 'top_up' GROUP BY reference) e ON e.reference = 'topup:' || t.id
        WHERE greatest(t.created_at, t.credited_at, e.newest_at) >= %(since)s AND (
            coalesce(e.entries, 0) <> coalesce((t.state IN ('credited', 'refunded', 'disputed'))::integer, 0)
            OR e.total <> t.credited_cents OR e.wallet_id <> t.user_id)
        """,
    ),
    Check(
        "what went back to where it came from left the wallet",
        "Look the refund up at the gateway. What went out is taken from the balance by an adjustment that names the "
        "top-up; what did not is given back the same way.",
        """
        SELECT coalesce(p.id, e.payout_id),
               format('%%s of %%s, %%s moved for %%s', coalesce(p.state, 'no pay-back'), p.amount_cents,
                      coalesce(-e.total, 0), coalesce(t.id, e.reference))
        FROM topups_payout p
        JOIN topups_topup t ON t.id = p.top_up_id
        FULL JOIN (SELECT split_part(reference, ':', 3) AS payout_id, min(reference) AS reference,
                          sum(amount_cents) AS total, min(wallet_id) AS wallet_id, max(created_at) AS newest_at
                   FROM wallet_entry WHERE kind IN ('payout', 'payout_return') GROUP BY 1) e ON e.payout_id = p.id
        WHERE greatest(p.created_at, p.settled_at, e.newest_at) >= %(since)s AND (
            p.id IS NULL OR e.wallet_id IS DISTINCT FROM t.user_id
            OR e.total IS DISTINCT FROM CASE p.state WHEN 'failed' THEN 0 ELSE -p.amount_cents END)
        UNION ALL
        SELECT t.id, format('refunded %%s, pay-backs of %%s', t.refunded_cents, coalesce(sum(p.amount_cents), 0))
        FROM topups_topup t LEFT JOIN topups_payout p ON p.top_up_id = t.id AND p.state <> 'failed'
        WHERE t.refunded_cents > 0 OR p.id IS NOT NULL
        GROUP BY t.id HAVING t.refunded_cents <> coalesce(sum(p.amount_cents), 0)
        """,
    ),
    Check(
        "each payment that a gateway lists is credited, and each credit listed",
        "Look the payment up at its gateway. Credit the customer whose it is by an adjustment, or refund it there; "
        "then settle the review with a note (admin: Reviews).",
        """
        SELECT r.subject, format('%%s at %%s since %%s: %%s', r.finding, r.gateway, r.opened_at, r.detail)
        FROM topups_review r
        WHERE r.finding IN ('unknown', 'not_there') AND r.settled_at IS NULL
          AND r.opened_at < now() - interval '1 day'
        """,
    ),
    Check(
        "what was taken back was paid before, and each repayment pays a debt",
        "Compare the payment with what its gateway took back, and the debt with its repayments (admin: Debts, "
        "Entries); what is wrong in the ledger is put right by an adjustment with a reason.",
        """
        SELECT coalesce(d.reference, e.reference),
               format('debt %%s, repaid %%s, repayments %%s%%s', d.amount_cents, d.repaid_cents, coalesce(e.paid, 0),
                      CASE WHEN e.wallet_id <> d.wallet_id THEN ', by another wallet' END)
        FROM wallet_debt d
        FULL JOIN (SELECT split_part(reference, ':', 2) AS debt_id, min(reference) AS reference,
                          -sum(amount_cents) AS paid, min(wallet_id) AS wallet_id
                   FROM wallet_entry WHERE kind = 'repayment' GROUP BY 1) e ON e.debt_id = d.id::text
        WHERE d.id IS NULL OR coalesce(e.paid, 0) <> d.repaid_cents OR e.wallet_id <> d.wallet_id
        UNION ALL
        SELECT back.reference, format('taken back %%s, paid %%s', back.cents, coalesce(paid.amount_cents, 0))
        FROM (SELECT reference, wallet_id, sum(cents) AS cents
              FROM (SELECT 'topup:' || split_part(reference, ':', 2) AS reference, wallet_id, -amount_cents AS cents
                    FROM wallet_entry WHERE kind = 'chargeback'
                    UNION ALL
                    SELECT 'topup:' || split_part(reference, ':', 2), wallet_id, amount_cents FROM wallet_debt) parts
              GROUP BY 1, 2) back
        LEFT JOIN wallet_entry paid
            ON paid.kind = 'top_up' AND paid.reference = back.reference AND paid.wallet_id = back.wallet_id
        WHERE back.cents > coalesce(paid.amount_cents, 0)
        """,
    ),
    Check(
        "our balance at each provider fell by no more than our purchases",
        "Compare the provider's own history with the orders of the time, and look for purchases by hand, by another "
        "shop on the key, or at a higher price. Then start the sums anew (admin: Balance readings, Start anew).",
        """
        SELECT p.name,
               format('%%s at %%s, no less than %%s expected since %%s',
                      round(last.balance * last.usd_rate, 4), last.read_at, round(expected.least, 4), start.read_at)
        FROM catalog_provider p
        CROSS JOIN LATERAL (SELECT * FROM catalog_balancereading r WHERE r.provider_id = p.id AND r.is_start
                            ORDER BY r.id DESC LIMIT 1) start
        CROSS JOIN LATERAL (SELECT * FROM catalog_balancereading r WHERE r.provider_id = p.id
                            ORDER BY r.id DESC LIMIT 1) last
        CROSS JOIN LATERAL (
            SELECT start.balance * start.usd_rate - 0.01 - coalesce(sum(
                CASE WHEN a.outcome = 'bought' AND o.returned_at < last.read_at - interval '30 minutes' THEN 0
                     WHEN a.outcome = 'bought' THEN coalesce(o.paid_cost, a.max_cost)
                     WHEN a.outcome IN ('in_flight', 'unknown') OR lost.id IS NOT NULL THEN a.max_cost
                     ELSE 0 END), 0) AS least
            FROM orders_upstreamattempt a
            JOIN orders_order o ON o.id = a.order_id
            LEFT JOIN orders_upstreamloss lost ON lost.order_id = o.id AND lost.void_at IS NULL
            WHERE a.provider_id = p.id AND a.sent_at >= start.read_at - interval '30 seconds'
        ) expected
        WHERE last.balance * last.usd_rate < expected.least
        """,
    ),
    Check(
        "no purchase stays unsettled without an alarm",
        "Is the worker running, and does the provider list its activations? Look at the attempt (admin: Upstream "
        "attempts) and at the provider's list for its time.",
        """
        SELECT a.order_id, format('%%s since %%s', a.outcome, a.sent_at)
        FROM orders_upstreamattempt a
        WHERE a.outcome IN ('in_flight', 'unknown') AND a.sent_at < now() - interval '2 minutes' AND (
            a.sent_at < now() - interval '15 minutes'
            OR NOT EXISTS (SELECT FROM alarms_alarm WHERE code = 'purchase_unsettled' AND subject = a.order_id
                           AND cleared_at IS NULL))
        """,
    ),
    Check(
        "no open order outlives its time",
        "Is the worker running? `manage.py check_books` again a minute after it is: it ends them by itself.",
        """
        SELECT id, format('expired %%s', expires_at)
        FROM orders_order WHERE status IN ('WAITING', 'RECEIVED') AND expires_at < now() - interval '10 minutes'
        """,
    ),
    Check(
        "what is not wanted is given back",
        "Is the worker running? Cancel the number at the provider by hand, and void or keep the loss on the desk.",
        """
        SELECT id, format('to be given back since %%s', cancel_upstream_at)
        FROM orders_order WHERE cancel_upstream_at < now() - interval '15 minutes'
        """,
    ),
    Check(
        "a number that the provider keeps after a refund is booked as a loss",
        "Look the activation up at the provider; where it kept the money, book the loss by an adjustment of the books.",
        """
        SELECT o.id, format('%%s, SMS at %%s', o.status, max(s.received_at))
        FROM orders_order o JOIN orders_sms s ON s.order_id = o.id
        WHERE o.created_at >= %(since)s AND o.status IN ('FAILED', 'CANCELLED') AND o.returned_at IS NULL
          AND NOT EXISTS (SELECT FROM orders_upstreamloss l WHERE l.order_id = o.id)
        GROUP BY o.id
        """,
    ),
    Check(
        "nothing is sold under its floor",
        "Correct the markup rule (admin: Price rules); the price list follows at once.",
        """
        SELECT p.service_id || ' in ' || p.country_id, format('price %%s, cost %%s', p.price_cents, p.cost)
        FROM catalog_price p LEFT JOIN catalog_pricerule r ON r.id = p.rule_id
        WHERE p.price_cents < CASE WHEN r.allow_below_cost THEN 1 ELSE ceil(p.cost * 100) END
        UNION ALL
        SELECT o.id, format('sold for %%s, floor %%s', o.charged_cents, o.floor_cents)
        FROM orders_order o
        WHERE o.created_at >= %(since)s AND (
            o.charged_cents < o.floor_cents OR (o.floor_cents > 1 AND o.charged_cents < ceil(o.cost * 100)))
        """,
    ),
    Check(
        "each redeemed voucher has one credit of its value, and each such credit its voucher",
        "Look at the voucher and who redeemed it (admin: Vouchers) and at that customer's statement. A missing credit "
        "is made by an adjustment that names the voucher; one too many is taken back the same way.",
        """
        SELECT coalesce(e.reference, 'voucher:' || v.id),
               format('%%s, %%s entries of %%s in all%%s', coalesce('worth ' || v.value_cents, 'not redeemed'),
                      coalesce(e.entries, 0), coalesce(e.total, 0),
                      CASE WHEN e.wallet_id <> v.redeemed_by_id THEN ', to another wallet' END)
        FROM (SELECT v.id, v.redeemed_by_id, v.redeemed_at, b.value_cents
              FROM vouchers_voucher v JOIN vouchers_voucherbatch b ON b.id = v.batch_id
              WHERE v.redeemed_by_id IS NOT NULL) v
        FULL JOIN (SELECT reference, count(*) AS entries, sum(amount_cents) AS total, min(wallet_id) AS wallet_id,
                          max(created_at) AS newest_at
                   FROM wallet_entry WHERE kind = 'voucher' GROUP BY reference) e ON e.reference = 'voucher:' || v.id
        WHERE greatest(v.redeemed_at, e.newest_at) >= %(since)s AND (
            coalesce(e.entries, 0) <> (v.id IS NOT NULL)::integer
            OR e.total <> v.value_cents OR e.wallet_id <> v.redeemed_by_id)
        """,
    ),
)
