# Python 3.9 or newer; pip install requests
import time
import uuid

import requests

API = "https://shop.example/api/v1"
KEY = "jm_…"
PATIENCE = 120  # seconds to wait for an SMS


class Refused(Exception):
    def __init__(self, answer):
        super().__init__(f"{answer['code']}: {answer['message']}")
        self.code = answer["code"]


def call(method, path, body=None):
    """Repeats until there is an answer, always with the same Idempotency-Key."""
    headers = {"Authorization": f"Bearer {KEY}"}
    if method == "POST":
        headers["Idempotency-Key"] = str(uuid.uuid4())
    for _ in range(60):
        wait = 3
        try:
            reply = requests.request(
                method,
                API + path,
                headers=headers,
                json=body,
                timeout=30,
            )
            answer = reply.json()
        except requests.RequestException:
            pass  # no answer, or half of one
        else:
            if answer["ok"]:
                return answer["data"]
            if reply.status_code not in (409, 429, 500, 503):
                raise Refused(answer)
            wait = int(reply.headers.get("Retry-After", 3))
        time.sleep(wait)
    raise TimeoutError(f"no answer to {method} {path}")


def wait_for_sms(order_id):
    """The order once an SMS is there, or patience is over."""
    end = time.monotonic() + PATIENCE
    while True:
        order = call("GET", f"/orders/{order_id}")
        if order["status"] != "WAITING" or time.monotonic() >= end:
            return order
        time.sleep(3)


def give_back(order_id):
    """An SMS may come at the last moment; then the order keeps it."""
    try:
        return call("POST", f"/orders/{order_id}/cancel")["status"]
    except Refused as refusal:
        if refusal.code != "CODE_RECEIVED":
            raise
        return call("GET", f"/orders/{order_id}")["smsBody"]


order = call("POST", "/orders", {"service": "tg", "country": 7})
print("number", order["phone"])
order = wait_for_sms(order["id"])
if order["status"] == "WAITING":
    print("no code,", give_back(order["id"]))
else:
    print("first", order["smsBody"])
    call("POST", f"/orders/{order['id']}/next-sms")
    print("second", wait_for_sms(order["id"])["smsBody"])
