"""Which gateways this shop has: keys come from the environment, the rest from ops."""

from functools import cache
from typing import Any

from django.conf import settings

from accounts.topups.gateways.bank import BankGateway
from accounts.topups.gateways.base import Gateway
from accounts.topups.gateways.sandbox import SandboxGateway
from accounts.topups.gateways.stripe import StripeGateway
from accounts.topups.gateways.tron import TronGateway
from accounts.topups.models import ChainAddress, Method, PaymentMethod, TopUpTerms


def is_known(code: str) -> bool:
    return code in Method.values


def is_configured(code: str) -> bool:
    """Has it all that it needs from the environment?"""
    return {
        Method.STRIPE: bool(settings.STRIPE_SECRET_KEY and settings.STRIPE_WEBHOOK_SECRETS),
        Method.TRON: bool(settings.TRON_XPUB),
        Method.BANK: True,
        Method.SANDBOX: settings.SANDBOX_GATEWAY and bool(settings.SANDBOX_GATEWAY_URL),
    }[Method(code)]


def gateway(code: str) -> Gateway:
    """The counterpart. Raises KeyError where this shop does not have it."""
    if not is_configured(code):
        raise KeyError(code)
    return _made(Method(code), *_keys(Method(code)))


def offered() -> list[PaymentMethod]:
    """What a customer may pay with now, in ops' order."""
    if not TopUpTerms.now().is_open:
        return []
    return [each for each in PaymentMethod.objects.filter(is_enabled=True) if is_configured(each.gateway)]


def configured() -> list[str]:
    """Those whose payments are followed, whether or not customers may still start new ones."""
    return [code for code in Method.values if is_configured(code)]


def _keys(code: Method) -> tuple[Any, ...]:
    return {
        Method.STRIPE: (settings.STRIPE_SECRET_KEY, tuple(settings.STRIPE_WEBHOOK_SECRETS), settings.STRIPE_API_URL),
        Method.TRON: (
            *(settings.TRONGRID_URL, settings.TRONGRID_API_KEY, settings.TRON_XPUB),
            *(settings.TRON_CONTRACT, settings.TRON_CONFIRMATIONS),
        ),
        Method.BANK: (),
        Method.SANDBOX: (settings.SANDBOX_GATEWAY_URL, settings.SANDBOX_GATEWAY_SECRET),
    }[code]


@cache
def _made(code: Method, *keys: Any) -> Gateway:
    """Once for each process; other keys make another one."""
    match code:
        case Method.STRIPE:
            return StripeGateway(*keys)
        case Method.TRON:
            url, api_key, xpub, contract, confirmations = keys
            return TronGateway(
                *(url, api_key), xpub=xpub, allocate=_index_of, contract=contract, confirmations=confirmations
            )
        case Method.SANDBOX:
            return SandboxGateway(*keys)
        case Method.BANK:
            return BankGateway()


def _index_of(top_up_id: str) -> int:
    return ChainAddress.objects.get_or_create(top_up_id=top_up_id)[0].pk
