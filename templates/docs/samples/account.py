import requests

reply = requests.get(
    "https://shop.example/api/v1/account",
    headers={"Authorization": "Bearer jm_…"},
    timeout=10,
)
print(reply.json()["data"]["balanceCents"])
