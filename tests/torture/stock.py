"""Run in the shop's environment: a provider, prices, and customers with money and keys, by the real services.

`python -m tests.torture.stock '{"url": …, "grace": seconds, "cents": [2000, …]}'` prints the customers as JSON.
"""

import json
import sys
from decimal import Decimal
from typing import Any

import django

django.setup()

from accounts import services as accounts  # noqa: E402
from accounts.emails import confirm_email  # noqa: E402
from accounts.wallet import services as wallet  # noqa: E402
from catalog.services.pricing import set_markup  # noqa: E402
from catalog.services.providers import set_provider  # noqa: E402
from catalog.services.syncing import sync_catalogue  # noqa: E402


def main(url: str, grace: int, cents: list[int]) -> None:
    fields = {
        "dialect": "hero",
        "base_url": url,
        "api_key": "sandbox",
        "calls_per_second": None,
        "grace_seconds": grace,
    }
    provider, _ = set_provider("sandbox", fields)
    set_markup(Decimal(30))
    sync_catalogue(provider)
    people = [_customer(f"customer{number}", amount) for number, amount in enumerate(cents)]
    sys.stdout.write(json.dumps(people) + "\n")


def _customer(name: str, cents: int) -> dict[str, Any]:
    user = accounts.create_user(f"{name}@example.com", "correct horse 7 battery")
    confirm_email(user)
    wallet.adjust(user.pk, cents, f"funds:{name}", reason="test money", actor="tests")
    token = accounts.create_api_key(user.pk, "torture")[1]
    return {"name": name, "user_id": user.pk, "token": token, "cents": cents}


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
