import requests

reply = requests.get(
    "https://shop.example/api/v1/prices",
    headers={"Authorization": "Bearer jm_…"},
    params={"service": "tg"},
    timeout=10,
)
for price in reply.json()["data"]["items"]:
    print(price["countryId"], price["priceCents"], price["count"])
