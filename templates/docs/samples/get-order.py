import requests

reply = requests.get(
    "https://shop.example/api/v1/orders/c…",
    headers={"Authorization": "Bearer jm_…"},
    timeout=10,
)
order = reply.json()["data"]
print(order["status"], order["smsBody"])
