curl -s "https://shop.example/api/v1/services" \
  -H "Authorization: Bearer jm_…"
