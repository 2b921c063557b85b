import uuid

import requests

reply = requests.post(
    "https://shop.example/api/v1/orders",
    headers={
        "Authorization": "Bearer jm_…",
        "Idempotency-Key": str(uuid.uuid4()),
    },
    json={"service": "tg", "country": 7},
    timeout=30,
)
order = reply.json()["data"]
print(order["id"], order["phone"])
