-- An open order for each customer, which no provider is asked about while we measure.
INSERT INTO orders_order (id, user_id, status, service_id, country_id, provider_id, charged_cents, refunded_cents, cost,
    catalogue_version, activation_id, phone, created_at, bought_at, expires_at, synced_at, reread_upstream)
SELECT 'cz' || substr(u.id, 3), u.id, 'WAITING', 'tg', 7, p.id, 39, 0, 0.30, 1, 'open' || u.id,
       '+601' || right(u.id, 8), now(), now(), now() + interval '1 day', now() + interval '1 day', false
FROM accounts_user u, catalog_provider p ORDER BY u.id LIMIT 1000;
INSERT INTO wallet_wallet (user_id, balance_cents) SELECT id, 0 FROM accounts_user ON CONFLICT DO NOTHING;
