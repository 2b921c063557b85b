import requests

reply = requests.get(
    "https://shop.example/api/v1/services",
    headers={"Authorization": "Bearer jm_…"},
    timeout=10,
)
for service in reply.json()["data"]["items"]:
    print(service["code"], service["name"], service["minCostUsd"])
