INSERT INTO auth_user (id, username, email, password, first_name, last_name, is_active, is_staff,
    is_superuser, date_joined)
SELECT person, 'user' || person, person || '@example.com', '', '', '', true, false, false, now() FROM keys;

INSERT INTO authtoken_token (key, user_id, created) SELECT token, person, now() FROM keys;

INSERT INTO typical_order (id, user_id, status, service, country, phone, charged_cents, refunded_cents,
    created_at, expires_at)
SELECT id, person, status, 'tg', '7', phone, 39, CASE status WHEN 'COMPLETED' THEN 0 ELSE 39 END,
       created_at, created_at + interval '20 minutes'
FROM made;

INSERT INTO typical_sms (order_id, body, received_at)
SELECT id, body, created_at FROM made WHERE body IS NOT NULL ORDER BY number;
