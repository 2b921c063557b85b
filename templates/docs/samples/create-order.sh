curl -s "https://shop.example/api/v1/orders" \
  -H "Authorization: Bearer jm_…" \
  -H "Content-Type: application/json" \
  -H "Idempotency-Key: my-first-order" \
  -d '{"service": "tg", "country": 7}'
