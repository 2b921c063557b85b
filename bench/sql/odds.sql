-- Orders of :days days at one provider: 200 services in 50 countries, the first of them the most wanted; seven in ten
-- numbers bring a code. :orders and :days are put in by bench/odds.py.

SELECT setseed(0.5);

CREATE TEMPORARY TABLE sold AS
SELECT i AS number, 'c' || lpad(to_hex(i), 8, '0') || left(md5(i::text), 16) AS id,
       now() - interval '1 day' * :days * (1 - i / :orders::float) AS at,
       's' || floor(200 * power(random(), 3)) AS service, floor(50 * power(random(), 2)) AS country,
       CASE WHEN i % 10 < 7 THEN 'COMPLETED' WHEN i % 10 = 7 THEN 'FAILED' ELSE 'CANCELLED' END AS status,
       interval '1 second' * (5 + 120 * power(random(), 2)) AS wait
FROM generate_series(1, :orders) AS i;

INSERT INTO accounts_user (id, email, password, display_name, lang, time_zone, referral_code, state, is_staff, is_superuser)
VALUES ('c000000000000000000000000', 'alice@example.com', '', '', 'en', '', 'alice0', 'active', false, false);

INSERT INTO catalog_provider (id, name, dialect, base_url, api_key, currency, usd_rate, is_enabled,
    lifetime_minutes, grace_seconds, burst, push_secret, push_addresses, sync_error)
VALUES (1, 'nobody', 'hero', 'http://127.0.0.1:1', '', 'USD', 1, true, 20, 120, 5, 'bench', '', '');

INSERT INTO catalog_country (id, iso2, slug, name, is_enabled)
SELECT i, '', 'country-' || i, 'Country ' || i, true FROM generate_series(0, 49) AS i;

INSERT INTO catalog_service (code, slug, name, position, is_enabled)
SELECT 's' || i, 'service-' || i, 'Service ' || i, i, true FROM generate_series(0, 199) AS i;

INSERT INTO catalog_offer (provider_id, service_id, country_id, cost, count, is_enabled)
SELECT 1, s.code, c.id, 0.30, 100, true FROM catalog_service s, catalog_country c;

INSERT INTO orders_order (id, user_id, status, service_id, country_id, provider_id, charged_cents,
    refunded_cents, cost, catalogue_version, activation_id, phone, created_at, bought_at, expires_at,
    sms_body, sms_received_at, completed_at, cancelled_at, failed_at, reread_upstream)
SELECT id, 'c000000000000000000000000', status, service, country, 1, 39,
       CASE status WHEN 'COMPLETED' THEN 0 ELSE 39 END, 0.30, 1, number, '+60123456789', at, at,
       at + interval '20 minutes', CASE status WHEN 'COMPLETED' THEN '12345' END,
       CASE status WHEN 'COMPLETED' THEN at + wait END,
       CASE status WHEN 'COMPLETED' THEN at + interval '20 minutes' END,
       CASE status WHEN 'CANCELLED' THEN at + wait END,
       CASE status WHEN 'FAILED' THEN at + interval '21 minutes' END, false
FROM sold ORDER BY number;

INSERT INTO orders_sms (order_id, body, received_at)
SELECT id, '12345', at + wait FROM sold WHERE status = 'COMPLETED' ORDER BY number;
