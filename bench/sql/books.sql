-- A quarter of trade, as honest services would have left it: ten orders make sixteen entries in the ledger.
-- :people and :orders are put in by bench/books.py.

SELECT setseed(0.5);

CREATE TEMPORARY TABLE sold AS
SELECT i AS number,
       'c' || lpad(to_hex(i), 8, '0') || left(md5(i::text), 16) AS id,
       'c' || lpad(floor(:people * power(random(), 3))::integer::text, 24, '0') AS person,
       now() - interval '30 minutes' - interval '90 days' * (1 - i / :orders::float) AS at,
       CASE WHEN i % 10 < 7 THEN 'COMPLETED' WHEN i % 10 < 9 THEN 'FAILED' ELSE 'CANCELLED' END AS status,
       i % 10 = 8 AS is_rejected, i % 1000 = 7 AS is_late,
       0.10 + i % 50 / 100.0 AS cost, ceil((0.10 + i % 50 / 100.0) * 130)::integer AS price
FROM generate_series(1, :orders) AS i;

-- A quarter of the customers was brought by one of the few oldest.
CREATE TEMPORARY TABLE brought AS
SELECT i AS id, 'c' || lpad(i::text, 24, '0') AS invitee, 'c' || lpad((i / 100)::text, 24, '0') AS inviter
FROM generate_series(1, :people - 1, 4) AS i;

CREATE TEMPORARY TABLE earned AS
SELECT s.number, s.id AS order_id, s.at + interval '20 minutes' AS at, b.id AS invitation, b.inviter, s.price / 10 AS cents
FROM sold s JOIN brought b ON b.invitee = s.person WHERE s.status = 'COMPLETED';

-- Ten batches; of five vouchers for each customer every second is redeemed.
CREATE TEMPORARY TABLE given AS
SELECT i AS id, i / (:people / 2) AS batch, 'c' || lpad((i % :people)::text, 24, '0') AS person, i % 2 = 0 AS is_redeemed,
       now() - interval '90 days' * random() AS at
FROM generate_series(0, 5 * :people - 1) AS i;

-- A payment for ten orders each: of some a part went back or could not, and some came twice and were disputed.
CREATE TEMPORARY TABLE paid AS
SELECT row_number() OVER (ORDER BY number) AS number, id, person, at - interval '1 second' AS at, false AS is_lost
FROM (SELECT *, row_number() OVER (PARTITION BY person ORDER BY number) AS nth FROM sold) s WHERE nth % 10 = 1;
INSERT INTO paid
SELECT number, 'd' || substr(id, 2), person, at - interval '3 seconds', true FROM paid WHERE number % 50 = 0;
CREATE TEMPORARY TABLE sent_back AS
SELECT id AS top_up, 'p' || substr(id, 2) AS id, person, at + interval '1 minute' AS at, number % 100 = 10 AS is_failed
FROM paid WHERE number % 20 = 10 AND NOT is_lost;

CREATE TEMPORARY TABLE moved AS
WITH moves AS (
    SELECT at, person, 'charge' AS kind, -price AS amount, 'order:' || id AS reference FROM sold
    UNION ALL
    SELECT at + interval '5 minutes', person, 'refund', price, 'order:' || id FROM sold WHERE status <> 'COMPLETED'
    UNION ALL
    SELECT at, person, 'top_up', 2000, 'topup:' || id FROM paid
    UNION ALL
    SELECT at + interval '1 second', person, 'chargeback', -1500, 'topup:' || id FROM paid WHERE is_lost
    UNION ALL
    SELECT at + interval '1 second', person, 'repayment', -500, 'debt:' || number || ':1' FROM paid WHERE is_lost
    UNION ALL
    SELECT at, person, 'payout', -300, 'topup:' || top_up || ':' || id FROM sent_back
    UNION ALL
    SELECT at + interval '1 second', person, 'payout_return', 300, 'topup:' || top_up || ':' || id
    FROM sent_back WHERE is_failed
    UNION ALL
    SELECT at, person, 'voucher', 500, 'voucher:' || id FROM given WHERE is_redeemed
    UNION ALL
    SELECT at, inviter, 'referral', cents, 'order:' || order_id FROM earned
    UNION ALL
    SELECT at + interval '5 minutes', person, 'adjustment', price, 'order:' || id
    FROM sold WHERE number % 500 = 1 AND status = 'COMPLETED'
    UNION ALL
    SELECT at + interval '5 minutes', inviter, 'referral_back', -cents, 'order:' || order_id || ':0'
    FROM earned WHERE number % 500 = 1
)
SELECT row_number() OVER (ORDER BY at, amount DESC) AS id, * FROM moves;

