"""What the one-time addresses hold, for the owner's wallet to sweep."""

from collections.abc import Iterable
from typing import cast

from django.conf import settings

from accounts.topups import methods
from accounts.topups.gateways.addresses import Addresses
from accounts.topups.gateways.tron import TronGateway
from accounts.topups.models import ChainAddress, Method
from accounts.topups.services.crediting import plain


def first_address() -> str:
    """Path and address of the first payment, for the owner to compare: a key of another coin looks as good."""
    if not settings.TRON_XPUB:
        return "TRON_XPUB is not set"
    addresses = Addresses(settings.TRON_XPUB)
    return f"{addresses.path(1)}: {addresses.address(1)}"


def balances(rows: Iterable[ChainAddress]) -> list[tuple[str, str, str]]:
    """Derivation path, address and USDT of each. Raises GatewayError: no list is better than half a list."""
    gateway = cast(TronGateway, methods.gateway(Method.TRON))
    indexes = {row.top_up.gateway_ref: row.pk for row in rows if row.top_up.gateway_ref}
    addresses = Addresses(settings.TRON_XPUB)
    held = gateway.balances(list(indexes))
    return [(addresses.path(indexes[address]), address, plain(usdt)) for address, usdt in held]
