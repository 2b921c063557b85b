INSERT INTO accounts_user (id, email, password, display_name, lang, time_zone, referral_code, state, is_staff, is_superuser)
SELECT 'c' || lpad(person::text, 24, '0'), person || '@example.com', '', '', 'en', '', lpad(person::text, 6, '0'),
       'active', false, false
FROM keys;

INSERT INTO accounts_apikey (user_id, name, prefix, digest)
SELECT 'c' || lpad(person::text, 24, '0'), 'bench', left(token, 11), sha256(token::bytea) FROM keys;

INSERT INTO catalog_provider (name, dialect, base_url, api_key, currency, usd_rate, is_enabled,
    lifetime_minutes, grace_seconds, burst, push_secret, push_addresses, sync_error)
VALUES ('nobody', 'hero', 'http://127.0.0.1:1', '', 'USD', 1, true, 20, 120, 5, 'bench', '', '');

INSERT INTO catalog_country (id, iso2, slug, name, is_enabled) VALUES (7, 'MY', 'my', 'Malaysia', true);

INSERT INTO catalog_service (code, slug, name, position, is_enabled)
VALUES ('tg', 'telegram', 'Telegram', 0, true);

INSERT INTO orders_order (id, user_id, status, service_id, country_id, provider_id, charged_cents,
    refunded_cents, cost, catalogue_version, activation_id, phone, created_at, bought_at, expires_at,
    sms_body, sms_received_at, completed_at, cancelled_at, failed_at, reread_upstream)
SELECT m.id, 'c' || lpad(person::text, 24, '0'), status, 'tg', 7, p.id, 39,
       CASE status WHEN 'COMPLETED' THEN 0 ELSE 39 END, 0.30, 1, number, phone, created_at,
       created_at, created_at + interval '20 minutes', body, CASE WHEN body <> '' THEN created_at END,
       CASE status WHEN 'COMPLETED' THEN created_at END,
       CASE status WHEN 'CANCELLED' THEN created_at END,
       CASE status WHEN 'FAILED' THEN created_at END, false
FROM made m, catalog_provider p;

INSERT INTO orders_sms (order_id, body, received_at)
SELECT id, body, created_at FROM made WHERE body IS NOT NULL ORDER BY number;