INSERT INTO accounts_user (id, email, password, display_name, lang, time_zone, referral_code, state, is_staff, is_superuser)
SELECT 'c' || lpad(i::text, 24, '0'), i || '@example.com', '', '', 'en', '', lpad(i::text, 6, '0'), 'active', false, false
FROM generate_series(0, :people - 1) AS i;

INSERT INTO wallet_entry
    (id, wallet_id, kind, counter_account, amount_cents, balance_after, reference, reason, actor, created_at, reverses_id)
SELECT m.id, m.person, m.kind,
       CASE WHEN m.kind IN ('charge', 'refund') THEN 'sales' WHEN m.kind = 'repayment' THEN 'debts'
            WHEN m.kind LIKE 'referral%' THEN 'referral' WHEN m.kind IN ('adjustment', 'voucher') THEN m.kind
            ELSE 'gateway:sandbox' END,
       m.amount, sum(m.amount) OVER (PARTITION BY m.person ORDER BY m.id), m.reference,
       CASE m.kind WHEN 'adjustment' THEN 'sorry' ELSE '' END, CASE m.kind WHEN 'adjustment' THEN 'ops' ELSE '' END,
       m.at, reversed.id
FROM moved m
LEFT JOIN moved reversed
    ON reversed.kind = CASE m.kind WHEN 'refund' THEN 'charge' WHEN 'chargeback' THEN 'top_up'
                                   WHEN 'payout_return' THEN 'payout' END
    AND reversed.reference = m.reference
ORDER BY m.id;

INSERT INTO wallet_wallet (user_id, balance_cents)
SELECT u.id, coalesce(sum(m.amount), 0) FROM accounts_user u LEFT JOIN moved m ON m.person = u.id GROUP BY u.id;

INSERT INTO topups_topup (id, user_id, gateway, amount_cents, fee_cents, currency, asked, gateway_ref, pay_url, state,
    why, payment_ref, captured, captured_currency, credited_cents, refunded_cents, dispute, created_at, paid_at,
    credited_at, mailed_at)
SELECT p.id, p.person, 'sandbox', 2000, 0, 'USD', 20, 'wish-' || p.id, '',
       CASE WHEN is_lost THEN 'disputed' ELSE 'credited' END, '', 'pay-' || p.id, 20, 'USD', 2000,
       CASE WHEN back.is_failed THEN 0 WHEN back.id IS NOT NULL THEN 300 ELSE 0 END,
       CASE WHEN is_lost THEN 'lost' ELSE '' END, p.at, p.at, p.at, p.at
FROM paid p LEFT JOIN sent_back back ON back.top_up = p.id ORDER BY p.at;
INSERT INTO topups_payout (id, top_up_id, amount_cents, amount, state, by_hand, gateway_ref, reason, actor, why,
    created_at, settled_at)
SELECT id, top_up, 300, 3, CASE WHEN is_failed THEN 'failed' ELSE 'done' END, false, 're-' || id, 'asked for it', 'ops',
       '', at, at + interval '1 second'
FROM sent_back ORDER BY at;
INSERT INTO topups_review (finding, gateway, subject, top_up_id, detail, opened_at, settled_at, settled_by, note)
SELECT 'lost', 'sandbox', 'pay-' || id, id, '$20.00 taken back', at, at + interval '1 hour', 'ops', 'seen'
FROM paid WHERE is_lost ORDER BY at;
INSERT INTO wallet_debt (id, wallet_id, reference, amount_cents, repaid_cents, created_at)
SELECT number, person, 'topup:' || id, 500, 500, at FROM paid WHERE is_lost;

INSERT INTO vouchers_voucherbatch (id, name, size, value_cents, per_account, note, made_by, stopped_by, stop_reason)
SELECT batch, 'batch ' || batch, count(*), 500, 1, '', 'ops', '', '' FROM given GROUP BY batch;
INSERT INTO vouchers_voucher (id, batch_id, digest, last4, redeemed_by_id, redeemed_at, voided_by, void_reason)
SELECT id, batch, sha256(id::text::bytea), lpad((id % 10000)::text, 4, '0'), CASE WHEN is_redeemed THEN person END,
       CASE WHEN is_redeemed THEN at END, '', ''
FROM given;

INSERT INTO referrals_invitation (id, invitee_id, inviter_id, via, ended_by, end_note)
SELECT id, invitee, inviter, 'link', '', '' FROM brought;
INSERT INTO referrals_earning (order_id, invitation_id, cents, percent, created_at, reversed_at, reversed_cents)
SELECT order_id, invitation, cents, 10, at, CASE WHEN number % 500 = 1 THEN at + interval '5 minutes' END,
       CASE WHEN number % 500 = 1 THEN cents ELSE 0 END
