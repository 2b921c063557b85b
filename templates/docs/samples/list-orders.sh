curl -s "https://shop.example/api/v1/orders?limit=20" \
  -H "Authorization: Bearer jm_…"
