curl -s -X POST "https://shop.example/api/v1/orders/c…/cancel" \
  -H "Authorization: Bearer jm_…"