FROM earned ORDER BY at;

INSERT INTO catalog_provider (name, dialect, base_url, api_key, currency, usd_rate, is_enabled,
    lifetime_minutes, grace_seconds, burst, push_secret, push_addresses, sync_error)
VALUES ('nobody', 'hero', 'http://127.0.0.1:1', '', 'USD', 1, true, 20, 120, 5, 'bench', '', '');
INSERT INTO catalog_country (id, iso2, slug, name, is_enabled)
SELECT i, '', 'country-' || i, 'Country ' || i, true FROM generate_series(1, 200) AS i;
INSERT INTO catalog_service (code, slug, name, position, is_enabled)
SELECT 's' || i, 'service-' || i, 'Service ' || i, 0, true FROM generate_series(1, 200) AS i;
INSERT INTO catalog_price (service_id, country_id, provider_id, cost, price_cents, count)
SELECT s.code, c.id, p.id, 0.30, 39, 100 FROM catalog_service s, catalog_country c, catalog_provider p;

INSERT INTO orders_order (id, user_id, status, service_id, country_id, provider_id, charged_cents, refunded_cents,
    floor_cents, cost, paid_cost, catalogue_version, activation_id, phone, created_at, synced_at, bought_at,
    expires_at, sms_body, sms_received_at, completed_at, cancelled_at, failed_at, returned_at, reread_upstream)
SELECT s.id, person, status, 's1', 1, p.id, price, CASE status WHEN 'COMPLETED' THEN 0 ELSE price END,
       ceil(cost * 100)::integer, cost, CASE WHEN NOT is_rejected THEN cost END, 1,
       CASE WHEN NOT is_rejected THEN number END, CASE WHEN NOT is_rejected THEN '+60100000000' END,
       at, at, CASE WHEN NOT is_rejected THEN at END, CASE WHEN NOT is_rejected THEN at + interval '20 minutes' END,
       CASE status WHEN 'COMPLETED' THEN 'Your code is 123456.' END,
       CASE status WHEN 'COMPLETED' THEN at + interval '1 minute' END,
       CASE status WHEN 'COMPLETED' THEN at + interval '20 minutes' END,
       CASE status WHEN 'CANCELLED' THEN at + interval '5 minutes' END,
       CASE status WHEN 'FAILED' THEN at + interval '5 minutes' END,
       CASE WHEN status <> 'COMPLETED' AND NOT is_rejected AND NOT is_late THEN at + interval '6 minutes' END, false
FROM sold s, catalog_provider p ORDER BY number;

INSERT INTO orders_upstreamattempt
    (order_id, provider_id, service_id, country_id, max_cost, sent_at, outcome, clean_listings, token)
SELECT s.id, p.id, 's1', 1, cost, at, CASE WHEN is_rejected THEN 'rejected' ELSE 'bought' END, 0,
       CASE WHEN is_rejected THEN 'NO_NUMBERS' ELSE '' END
FROM sold s, catalog_provider p ORDER BY number;

INSERT INTO orders_sms (order_id, body, received_at, list_key)
SELECT id, 'Your code is 123456.', at + interval '1 minute', number
FROM sold WHERE status = 'COMPLETED' OR is_late ORDER BY number;
INSERT INTO orders_upstreamloss (order_id, cause, cost, created_at)
SELECT id, 'late_sms', cost, at + interval '6 minutes' FROM sold WHERE is_late ORDER BY number;
INSERT INTO orders_strayactivation
    (provider_id, activation_id, phone, service_code, country_code, first_seen_at, settled_at, settlement)
SELECT p.id, number, '+60100000000', 's1', 1, at, at + interval '1 minute', 'adopted by order ' || s.id
FROM sold s, catalog_provider p WHERE number % 1000 = 1 ORDER BY number;

INSERT INTO catalog_balancereading (provider_id, read_at, balance, is_start)
SELECT p.id, at, round(1000000 - spent * nth / 13104, 4), nth = 0
FROM catalog_provider p, (SELECT sum(cost) AS spent FROM sold WHERE status = 'COMPLETED') paid,
     generate_series(now() - interval '91 days', now(), interval '10 minutes') WITH ORDINALITY AS r (at, one_on),
     LATERAL (SELECT one_on - 1 AS nth) counted
ORDER BY at;
INSERT INTO alarms_alarm (code, subject, detail, raised_at, last_raised_at, cleared_at)
SELECT 'late_sms', id, '{}', at, at, at + interval '1 hour' FROM sold WHERE is_late ORDER BY number;
