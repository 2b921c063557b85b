curl -s "https://shop.example/api/v1/prices?service=tg" \
  -H "Authorization: Bearer jm_…"
