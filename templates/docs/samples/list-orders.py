import requests

page = {"limit": 100}
while True:
    reply = requests.get(
        "https://shop.example/api/v1/orders",
        headers={"Authorization": "Bearer jm_…"},
        params=page,
        timeout=10,
    )
    data = reply.json()["data"]
    for order in data["items"]:
        print(order["id"], order["status"])
    if data["nextCursor"] is None:
        break
    page["cursor"] = data["nextCursor"]
