import re
from typing import Any

from django.http import HttpResponse
from django.test import Client

FORM = re.compile(r'name="nonce" value="([0-9a-f]{32})"')


def html(response: HttpResponse) -> str:
    return response.content.decode()


def form(client: Client, pick: str = "7-39") -> dict[str, str]:
    """What the button beside Malaysia sends."""
    nonce = FORM.search(html(client.get("/buy/telegram")))
    assert nonce
    return {"nonce": nonce.group(1), "service": "tg", "pick": pick}


def send(client: Client, wish: dict[str, str]) -> Any:
    return client.post("/buy", wish)


def buy(client: Client) -> str:
    """The address of the new order's page."""
    address = send(client, form(client))["Location"]
    assert address.startswith("/orders/c")
    return str(address)
