import requests

reply = requests.post(
    "https://shop.example/api/v1/orders/c…/next-sms",
    headers={"Authorization": "Bearer jm_…"},
    timeout=10,
)
print(reply.json()["data"]["status"])
