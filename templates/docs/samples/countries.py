import requests

reply = requests.get(
    "https://shop.example/api/v1/countries",
    headers={"Authorization": "Bearer jm_…"},
    timeout=10,
)
for country in reply.json()["data"]["items"]:
    print(country["id"], country["name"])
