-- A quarter of trade, as honest services would have left it: ten orders make fourteen entries in the ledger.
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

CREATE TEMPORARY TABLE moved AS
WITH numbered AS (
    SELECT *, row_number() OVER (PARTITION BY person ORDER BY number) AS nth FROM sold
), moves AS (
    SELECT at, person, 'charge' AS kind, -price AS amount, 'order:' || id AS reference FROM sold
    UNION ALL
    SELECT at + interval '5 minutes', person, 'refund', price, 'order:' || id FROM sold WHERE status <> 'COMPLETED'
    UNION ALL
    SELECT at - interval '1 second', person, 'top_up', 2000, 'topup:' || id FROM numbered WHERE nth % 10 = 1
)
SELECT row_number() OVER (ORDER BY at) AS id, * FROM moves;

INSERT INTO accounts_user (id, email, password, display_name, lang, referral_code, state, is_staff, is_superuser)
SELECT 'c' || lpad(i::text, 24, '0'), i || '@example.com', '', '', 'en', lpad(i::text, 6, '0'), 'active', false, false
FROM generate_series(0, :people - 1) AS i;

INSERT INTO wallet_entry
    (id, wallet_id, kind, counter_account, amount_cents, balance_after, reference, reason, actor, created_at, reverses_id)
SELECT m.id, m.person, m.kind, CASE m.kind WHEN 'top_up' THEN 'gateway:sandbox' ELSE 'sales' END, m.amount,
       sum(m.amount) OVER (PARTITION BY m.person ORDER BY m.id), m.reference, '', '', m.at, charge.id
FROM moved m
LEFT JOIN moved charge ON m.kind = 'refund' AND charge.kind = 'charge' AND charge.reference = m.reference
ORDER BY m.id;

INSERT INTO wallet_wallet (user_id, balance_cents)
SELECT u.id, coalesce(sum(m.amount), 0) FROM accounts_user u LEFT JOIN moved m ON m.person = u.id GROUP BY u.id;

INSERT INTO topups_topup (id, user_id, gateway, amount_cents, fee_cents, currency, asked, gateway_ref, pay_url, state,
    why, payment_ref, captured, captured_currency, credited_cents, refunded_cents, dispute, created_at, paid_at,
    credited_at, mailed_at)
SELECT substr(reference, 7), person, 'sandbox', amount, 0, 'USD', amount / 100.0, reference, '', 'credited',
    '', reference, amount / 100.0, 'USD', amount, 0, '', at, at, at, at
FROM moved WHERE kind = 'top_up' ORDER BY id;

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
