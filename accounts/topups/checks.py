from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from accounts.topups.gateways.addresses import Addresses
from accounts.topups.gateways.trongrid import TronGrid


@register
def sandbox_gateway_is_for_laptops(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.SANDBOX_GATEWAY and not settings.DEBUG:
        return [
            Error(
                "SANDBOX_GATEWAY is on while DEBUG is off: anybody could top up without paying.",
                hint="Set SANDBOX_GATEWAY=0.",
                id="topups.E001",
            )
        ]
    return []


@register
def keys_make_sense(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if settings.TRON_XPUB:
        try:
            Addresses(settings.TRON_XPUB)
            TronGrid(settings.TRONGRID_URL, settings.TRONGRID_API_KEY)
        except ValueError as error:
            found.append(Error(f"USDT payments: {error}", hint="See TRON_XPUB and TRONGRID_URL.", id="topups.E002"))
    if settings.STRIPE_SECRET_KEY and not settings.STRIPE_WEBHOOK_SECRETS:
        found.append(
            Error(
                "STRIPE_SECRET_KEY is set without STRIPE_WEBHOOK_SECRETS: no payment would be heard of.",
                hint="Add the endpoint SITE_URL/webhooks/stripe in Stripe's dashboard; it shows the secret.",
                id="topups.E003",
            )
        )
    return found


@register
def payments_are_real(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whoever answers for a gateway makes money: outside of a laptop nobody but the gateway may."""
    if settings.DEBUG:
        return []
    wrong = {
        "STRIPE_SECRET_KEY is of Stripe's test mode": "_test_" in settings.STRIPE_SECRET_KEY,
        "STRIPE_API_URL is set: it is for sandboxes": bool(settings.STRIPE_API_URL),
        "TRONGRID_URL is not https": bool(settings.TRON_XPUB) and not settings.TRONGRID_URL.startswith("https://"),
        "TRON_CONFIRMATIONS is under 19, so a payment may be undone": (
            bool(settings.TRON_XPUB) and settings.TRON_CONFIRMATIONS < 19
        ),
    }
    hint = "Anybody could top up without paying, unless this is a trial with DEBUG=1."
    return [Error(f"{what}.", hint=hint, id="topups.E004") for what, is_so in wrong.items() if is_so]
