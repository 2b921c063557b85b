curl -s "https://shop.example/api/v1/orders/c…" \
  -H "Authorization: Bearer jm_…"
