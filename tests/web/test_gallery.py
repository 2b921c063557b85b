"""No page of the shop is without its picture."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLResolver, get_resolver

from accounts.topups.models import TopUpState
from tests.web.gallery import PICTURES

PROGRAMS = ("admin/", "api/", "webhooks/", "healthz", "readyz", "metrics", "^api/")
FILES = {"robots.txt", "sitemap.xml", "favicon.ico", ".well-known/security.txt", "manifest", "status_json"}
FILES |= {"statement_file", "mfa_download_recovery_codes"}
PARTS = {"open_orders_live", "order_live"}
ACTS = {"set_language", "cancel_order", "next_sms", "pay", "payment_sent", "stop_former_token", "delivery_again"}
ACTS |= {f"webhook_{act}" for act in ("secret", "old_secret", "off", "on", "test")}
LEADS_ON = {"invitation_link", "mfa_login_webauthn"}
SWITCHED_OFF = {"account_confirm_login_code"}
NO_PAGES = FILES | PARTS | ACTS | LEADS_ON | SWITCHED_OFF


def named(patterns: list[Any], before: str = "") -> Iterator[str]:
    """Each URL pattern by its name, or by its route where it has none."""
    for each in patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from named(each.url_patterns, route)
        elif not route.startswith(PROGRAMS):
            yield each.name or route


def test_every_page_has_a_picture() -> None:
    known = set(named(get_resolver().url_patterns))
    assert known >= NO_PAGES
    shown = {each.page for each in PICTURES.values()}
    assert known - NO_PAGES - shown == set()
    assert shown - known == {""}  # what comes where no page answers


def test_every_state_of_a_payment_has_a_picture() -> None:
    assert {f"payment-{state}" for state in TopUpState.values} - PICTURES.keys() == {"payment-created"}
    assert {"payment-card", "payment-usdt", "payment-bank"} <= PICTURES.keys()  # which are created
