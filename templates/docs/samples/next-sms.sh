curl -s -X POST "https://shop.example/api/v1/orders/c…/next-sms" \
  -H "Authorization: Bearer jm_…"
