curl -s "https://shop.example/api/v1/countries" \
  -H "Authorization: Bearer jm_…"
