curl -s "https://shop.example/api/v1/account" \
  -H "Authorization: Bearer jm_…"
