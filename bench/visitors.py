"""Customers who are signed in and have an order open, as the servers under load have to see them.

`python -m bench.visitors FOLDER`, with the shop's settings in the environment: makes a session and a ticket for each
customer with an open order, and writes what their browsers would send: a path and headers a line, parted by tabs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django


def main() -> None:
    django.setup()
    from django.conf import settings

    folder = Path(sys.argv[1])
    lines: dict[str, list[str]] = {"pulse": [], "polled": [], "part": []}
    for user, order_id in _open_orders():
        session_key = _sign_in(user)
        cookie = f"Cookie: {settings.SESSION_COOKIE_NAME}={session_key}"
        ticket, mark = _ticket(user.pk, order_id, session_key)
        lines["pulse"].append(f"/api/pulse\tX-Ticket: {ticket}\tX-Seen: {mark}\t{cookie}")
        lines["polled"].append(f"/polled/{order_id}?seen=WAITING-n-0\t{cookie}")
        lines["part"].append(f"/orders/{order_id}/live\t{cookie}\tHX-Request: true")
    for name, each in lines.items():
        (folder / f"{name}-targets").write_text("\n".join(each) + "\n")


def _open_orders() -> Iterator[tuple[Any, str]]:
    from orders.models import OPEN, Order

    for order in Order.objects.filter(status__in=OPEN).select_related("user").order_by("pk"):
        yield order.user, order.pk


def _sign_in(user: Any) -> str:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.cached_db import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = user.pk
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def _ticket(user_id: str, order_id: str, session_key: str) -> tuple[str, str]:
    from orders.selectors import pulse
    from orders.tickets import Ticket

    return Ticket(user_id, order_id).write(session_key), pulse(user_id, order_id, session_key).mark


if __name__ == "__main__":
    main()
